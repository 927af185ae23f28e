"""A trained recogniser as a folder: weights as safetensors, and a record of everything else in JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import Field, ValidationError

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.json_file import read_json_object
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import write_whole
from mevqa.recognition.base import NONE, Level, Predictor, Recogniser
from mevqa.recognition.registry import find_recogniser, recogniser_names

if TYPE_CHECKING:
    from mevqa.types import View

WEIGHTS, RECORD = "model.safetensors", "recogniser.json"
FORMAT: Literal["mevqa recogniser 1"] = "mevqa recogniser 1"
_MADE = "; give the folder that `mevqa finetune` wrote"


class FittedOn(StrictModel):
    """Training data of a recogniser: subjects, clips, counts of each class and their hash.

    Attributes:
        subjects: Everybody who was seen, with the data set.
        clips: How many clips.
        rest: How many moments of rest beside them.
        counts: How many examples of each class of each level.
        data: Hash of the clips, their labels and what was measured.
    """

    subjects: tuple[str, ...]
    clips: Annotated[int, Field(ge=0)]
    rest: Annotated[int, Field(ge=0)]
    counts: dict[Level, dict[str, int]]
    data: str


class RecogniserRecord(StrictModel):
    """Content of ``recogniser.json``: everything that it takes to ask a recogniser, beside its weights.

    Attributes:
        recogniser: Its name.
        settings: Its settings.
        classes: Class names of each level, in the order of the outputs.
        face: How faces were found.
        seed: Of the training.
        fitted_on: What it was fitted on.
    """

    format: Literal["mevqa recogniser 1"] = FORMAT
    recogniser: str
    settings: dict[str, Any]
    classes: dict[Level, Annotated[tuple[str, ...], Field(min_length=1)]]
    face: Literal["auto", "haar", "mediapipe", "none"]
    seed: int
    fitted_on: FittedOn


@dataclass(frozen=True)
class TrainedRecogniser:
    """A recogniser that can be asked.

    Attributes:
        record: Everything but its weights.
        recogniser: What measures the views.
        predict: From measured inputs to probabilities.
        revision: Hash of weights and record.
    """

    record: RecogniserRecord
    recogniser: Recogniser
    predict: Predictor
    revision: str

    @property
    def tells_rest(self) -> bool:
        """Whether it has learned what a face at rest looks like."""
        return any(NONE in names for names in self.record.classes.values())

    def probabilities(self, views: Sequence[View]) -> dict[Level, dict[str, float]]:
        """Return the probability of each class of each level for one clip.

        Raises:
            InputError: The views are not those that it looks at.
        """
        inputs = self.recogniser.measure(views)[None]
        return {
            level: dict(zip(self.record.classes[level], map(float, values[0]), strict=True))
            for level, values in self.predict(inputs).items()
        }


def write_recogniser(folder: Path, record: RecogniserRecord, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write weights and record; the record goes last, so that a folder with one is whole.

    Raises:
        InputError: They cannot be written.
    """
    import numpy as np
    from safetensors.numpy import save

    write_whole(folder / WEIGHTS, save({name: np.ascontiguousarray(value) for name, value in arrays.items()}))
    text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_whole(folder / RECORD, text + "\n")


def read_recogniser(folder: Path, expected: str | None = None, device: str = "cpu") -> TrainedRecogniser:
    """Load a recogniser from its folder.

    Args:
        folder: What ``write_recogniser`` filled.
        expected: Its name; None: whatever the folder holds.
        device: ``cpu`` or a GPU, for networks.

    Raises:
        InputError: One line that says what is wrong with the folder.
    """
    if not (folder / RECORD).is_file():
        message = f"holds no recogniser (no {RECORD})" if folder.is_dir() else "is not a folder"
        raise InputError([Problem(folder, message + _MADE)])
    record = read_record(folder / RECORD)
    if expected is not None and record.recogniser != expected:
        mend = f"write {record.recogniser}:{folder}"
        raise InputError([Problem(folder, f"holds the recogniser {record.recogniser!r}, not {expected!r}; {mend}")])
    if record.recogniser not in recogniser_names():
        known = ", ".join(recogniser_names())
        raise InputError([Problem(folder / RECORD, f"recogniser: unknown {record.recogniser!r}; known: {known}")])
    kind = find_recogniser(record.recogniser)
    try:
        recogniser = kind(kind.schema.model_validate(record.settings))
    except ValidationError as error:
        raise InputError([Problem(folder / RECORD, f"settings: {_first_problem(error)}")]) from error
    content, arrays = _read_weights(folder / WEIGHTS)
    try:
        predict = recogniser.predictor(arrays, record.classes, device)
    except (ValueError, TypeError, KeyError) as error:
        message = f"does not fit {RECORD} beside it: {error}"
        raise InputError([Problem(folder / WEIGHTS, message)]) from error
    revision = hashlib.sha256(content + read_file(folder / RECORD)).hexdigest()[:16]
    return TrainedRecogniser(record, recogniser, predict, f"sha256:{revision}")


def read_record(path: Path) -> RecogniserRecord:
    """Read the record of a recogniser without its weights.

    Args:
        path: Its ``recogniser.json``.

    Raises:
        InputError: It cannot be read, or is something else.
    """
    try:
        return RecogniserRecord.model_validate(read_json_object(path, _MADE))
    except ValidationError as error:
        raise InputError([Problem(path, f"is no record of a recogniser: {_first_problem(error)}{_MADE}")]) from error


def _read_weights(path: Path) -> tuple[bytes, dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        content = read_file(path)
        return content, load(content)
    except OSError as error:
        raise InputError([Problem(path, f"cannot be read: {error.strerror or error}{_MADE}")]) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError([Problem(path, f"holds no weights: {error}{_MADE}")]) from error


def _first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation, with its location."""
    problem = error.errors(include_url=False)[0]
    location = ".".join(map(str, problem["loc"]))
    return f"{location}: {problem['msg']}" if location else str(problem["msg"])
