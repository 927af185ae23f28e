"""Base class of spotters: options in, the expressions of an open video out, and what is learned of annotated videos."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from mevqa.errors import InputError, Problem
from mevqa.events import KINDS, RULES, Event, Kind, Rule, kind_of
from mevqa.spotting.events import Gap, SpottedEvent, UnitCandidate

if TYPE_CHECKING:
    import pandas

    from mevqa.spotting.annotated import Annotated
    from mevqa.spotting.hits import Counts
    from mevqa.video.reading.video import Video

#: The spotter that is used where none is named.
DEFAULT_SPOTTER = "motion"

#: Called with frames done and frames in all.
Progress: TypeAlias = Callable[[int, int], None]

#: Given the name of a video, shows how far it is read.
ShowFrames: TypeAlias = Callable[[str], AbstractContextManager[Progress]]

#: Why nothing is compared across a cut.
_CUT = "another shot or pose begins"


class Fitted(Protocol):
    """Result of fitting a spotter: the weights of a network, or a calibrator."""

    def digest(self) -> str:
        """Return a hash of everything in it, for the fingerprint of a run."""
        ...

    def save(self, path: Path) -> None:
        """Write it to a file that ``Spotter.load`` reads.

        Raises:
            InputError: The file cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpotOptions:
    """Options of spotting: kinds of expressions, limits, and the spotter.

    Attributes:
        kinds: Kinds of expressions that are returned.
        rule: How micro- and macro-expressions are told apart.
        threshold: Least strength, in the spotter's own units (``motion``: of the video's own noise); None: its default.
        calibrator: What the spotter learned, from its ``load`` or ``fit``: trained weights, or a calibrator. That of
            ``motion`` scores events, and drops those below its own probability; None: the shipped one scores them, and
            strength decides which are returned.
        least_motion: Of ``motion``: a region must move by so much, eye distances; None: as the threshold.
        spotter: Name of the spotter.
        features: Folder of motion records (``mevqa features``) that videos are looked up in, and those that are not
            there are measured into; None: videos are measured while they are spotted. It changes no event.
    """

    kinds: tuple[Kind, ...] = KINDS
    rule: Rule = "half-second"
    threshold: float | None = None
    calibrator: Fitted | None = None
    least_motion: float | None = None
    spotter: str = DEFAULT_SPOTTER
    features: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what is not known.

        Raises:
            ValueError: An unknown kind or rule, no kind, or a limit that is not positive.
        """
        if not self.kinds or any(kind not in KINDS for kind in self.kinds):
            raise ValueError(f"kinds are {' and '.join(KINDS)}, not {self.kinds!r}")
        if self.rule not in RULES:
            raise ValueError(f"rules are {' and '.join(RULES)}, not {self.rule!r}")
        for name, limit in (("threshold", self.threshold), ("least motion", self.least_motion)):
            if limit is not None and not limit > 0:
                raise ValueError(f"the {name} must be positive, not {limit}")


@dataclass(frozen=True, slots=True)
class Spotting:
    """Events that were spotted in one video, with scores of frames, warnings and gaps.

    Attributes:
        video: Its name, without suffix.
        path: The file or folder.
        fps: Frames per second.
        frames: Length.
        seconds: Time of the last frame.
        events: In the order of time.
        trace: (time in ms, score); of ``motion`` the largest displacement of a region from rest in eye distances.
        warnings: What a reader should know, one sentence each.
        face: Whether a face was seen at all.
        gaps: Where nothing could be looked for, in the order of time.
        cuts_ms: Where another shot or pose begins: nothing is compared across these times.
    """

    video: str
    path: Path
    fps: float
    frames: int
    seconds: float
    events: tuple[SpottedEvent, ...]
    trace: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...]
    face: bool
    gaps: tuple[Gap, ...] = ()
    cuts_ms: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        video: Video,
        events: Sequence[Event],
        *,
        scores: Sequence[tuple[float, float]] = (),
        warnings: Sequence[str] = (),
        face: bool = True,
        gaps: Sequence[Gap] = (),
        cuts_ms: Sequence[float] = (),
        rule: Rule = "half-second",
    ) -> Spotting:
        """Return the result of spotting in an open video.

        Args:
            video: The video.
            events: In the order of time; a plain ``Event`` gets the times of its frames, and a score of 1, the middle
                as its apex and its kind by the rule where it lacks them.
            scores: (time in ms, score) of frames, for tables and plots.
            warnings: What a reader should know, beside what the video itself warns of.
            face: Whether a face was seen.
            gaps: Where nothing could be looked for.
            cuts_ms: Where nothing is compared across.
            rule: How micro- and macro-expressions are told apart.
        """
        return cls(
            video=video.path.stem if video.path.is_file() else video.path.name,
            path=video.path,
            fps=video.fps,
            frames=len(video),
            seconds=float(video.times_ms[-1]) / 1000,
            events=tuple(event if isinstance(event, SpottedEvent) else _timed(event, video, rule) for event in events),
            trace=tuple(scores),
            warnings=(*video.warnings, *warnings),
            face=face,
            gaps=tuple(gaps),
            cuts_ms=tuple(cuts_ms),
        )

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with a row an event: columns and values of the table that ``mevqa spot --out`` writes."""
        # Half a second of import that only who wants a table should pay; help stays without what tables import.
        import pandas

        from mevqa.data.events.write import CLASS_COLUMNS, SPOTTED_COLUMNS

        columns = (*SPOTTED_COLUMNS, *CLASS_COLUMNS)
        facts = {"video": self.video, "fps": self.fps, "frames": self.frames}
        rows = [
            facts
            | {name: getattr(event, name) for name in columns if name not in facts}
            | {"action_units": "+".join(str(candidate.unit) for candidate in event.units)}
            for event in self.events
        ]
        return pandas.DataFrame(rows, columns=list(columns))

    @property
    def not_looked_at(self) -> list[tuple[float, float, str]]:
        """Begin and end in s, and the reason, of what was not looked at; a cut has no length."""
        gaps = [(gap.begin_ms / 1000, gap.end_ms / 1000, gap.why) for gap in self.gaps]
        return sorted([*gaps, *((ms / 1000, ms / 1000, _CUT) for ms in self.cuts_ms)])


