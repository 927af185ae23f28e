"""Run the recipe of a spotter: measure, train, choose thresholds, save."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from accelerate import Accelerator

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.lock import hold_folder
from mevqa.files.whole import is_leftover, make_folder, write_whole
from mevqa.inference.fingerprint import package_versions
from mevqa.inference.runs import refuse_changes
from mevqa.safe_text import portable
from mevqa.spotting.annotated import Annotated, LongVideo
from mevqa.spotting.base import ShowFrames
from mevqa.spotting.features.folder import named_cache
from mevqa.spotting.learning.measuring import training_videos
from mevqa.spotting.learning.spotter import LearnedSpotter
from mevqa.spotting.learning.system import config_schema
from mevqa.spotting.learning.training.fitting import FittedSystem, ShowTraining, fit_system
from mevqa.spotting.learning.training.loop import ShowEpochs
from mevqa.spotting.learning.types import TrainingVideo
from mevqa.spotting.learning.weights import Outcome, SpotterWeights, TrainedOn, read_spotter_weights
from mevqa.spotting.registry import find_spotter
from mevqa.training.adapters.artifact import read_manifest
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.training_log import TrainingLog

_MANIFEST, _CHECKPOINTS, _SECONDS = "training.json", "checkpoints", "seconds.json"
_PACKAGES = ("mevqa", "torch", "accelerate", "numpy")


@dataclass(frozen=True, slots=True)
class SpotterTraining:
    """Result of the training of a spotter.

    Attributes:
        folder: Its weights.
        weights: The weights, read.
        seconds: Wall time of the training, all calls together where it was interrupted, each to its last whole epoch;
            None for one that an earlier release finished.
    """

    folder: Path
    weights: SpotterWeights
    seconds: float | None = field(compare=False)

    def lines(self) -> list[str]:
        """Return a summary for the user, a line a fact."""
        outcome, priors, trained_on = self.weights.outcome, self.weights.priors, self.weights.trained_on
        time = "" if self.seconds is None else f" in {self.seconds:.0f} s"
        people = f"{len(trained_on.videos)} videos of {len(trained_on.subjects)} subjects"
        lines = [f"trained {outcome.parameters:,} weights on {people}, {outcome.epochs} epochs{time}"]
        lines.append(f"loss at the end {outcome.loss:.4f}")
        for kind, threshold in priors.thresholds.items():
            f1 = f", F1 {outcome.f1[kind]:.3f} on training subjects" if kind in outcome.f1 else ""
            lines.append(f"{kind}: threshold {threshold:.2f}{f1}")
        return [*lines, f"saved to {self.folder}; use it: mevqa spot VIDEO --weights {self.folder}"]


@dataclass(frozen=True, slots=True)
class Show:
    """Progress callbacks of a training.

    Attributes:
        frames: Given the name of a video, shows how far it is measured.
        epochs: Given what is trained, shows its epochs.
    """

    frames: ShowFrames = lambda name: nullcontext(lambda done, total: None)
    epochs: ShowTraining = lambda name: lambda done, total, loss: None


def system_of(recipe: SpotterRecipe) -> type[LearnedSpotter]:
    """Return the system of a recipe."""
    return cast("type[LearnedSpotter]", find_spotter(recipe.spotter))


def measured_videos(recipe: SpotterRecipe, videos: Sequence[LongVideo], out: Path, show: Show) -> list[TrainingVideo]:
    """Return annotated videos as the recipe's network learns from them.

    Args:
        recipe: The recipe.
        videos: The videos.
        out: Output of the training; the cache of features stands beside it unless the recipe names one.
        show: Shows how far it is.

    Raises:
        InputError: Videos that cannot be read, all together.
    """
    return training_videos(videos, system_of(recipe).view, recipe, features_folder(recipe, out), show.frames)


def features_folder(recipe: SpotterRecipe, out: Path) -> Path:
    """Return the folder of the cache of features: the recipe's, that of the environment, or one beside the output."""
    return named_cache(recipe.features) or out.with_name(f"{out.name}.features")


def finetune_spotter(
    recipe: SpotterRecipe,
    annotated: Annotated,
    videos: Sequence[TrainingVideo],
    out: Path,
    *,
    show: Show | None = None,
) -> SpotterTraining:
    """Train a spotter, or go on with an interrupted training of it.

    Args:
        recipe: The recipe.
        annotated: Where the videos come from.
        videos: Those of the training subjects; nothing else is looked at.
        out: Folder for checkpoints, and for the weights in the end.
        show: Shows how far it is.

    Raises:
        InputError: The folder holds another training, or another process writes it; nothing can be learned.
        ModelError: The training cannot live.
    """
    if not any(mark.kind in recipe.kinds for video in videos for mark in video.marks):
        message = f"has no {' or '.join(recipe.kinds)}-expression among the training subjects"
        raise InputError([Problem(annotated.source, message)])
    system = system_of(recipe)
    with hold_folder(out):
        _start(out, recipe, videos)
        if read_manifest(out).get("finished") is not None:
            weights = read_spotter_weights(out, recipe.spotter, system)
            return SpotterTraining(out, weights, read_manifest(out).get("seconds"))
        make_folder(out / _CHECKPOINTS)
        watch = _Stopwatch(out / _CHECKPOINTS / _SECONDS)
        fitted = fit_system(
            system,
            recipe,
            videos,
            accelerator=accelerator_of(recipe),
            checkpoints=out / _CHECKPOINTS,
            progress=_logged(show or Show(), TrainingLog(out, "epoch"), watch),
        )
        seconds = round(watch.seconds(), 1)
        weights = _weights(recipe, system, fitted, annotated, videos)
        weights.save(out)
        recipe_content = portable(recipe.model_dump(mode="json", exclude={"output", "features"}))
        write_whole(out / "recipe.yaml", yaml.safe_dump(recipe_content, sort_keys=False))
        finished = {"finished": weights.outcome.model_dump(mode="json"), "seconds": seconds}
        write_whole(out / _MANIFEST, json.dumps(read_manifest(out) | finished, indent=1) + "\n")
        shutil.rmtree(out / _CHECKPOINTS, ignore_errors=True)
    return SpotterTraining(out, weights, seconds)


