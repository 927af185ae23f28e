"""Frames: one smooth warp of the painted face, laid over the background, lit and seen by a noisy camera.

A frame's pixel is followed back through the pose of the head, the motion of the expressions and the framing to the
plate. All of that is smooth, so it is worked out on a coarse grid and interpolated; only blinks are not, and they are
made on the plate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.eyelids import Eyelids
from mevqa.synthetic.faces.fields import SHADING_GAIN, FaceMotion
from mevqa.synthetic.faces.gaze import Gaze
from mevqa.synthetic.faces.mouth import Mouth
from mevqa.synthetic.faces.neutral_face import Plate
from mevqa.synthetic.faces.portraits import landmark_names, mean_shape
from mevqa.synthetic.faces.turning import turned, unturned
from mevqa.synthetic.faces.warps import ThinPlate, coarse_grid, resample, smooth_map, upsample
from mevqa.synthetic.scene import Pose, Scene, head_depth

Frame = NDArray[np.uint8]

#: Spacing of the coarse grid, eye distances: half the width of the narrowest motion.
_GRID = 0.03

#: Steps of the inversion of a displacement; each divides the error by about ten, and it starts at the motion squared.
_INVERSION_STEPS = 3


class Renderer:
    """Draws the frames of one recording of one person."""

    def __init__(self, plate: Plate, scene: Scene, motions: Sequence[tuple[Sequence[FaceMotion], float]]) -> None:
        """Prepare the fields.

        Args:
            plate: The painted face.
            scene: The recording.
            motions: Each expression's movements, and its amplitude: the largest displacement where all of them are at
                full strength, as a fraction of the eye distance.
        """
        self._scene = scene
        self._eyelids, self._gaze, self._mouth = Eyelids(plate), Gaze(plate), Mouth(plate, grey=scene.grey)
        #: Pixels between the nodes of the fields.
        self.step = max(1, round(_GRID * scene.eye_distance))
        self._nodes = coarse_grid(scene.width, scene.height, self.step)
        turn = np.array([[np.cos(scene.roll), -np.sin(scene.roll)], [np.sin(scene.roll), np.cos(scene.roll)]])
        self._to_face = turn.T / scene.eye_distance
        face = (self._nodes - scene.centre) @ self._to_face.T
        canonical = self._canonical(plate, face)
        from_face = np.linalg.inv(self._to_face)
        #: Per movement, at the nodes: displacement right and down in pixels, relative brightness.
        self.fields = [
            field for parts, amplitude in motions for field in self._fields(parts, amplitude, canonical, from_face)
        ]
        self._depth = head_depth(face).astype(np.float32) * np.float32(scene.eye_distance)
        self._plate = plate
        self._picture = _grey(plate.picture) if scene.grey else plate.picture
        background = scene.background[..., :1] if scene.grey else scene.background
        light = scene.light[..., :1] if scene.grey else scene.light
        self._background, self._light = np.ascontiguousarray(background), np.ascontiguousarray(light)
        self._bank: NDArray[np.float32] | None = None

    def _canonical(self, plate: Plate, face: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where on the average face the nodes lie, [rows, columns, 2]."""
        spline = ThinPlate(plate.identity.shape, mean_shape())
        rows, columns = face.shape[:2]
        across, down = face[0, 1] - face[0, 0], face[1, 0] - face[0, 0]

        def at(index: NDArray[np.float64]) -> NDArray[np.float64]:
            return spline(face[0, 0] + index[..., :1] * across + index[..., 1:] * down)

        # The spline is smoother than the motions and costs more: every fourth node will do.
        return smooth_map(at, columns, rows, 4).astype(np.float64)

    def _fields(
        self,
        movements: Sequence[FaceMotion],
        amplitude: float,
        canonical: NDArray[np.float64],
        from_face: NDArray[Any],
    ) -> Iterator[NDArray[np.float32]]:
        """Lay one expression on the face: [rows, columns, 3] a movement, where nodes come from and their brightness."""
        moved = [bumps_at(motion.motion, canonical) for motion in movements]
        peak = float(np.linalg.norm(sum(moved), axis=-1).max())
        gain = amplitude / peak if peak > 0 else 0.0
        rows, columns = np.indices(canonical.shape[:2], dtype=np.float32)
        nodes = np.dstack([columns, rows])
        for motion, displacement in zip(movements, moved, strict=True):
            forward = (displacement * gain @ from_face.T).astype(np.float32)
            brightness = bumps_at(motion.shading, canonical) * gain * SHADING_GAIN
            backward = forward
            for _ in range(_INVERSION_STEPS):
                backward = resample(forward, nodes - backward / self.step)
            yield np.dstack([backward, brightness.astype(np.float32)])

    def eyes(self, pose: Pose) -> NDArray[np.float64]:
        """Return the eye centres, [2, 2] pixels (x, y), left of the picture first."""
        order = landmark_names()
        face = self._plate.identity.shape[[order.index("right_eye"), order.index("left_eye")]]
        if any(pose.turn):
            face = turned(face, *pose.turn)
        places = face @ np.linalg.inv(self._to_face).T
        turn = np.array([[np.cos(pose.roll), -np.sin(pose.roll)], [np.sin(pose.roll), np.cos(pose.roll)]])
        return pose.scale * places @ turn.T + np.array(self._scene.centre) + np.array(pose.shift)

    def frame(
        self,
        pose: Pose,
        strengths: Sequence[float],
        rng: np.random.Generator,
        *,
        closure: float = 0.0,
        exposure: float | NDArray[np.float32] = 1.0,
        gaze: tuple[float, float] = (0.0, 0.0),
        opening: float = 0.0,
        narrowness: float = 0.0,
        blur: float = 0.0,
    ) -> Frame:
        """Draw one frame.

        Args:
            pose: Where the head is.
            strengths: Of each movement, 0 to 1.
            rng: Decides the sensor noise.
            closure: How far the lids are closed, 0 to 1.
            exposure: Brightness factor of this frame (flicker, changing light); a number or [H, W, 1].
            gaze: How far the eyes look right and down, eye distances.
            opening: Of the lips, eye distances.
            narrowness: Of the opening, 0 to 1.
            blur: Standard deviation of the lens's blur, pixels.

        Returns:
            [H, W, 3] RGB.
        """
        scene = self._scene
        places, brightness = self._places(pose, strengths)
        picture = self._mouth.opened(self._gaze.turned(self._picture, *gaze), opening, narrowness)
        picture = self._eyelids.closed(picture, closure)
        face = resample(picture, places)
        image = face[..., :-1] * brightness[..., None] + self._background * (1.0 - face[..., -1:])
        image *= self._light
        image *= exposure
        if blur > 0.0:
            # OpenCV drops an axis of length 1.
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.float32).reshape(image.shape)
        image += self._noise(rng, image)
        result = np.clip(image + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(result, 3, axis=2) if scene.grey else result

    def _places(self, pose: Pose, strengths: Sequence[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the place in the plate that each pixel shows, [H, W, 2], and its brightness, [H, W]."""
        scene = self._scene
        field = np.zeros((*self._depth.shape, 3), np.float32)
        for strength, movement_field in zip(strengths, self.fields, strict=True):
            if strength > 0.0:
                field += np.float32(strength) * movement_field
        field[..., 0] += np.float32(pose.yaw) * self._depth
        field[..., 1] += np.float32(pose.pitch) * self._depth
        cos, sin = np.cos(pose.roll) / pose.scale, np.sin(pose.roll) / pose.scale
        back = np.array([[cos, sin], [-sin, cos]])
        still = (self._nodes - np.array(scene.centre) - np.array(pose.shift)) @ back.T
        if any(pose.turn):
            still = self._unturned(still, pose.turn)
        index = ((still + np.array(scene.centre) - self._nodes[0, 0]) / self.step).astype(np.float32)
        carried = resample(field, index)
        face = (still - carried[..., :2]) @ self._to_face.T
        nodes = np.dstack([self._plate.to_pixels(face), 1.0 + carried[..., 2]]).astype(np.float32)
        full = upsample(nodes, scene.width, scene.height, self.step)
        return np.ascontiguousarray(full[..., :2]), full[..., 2]

    def _unturned(self, still: NDArray[np.float64], turn: tuple[float, float]) -> NDArray[np.float64]:
        """Return where the nodes lie before a large turn, [rows, columns, 2] pixels from the scene's centre."""
        face = still @ self._to_face.T
        rows, columns = face.shape[:2]
        across, down = face[0, 1] - face[0, 0], face[1, 0] - face[0, 0]

        def before(index: NDArray[np.float64]) -> NDArray[np.float64]:
            return unturned(face[0, 0] + index[..., :1] * across + index[..., 1:] * down, *turn)

        # The turn is smoother than the motions, as in ``_canonical``.
        return smooth_map(before, columns, rows, 3) @ np.linalg.inv(self._to_face).T

    def _noise(self, rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return sensor noise: half of the variance at mid-grey is constant, half is shot noise.

        Drawn as windows of one large field, because normal numbers for every pixel cost more than the frame.
        """
        height, width, channels = image.shape
        if self._bank is None:
            bank = np.random.default_rng(int(rng.integers(2**31)))
            shape = (height + 61, width + 67, channels)
            self._bank = bank.standard_normal(shape, dtype=np.float32) * np.float32(self._scene.noise)
            self._spread = np.sqrt(0.5 + 0.5 * np.clip(image, 0, 255) / 128.0)
        row, column = int(rng.integers(62)), int(rng.integers(68))
        return self._bank[row : row + height, column : column + width] * self._spread


def bumps_at(bumps: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Gaussian bumps (``FaceMotion``) at any places of the canonical face.

    Args:
        bumps: [K, 4 + C]: x, y, width across, width down, and C values at the centre.
        places: [..., 2] in face coordinates.

    Returns:
        [..., C], or [...] when C is 1.
    """
    total = np.zeros((*places.shape[:-1], bumps.shape[1] - 4))
    for x, y, across, down, *values in bumps:
        exponent = ((places[..., 0] - x) / across) ** 2 + ((places[..., 1] - y) / down) ** 2
        total += np.exp(-0.5 * exponent)[..., None] * np.array(values)
    return total[..., 0] if bumps.shape[1] == 5 else total


def _grey(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return luma (ITU-R BT.601) and coverage, [H, W, 2]."""
    return np.dstack([picture[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32), picture[..., 3]])
