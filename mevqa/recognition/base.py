"""Interface of a recogniser: the views it looks at, what it measures in them, how it is fitted and predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel

if TYPE_CHECKING:
    from mevqa.types import View

Array: TypeAlias = NDArray[np.float32]

#: Which of a clip's two classes is meant.
Level = Literal["coarse", "fine"]
LEVELS: tuple[Level, ...] = get_args(Level)

#: The class of a piece of footage in which nobody moves, where a recogniser is fitted with one.
NONE = "none"

#: Class names of each level, in the order of the outputs.
Classes: TypeAlias = Mapping[Level, tuple[str, ...]]

#: Given inputs [clips, ...], returns the probability of each class of each level [clips, classes].
Predictor: TypeAlias = Callable[[Array], dict[Level, NDArray[np.float64]]]


class ShowsEpochs(Protocol):
    """A callback for progress: epochs done, epochs in all, and the mean loss of the epoch where there is one."""

    def __call__(self, done: int, total: int, loss: float | None = None) -> None:
        """Show the progress."""


@dataclass(frozen=True, slots=True)
class Look:
    """Views and frames that a recogniser looks at.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        frames: Frames of the sampler's window.
        needs_motion: Whether a clip without any motion between the first and the last view has no answer.
    """

    views: tuple[str, ...]
    sampler: str = "oao"
    frames: int = 3
    needs_motion: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    """One expression, or one moment of rest, to learn from.

    Attributes:
        inputs: What the recogniser measured.
        mirrored: What it measured of the mirrored face.
        labels: Its class of each level that is known.
        person: Who is seen; examples of one person never stand on both sides of a division.
    """

    inputs: Array
    mirrored: Array
    labels: Mapping[Level, str]
    person: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """Options of a fit: classes, seed, device and progress.

    Attributes:
        classes: Class names of each level.
        seed: Decides every draw.
        device: ``cpu`` or a GPU, for networks.
        on_progress: Called with epochs done and epochs in all, and the mean loss of the epoch where there is one.
    """

    classes: Classes
    seed: int = 0
    device: str = "cpu"
    on_progress: ShowsEpochs = field(default=lambda done, total, loss=None: None)


class Settings(StrictModel):
    """Base of every schema of settings, and the schema of a recogniser that has none."""


class Recogniser(ABC):
    """A recogniser with its settings; what it has learned is kept apart, as named arrays.

    Args:
        settings: Of its own schema.

    Attributes:
        schema: Schema of its settings.
        settings: Its settings.
    """

    schema: ClassVar[type[Settings]]

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @property
    @abstractmethod
    def look(self) -> Look:
        """The views and frames it looks at."""

    @abstractmethod
    def measure(self, views: Sequence[View]) -> Array:
        """Return the features of one clip as an array, of the same shape for every clip.

        Raises:
            InputError: The views are not those that it looks at.
        """

    @abstractmethod
    def fit(self, examples: Sequence[Example], fitting: Fitting) -> dict[str, NDArray[Any]]:
        """Fit the recogniser to examples and return its weights as named arrays."""

    @abstractmethod
    def predictor(self, arrays: Mapping[str, NDArray[Any]], classes: Classes, device: str) -> Predictor:
        """Return a function from inputs to probabilities.

        Args:
            arrays: What ``fit`` returned.
            classes: Class names of each level.
            device: ``cpu`` or a GPU, for networks.

        Raises:
            ValueError: The arrays are not those of these settings and classes.
        """


def picture(views: Sequence[View], name: str) -> NDArray[np.uint8]:
    """Return the picture of a view, RGB [H, W, 3].

    Raises:
        InputError: There is none of that name.
    """
    chosen = next((view for view in views if view.name == name), None)
    if chosen is None:
        view_names = ", ".join(dict.fromkeys(view.name for view in views)) or "none"
        raise InputError([Problem("--views", f"this recogniser needs the view {name!r}, and got {view_names}")])
    return np.asarray(chosen.image.convert("RGB"), np.uint8)


def label_indices(examples: Sequence[Example], level: Level, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the class of each example as its index in ``classes``, -1 where it is not known."""
    class_indices = {name: index for index, name in enumerate(classes)}
    return np.array([class_indices.get(example.labels.get(level, ""), -1) for example in examples], np.int64)


def balanced_weights(indices: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return a weight for each of ``count`` classes, so that all weigh the same: n / (classes * n of the class).

    The rule of scikit-learn's ``class_weight="balanced"``. A class without examples has weight 0.

    Args:
        indices: Class of each training example; -1 where it is not known.
        count: Number of classes.
    """
    counts = np.bincount(indices[indices >= 0], minlength=count).astype(float)
    present = counts > 0
    weights = np.zeros(count)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights
