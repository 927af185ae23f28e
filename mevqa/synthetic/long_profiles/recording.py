"""A planned long video as frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mevqa.facs import ActionUnit
from mevqa.synthetic.clip_plan import random_source
from mevqa.synthetic.faces.fields import FaceMotion, draw_motion
from mevqa.synthetic.long_profiles.behaviour import gaze_curves, light_curves, plateau, turn_curves
from mevqa.synthetic.long_profiles.profile import CHANNELS, HeadQuantities, LongProfile, between, long_profile
from mevqa.synthetic.long_profiles.speech import nodding, speech_curves
from mevqa.synthetic.long_profiles.video_plan import VideoPlan
from mevqa.synthetic.profiles import blink_profile, drift, expression_profile
from mevqa.synthetic.recording import TREMOR_MS, Style, person, plate_of
from mevqa.synthetic.renderer import Frame, Renderer
from mevqa.synthetic.scene import Pose, Scene, draw_scene

Curve = NDArray[np.float64]


class LongRecording:
    """A planned long video that can be drawn.

    Attributes:
        plan: What happens in it.
        scene: What is around the face.
        renderer: Draws its frames; its fields are those of the expressions' movements, in their order, of the channels
            of talk, and of the swallows.
        strengths: [fields, frames] how strong each of them is.
        opening: [frames] of the lips in the middle, eye distances.
        poses: Of the head at each frame.
    """

    def __init__(self, plan: VideoPlan, seed: int, style: Style) -> None:
        self.plan = plan
        quantities = long_profile(plan.profile)
        rng = random_source(seed, f"{plan.profile} recording", plan.clip.index)
        self.scene, self._blur = _draw_scene(rng, quantities, style)
        motions = [([draw_motion(m.units, rng) for m in p.movements], p.amplitude) for p in plan.expressions]
        motions += _speech_motions(rng, quantities)
        motions += _swallow_motions(rng, plan, quantities)
        identity = person(seed, plan.clip.subject)
        self.renderer = Renderer(plate_of(identity, self.scene.eye_distance), self.scene, motions)
        clock, length = quantities.recording.clock, plan.length
        talk = list(plan.talk)
        speech = speech_curves(
            random_source(seed, "speech", plan.clip.index), length, clock, talk, plan.speaker, quantities.talking
        )
        curves = [*_expression_curves(plan, clock, rng), *speech, *_swallow_curves(plan)]
        ticks = plan.ticks
        self.strengths = np.array([curve[ticks] for curve in curves])
        jaw, rounded = (speech[CHANNELS.index(channel)][ticks] for channel in ("jaw", "round"))
        self.opening = jaw * quantities.talking.opening
        self._narrowness = np.clip(rounded, 0.0, 1.0)
        closures = np.zeros(length)
        for start, closing, opening in plan.blinks:
            closures = np.maximum(closures, blink_profile(length, start, closing, opening))
        self._closures = closures[ticks]
        turns = turn_curves(length, plan.turns) + nodding(rng, length, clock, talk, quantities.talking.nodding)
        self.poses = _poses(rng, quantities.head, turns, clock, ticks, self.scene.eye_distance)
        self._gaze = gaze_curves(rng, length, clock, quantities.gaze)[:, ticks]
        self._whole, self._side = light_curves(rng, length, clock, quantities.light)[:, ticks]
        wave = np.sin(2 * np.pi * self.scene.flicker_hertz * ticks / clock + float(rng.uniform(0, 2 * np.pi)))
        self._whole = self._whole + self.scene.flicker * wave
        self._noise_seed = int(rng.integers(2**31))

    def frames(self) -> Iterator[Frame]:
        """Draw every frame in turn."""
        rng = np.random.default_rng(self._noise_seed)
        slope = np.linspace(-1.0, 1.0, self.scene.width, dtype=np.float32)[None, :, None]
        for number in range(len(self.plan.ticks)):
            yield self.renderer.frame(
                self.poses[number],
                [float(strength) for strength in self.strengths[:, number]],
                rng,
                closure=float(self._closures[number]),
                exposure=np.float32(self._whole[number]) * (1.0 + np.float32(self._side[number]) * slope),
                gaze=(float(self._gaze[0, number]), float(self._gaze[1, number])),
                opening=float(self.opening[number]),
                narrowness=float(self._narrowness[number]),
                blur=self._blur,
            )


def _draw_scene(rng: np.random.Generator, quantities: LongProfile, style: Style) -> tuple[Scene, float]:
    """Return the scene and the blur of the lens."""
    camera = quantities.recording
    grey = bool(rng.random() < camera.grey) if style.grey is None else style.grey
    crf = int(rng.integers(camera.crf[0], camera.crf[1] + 1)) if style.crf is None else style.crf
    scene = draw_scene(rng, style.width, style.height, grey=grey, crf=crf)
    eye_distance = between(rng, camera.eye_distance) * style.height
    across = (scene.centre[0] - (style.width - 1) / 2) * eye_distance / scene.eye_distance
    scene = replace(
        scene,
        eye_distance=eye_distance,
        # A large face fills the picture down to the chin.
        centre=((style.width - 1) / 2 + across, style.height * float(rng.uniform(0.36, 0.42))),
        noise=between(rng, camera.noise),
        flicker=between(rng, quantities.light.flicker),
    )
    return scene, between(rng, camera.blur)


def _speech_motions(rng: np.random.Generator, quantities: LongProfile) -> list[tuple[list[FaceMotion], float]]:
    channels = [getattr(quantities.talking.channels, channel) for channel in CHANNELS]
    return [([_weighted(rng, channel.units)], channel.amplitude) for channel in channels]


def _swallow_motions(
    rng: np.random.Generator, plan: VideoPlan, quantities: LongProfile
) -> list[tuple[list[FaceMotion], float]]:
    return [([_weighted(rng, quantities.swallowing.units)], amplitude) for _, _, amplitude in plan.swallows]


def _weighted(rng: np.random.Generator, units: Mapping[int, float]) -> FaceMotion:
    """Return the motion of action units of different weights."""
    return draw_motion([ActionUnit(number) for number in units], rng, gains=list(units.values()))


def _expression_curves(plan: VideoPlan, clock: int, rng: np.random.Generator) -> Iterator[Curve]:
    """Yield the strength of every movement of the expressions at every step of the clock."""
    for expression in plan.expressions:
        it = expression.annotation
        onset, apex, offset = (int(at or 0) for at in (it.onset, it.apex, it.offset))
        for movement in expression.movements:
            tremor = drift(rng, plan.length, TREMOR_MS * clock / 1000, 1.0)
            yield expression_profile(plan.length, onset + movement.delay, apex, offset, movement.shape, tremor)


def _swallow_curves(plan: VideoPlan) -> Iterator[Curve]:
    """Yield the strength of every swallow: up in a third, held for a third, down in a third of its time."""
    for start, steps, _ in plan.swallows:
        third = steps // 3
        yield plateau(plan.length, start, third, third, steps - 2 * third)


def _poses(
    rng: np.random.Generator,
    head: HeadQuantities,
    turns: Curve,
    clock: int,
    ticks: NDArray[np.int64],
    eye_distance: float,
) -> list[Pose]:
    """Return the pose at every frame: the head sways, and turns."""
    extent, pace = between(rng, head.sway), between(rng, head.sway_s) * clock
    length = turns.shape[1]
    # Proportions as in ``mevqa.synthetic.scene.draw_poses``.
    spreads = (eye_distance, eye_distance, 0.4, 0.2, 0.3, 0.3)
    right, down, roll, scale, yaw, pitch = (drift(rng, length, pace, extent * spread)[ticks] for spread in spreads)
    across, along = turns[:, ticks]
    return [
        Pose(
            (float(right[i]), float(down[i])),
            float(roll[i]),
            float(np.exp(scale[i])),
            float(yaw[i]),
            float(pitch[i]),
            (float(across[i]), float(along[i])),
        )
        for i in range(len(ticks))
    ]
