"""The aligned face: found once, then held still from frame to frame, so that what moves is expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from mevqa.video.face.align import cut_out, place_by_eyes, place_centred_square, place_whole_frame
from mevqa.video.face.detect import Face, find_faces
from mevqa.video.face.stabilise import Stabilised, Stabiliser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FaceMode = Literal["auto", "haar", "mediapipe", "none"]

# Below this correlation of the rigid parts with the reference the head is looked for anew, and above it only is a
# placement believed.
_LOST = 0.8
# A frame is a face crop when the face's box covers these fractions of its width and height: the aligned face is as
# wide as the box and a little higher, so that there is room for it in any larger frame.
_CROP_WIDTH, _CROP_HEIGHT = 0.85, 0.7
# The cascades want some room around a face: a crop is searched again with this fraction of its side added all round.
_CROP_MARGIN = 0.25


class FaceAligner:
    """Cuts the aligned face out of the frames of one clip.

    Attributes:
        mode: How the face was found: ``haar``, ``mediapipe``, or ``none`` for frames that are face crops already.
        has_face: Whether a face was found; without one the middle of the frame is shown as it is.
        placement: Placement [2, 3] of the canonical face in the fitted frame (see ``mevqa.video.face.align``).
    """

    def __init__(
        self,
        frame: NDArray[np.uint8],
        placement: NDArray[np.float64],
        *,
        mode: str,
        has_face: bool,
        warnings: Sequence[str] = (),
    ) -> None:
        """Use ``fit``."""
        self.mode = mode
        self.has_face = has_face
        self.placement = placement
        self._warnings = list(warnings)
        self._stabiliser = Stabiliser(cut_out(_grey(frame), placement)) if has_face else None

    @classmethod
    def fit(
        cls, frame: NDArray[np.uint8], mode: FaceMode = "auto", *, landmark_model: Path | None = None
    ) -> FaceAligner:
        """Find the face in the reference frame of a clip.

        Args:
            frame: RGB [H, W, 3].
            mode: ``haar`` finds face and eyes with the cascades of OpenCV; ``mediapipe`` with dense landmarks, for
                which the user needs the extra and a model; ``none`` takes the whole frame as the face; ``auto`` is
                ``none`` when the frame is a face crop, else ``haar``.
            landmark_model: The ``face_landmarker.task`` of ``mediapipe``; None reads ``MEVQA_FACE_LANDMARKER``.

        Raises:
            ModelError: ``mediapipe`` was asked for and it or its model is missing.
            ValueError: The mode is unknown.
        """
        height, width = frame.shape[:2]
        if mode == "none":
            return cls(frame, place_whole_frame(height, width), mode="none", has_face=True)
        if mode == "mediapipe":
            from mevqa.video.face.landmarks import find_faces_by_landmarks

            return cls._from_faces(frame, find_faces_by_landmarks(frame, landmark_model), "mediapipe")
        if mode not in ("auto", "haar"):
            raise ValueError(f"unknown face mode {mode!r}: auto, haar, mediapipe or none")
        faces = find_faces(frame)
        if mode == "auto" and is_face_crop(frame, faces):
            note = "the frame is taken as a face crop and not aligned to the eyes (--face haar forces alignment)"
            return cls(frame, place_whole_frame(height, width), mode="none", has_face=True, warnings=[note])
        return cls._from_faces(frame, faces, "haar")

    @classmethod
    def _from_faces(cls, frame: NDArray[np.uint8], faces: list[Face], mode: str) -> FaceAligner:
        """Fit to the largest face, or to the middle of the frame without any."""
        if not faces:
            placement = place_centred_square(*frame.shape[:2])
            note = "no face was found: the middle of the whole frame is shown, not aligned and not stabilised"
            return cls(frame, placement, mode=mode, has_face=False, warnings=[note])
        warnings = []
        if len(faces) > 1:
            warnings.append(f"{len(faces)} faces were found: the largest is used")
        if not faces[0].eyes_seen:
            warnings.append("the eyes were not found: they are assumed at their usual places in the face, less precise")
        return cls(frame, place_by_eyes(faces[0].eyes), mode=mode, has_face=True, warnings=warnings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the face for a reader of an answer; they grow when a frame cannot be stabilised."""
        return tuple(self._warnings)

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut out the face, held still against the fitted frame.

        The result depends on this frame and the fitted one alone, not on the frames seen before.

        Args:
            frame: RGB [H, W, 3] of the same clip.

        Returns:
            Aligned face, RGB [256, 256, 3].
        """
        return cut_out(frame, self.locate(frame).placement)

    def locate(self, frame: NDArray[np.uint8]) -> Stabilised:
        """Return where the canonical face lies in a frame, and how well it fits (agreement 0 when it is lost).

        Args:
            frame: RGB [H, W, 3] of the same clip.
        """
        if self._stabiliser is None:
            return Stabilised(self.placement, 0.0)
        grey = _grey(frame)
        best = self._stabiliser(grey, self.placement)
        if best.agreement < _LOST:
            best = max(best, self._stabiliser.search(grey, self.placement), key=lambda located: located.agreement)
        if best.agreement >= _LOST or self.mode == "none":
            return best if best.agreement >= _LOST else self._lost(self.placement)
        faces = find_faces(frame)
        if not faces:
            self._warn("the face that the first frame shows is not found in some frames")
            return Stabilised(self.placement, 0.0)
        by_eyes = place_by_eyes(faces[0].eyes)
        best = max(best, self._stabiliser(grey, by_eyes), key=lambda located: located.agreement)
        return best if best.agreement >= _LOST else self._lost(by_eyes)

    def _lost(self, placement: NDArray[np.float64]) -> Stabilised:
        """Return a placement that the rigid parts do not confirm, with agreement 0, and warn of it."""
        self._warn("the head looks too different from the reference in some frames: only roughly aligned there")
        return Stabilised(placement, 0.0)

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)


def is_face_crop(frame: NDArray[np.uint8], faces: list[Face]) -> bool:
    """Return whether the frame shows a face and hardly anything else."""
    height, width = frame.shape[:2]
    if not faces:
        down, across = int(_CROP_MARGIN * height), int(_CROP_MARGIN * width)
        padded = cv2.copyMakeBorder(frame, down, down, across, across, cv2.BORDER_REPLICATE)
        faces = find_faces(np.asarray(padded, np.uint8))
    return any(face.box[2] >= _CROP_WIDTH * width and face.box[3] >= _CROP_HEIGHT * height for face in faces)


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
