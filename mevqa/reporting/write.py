"""Write a report: the page, every chart as SVG, PNG and PDF, and the numbers as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.whole import make_folder, write_whole
from mevqa.inference.evaluation import Source
from mevqa.inference.long_videos.event_log import EVENTS, read_curve, read_not_looked_at
from mevqa.reporting.clip_pictures import clip_pictures
from mevqa.reporting.clips import clip_section
from mevqa.reporting.found_events import FoundEvents, read_found
from mevqa.reporting.page import Page, make_page, path_shortener
from mevqa.reporting.pictures import ClipPictures
from mevqa.reporting.reading import ReadRun, Scoring, read_runs
from mevqa.types import Clip, Question

if TYPE_CHECKING:
    from mevqa.data.label_types import ClipLabels

#: Models that the title names.
_MOST_MODELS = 4
#: Names of folders of clips.
_OF_CLIPS = re.compile("clips-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Options of a report: pictures, media, labels, events and title.

    Attributes:
        pictures: Whether clips are shown with pictures.
        media: Folder of the clips; None for the one that the run recorded.
        annotations: Label file; None likewise.
        ready: Folders of ready-made pictures by view name; empty likewise.
        events: Events that were found in long videos; None for ``events.csv`` of a run.
        title: Title of the page.
    """

    pictures: bool = True
    media: Path | None = None
    annotations: Path | None = None
    ready: Mapping[str, Path] | None = None
    events: Path | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A written report: its page, and how much it holds.

    Attributes:
        page: The page.
        charts: Number of charts; each is there as SVG, PNG and PDF.
        clips: Number of clips.
        questions: Number of questions.
        shown: Number of pictures.
        notes: What a reader must know.
        parts: Number of pages of clips beside the page; 0 where it holds them all.
    """

    page: Path
    charts: int
    clips: int
    questions: int
    shown: int
    notes: tuple[str, ...]
    parts: int = 0


def write_report(
    paths: Sequence[Path],
    out: Path,
    scoring: Scoring | None = None,
    options: ReportOptions | None = None,
    *,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
    on_frames: Callable[[str, int, int], None] = lambda clip, done, total: None,
) -> Written:
    """Write a report of runs.

    Args:
        paths: Run folders; the others are compared with the first.
        out: Folder of the report; made, and files of an earlier report in it are replaced.
        scoring: How answers are scored.
        options: What is shown besides.
        on_clip: Called with the number of clips done and of all.
        on_frames: Called with a long video, its frames that are passed and all of them.

    Raises:
        InputError: Everything that is wrong with the runs, the folder cannot be written, or another process writes it.
    """
    scoring, options = scoring or Scoring(), options or ReportOptions()
    with hold_folder(out):
        runs = read_runs(paths, scoring)
        notes = [f"{run.name}: {note}" for run in runs for note in run.notes]
        viewer = _ClipViewer(runs, options, on_clip, on_frames) if options.pictures else None
        section = clip_section(runs, viewer.pictures_of if viewer is not None else None)
        notes += viewer.notes if viewer is not None else []
        if section.left_out:
            which = "clips with a wrong answer come first"
            notes.append(f"the pictures of {section.left_out} of {section.clips} clips are left out: {which}")
        page = make_page(runs, section, options.title or _title(runs), paired=_pairing(runs, scoring))
        _write(out, page, runs)
        parts = len(list((out / page.folder).glob("*.html"))) if page.folder else 0
        return Written(
            out / "index.html", len(page.charts), section.clips, section.questions, section.shown, tuple(notes), parts
        )


def _title(runs: Sequence[ReadRun]) -> str:
    """Return the title of the page: models and data sets."""
    models = list(dict.fromkeys(run.model for run in runs))
    datasets = dict.fromkeys(question.dataset for run in runs for question in run.questions)
    more = f" and {len(models) - _MOST_MODELS} more" if len(models) > _MOST_MODELS else ""
    return f"{', '.join(models[:_MOST_MODELS])}{more} · {', '.join(datasets)}"


class _ClipViewer:
    """Finds the media of clips and returns their pictures."""

    def __init__(
        self,
        runs: Sequence[ReadRun],
        options: ReportOptions,
        on_clip: Callable[[int, int], None],
        on_frames: Callable[[str, int, int], None],
    ) -> None:
        self.notes: list[str] = []
        self._face = (runs[0].fingerprint.get("looking") or {}).get("face", "auto")
        self._folders = [run.run.path for run in runs]
        self._clips: dict[str, Clip] = {}
        self._labels: dict[str, ClipLabels] = {}
        self._on_clip = on_clip
        self._on_frames = on_frames
        self._done = 0
        questions = list({question.id: question for run in runs for question in run.questions}.values())
        clips = {question.clip_id for question in questions}
        self._total = len(clips)
        self._detected = _found_events(runs, options)
        if self._detected is not None:
            self.notes += self._detected.notes(clips)
        for source in _sources(runs, options):
            self._find(source, [q for q in questions if q.clip_id not in self._clips])

    def pictures_of(self, clip_id: str, questions: Sequence[Question]) -> ClipPictures:
        """Return the pictures of a clip."""
        clip = self._clips.get(clip_id)
        if clip is None:
            pictures = ClipPictures(notes=("no pictures: its media were not found",))
        else:
            detected = None if self._detected is None else self._detected.of(clip_id)
            labels_and_events = (self._labels.get(clip_id), detected)
            on_frames = partial(self._on_frames, clip_id)
            curve, unseen = self._curve(clip_id), self._not_looked_at(clip_id)
            pictures = clip_pictures(
                clip, questions, *labels_and_events, self._face, on_frames, curve=curve, unseen=unseen
            )
        self._done += 1
        self._on_clip(self._done, self._total)
        return pictures

    def _curve(self, clip_id: str) -> list[tuple[float, float]] | None:
        """Return the motion that a run measured while it spotted in a video."""
        curves = (read_curve(folder, clip_id) for folder in self._folders)
        return next((curve for curve in curves if curve is not None), None)

    def _not_looked_at(self, clip_id: str) -> list[tuple[float, float, str]]:
        """Return the times of a video that a run could not look at while it spotted, with reasons."""
        return next(filter(None, (read_not_looked_at(folder, clip_id) for folder in self._folders)), [])

    def _find(self, source: Source, questions: Sequence[Question]) -> None:
        """Find the clips of one source; a problem becomes a note: a report of numbers is better than none."""
        from mevqa.data.annotations import read_annotations
        from mevqa.data.media import labels_of, search_clips

        labels = None
        if source.annotations is not None:
            try:
                labels = read_annotations(source.annotations).counted(source.numbers)
                self._labels.update(labels_of(questions, labels))
            except InputError as error:
                self.notes.append(str(error.problems[0]))
        search = search_clips(questions, source.media, labels, source.pictures)
        self._clips.update(search.clips)
        if not search.clips and search.problems:
            self.notes.append(f"no pictures: {search.problems[0]} (--media says where the clips are)")


def _sources(runs: Sequence[ReadRun], options: ReportOptions) -> list[Source]:
    """Return where clips come from: what the user says comes before what the runs recorded."""
    recorded = [source for run in runs for source in run.sources]
    if options.media is None and not options.ready:
        if options.annotations is not None:
            return [replace(source, annotations=options.annotations) for source in recorded]
        return list({json.dumps(source.as_record()): source for source in recorded}.values())
    annotations = options.annotations or next((s.annotations for s in recorded if s.annotations is not None), None)
    labelled = next((source for source in recorded if source.annotations == annotations), Source(()))
    return [Source((), options.media, annotations, dict(options.ready or {}), labelled.numbers)]


def _found_events(runs: Sequence[ReadRun], options: ReportOptions) -> FoundEvents | None:
    """Return the events that were detected; None when nothing was looked for.

    Raises:
        InputError: The file is wrong.
    """
    if options.events is not None:
        if not options.events.is_file():
            raise InputError([Problem(options.events, "is no file; name the found events as CSV or JSON")])
        return read_found(options.events, complete=True)
    paths = [run.run.path / EVENTS for run in runs if (run.run.path / EVENTS).is_file()]
    return read_found(paths[0], complete=False) if paths else None


def _pairing(runs: Sequence[ReadRun], scoring: Scoring) -> Callable[..., Any] | None:
    """Return the paired comparison with the settings of the report."""
    if len(runs) < 2 or not scoring.draws:
        return None
    from mevqa.scoring.comparison import compare_answers

    return partial(
        compare_answers, reference=scoring.reference, preset=scoring.preset, draws=scoring.draws, seed=scoring.seed
    )


def _write(out: Path, page: Page, runs: Sequence[ReadRun]) -> None:
    plots = out / "plots"
    make_folder(plots)
    for name, files in page.charts.items():
        for suffix, content in files.items():
            write_whole(plots / f"{name}{suffix}", content)
    scores = {run.folder: run.result.as_dict() for run in runs if run.result is not None}
    scores = path_shortener(runs).inside(scores, ("protocol", "notes"))
    write_whole(out / "scores.json", json.dumps(scores, indent=1, ensure_ascii=False) + "\n")
    if page.folder:
        make_folder(out / page.folder)
    for name, html in page.parts:
        write_whole(out / page.folder / name, html)
    write_whole(out / "index.html", page.html)  # Last: a page that is there is a whole report.
    for old in out.iterdir():
        # The pages of an earlier report, which its index led to until now.
        if _OF_CLIPS.fullmatch(old.name) and old.name != page.folder and old.is_dir():
            for path in old.glob("[0-9]*.html"):
                path.unlink()
            with suppress(OSError):
                old.rmdir()
