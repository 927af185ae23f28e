"""Calibration: from the features of a candidate to the probability that a coder would have marked it.

A calibrator is a small file of numbers. The one that is shipped was fitted on synthetic videos; ``mevqa spot --fit``
makes one from annotated videos (``mevqa.spotting.motion.fitting``).
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import write_whole
from mevqa.resources import TABLES
from mevqa.spotting.motion.features import FEATURES

Array = NDArray[np.float64]

_SHIPPED = TABLES / "spot_calibration.json"

#: The first entry of a calibrator's file.
FORMAT: Literal["mevqa spot calibrator 1"] = "mevqa spot calibrator 1"

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Logistic(NamedTuple):
    """A fitted model: log-odds = intercept + weights . (x - means) / scales.

    Attributes:
        means: [features] of what it was fitted on.
        scales: [features] standard deviations there; 1 where a feature did not vary.
        weights: [features] of the standardised features.
        intercept: Log-odds where every feature is at its mean.
    """

    means: Array
    scales: Array
    weights: Array
    intercept: float

    def probabilities(self, x: Array) -> Array:
        """Return the probability of each row of ``x`` [rows, features]."""
        return sigmoid(self.intercept + (x - self.means) / self.scales @ self.weights)


def sigmoid(log_odds: Array) -> Array:
    """Return probabilities from log-odds, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


class FittedOn(StrictModel):
    """Annotations, subjects and candidates that a calibrator was fitted on.

    Attributes:
        source: Name of the file of annotations.
        sha256: Its hash.
        dataset: The data set; None when the user did not name one.
        videos: How many.
        subjects: How many people are seen in them.
        events: Coded expressions.
        candidates: What the spotter proposed.
        marked: Candidates that overlap a coded expression by half, one to one.
    """

    source: str
    sha256: str
    dataset: str | None
    videos: Count
    subjects: Count
    events: Count
    candidates: Count
    marked: Count


class Feature(StrictModel):
    """The part of one feature in the log-odds: weight * (value - mean) / scale.

    Attributes:
        name: One of ``mevqa.spotting.motion.features.FEATURES``.
        mean: Of the candidates that it was fitted on.
        scale: Their standard deviation.
        weight: Of the feature after that.
    """

    name: str
    mean: Number
    scale: Positive
    weight: Number


class Calibrator(StrictModel):
    """A logistic model of candidates, for both kinds of expressions.

    Attributes:
        format: What the file is.
        mevqa: Version that made it.
        threshold: Probability from which a candidate is believed.
        least_strength: The spotter proposes candidates from this strength on, see ``mevqa.spotting.motion.detect``.
        least_motion: And from this displacement of a region on, eye distances.
        intercept: Log-odds where every feature is at its mean.
        features: Every feature in its order.
        fitted_on: Where it comes from.
    """

    format: Literal["mevqa spot calibrator 1"]
    mevqa: str
    threshold: Annotated[float, Field(ge=0, le=1)]
    least_strength: Positive
    least_motion: Positive
    intercept: Number
    features: tuple[Feature, ...]
    fitted_on: FittedOn

    @model_validator(mode="after")
    def _know_the_features(self) -> Calibrator:
        names = [feature.name for feature in self.features]
        if names != list(FEATURES):
            raise ValueError(f"features must be {', '.join(FEATURES)}, not {', '.join(names) or 'none'}")
        return self

    def probability(self, features: NDArray[np.float64]) -> float:
        """Return the probability of a candidate.

        Args:
            features: [features] from ``mevqa.spotting.motion.features``.
        """
        return float(self.model.probabilities(features[None])[0])

    def digest(self) -> str:
        """Return a hash of everything in it."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()

    def save(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            InputError: The file cannot be written.
        """
        write_whole(path, self.model_dump_json(indent=1) + "\n")

    @property
    def model(self) -> Logistic:
        """The calibrator as a logistic model of arrays."""
        means, scales, weights = np.array(
            [(feature.mean, feature.scale, feature.weight) for feature in self.features]
        ).T
        return Logistic(means, scales, weights, self.intercept)


@functools.cache
def shipped_calibrator() -> Calibrator:
    """Return the calibrator that scores events when the user gives none."""
    return read_calibrator(_SHIPPED)


def read_calibrator(path: Path) -> Calibrator:
    """Read a calibrator.

    Raises:
        InputError: The file is missing, damaged or something else; one line.
    """
    content = read_json_object(path, "; a calibrator is what mevqa spot --fit writes")
    if content.get("format") != FORMAT:
        raise InputError([Problem(path, "is not a calibrator that this version of mevqa spot --fit writes")])
    try:
        return Calibrator.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        reason = f"{where}: {message}" if where else message
        raise InputError([Problem(path, f"is not a calibrator of this version ({reason}); fit it again")]) from error