class _Stopwatch:
    """Wall time of a training over all calls that it takes.

    Args:
        path: File of the time so far, beside the checkpoints.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = float(read_json_object(path).get("seconds", 0.0)) if path.is_file() else 0.0
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """Return the time of this call and of those before."""
        return self._before + time.perf_counter() - self._started

    def save(self) -> None:
        """Write the time so far."""
        write_whole(self._path, json.dumps({"seconds": round(self.seconds(), 1)}) + "\n")


def _logged(show: Show, log: TrainingLog, watch: _Stopwatch) -> ShowTraining:
    """Return a callback that shows epochs, and writes them and the time so far down."""

    def epochs(name: str) -> ShowEpochs:
        show_epoch = show.epochs(name)

        def report(done: int, total: int, loss: float) -> None:
            log.add(done, total, {"loss": loss}, name)
            watch.save()
            show_epoch(done, total, loss)

        return report

    return epochs


def accelerator_of(recipe: SpotterRecipe) -> Accelerator:
    """Return device and precision of a recipe.

    Raises:
        InputError: There is no GPU, and one is asked for.
    """
    if recipe.device == "cuda" and not torch.cuda.is_available():
        raise InputError([Problem("device", "cuda: there is no GPU; leave device away, or give device=cpu")])
    precision = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[recipe.precision]
    accelerator = Accelerator(cpu=recipe.device == "cpu", mixed_precision=precision)
    if accelerator.num_processes > 1:
        raise InputError([Problem("accelerate launch", "spotters are trained by one process: start mevqa finetune")])
    return accelerator


def _weights(
    recipe: SpotterRecipe,
    system: type[LearnedSpotter],
    fitted: FittedSystem,
    annotated: Annotated,
    videos: Sequence[TrainingVideo],
) -> SpotterWeights:
    """Return the weights of a training with everything that is saved beside them."""
    schema = config_schema(system)
    trained_on = TrainedOn(
        annotations=annotated.source.name,
        digest=_joint_digest([_digest(video) for video in videos]),
        subjects=tuple(sorted({video.subject for video in videos})),
        videos=tuple(video.id for video in videos),
    )
    outcome = Outcome(
        parameters=sum(parameter.numel() for parameter in fitted.network.parameters()),
        epochs=len(fitted.losses),
        loss=fitted.losses[-1],
        f1=fitted.f1,
    )
    return SpotterWeights(
        recipe.spotter,
        system.view,
        videos[0].series.values.shape[1],
        schema.model_validate(recipe.model_dump(include=set(schema.model_fields))),
        fitted.priors,
        trained_on,
        outcome,
        fitted.network.to("cpu"),
    )


def _start(out: Path, recipe: SpotterRecipe, videos: Sequence[TrainingVideo]) -> None:
    """Write down what decides a training, or check it against the training that the folder holds.

    The label file is not part of it: it may hold the labels of subjects who are not trained on.

    Raises:
        InputError: The folder holds something else, or a training of other inputs.
    """
    now: dict[str, Any] = {
        "recipe": portable(recipe.decisive()),
        "media": {video.id: _digest(video) for video in videos},
        "packages": package_versions(_PACKAGES),
    }
    path = out / _MANIFEST
    if path.is_file():
        refuse_changes(out, read_manifest(out)["decides"], now, "this training was begun", "--out DIR")
        return
    if out.exists() and (not out.is_dir() or not all(is_leftover(item) for item in out.iterdir())):
        raise InputError([Problem(out, "exists and holds no training; name a new folder: --out DIR")])
    make_folder(out)
    write_whole(path, json.dumps({"format": 1, "decides": now}, indent=1, ensure_ascii=False) + "\n")


def _digest(video: TrainingVideo) -> str:
    """Return a hash of what is learned of a video: its channels and its marks."""
    state = hashlib.sha256()
    for array in (video.series.values, video.series.measured, video.series.times_ms, video.unjudged):
        state.update(np.ascontiguousarray(array).tobytes())
    state.update(repr((video.subject, video.marks)).encode())
    return f"sha256:{state.hexdigest()[:16]}"


def _joint_digest(digests: Sequence[str]) -> str:
    return f"sha256:{hashlib.sha256(' '.join(digests).encode()).hexdigest()[:16]}"
