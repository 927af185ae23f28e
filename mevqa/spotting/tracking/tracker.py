"""Following one face through a video of any length: regional motion frame by frame, and where there is none and why.

A short clip is measured against its first frame; a long one cannot be, because light, pose and posture change. Here
the reference moves: an anchor (a reference face with its stabiliser and motion meter) serves for some seconds, then the
next takes over. A few frames are measured against both, and their difference joins the curves without a step. Where
the face was lost for longer, or another picture begins, the curves are not joined: a new stretch begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from mevqa.video.face.align import cut_out, place_by_eyes, place_whole_frame
from mevqa.video.face.aligned_face import is_face_crop
from mevqa.video.face.detect import find_faces
from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE
from mevqa.video.face.regions import Region, face_regions
from mevqa.video.face.stabilise import Stabiliser
from mevqa.video.motion.regional_motion import MotionMeter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mevqa.video.face.detect import Face

#: Version of what is measured: stored measurements are out of date when it changes, or what it rests on (detection,
#: alignment, registration, which frames are read).
TRACKER_VERSION = 2

#: Below this correlation of the rigid parts with the reference the head is looked for anew (as in ``FaceAligner``).
_LOST = 0.8

#: A frame is left out when half of the regions differ from the reference by this part of their contrast after motion
#: and brightness are taken out (as in ``face_motion``).
_COVERED = 0.5

#: A region that differs by this part of its contrast is not measured: a hand is before it, or it has not been found.
#: Displacements are out of range from so many eye distances on, see ``mevqa.video.motion.regional_motion``.
UNLIKE = 0.9
_RANGE = 0.11

#: An anchor serves for so long, ms: two macro-expressions, within which light and posture hardly change. One that fits
#: worse than this correlation is replaced earlier, but not before ``_ANCHOR_LEAST_MS``.
_ANCHOR_MS = 10_000.0
_ANCHOR_FIT = 0.93
_ANCHOR_LEAST_MS = 2_000.0

#: An anchor is worn out when half of the regions differ from it by this part of their contrast and by so many times
#: what they did when it was new: an open mouth, raised cheeks, a head that has turned.
_WORN = 0.22
_WORN_TIMES = 3.0
_WORN_LEAST_MS = 400.0

#: Frames that are measured against the old and the new anchor.
_OVERLAP = 6

#: A face that is out of sight for no longer does not end a stretch, ms: a hand, a hard blink, a lost frame.
GAP_MS = 350.0

#: While there is no face it is looked for so often, ms: the search costs ten times as much as the tracking.
_SEARCH_MS = 500.0

#: Pictures with less contrast than this show nothing, grey levels (black frames, a closed shutter).
_BLANK = 3.0

#: Below this distance of the eyes a micro-expression of a hundredth of it is hidden in noise, px of the frame.
SMALL_FACE = 40.0


class Reading(NamedTuple):
    """Motion of the regions in one frame, rounded to single precision, as it is stored.

    Attributes:
        frame: Index of the frame.
        ms: Its time.
        stretch: Number of the stretch of joined curves that it belongs to; -1 when nothing was measured.
        displacement: [regions, 2] to the right and downwards, eye distances, joined over the anchors of a stretch.
        mismatch: [regions] what motion and brightness do not explain, relative to the region's contrast.
        placement: [2, 3] where the canonical face lies in the frame.
        missing: Why nothing was measured; empty when something was.
    """

    frame: int
    ms: float
    stretch: int
    displacement: NDArray[np.float64]
    mismatch: NDArray[np.float64]
    placement: NDArray[np.float64]
    missing: str = ""


@dataclass(slots=True)
class _Anchor:
    """A reference face.

    Attributes:
        stabiliser: Holds faces still against it.
        meter: Measures them against it.
        offset: [regions, 2] added to what the meter says, so that the curves of a stretch join.
        since_ms: When it was taken.
        new: Median mismatch of the frames that were measured against it first.
    """

    stabiliser: Stabiliser
    meter: MotionMeter
    offset: NDArray[np.float64]
    since_ms: float
    new: list[float]


class FaceTracker:
    """Measures the motion of one face, frame by frame in the order of time.

    Attributes:
        regions: Where motion is measured. Those of the kind ``overlapping`` change nothing about the others.
        warnings: What a reader should know about the face.
    """

    def __init__(self, regions: Sequence[Region] | None = None) -> None:
        self.warnings: list[str] = []
        self.regions = face_regions() if regions is None else tuple(regions)
        self._face = [index for index, region in enumerate(self.regions) if region.kind in ("face", "rigid")]
        self._nothing = np.zeros((len(self.regions), 2)), np.zeros(len(self.regions))
        self._anchor: _Anchor | None = None
        self._next: _Anchor | None = None
        self._differences: list[NDArray[np.float64]] = []
        self._placement = place_whole_frame(ALIGNED_SIZE, ALIGNED_SIZE)
        self._stretch = -1
        self._seen_ms = -np.inf
        self._searched_ms = -np.inf
        self._crop: bool | None = None

    def read(self, frame: int, ms: float, picture: NDArray[np.uint8]) -> Reading:
        """Measure one frame.

        Args:
            frame: Its index.
            ms: Its time, later than that of the frame before.
            picture: RGB [H, W, 3].
        """
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        if float(cv2.meanStdDev(grey)[1].item()) < _BLANK:
            return self._missing(frame, ms, "blank pictures")
        if self._anchor is not None and ms - self._seen_ms > GAP_MS:
            self._anchor = self._next = None
        if self._anchor is None:
            reason = self._begin(picture, grey, ms)
        else:
            reason = self._follow(self._anchor, picture, grey, ms)
        if reason:
            return self._missing(frame, ms, reason)
        assert self._anchor is not None
        face = cut_out(grey, self._placement)
        motion = self._anchor.meter(face)
        if np.median(motion.mismatch[self._face]) > _COVERED:
            return self._missing(frame, ms, "the face is covered, blurred or turned away")
        self._seen_ms = ms
        self._wear(self._anchor, ms, float(np.median(motion.mismatch[self._face])))
        failed = np.abs(motion.displacement).max(axis=1) >= _RANGE
        mismatch = np.where(failed, np.maximum(motion.mismatch, UNLIKE), motion.mismatch)
        displacement = motion.displacement + self._anchor.offset
        self._hand_over(ms, grey, face, displacement)
        placement = _single(self._placement)
        return Reading(frame, ms, self._stretch, _single(displacement), _single(mismatch), placement)

    def _missing(self, frame: int, ms: float, why: str) -> Reading:
        return Reading(frame, ms, -1, *self._nothing, _single(self._placement), why)

    def _begin(self, picture: NDArray[np.uint8], grey: NDArray[np.uint8], ms: float) -> str:
        """Look for a face and start a stretch with it; return why not."""
        if ms - self._searched_ms < _SEARCH_MS:
            return "no face"
        self._searched_ms = ms
        placement = self._find(picture)
        if placement is None:
            return "no face"
        self._start(placement, grey, ms)
        return ""

    def _start(self, placement: NDArray[np.float64], grey: NDArray[np.uint8], ms: float) -> None:
        """Start a stretch at a placement of the canonical face."""
        size = EYE_DISTANCE * float(np.sqrt(abs(np.linalg.det(placement[:, :2]))))
        if size < SMALL_FACE:
            self._warn(f"the face is small ({size:.0f} pixels between the eyes): faint micro-expressions are not seen")
        self._placement = placement
        self._anchor = self._new_anchor(cut_out(grey, placement), ms)
        self._next = None
        self._stretch += 1
        self._seen_ms = ms

    def _find(self, picture: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Return where the face is; of several the one nearest to the last, at first the largest."""
        faces = find_faces(picture)
        if self._crop is None and self._stretch < 0:
            self._crop = is_face_crop(picture, faces)
        if self._crop:
            return place_whole_frame(*picture.shape[:2])
        if not faces:
            return None
        if len(faces) > 1:
            self._warn("several faces are seen: the largest is followed")
        return place_by_eyes(self._choose(faces).eyes)

    def _choose(self, faces: Sequence[Face]) -> Face:
        """Return the face to follow."""
        if self._stretch < 0:
            return faces[0]
        middle = self._placement @ np.array([ALIGNED_SIZE / 2, ALIGNED_SIZE / 2, 1.0])

        def distance(face: Face) -> float:
            x, y, width, height = face.box
            return float(np.hypot(x + width / 2 - middle[0], y + height / 2 - middle[1]) / width)

        nearest = min(faces, key=distance)
        return nearest if distance(nearest) < 0.5 else faces[0]

    def _follow(self, anchor: _Anchor, picture: NDArray[np.uint8], grey: NDArray[np.uint8], ms: float) -> str:
        """Find the head near its last place; return why it is not found."""
        best = anchor.stabiliser.follow(grey, self._placement)
        if best.agreement < _LOST:
            best = max(best, anchor.stabiliser.search(grey, self._placement), key=lambda alignment: alignment.agreement)
        if best.agreement >= _LOST:
            self._placement = best.placement
            if best.agreement < _ANCHOR_FIT and ms - anchor.since_ms > _ANCHOR_LEAST_MS:
                anchor.since_ms = ms - _ANCHOR_MS
            return ""
        if ms - self._searched_ms < _SEARCH_MS:
            return "the face is covered, blurred or turned away"
        self._searched_ms = ms
        placement = self._find(picture)
        if placement is None:
            return "no face"
        best = anchor.stabiliser(grey, placement)
        if best.agreement >= _LOST:
            self._placement = best.placement
        else:
            self._warn("the picture or the pose changes at once in places: nothing is compared across them")
            self._start(placement, grey, ms)
        return ""

    @staticmethod
    def _wear(anchor: _Anchor, ms: float, mismatch: float) -> None:
        """Have an anchor replaced soon when the face has come to look different."""
        if len(anchor.new) < _OVERLAP:
            anchor.new.append(mismatch)
        elif ms - anchor.since_ms >= _WORN_LEAST_MS and mismatch > max(
            _WORN, _WORN_TIMES * float(np.median(anchor.new))
        ):
            anchor.since_ms = ms - _ANCHOR_MS

    def _new_anchor(self, face: NDArray[np.uint8], ms: float) -> _Anchor:
        meter = MotionMeter([face], self.regions)
        return _Anchor(Stabiliser(face), meter, np.zeros((len(self.regions), 2)), ms, [])

    def _hand_over(
        self, ms: float, grey: NDArray[np.uint8], face: NDArray[np.uint8], displacement: NDArray[np.float64]
    ) -> None:
        """Prepare the next anchor when it is time, and let it take over when enough frames were measured by both."""
        assert self._anchor is not None
        if self._next is None:
            if ms - self._anchor.since_ms >= _ANCHOR_MS:
                self._next = self._new_anchor(face, ms)
                self._differences = []
            return
        alignment = self._next.stabiliser.follow(grey, self._placement)
        motion = self._next.meter(cut_out(grey, alignment.placement))
        self._differences.append(displacement - motion.displacement)
        if len(self._differences) == _OVERLAP:
            self._next.offset = np.median(self._differences, axis=0)
            self._anchor, self._next = self._next, None
            self._placement = alignment.placement

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def _single(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values as single precision has them."""
    return values.astype(np.float32).astype(np.float64)
