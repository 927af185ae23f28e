"""A folder of synthetic clips with annotations and official question files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mevqa.data.annotations import write_annotations
from mevqa.data.label_types import ClipLabels
from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.lock import hold_folder
from mevqa.files.whole import is_vacant, make_folder, write_whole
from mevqa.signals import finished_first
from mevqa.synthetic.clip_plan import ClipPlan, class_mixes, plan_clips
from mevqa.synthetic.encoding import write_mp4
from mevqa.synthetic.long_profiles.profile import STANDARD, long_profile, profile_names
from mevqa.synthetic.long_profiles.recording import LongRecording
from mevqa.synthetic.long_profiles.talking import write_talking
from mevqa.synthetic.long_profiles.video_plan import VideoPlan, plan_videos
from mevqa.synthetic.official_rows import (
    Pair,
    extension_questions,
    long_questions,
    second_version_questions,
    test_questions,
    test_rows,
    train_questions,
    train_rows,
)
from mevqa.synthetic.recording import Recording, Style

#: Raised when the same settings draw other clips than before, so that old and new files are never mixed.
FORMAT = 2

_MANIFEST = "synth.json"


@dataclass(frozen=True)
class SynthSettings:
    """Everything that decides a set of synthetic clips.

    Attributes:
        clips: Number of clips.
        seed: Seed; sets of different seeds share no person.
        long: Long videos with several micro- and macro-expressions instead of short clips.
        subjects: Number of persons; None: one for every four clips, or every two long videos.
        fps: Frame rates, 25 to 200, each person at one of them; empty: 100, or 30 for long videos.
        size: Width and height in pixels, even.
        seconds: Length of a long video.
        classes: Name of the class frequencies (``class_mixes``).
        grey: Monochrome; None: one clip in four.
        crf: H.264 rate factor; None: 8 to 18, drawn per clip.
        profile: What long videos are like: ``standard``, or a file of ``mevqa/tables/synthetic``, whose size, length,
            frame rate and compression ``synthesise`` takes where none is given.
    """

    clips: int = 24
    seed: int = 0
    long: bool = False
    subjects: int | None = None
    fps: tuple[float, ...] = ()
    size: tuple[int, int] = (320, 320)
    seconds: float = 20.0
    classes: str = "balanced"
    grey: bool | None = None
    crf: int | None = None
    profile: str = STANDARD

    def check(self) -> None:
        """Refuse settings that make no clips.

        Raises:
            InputError: Every setting at fault.
        """
        width, height = self.size
        checks = [
            (self.clips < 1, "--clips", f"{self.clips} clips; give 1 or more"),
            (self.seed < 0, "--seed", f"{self.seed} is negative; give 0 or more"),
            (self.subjects is not None and self.subjects < 1, "--subjects", "give 1 or more"),
            (any(not 25 <= rate <= 200 for rate in self.fps), "--fps", "frame rates are 25 to 200 per second"),
            (width % 2 or height % 2, "--size", f"{width}x{height} is odd; H.264 wants even sides"),
            (min(width, height) < 128, "--size", f"{width}x{height} is too small to show a face; give 128 or more"),
            (max(width, height) > 4096, "--size", f"{width}x{height} is too large; give 4096 or less"),
            (not 4 <= self.seconds <= 3600, "--seconds", "long videos last 4 to 3600 seconds"),
            (self.classes not in class_mixes(), "--classes", f"choose one of: {', '.join(class_mixes())}"),
            (self.profile not in profile_names(), "--profile", f"choose one of: {', '.join(profile_names())}"),
            (self.profile != STANDARD and not self.long, "--profile", f"{self.profile!r} is for --long"),
            (self.crf is not None and not 0 <= self.crf <= 51, "--crf", "H.264 rate factors are 0 to 51"),
        ]
        problems = [Problem(option, message) for bad, option, message in checks if bad]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class SyntheticSet:
    """Files and plans of a finished synthetic set.

    Attributes:
        folder: The set.
        media: Folder of the videos.
        annotations: CSV of the ground truth.
        train: Question file in the training layout.
        to_answer: Question file in the test layout, without answers.
        reference: The same with answers.
        plans: The clips.
        more: Other question files by name.
        talking: CSV of who talks when; None where nobody does.
    """

    folder: Path
    media: Path
    annotations: Path
    train: Path
    to_answer: Path
    reference: Path
    plans: tuple[ClipPlan, ...]
    more: Mapping[str, Path] = field(default_factory=dict)
    talking: Path | None = None


def synthesise(
    out: Path,
    clips: int = 24,
    seed: int = 0,
    *,
    progress: Callable[[ClipPlan], None] | None = None,
    **settings: Any,
) -> SyntheticSet:
    """Write a set of clips; called again on an unfinished set, write what is missing.

    Args:
        out: Folder; new, empty, or an unfinished or finished set of the same settings.
        clips: Number of clips.
        seed: Decides everything.
        progress: Called after each clip.
        settings: The other fields of ``SynthSettings``.

    Raises:
        InputError: The settings make no clips, or the folder holds something else.
    """
    chosen = SynthSettings(
        clips=clips, seed=seed, **{**_profile_defaults(settings.get("profile", STANDARD)), **settings}
    )
    chosen.check()
    if out.is_file():
        raise InputError([Problem(out, "is not an empty folder; choose another for the synthetic clips")])
    with hold_folder(out):
        return _synthesise(out, chosen, progress)


def _synthesise(out: Path, chosen: SynthSettings, progress: Callable[[ClipPlan], None] | None) -> SyntheticSet:
    """Write what is missing of a set while nobody else writes it."""
    _claim(out, chosen)
    videos = [] if chosen.profile == STANDARD else make_video_plans(chosen)
    plans = [video.clip for video in videos] or make_plans(chosen)
    media = out / "clips"
    make_folder(media)
    style = Style(*chosen.size, grey=chosen.grey, crf=chosen.crf)
    for index, plan in enumerate(plans):
        path = media / f"{plan.id}.mp4"
        if not path.exists():
            with finished_first():
                if videos:
                    _write_video(path, videos[index], chosen.seed, style)
                else:
                    recording = Recording(plan, chosen.seed, style)
                    write_mp4(path, recording.frames(), plan.fps, recording.scene.crf)
        if progress is not None:
            progress(plan)
    written_set = _write_tables(out, plans, chosen)
    return replace(written_set, talking=write_talking(out / "talking.csv", videos)) if videos else written_set


def _write_video(path: Path, video: VideoPlan, seed: int, style: Style) -> None:
    """Draw and encode a long video of a profile."""
    recording = LongRecording(video, seed, style)
    clock = long_profile(video.profile).recording.clock
    write_mp4(path, recording.frames(), video.camera_fps, recording.scene.crf, (video.ticks.tolist(), clock))


def _profile_defaults(profile: str) -> dict[str, Any]:
    """Return the settings that a profile brings along."""
    if profile == STANDARD or profile not in profile_names():
        return {}
    camera = long_profile(profile).recording
    return {"size": camera.size, "seconds": camera.seconds, "fps": (camera.fps,)}


def make_video_plans(settings: SynthSettings) -> list[VideoPlan]:
    """Return the plans of a set of long videos of a profile other than the standard one."""
    return plan_videos(
        settings.clips,
        settings.seed,
        profile=settings.profile,
        subjects=settings.subjects or -(-settings.clips // 2),
        fps=settings.fps,
        classes=settings.classes,
        seconds=settings.seconds,
    )


def make_plans(settings: SynthSettings) -> list[ClipPlan]:
    """Return the plans of a set."""
    if settings.profile != STANDARD:
        return [video.clip for video in make_video_plans(settings)]
    return plan_clips(
        settings.clips,
        settings.seed,
        subjects=settings.subjects or max(1, -(-settings.clips // (2 if settings.long else 4))),
        fps=settings.fps or ((30.0,) if settings.long else (100.0,)),
        classes=settings.classes,
        long_seconds=settings.seconds if settings.long else None,
    )


def is_synthetic_set(folder: Path) -> bool:
    """Whether a folder holds a set that ``synthesise`` began or finished."""
    return (folder / _MANIFEST).is_file()


def _claim(out: Path, settings: SynthSettings) -> None:
    """Make the folder this set's own, or refuse.

    Raises:
        InputError: It holds other things, or a set of other settings.
    """
    ours = json.loads(json.dumps({"format": FORMAT, **asdict(settings)}))
    if settings.profile == STANDARD:
        # As sets were written before there were profiles, so that an unfinished one can be finished.
        del ours["profile"]
    manifest = out / _MANIFEST
    if manifest.is_file():
        stored = read_json_object(manifest, "; choose another folder")
        if stored != ours:
            names = [name for name in {**ours, **stored} if stored.get(name) != ours.get(name)]
            message = f"holds a set with other settings ({', '.join(names)}); choose another folder"
            raise InputError([Problem(out, message)])
        return
    if out.exists() and (not out.is_dir() or not is_vacant(out)):
        raise InputError([Problem(out, "is not an empty folder; choose another for the synthetic clips")])
    make_folder(out)
    _write(manifest, json.dumps(ours, indent=2) + "\n")


def _write_tables(out: Path, plans: Sequence[ClipPlan], settings: SynthSettings) -> SyntheticSet:
    """Write annotations and question files."""
    seed = settings.seed
    annotations = out / "annotations.csv"
    write_annotations(annotations, {plan.id: _labels(plan) for plan in plans})
    prefix = "me_lvqa_synthetic" if settings.long else "me_vqa_synthetic"
    train = {plan: list((long_questions if settings.long else train_questions)(plan, seed)) for plan in plans}
    test = {plan: list((long_questions if settings.long else test_questions)(plan, seed)) for plan in plans}
    paths = {"train": out / f"{prefix}_train.jsonl"}
    _write(paths["train"], _lines(row for plan, pairs in train.items() for row in train_rows(plan, pairs)))
    paths.update(_write_test(out, prefix, test))
    version, questions = ("ext", extension_questions) if settings.long else ("v2", second_version_questions)
    second = {plan: list(questions(plan, seed)) for plan in plans}
    name = "ext_test" if settings.long else "test"
    second_paths = _write_test(out, f"{prefix}_{version}", second, name)
    more = {f"{version}_{layout}": path for layout, path in second_paths.items()}
    return SyntheticSet(out, out / "clips", annotations, plans=tuple(plans), more=more, **paths)


def _write_test(
    out: Path, prefix: str, pairs: Mapping[ClipPlan, Sequence[Pair]], name: str = "test"
) -> dict[str, Path]:
    """Write one test file twice: without answers and with them."""
    paths = {layout: out / f"{prefix}_test_{layout}.jsonl" for layout in ("to_answer", "reference")}
    for layout, path in paths.items():
        answered = layout == "reference"
        rows = (
            row
            for plan, clip_pairs in pairs.items()
            for row in test_rows(plan, clip_pairs, answered=answered, name=name)
        )
        _write(path, _lines(rows))
    return paths


def _labels(plan: ClipPlan) -> ClipLabels:
    """Return the ground truth of a clip."""
    events = tuple(performance.annotation for performance in plan.performances)
    return ClipLabels(plan.id, "synthetic", f"s{plan.subject + 1:02d}", plan.fps, events)


def _lines(rows: Iterable[Mapping[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    """Write a file in one step."""
    write_whole(path, text)