def _timed(event: Event, video: Video, rule: Rule) -> SpottedEvent:
    """Return an event with the times of its frames.

    Raises:
        ValueError: It has no onset or offset, or its frames are not in order inside the video.
    """
    if event.onset is None or event.offset is None:
        raise ValueError("a spotted event needs an onset and an offset")
    apex = (event.onset + event.offset) // 2 if event.apex is None else event.apex
    frames = (event.onset, apex, event.offset)
    if not 0 <= event.onset <= apex <= event.offset < len(video):
        raise ValueError(f"onset, apex and offset {frames} are not in order inside {len(video)} frames")
    onset_ms, apex_ms, offset_ms = (float(video.times_ms[frame]) for frame in frames)
    units = tuple(UnitCandidate(unit, 1 / len(event.action_units)) for unit in event.action_units)
    kind = event.kind or kind_of(onset_ms, apex_ms, offset_ms, rule)
    return SpottedEvent(
        onset=frames[0],
        apex=frames[1],
        offset=frames[2],
        action_units=event.action_units,
        fine=event.fine,
        coarse=event.coarse,
        kind=kind,
        score=1.0 if event.score is None else event.score,
        onset_ms=onset_ms,
        apex_ms=apex_ms,
        offset_ms=offset_ms,
        units=units,
    )


@dataclass(frozen=True, slots=True)
class SpotterFit:
    """Calibrator or weights of a fitted spotter, and its counts of hits on people that it has not seen.

    Attributes:
        calibrator: What was learned of all subjects.
        subjects: How many they are.
        held_out: Counts by kind, and of both as ``overall``, of each way that is compared, by its name; every subject
            judged by what was learned of the others.
        about: Lines that say what was learned from.
        notes: Lines that say how sure it is.
    """

    calibrator: Fitted
    subjects: int
    held_out: Mapping[str, Mapping[str, Counts]]
    about: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Spotter(ABC):
    """A system that finds expressions in long videos; ``register_spotter`` gives it its name.

    Attributes:
        name: What users write after ``--spotter``; ``register_spotter`` sets it.
        needs: What it needs beside a video, in a few words (``a GPU``, ``--calibrator``), empty for nothing.
        has_weights: Whether it is a network whose weights a folder holds (``--weights``).
        options: What is looked for.
    """

    name: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    has_weights: ClassVar[bool] = False

    def __init__(self, options: SpotOptions) -> None:
        self.options = options

    @abstractmethod
    def spot(self, video: Video, progress: Progress = lambda done, total: None) -> Spotting:
        """Find the expressions of an open video, reading it forward (``Video.read_forward``).

        Args:
            video: The video; frames that it lacks are said to be missing.
            progress: To be called now and then.

        Raises:
            MediaError: The video cannot be read.
        """

    @classmethod
    def fit(cls, annotated: Annotated, options: SpotOptions, work: Path, progress: ShowFrames) -> SpotterFit:
        """Learn of annotated videos, and judge each subject by what was learned of the others.

        Args:
            annotated: Videos and what coders marked in them.
            options: What is looked for.
            work: Folder for what is computed of each video, so that an interrupted fit goes on.
            progress: Given the name of a video, shows how far it is read.

        Raises:
            InputError: The spotter has nothing to learn, or there is nothing to learn from.
        """
        raise InputError([Problem("--fit", f"the spotter {options.spotter} has nothing to learn")])

    @classmethod
    def load(cls, path: Path) -> Fitted:
        """Read what ``fit`` learned.

        Raises:
            InputError: The spotter has nothing to learn, or the file is missing or not its own.
        """
        raise InputError([Problem("--calibrator", f"{path}: this spotter has nothing to learn, and nothing to load")])
