"""Given onset, apex and offset: by file names, by the number of frames, or coded and not contradictory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from mevqa.events import Event
from mevqa.video.reading.key_frame_names import ROLES

#: Changes when clips get other moments than before, so that a run that was begun with the old ones is not continued.
#: 3: words that name key frames only together (before and after).
#: 2: two and three frames are key frames, names of files tell them, and coded moments are held against one another.
KEY_FRAME_RULES = 3

#: A clip of so many frames or fewer consists of key frames: onset, apex, offset.
MOST_KEY_FRAMES = 3

#: Warnings about coded moments that contradict one another, and what becomes of them.
APEX_ON_ONSET = "the coded apex is the onset: it is localised instead"
OFFSET_ON_ONSET = "the coded offset is the onset, an interval of one frame: it is localised instead"
APEX_OUTSIDE = "the coded apex lies outside the interval from onset to offset: it is localised instead"
OFFSET_ON_APEX = "the coded offset is the apex: it is localised instead"

#: Warning about coded moments that are not those of pictures named onset, apex and offset.
NAMES_BEFORE_CODES = "the pictures are named onset, apex, offset: the coded frames are not used"

_IMPLIED = {
    1: "the clip is one picture, taken as the apex: there is no motion to see",
    2: "the clip has two frames, taken as onset and apex",
    3: "the clip has three frames, taken as onset, apex and offset",
}


class _Clip(Protocol):
    @property
    def named_key_frames(self) -> Mapping[str, int]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KeyFrames:
    """Onset, apex and offset as far as they are known, and how.

    Attributes:
        event: The annotation; a moment is None where it is not known or cannot be right.
        warnings: What a reader should know of them.
        source: Where they come from: ``given``, ``file names`` or ``number of frames``.
    """

    event: Event
    warnings: tuple[str, ...] = ()
    source: str = "given"


def key_frames(event: Event, clip: _Clip) -> KeyFrames:
    """Return the moments of a clip: coded ones, else those of its files' names, else those of a clip of key frames.

    Args:
        event: What was coded, in frames of the clip.
        clip: The clip, opened.
    """
    implied, warning = implied_key_frames(clip)
    coded = {role: frame for role in ROLES if (frame := getattr(event, role)) is not None}
    warnings = (warning,) if warning else ()
    source = "file names" if clip.named_key_frames else "number of frames" if implied else "given"
    if not coded:
        return KeyFrames(_at(event, implied), warnings, source)
    if len(clip.named_key_frames) == len(clip):
        if any(implied[role] != frame for role, frame in coded.items()):
            warnings = (*warnings, NAMES_BEFORE_CODES)
        return KeyFrames(_at(event, implied), warnings, source)
    plausible = usable(event, len(clip))
    if len(clip) > MOST_KEY_FRAMES:
        return plausible
    plausible_frames = {role: frame for role in ROLES if (frame := getattr(plausible.event, role)) is not None}
    completed = _at(plausible.event, {**implied, **plausible_frames})
    return KeyFrames(completed, plausible.warnings) if _in_order(completed) else plausible


def implied_key_frames(clip: _Clip) -> tuple[dict[str, int], str | None]:
    """Return the moments that file names or the number of frames tell, and what a reader should know of them.

    Two frames are the onset and the apex, three are the onset, the apex and the offset, and a single one is the apex.
    A clip that is named to be without onset or apex has one frame for both: no motion can be seen in it.
    """
    count = len(clip)
    named = dict(clip.named_key_frames)
    if not named or (count == 1 and "apex" in named):
        if count > MOST_KEY_FRAMES:
            return {}, None
        last = count - 1
        return {"onset": 0, "apex": min(1, last), "offset": last}, _IMPLIED[count]
    if len(named) < count:
        return named, None
    missing = [role for role in ("onset", "apex") if role not in named]
    apex = named.get("apex", named.get("onset", 0))
    moments = {"onset": named.get("onset", apex), "apex": apex, "offset": named.get("offset", apex)}
    return moments, f"no picture is named {missing[0]}: there is no motion to see" if missing else None


def usable(event: Event, length: int | None = None) -> KeyFrames:
    """Return coded moments without those that cannot be right where another one is.

    Of two moments on one frame the earlier one is kept: the onset of CAS(ME)^3's 55 rows whose apex is their onset is
    the first frame of the coded interval, and no motion leads to an apex that is the onset. Moments whose order is
    reversed (an offset before the onset) are left as they are: which one is wrong cannot be told.

    Args:
        event: What was coded.
        length: Number of frames of the clip; None when it is not known. In a clip of one frame, and after its last
            frame, nothing can be localised.
    """
    if length == 1:
        return KeyFrames(replace(event, onset=0, apex=0, offset=0), (_IMPLIED[1],))
    onset, apex, offset = event.onset, event.apex, event.offset
    warnings = []
    if onset is not None and offset == onset:
        offset = None
        warnings.append(OFFSET_ON_ONSET)
    if onset is not None and apex == onset:
        apex = None
        warnings.append(APEX_ON_ONSET)
    if onset is not None and apex is not None and offset is not None and onset < offset and not onset <= apex <= offset:
        apex = None
        warnings.append(APEX_OUTSIDE)
    if apex is not None and offset == apex and (length is None or apex < length - 1):
        offset = None
        warnings.append(OFFSET_ON_APEX)
    return KeyFrames(replace(event, onset=onset, apex=apex, offset=offset), tuple(warnings))


def _at(event: Event, moments: Mapping[str, int]) -> Event:
    return replace(event, onset=moments.get("onset"), apex=moments.get("apex"), offset=moments.get("offset"))


def _in_order(event: Event) -> bool:
    frames = [frame for frame in (event.onset, event.apex, event.offset) if frame is not None]
    return frames == sorted(frames)
