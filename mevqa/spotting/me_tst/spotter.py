"""ME-TST (repository zizheng-guo/ME-TST; ME-TST+: arXiv 2508.08082) as a spotter.

Theirs: ten channels of five regions, windows of 50 samples at 30 a second (CAS(ME)^3) or 30 at 28.6 (SAMM-LV) with half
of each shared, displacements against the first sample of a window, hard targets, 0.9 times the squared error of the
score and 0.1 times a balanced cross-entropy of the classes in which the neutral one weighs six times as much, Adam with
one cycle of the learning rate, windows without expressions drawn for each with one, all displacements scaled by 0.9 to
1.1, the later half of each window as its scores, both ways in which recognition helps spotting and the reverse
(``decoder.synergy``), and peaks of the smoothed curve from a share of the video's own maximum on (decoder
``relative-peaks``, recipes ``me-tst-casme3`` and ``me-tst-samm``).

Ours, where not named above: registered displacement of regions in eye distances in the place of dense flow in pixels;
channels divided by their spread over training subjects; windows that begin elsewhere in each epoch; mirrored faces; the
head and the tail of a video scored too; lengths of the median expression of training subjects (theirs: the mean of all,
the tested one included); an absolute threshold chosen on training subjects (decoder ``absolute-peaks``, the default);
of equally frequent classes in an interval the likelier one; the weights of the last epoch.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.me_tst.network import MeTst
from mevqa.spotting.registry import register_spotter

Size = Annotated[int, Field(ge=1, le=1024)]


class MeTstConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        width: Channels inside (64 as published in 2024, 128 in the repository's later code).
        depth: Mamba blocks.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block is left out while training.
    """

    width: Size = 64
    depth: Size = 12
    states: Size = 64
    drop: Annotated[float, Field(ge=0, lt=1)] = 0.2


@register_spotter("me-tst")
class MeTstSpotter(TwoHeads):
    """Spots and recognises with Mamba blocks that both tasks share."""

    view = "me-tst"
    network = MeTstConfig

    @classmethod
    def build(cls, config: MeTstConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        return MeTst(channels, 1 + len(priors.classes), config.width, config.depth, config.states, config.drop)
