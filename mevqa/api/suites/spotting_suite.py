"""The comparison of spotters: each is trained on the same people, spots in the same videos of others, and is scored."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.api.spotting.features import measure_features
from mevqa.api.spotting.spot import spot_folder
from mevqa.api.training.spotters import train_spotter
from mevqa.data.talking import read_talking
from mevqa.errors import InputError, MevqaError, Problem
from mevqa.facs import coarse_of
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import make_folder, write_whole
from mevqa.scoring.events.false_alarms import count_false_alarms, outside
from mevqa.scoring.events.score import score_events
from mevqa.scoring.result import ScoreResult
from mevqa.spotting.base import ShowFrames, SpotOptions, Spotting
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.evidence.classes import class_resemblances
from mevqa.spotting.files import write_csv
from mevqa.spotting.registry import find_spotter, spotter_names
from mevqa.suites.results import Outcome
from mevqa.suites.suite import Suite, SyntheticData
from mevqa.synthetic.writer import is_synthetic_set, synthesise
from mevqa.training.recipes.recipe import read_any_recipe
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.spotters.finetune import Show

#: Called with how far the suite is, and whether that is a failure.
Say = Callable[[str, bool], None]

#: Folders of the videos that are trained on and tested on, below the data root, and their files.
TRAIN, TEST = "train", "test"
ANNOTATIONS, MEDIA, TALKING = "annotations.csv", "clips", "talking.csv"

_DETECTIONS, _BY_RULES, _COSTS, _WEIGHTS = "detections.csv", "detections_by_rules.csv", "costs.json", "weights"


@dataclass(frozen=True, slots=True)
class SpottingData:
    """Data that spotters are trained and compared on.

    Attributes:
        train: Folder of the videos to train on, with their annotations.
        test: Folder of other people's videos, with annotations and who talks when.
        features: Cache of what is measured of all videos.
        out: Folder of the systems' results.
    """

    train: Path
    test: Path
    features: Path
    out: Path

    @property
    def coded(self) -> Path:
        """The annotations that are scored against."""
        return self.test / ANNOTATIONS


def compare_spotters(
    suite: Suite, root: Path, out: Path, systems: Mapping[str, str], show: Show | None, on_step: Say
) -> list[Outcome]:
    """Train every system, spot with it, and score it.

    A later call with the same ``out`` trains nothing again that an earlier one finished, and measures no video again.
    It spots and scores anew, so that frames a second are those of the last call; minutes of training are those of the
    call that trained.

    Args:
        suite: A suite of task ``spotting``.
        root: Folder of its data, ``train`` and ``test``; the synthetic ones are made.
        out: Folder of the results, one a system.
        systems: By folder name: ``motion`` or another spotter that needs no training, or the recipe of one
            (``spotting/me-tst-small``, a file).
        show: Shows how far it is.
        on_step: Called with how far it is.

    Raises:
        InputError: The data cannot be made or read.
    """
    data = SpottingData(root / TRAIN, root / TEST, out / "features", out)
    for folder, synthetic in ((data.train, suite.training), (data.test, suite.synthetic)):
        has_own_videos = (folder / ANNOTATIONS).is_file() and not is_synthetic_set(folder)
        if synthetic is not None and not has_own_videos:
            on_step(f"videos in {folder}", False)
            _make(folder, synthetic)
    _check(data)
    outcomes = []
    for number, (name, system) in enumerate(systems.items(), start=1):
        on_step(f"\n[{number}/{len(systems)}] {system}", False)
        try:
            result = _one_system(system, data, out / name, suite, show or Show(), on_step)
            outcomes.append(Outcome(system, out / name / _DETECTIONS, result=result))
        except MevqaError as error:
            on_step(f"{system} failed: {error}", True)
            outcomes.append(Outcome(system, out / name / _DETECTIONS, error=str(error)))
    return outcomes


def _make(folder: Path, synthetic: SyntheticData) -> None:
    shape = {"long": synthetic.long, "seconds": synthetic.seconds, "profile": synthetic.profile}
    synthesise(folder, synthetic.clips, synthetic.seed, progress=None, subjects=synthetic.subjects, **shape)


def _check(data: SpottingData) -> None:
    """Refuse data that lack annotations or media."""
    wanted = [folder / name for folder in (data.train, data.test) for name in (ANNOTATIONS, MEDIA)]
    missing = [Problem(path, "is missing: the suite trains and tests on it") for path in wanted if not path.exists()]
    if missing:
        raise InputError(missing)


def _one_system(system: str, data: SpottingData, out: Path, suite: Suite, show: Show, on_step: Say) -> ScoreResult:
    """Return the scores of a system, with what it costs."""
    make_folder(out)
    costs: dict[str, float] = read_json_object(out / _COSTS) if (out / _COSTS).is_file() else {}
    options = SpotOptions(spotter=system, features=data.features)
    if system not in spotter_names():
        recipe = _recipe(system, data, out)
        trained = train_spotter(recipe, show)
        for line in trained.lines():
            on_step(line, False)
        weights = trained.weights
        costs |= {"cost.parameters": weights.outcome.parameters}
        if trained.seconds is not None:
            costs |= {"cost.training_minutes": trained.seconds / 60}
        options = SpotOptions(recipe.kinds, recipe.rule, None, weights, spotter=recipe.spotter, features=data.features)
    else:
        find_spotter(system)
        costs |= {"cost.parameters": 0}
    spotted, seconds = _spot(data, options, out / _DETECTIONS, show.frames)
    costs |= {"cost.frames_per_second": sum(video.frames for video in spotted) / max(seconds, 1e-9)}
    write_whole(out / _COSTS, json.dumps(costs, indent=1) + "\n")
    scored = score_events(out / _DETECTIONS, data.coded, suite.preset, suite.changes)
    alarms = _false_alarms(scored, data, spotted)
    by_rules = _by_rules(spotted, data, out / _BY_RULES, suite)
    return replace(scored, metrics={**scored.metrics, **by_rules, **alarms, **costs})


def _recipe(system: str, data: SpottingData, out: Path) -> SpotterRecipe:
    """Return the recipe of a system, for the data of the suite.

    Raises:
        InputError: There is no such recipe, or it is none of a spotter.
    """
    overrides = {
        "annotations": data.train / ANNOTATIONS,
        "media": data.train / MEDIA,
        "features": data.features,
        "output": out / _WEIGHTS,
    }
    recipe = read_any_recipe(system, [f"{key}={value}" for key, value in overrides.items()])
    if not isinstance(recipe, SpotterRecipe):
        raise InputError([Problem("--model", f"{system} is the recipe of a model, not of a spotter")])
    return recipe


def _spot(data: SpottingData, options: SpotOptions, table: Path, frames: ShowFrames) -> tuple[list[Spotting], float]:
    """Return the events of the test videos, and the seconds that spotting took once everything was measured."""
    measure_features(data.test / MEDIA, features=data.features, frames=frames)
    started = time.perf_counter()
    spotted = spot_folder(data.test / MEDIA, options=options, csv=table)
    return spotted, time.perf_counter() - started


def _by_rules(spotted: Sequence[Spotting], data: SpottingData, table: Path, suite: Suite) -> dict[str, float]:
    """Return how well the rules of ``mevqa.spotting.evidence.classes`` name the classes of the same detections."""
    write_csv(table, [replace(video, events=tuple(map(_class_by_rules, video.events))) for video in spotted])
    metrics = score_events(table, data.coded, suite.preset, suite.changes, draws=0).metrics
    uf1 = metrics.get("recognition.uf1")
    return {} if uf1 is None else {"recognition.uf1_by_rules": uf1}


def _class_by_rules(event: SpottedEvent) -> SpottedEvent:
    resemblances = class_resemblances(event.units)
    fine = next(iter(resemblances), None)
    return replace(event, class_probabilities=resemblances, fine=fine, coarse=fine and coarse_of(fine))


def _false_alarms(scored: ScoreResult, data: SpottingData, spotted: Sequence[Spotting]) -> dict[str, float]:
    """Return false alarms a minute while people talk and while they do not; nothing where nobody says who talks."""
    path = data.test / TALKING
    if not path.is_file():
        return {}
    talk = read_talking(path)
    silent = {video.video: outside(talk.get(video.video, []), video.frames) for video in spotted}
    rates = {
        "spotting.talking_alarms": count_false_alarms(scored, talk).rate,
        "spotting.silent_alarms": count_false_alarms(scored, silent).rate,
    }
    return {key: rate for key, rate in rates.items() if not math.isnan(rate)}
