"""A planned clip as frames, and onset-apex pairs for training."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.facs import ActionUnit
from mevqa.synthetic.clip_plan import ClipPlan, random_source
from mevqa.synthetic.faces.fields import draw_motion
from mevqa.synthetic.faces.identity import Identity, draw_identity
from mevqa.synthetic.faces.neutral_face import Plate, paint
from mevqa.synthetic.profiles import blink_profile, drift, expression_profile
from mevqa.synthetic.renderer import Frame, Renderer
from mevqa.synthetic.scene import Scene, draw_poses, draw_scene

#: The plate is painted a little larger than the face in the frame, so that warping it loses no detail.
_OVERSAMPLING = 1.15

#: Smoothness of the tremor of a held expression, ms: its swings take about four times as long, an eighth of a second,
#: as physiological tremor of 8 to 12 Hz (Elble and Koller, "Tremor", 1990).
TREMOR_MS = 30.0


@dataclass(frozen=True)
class Style:
    """Recording style of all clips of a set: size, colour and compression.

    Attributes:
        width: Of the frames, pixels.
        height: Of the frames, pixels.
        grey: Monochrome; None: drawn per clip.
        crf: Compression; None: drawn per clip.
    """

    width: int = 320
    height: int = 320
    grey: bool | None = None
    crf: int | None = None


@dataclass(frozen=True)
class Pair:
    """The neutral and the strongest frame of one expression.

    Attributes:
        onset: [H, W, 3] RGB.
        apex: [H, W, 3] RGB.
        onset_eyes: [2, 2] eye centres (x, y) in the onset frame, left of the picture first.
        apex_eyes: The same in the apex frame.
    """

    onset: Frame
    apex: Frame
    onset_eyes: NDArray[np.float64]
    apex_eyes: NDArray[np.float64]


class Recording:
    """A planned clip that can be drawn.

    Attributes:
        plan: What happens in it.
        scene: What is around the face.
        renderer: Draws its frames.
        strengths: [movements, frames] of all movements, in the order of the performances.
    """

    def __init__(self, plan: ClipPlan, seed: int, style: Style) -> None:
        self.plan = plan
        rng = random_source(seed, "recording", plan.index)
        identity = person(seed, plan.subject)
        self.scene = draw_scene(rng, style.width, style.height, grey=style.grey, crf=style.crf)
        self._poses = draw_poses(rng, plan.frames, plan.fps, self.scene.eye_distance)
        motions = [([draw_motion(m.units, rng) for m in p.movements], p.amplitude) for p in plan.performances]
        self.renderer = Renderer(plate_of(identity, self.scene.eye_distance), self.scene, motions)
        self.strengths = _strengths(plan, seed)
        self._closures = np.zeros(plan.frames)
        for start, closing, opening in plan.blinks:
            self._closures = np.maximum(self._closures, blink_profile(plan.frames, start, closing, opening))
        phase = float(rng.uniform(0, 2 * np.pi))
        seconds = np.arange(plan.frames) / plan.fps
        wave = np.sin(2 * np.pi * self.scene.flicker_hertz * seconds + phase)
        self._exposures = 1.0 + self.scene.flicker * wave
        self._noise_seed = int(rng.integers(2**31))

    def frames(self) -> Iterator[Frame]:
        """Draw every frame in turn."""
        rng = np.random.default_rng(self._noise_seed)
        for number in range(self.plan.frames):
            yield self.renderer.frame(
                self._poses[number],
                [float(strength[number]) for strength in self.strengths],
                rng,
                closure=float(self._closures[number]),
                exposure=float(self._exposures[number]),
            )

    def eyes(self, number: int) -> NDArray[np.float64]:
        """Return the eye centres in a frame, [2, 2] pixels (x, y), left of the picture first."""
        return self.renderer.eyes(self._poses[number])


def render_pair(
    identity: Identity,
    units: Sequence[ActionUnit],
    amplitude: float,
    rng: np.random.Generator,
    *,
    size: int = 320,
    grey: bool | None = None,
    closures: tuple[float, float] = (0.0, 0.0),
) -> Pair:
    """Draw the onset and the apex frame of one expression with all nuisances of a clip.

    JPEG stands in for the video's compression. The plates of the last identities are kept, so use each one several
    times in a row.

    Args:
        identity: The person.
        units: The contracting action units.
        amplitude: Largest displacement, fraction of the eye distance.
        rng: Decides scene, pose, variation of the motion and noise.
        size: Side of the frames, pixels.
        grey: Monochrome; None: one in four.
        closures: How far the lids are closed at the onset and at the apex, 0 to 1.
    """
    scene = draw_scene(rng, size, size, grey=grey)
    # Onset to apex takes a seventh of a second: 10 frames at 60 fps.
    poses = draw_poses(rng, 10, 60.0, scene.eye_distance)
    renderer = Renderer(plate_of(identity, scene.eye_distance), scene, [([draw_motion(units, rng)], amplitude)])
    flicker = 1.0 + scene.flicker * float(rng.normal())
    frames = [
        renderer.frame(poses[0], [0.0], rng, closure=closures[0]),
        renderer.frame(poses[-1], [1.0], rng, closure=closures[1], exposure=flicker),
    ]
    onset, apex = (_as_jpeg(frame, quality=_jpeg_quality(scene)) for frame in frames)
    return Pair(onset, apex, renderer.eyes(poses[0]), renderer.eyes(poses[-1]))


def _strengths(plan: ClipPlan, seed: int) -> NDArray[np.float64]:
    """Return the strength of every movement at every frame, [movements, frames], in the order of the performances."""
    rng = random_source(seed, "tremor", plan.index)
    rows = []
    for performance in plan.performances:
        annotation = performance.annotation
        onset, apex, offset = (int(frame or 0) for frame in (annotation.onset, annotation.apex, annotation.offset))
        for movement in performance.movements:
            tremor = drift(rng, plan.frames, max(TREMOR_MS * plan.fps / 1000, 0.5), 1.0)
            begin = onset + movement.delay
            rows.append(expression_profile(plan.frames, begin, apex, offset, movement.shape, tremor))
    return np.array(rows).reshape(-1, plan.frames)


def plate_of(identity: Identity, eye_distance: float) -> Plate:
    """Return the plate of a face, rounded up to steps of a tenth in size so that one serves many recordings."""
    wanted = eye_distance * _OVERSAMPLING
    rounded = float(np.ceil(1.1 ** np.ceil(np.log(wanted) / np.log(1.1))))
    return _painted(identity, rounded)


@functools.lru_cache(maxsize=64)
def person(seed: int, subject: int) -> Identity:
    """Return the person number ``subject`` of a set; no two sets and no two numbers share one."""
    return draw_identity(random_source(seed, "identity", subject))


@functools.lru_cache(maxsize=12)
def _painted(identity: Identity, eye_distance: float) -> Plate:
    return paint(identity, eye_distance)


def _jpeg_quality(scene: Scene) -> int:
    """Return the JPEG quality that loses about as much as the scene's rate factor: 8 -> 98, 18 -> 91."""
    return int(np.clip(109 - scene.crf, 60, 98))


def _as_jpeg(frame: Frame, quality: int) -> Frame:
    _, buffer = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(buffer, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
