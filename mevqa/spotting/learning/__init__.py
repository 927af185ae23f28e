"""Learned spotters: what every trained system shares, so that one more is a network and a class of few lines.

A system is a subclass of ``LearnedSpotter``, or of ``TwoHeads`` where one network scores samples and names classes
(``examples/own_learned_spotter.py``); ``mevqa finetune`` trains it by a recipe and ``mevqa spot --weights`` runs it.
"""

from typing import TYPE_CHECKING

from mevqa.public_names import import_on_use

if TYPE_CHECKING:
    from mevqa.spotting.learning.config import SystemConfig
    from mevqa.spotting.learning.pictures import PictureChannels
    from mevqa.spotting.learning.priors import Priors
    from mevqa.spotting.learning.spotter import LearnedSpotter
    from mevqa.spotting.learning.system import hard_targets, masked_mean, weighted_cross_entropy
    from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
    from mevqa.spotting.learning.types import Mark, TrainingVideo
    from mevqa.spotting.learning.views import register_channels, register_pictures

__all__ = [
    "LearnedSpotter",
    "Mark",
    "PictureChannels",
    "Priors",
    "SystemConfig",
    "TrainingVideo",
    "TwoHeads",
    "TwoHeadsConfig",
    "hard_targets",
    "masked_mean",
    "register_channels",
    "register_pictures",
    "weighted_cross_entropy",
]

#: Modules in which the names are found; imported when they are used: recipes are read without torch.
_PUBLIC = {
    "LearnedSpotter": "spotter",
    "Mark": "types",
    "PictureChannels": "pictures",
    "Priors": "priors",
    "SystemConfig": "config",
    "TrainingVideo": "types",
    "TwoHeads": "two_heads",
    "TwoHeadsConfig": "two_heads",
    "hard_targets": "system",
    "masked_mean": "system",
    "register_channels": "views",
    "register_pictures": "views",
    "weighted_cross_entropy": "system",
}

__getattr__ = import_on_use(__name__, _PUBLIC)
