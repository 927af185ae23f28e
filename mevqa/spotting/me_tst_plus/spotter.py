"""ME-TST+ (arXiv 2508.08082) as a spotter.

Theirs: 36 channels of eighteen regions, a slow-fast pathway of Mamba blocks for each task behind a shared stem, the
loss, windows and decoding of ME-TST. Ours: ``exchange``, by which the branches share features; everything that
``me-tst`` names as ours.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.me_tst_plus.network import MeTstPlus
from mevqa.spotting.registry import register_spotter

Size = Annotated[int, Field(ge=1, le=1024)]


class MeTstPlusConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        width: Channels of the stem and the fast pathways.
        depth: Mamba blocks of a pathway in each of three stages.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block of a stage is left out while training.
        exchange: Whether the branches exchange features after their pathways.
    """

    width: Size = 128
    depth: Size = 4
    states: Size = 64
    drop: Annotated[float, Field(ge=0, lt=1)] = 0.2
    exchange: bool = False


@register_spotter("me-tst-plus")
class MeTstPlusSpotter(TwoHeads):
    """Spots with one slow-fast pathway and recognises with another."""

    view = "me-tst-plus"
    network = MeTstPlusConfig

    @classmethod
    def build(cls, config: MeTstPlusConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        sizes = (config.width, config.depth, config.states, config.drop)
        return MeTstPlus(channels, 1 + len(priors.classes), *sizes, exchange=config.exchange)
