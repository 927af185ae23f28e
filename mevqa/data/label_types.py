"""Labels of clips as they were coded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mevqa.data.layouts import without_suffix
from mevqa.datasets.label_layout import FolderNumbers, Numbering
from mevqa.events import Event
from mevqa.names import AmbiguousName, NameIndex, fold_name, match_key

if TYPE_CHECKING:
    import pandas

#: Columns about one event in a table of events.
_MOMENTS_AND_CODES = ("onset", "apex", "offset", "kind", "fine", "coarse")

#: Columns of our own CSV, in the order in which they are written; the last one only where a coder is named.
COLUMNS = (
    "clip",
    "dataset",
    "subject",
    "fps",
    "onset",
    "apex",
    "offset",
    "action_units",
    "fine",
    "coarse",
    "kind",
    "coder",
)


@dataclass(frozen=True, slots=True)
class ClipLabels:
    """Everything that one label file says about one clip.

    Attributes:
        clip: The clip's id as questions use it.
        dataset: Short name of the data set.
        subject: Who is seen.
        fps: Frames per second of the data set or the file.
        events: The coded expressions; short clips have one. Those of a long video in an official file come in the order
            of time, those of our own CSV in the order of the file (``read_long_annotations`` orders them).
        lines: 1-based row of each event in the file.
        numbering: How to find the frames in the media; None when they are 0-based indices into it already.
        notes: Corrections that were applied and cells that could not be used, one line each.
        errors: Why rows of this clip cannot be used, one line each. An official label file holds more clips than one
            asks about: what is wrong with a clip is an input error of the questions about it only.
        names: Name of each event in an official file of long videos, as far as it has one (``006_1_2``); else empty.
        blinks: First and last frame of each coded blink, numbered as the events.
        coders: Who coded each event in our own CSV, empty where nobody is named; none where no event has a coder.
    """

    clip: str
    dataset: str = "unknown"
    subject: str | None = None
    fps: float | None = None
    events: tuple[Event, ...] = ()
    lines: tuple[int, ...] = ()
    numbering: Numbering | None = None
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    blinks: tuple[tuple[int, int], ...] = ()
    coders: tuple[str, ...] = ()

    @property
    def annotation(self) -> Event | None:
        """The expression of a clip that has exactly one, else None."""
        return self.events[0] if len(self.events) == 1 else None


class LabelFile(dict[str, ClipLabels]):
    """The labels of one file by clip id, and those of its long videos.

    As a dictionary it holds short clips where the file has any, and long videos where it has nothing else.

    Attributes:
        videos: Long videos by id; their events come in the order of time.
        official: Whether it is a data set's own file, in which a video without expressions has no row.
    """

    def __init__(
        self,
        clips: Mapping[str, ClipLabels],
        videos: Mapping[str, ClipLabels] | None = None,
        same: Callable[[str], str] = str,
        *,
        official: bool = False,
    ) -> None:
        """Keep the labels.

        Args:
            clips: Labels by clip id.
            videos: Long videos by id; None: the clips themselves may be long videos.
            same: What two names of one long video have in common; by default they are the same.
            official: Whether it is a data set's own file.
        """
        super().__init__(clips)
        self.videos = (
            {name: _without_empty(in_time_order(clip)) for name, clip in clips.items()}
            if videos is None
            else dict(videos)
        )
        self.official = official
        self._same = same
        self._videos = NameIndex(self.videos, lambda name: match_key(same(fold_name(without_suffix(name)))))
        self._clips = NameIndex(self, lambda name: match_key(without_suffix(name)))

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with a row a coded event, of the clips or else of the long videos."""
        # Half a second of import that only who wants a table should pay.
        import pandas

        rows = [
            {
                "clip": labels.clip,
                "dataset": labels.dataset,
                "subject": labels.subject,
                "fps": labels.fps,
                **{name: getattr(event, name) for name in _MOMENTS_AND_CODES},
                "action_units": "+".join(map(str, event.action_units)),
            }
            for labels in (self or self.videos).values()
            for event in labels.events
        ]
        columns = ("clip", "dataset", "subject", "fps", *_MOMENTS_AND_CODES, "action_units")
        return pandas.DataFrame(rows, columns=list(columns))

    def counted(self, numbers: FolderNumbers) -> LabelFile:
        """Return the labels for folders whose frames were numbered so; frames that are indices stay as they are."""

        def with_numbers(labels: ClipLabels) -> ClipLabels:
            numbering = labels.numbering and labels.numbering.model_copy(update={"counted": numbers})
            return replace(labels, numbering=numbering)

        clips = {name: with_numbers(labels) for name, labels in self.items()}
        videos = {name: with_numbers(labels) for name, labels in self.videos.items()}
        return LabelFile(clips, videos, self._same, official=self.official)

    def noted(self, note: str) -> LabelFile:
        """Return the labels with one more note on each of them."""
        clips, videos = (
            {name: replace(labels, notes=(*labels.notes, note)) for name, labels in part.items()}
            for part in (self, self.videos)
        )
        return LabelFile(clips, videos, self._same, official=self.official)

    def joined(self, other: LabelFile) -> LabelFile:
        """Return the labels with those of another file, which holds other clips."""
        return LabelFile({**self, **other}, {**self.videos, **other.videos}, self._same, official=self.official)

    def find(self, clip_id: str, *, long: bool) -> ClipLabels | None:
        """Return what the file says about a clip, None when it does not name it.

        Args:
            clip_id: The id, in any spelling; a long video is found under every name that its data set has for it.
            long: Whether it is a long video; then long videos are searched first, and short clips last.
        """
        places: list[tuple[NameIndex, Mapping[str, ClipLabels]]] = [(self._clips, self), (self._videos, self.videos)]
        for names, labels in reversed(places) if long else places:
            try:
                name = names.find(clip_id)
            except AmbiguousName as error:
                return ClipLabels(clip_id, errors=(f"the annotations do not tell: {error}",))
            if name is not None:
                return labels[name]
        return None


def in_time_order(labels: ClipLabels) -> ClipLabels:
    """Return labels with their events in the order of time, those without frames last, each once.

    Two rows are one event twice when nothing differs; that is noted.
    """
    frames = [[f for f in (e.onset, e.apex, e.offset) if f is not None] for e in labels.events]
    order = sorted(range(len(frames)), key=lambda at: (not frames[at], frames[at][:1], frames[at][-1:]))
    first: dict[Event, int] = {}
    kept_indices, notes = [], list(labels.notes)
    for at in order:
        event = labels.events[at]
        if frames[at] and first.setdefault(event, at) != at:
            notes.append("an event that stands in the file twice is counted once")
        else:
            kept_indices.append(at)
    return replace(_with_events(labels, kept_indices), notes=tuple(notes))


def _without_empty(labels: ClipLabels) -> ClipLabels:
    """Return a long video of our own CSV without the rows that only name it: nothing happens in it."""
    empty = {Event(), Event(kind="macro")}
    return _with_events(labels, [at for at, event in enumerate(labels.events) if event not in empty])


def _with_events(labels: ClipLabels, indices: Sequence[int]) -> ClipLabels:
    """Return labels with the events at some indices, in that order, and with their lines, names and coders."""
    return replace(
        labels,
        events=tuple(labels.events[at] for at in indices),
        lines=tuple(labels.lines[at] for at in indices) if labels.lines else (),
        names=tuple(labels.names[at] for at in indices) if labels.names else (),
        coders=tuple(labels.coders[at] for at in indices) if labels.coders else (),
    )
