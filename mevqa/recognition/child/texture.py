"""The hand-crafted baseline: LBP-TOP of the aligned face from onset to offset, with a linear support vector machine.

CMED names LBP-TOP (arXiv 2503.21690). Ours: grey faces of 128 pixels, brought to a fixed number of moments, even in
time (linear between frames, in place of the field's temporal interpolation model), 5 x 5 blocks, radii of 1, 8
neighbours; one linear machine a class against all others, with weights that balance the classes, on the square roots
of the histograms, which compares them by Hellinger's distance (Arandjelovic and Zisserman, CVPR 2012). Probabilities
are the softmax of the decision values over a temperature that is fitted on values from folds by person of the training
side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from mevqa.errors import InputError, ModelError, Problem
from mevqa.recognition.base import (
    Array,
    Classes,
    Example,
    Fitting,
    Level,
    Look,
    Predictor,
    Recogniser,
    Settings,
    label_indices,
)
from mevqa.recognition.child.local_binary_patterns import lbp_top
from mevqa.recognition.registry import register_recogniser

if TYPE_CHECKING:
    from mevqa.types import View

#: Groups of persons by whose decision values the temperature is fitted.
_FOLDS = 5
#: Bounds of the temperature, as natural logarithms.
_TEMPERATURES = (-4.0, 4.0)
_INSTALL = "child-lbp is fitted by scikit-learn, which is missing: pip install 'mevqa[recognition]'"


class TextureSettings(Settings):
    """Settings of LBP-TOP and the support vector machine.

    Attributes:
        frames: Moments from onset to offset.
        size: Side of the face in pixels.
        blocks: Blocks across and down.
        radius: Of the patterns in space, pixels.
        radius_in_time: Of the patterns in time, moments.
        least: By how many grey levels a neighbour must be brighter to count.
        cost: C of the support vector machine: smaller is smoother.
        mirror: Whether mirrored faces are learned too.
    """

    frames: Annotated[int, Field(ge=3, le=256)] = 12
    size: Annotated[int, Field(ge=16, le=256)] = 128
    blocks: Annotated[int, Field(ge=1, le=16)] = 5
    radius: Annotated[int, Field(ge=1, le=8)] = 1
    radius_in_time: Annotated[int, Field(ge=1, le=8)] = 1
    least: Annotated[float, Field(ge=0)] = 0.0
    cost: Annotated[float, Field(gt=0)] = 10.0
    mirror: bool = True

    @model_validator(mode="after")
    def _fills_blocks(self) -> TextureSettings:
        """Refuse blocks without a pixel around which patterns fit."""
        inner = self.size - 2 * self.radius
        if inner < self.blocks:
            raise ValueError(f"size {self.size} less twice radius {self.radius} is too small for {self.blocks} blocks")
        return self


@register_recogniser("child-lbp")
class TextureRecogniser(Recogniser):
    """LBP-TOP with a linear support vector machine."""

    schema = TextureSettings
    settings: TextureSettings

    @property
    def look(self) -> Look:
        """Aligned faces from onset to offset, evenly in time."""
        return Look(("frames",), "onset-offset", self.settings.frames)

    def measure(self, views: Sequence[View]) -> Array:
        """Return the square roots of the histograms [3 * blocks^2 * 59]."""
        faces = [np.asarray(view.image.convert("L"), np.float32) for view in views if view.name == "frames"]
        if not faces:
            raise InputError([Problem("--views", "this recogniser needs the view 'frames'")])
        settings = self.settings
        size = (settings.size, settings.size)
        small = np.stack(
            [np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.float32) for face in faces]
        )
        histograms = lbp_top(
            resampled(small, max(settings.frames, 2 * settings.radius_in_time + 1)),
            blocks=settings.blocks,
            radius=settings.radius,
            radius_in_time=settings.radius_in_time,
            least=settings.least,
        )
        return np.sqrt(histograms)

    def fit(self, examples: Sequence[Example], fitting: Fitting) -> dict[str, NDArray[Any]]:
        """Fit one machine a class, and the temperature; nothing but the examples enters."""
        inputs = np.stack([example.inputs for example in examples])
        mirrored = np.stack([example.mirrored for example in examples]) if self.settings.mirror else None
        persons = np.array([example.person for example in examples])
        arrays: dict[str, NDArray[Any]] = {}
        for done, (level, names) in enumerate(fitting.classes.items()):
            known = label_indices(examples, level, names) >= 0
            labels = label_indices(examples, level, names)[known]
            plain, turned = inputs[known], None if mirrored is None else mirrored[known]
            weights, offsets = self._machine(plain, turned, labels, len(names))
            arrays[f"{level}.weights"], arrays[f"{level}.offsets"] = weights, offsets
            values = self._held_out_values(plain, turned, labels, persons[known], len(names))
            arrays[f"{level}.temperature"] = np.array([temperature(values, labels)], np.float32)
            fitting.on_progress(done + 1, len(fitting.classes))
        return arrays

    def predictor(self, arrays: Mapping[str, NDArray[Any]], classes: Classes, device: str) -> Predictor:
        """Return a function that reads the decision values; it runs on the CPU and needs no library of learning."""
        expected = {f"{level}.{name}" for level in classes for name in ("weights", "offsets", "temperature")}
        if missing := sorted(expected - arrays.keys()):
            raise ValueError(f"{', '.join(missing)} is missing")
        for level, names in classes.items():
            if arrays[f"{level}.weights"].shape[:1] != (len(names),):
                raise ValueError(f"{level}.weights are not one row a class")

        def predict(inputs: Array) -> dict[Level, NDArray[np.float64]]:
            values = {level: inputs @ arrays[f"{level}.weights"].T + arrays[f"{level}.offsets"] for level in classes}
            return {level: softmax(decisions / arrays[f"{level}.temperature"]) for level, decisions in values.items()}

        return predict

    def _machine(
        self, plain: Array, turned: Array | None, labels: NDArray[np.int64], count: int
    ) -> tuple[Array, Array]:
        """Return the weights [classes, inputs] and offsets [classes] of one machine a class against all others."""
        try:
            from sklearn.svm import SVC
        except ImportError as error:
            raise ModelError(_INSTALL) from error
        inputs = plain if turned is None else np.concatenate([plain, turned])
        targets = labels if turned is None else np.concatenate([labels, labels])
        # Far fewer clips than bins: the machines are solved from the products of the clips, in a hundredth of the time.
        products = inputs.astype(float) @ inputs.T.astype(float)
        weights, offsets = np.zeros((count, inputs.shape[1])), np.full(count, -1.0)
        for label in np.unique(labels):
            if np.all(targets == label):
                offsets[label] = 1.0
                continue
            machine = SVC(C=self.settings.cost, kernel="precomputed", class_weight="balanced")
            machine.fit(products, targets == label)
            weights[label] = machine.dual_coef_[0] @ inputs[machine.support_]
            offsets[label] = machine.intercept_[0]
        return weights.astype(np.float32), offsets.astype(np.float32)

    def _held_out_values(
        self,
        plain: Array,
        turned: Array | None,
        labels: NDArray[np.int64],
        persons: NDArray[np.str_],
        count: int,
    ) -> Array:
        """Return decision values [clips, classes] by machines fitted on other persons; with one person, on that one."""
        names = np.unique(persons)
        groups = [names[start::_FOLDS] for start in range(min(_FOLDS, len(names)))]
        values = np.zeros((len(plain), count), np.float32)
        for group in groups:
            held_out = np.isin(persons, group)
            training = ~held_out if len(groups) > 1 else held_out
            turned_training = None if turned is None else turned[training]
            weights, offsets = self._machine(plain[training], turned_training, labels[training], count)
            values[held_out] = plain[held_out] @ weights.T + offsets
        return values


def resampled(faces: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return faces [T, H, W] at ``count`` even places from the first to the last, linear between neighbours."""
    places = np.linspace(0, len(faces) - 1, count)
    before = np.minimum(places.astype(int), max(len(faces) - 2, 0))
    share = (places - before).astype(np.float32)[:, None, None]
    after = np.minimum(before + 1, len(faces) - 1)
    return (1 - share) * faces[before] + share * faces[after]


def temperature(values: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature, by which decision values are divided so that their softmax fits the labels best.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017).

    Args:
        values: Decision values [clips, classes] of clips that were not fitted on.
        labels: Their classes.
    """
    from scipy.optimize import minimize_scalar

    def misfit(log: float) -> float:
        chosen = softmax(values / np.exp(log))[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(np.exp(minimize_scalar(misfit, bounds=_TEMPERATURES, method="bounded").x))


def softmax(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities [clips, classes] of values, without overflow."""
    lifted = np.exp(values.astype(float) - values.max(axis=1, keepdims=True))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True))
