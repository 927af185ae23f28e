"""Channels that networks read, by name; a new set of them is one function with the line ``@register_channels(...)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mevqa.registry import Registry
from mevqa.spotting.features.pieces import snippets
from mevqa.spotting.features.speech import channels_with_speech
from mevqa.spotting.features.types import FeatureSeries, MotionRecord
from mevqa.spotting.features.views import channel_layouts, channel_names, regional_channels
from mevqa.spotting.learning.pictures import PictureChannels
from mevqa.spotting.learning.types import Array

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

MakeSeries: TypeAlias = Callable[[MotionRecord], FeatureSeries]

#: The two sides, which change places in the mirror, and the axis that changes its sign there.
_SIDES = ("left ", "right ")
_ACROSS = " right"


@dataclass(frozen=True, slots=True)
class Channels:
    """Channels that are made of the motion record alone.

    Attributes:
        make: Returns the series of a record.
        mirrored: For each channel, which channel takes its place when left and right change places; empty where that
            is not known.
        signs: What that one is multiplied with: -1 for displacements to the right.
    """

    make: MakeSeries
    mirrored: tuple[int, ...]
    signs: tuple[int, ...]

    @property
    def can_mirror(self) -> bool:
        """Whether the channels of the mirrored face can be computed."""
        return bool(self.mirrored)

    def mirror(self, values: Array) -> Array:
        """Return values [..., channels] of the mirrored face."""
        return np.asarray(values[..., list(self.mirrored)] * np.array(self.signs, np.float32), np.float32)

    def series(self, video: Video, record: MotionRecord, features: Path | None) -> FeatureSeries:
        """Return the channels of a video; only its record is looked at."""
        return self.make(record)


#: A set of channels of the record, or of pictures.
AnyChannels: TypeAlias = Channels | PictureChannels

CHANNELS: Registry[AnyChannels] = Registry("set of channels", "view")


def register_channels(name: str, names: Sequence[str] = ()) -> Callable[[MakeSeries], MakeSeries]:
    """Make a function from a record to a series known by a name.

    Args:
        name: What systems call it.
        names: Names of its channels as ``channel_names`` gives them (``left inner brow right``); with them windows can
            be mirrored. Empty: never.

    Raises:
        ValueError: The name is taken.
    """

    def register(make: MakeSeries) -> MakeSeries:
        CHANNELS.add(name, Channels(make, *_mirror(list(names))))
        return make

    return register


def register_pictures(channels: PictureChannels) -> PictureChannels:
    """Make channels of pictures known by their name.

    Raises:
        ValueError: The name is taken.
    """
    CHANNELS.add(channels.name, channels)
    return channels


def find_channels(name: str) -> AnyChannels:
    """Return the channels of a name.

    Raises:
        InputError: There are none.
    """
    return CHANNELS.find(name)


def _mirror(names: list[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which channel takes the place of each in the mirror, and its sign."""
    left, right = _SIDES
    swapped = [
        right + name[len(left) :]
        if name.startswith(left)
        else left + name[len(right) :]
        if name.startswith(right)
        else name
        for name in names
    ]
    return tuple(names.index(name) for name in swapped), tuple(-1 if name.endswith(_ACROSS) else 1 for name in names)


for _layout in channel_layouts():
    register_channels(_layout, channel_names(_layout))(partial(regional_channels, layout=_layout))
register_channels("me-tst-plus-speech", (*channel_names("me-tst-plus"), "speech"))(channels_with_speech)
register_channels("snippets")(snippets)
