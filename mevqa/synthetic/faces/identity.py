"""Identity of a synthetic person: shape, features, tone and skin of the face, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.portraits import landmark_names, mean_shape, mirror_order
from mevqa.synthetic.faces.tone import Shift

#: Directions in which faces differ: landmark name (without the side) -> displacement on the subject's left, in eye
#: distances for one standard deviation. Midline landmarks have x = 0. Sizes after the spread of adult faces (Farkas,
#: "Anthropometry of the Head and Face", 1994: about 5 % of each measure).
_MODES: tuple[Mapping[str, tuple[float, float]], ...] = (
    # Width of the face.
    {
        "cheek_edge": (0.05, 0), "jaw_upper": (0.05, 0), "jaw_angle": (0.05, 0), "jaw_lower": (0.03, 0),
        "forehead": (0.03, 0),
    },
    # Width of the jaw.
    {"jaw_angle": (0.05, -0.01), "jaw_lower": (0.05, 0.01)},
    # Length of the chin.
    {"chin": (0, 0.06), "jaw_lower": (0, 0.05), "jaw_angle": (0, 0.03)},
    # Length of the lower face.
    {
        "mouth_corner": (0, 0.04), "upper_lip_top": (0, 0.04), "lips_meet": (0, 0.04), "lower_lip_bottom": (0, 0.04),
        "chin": (0, 0.05), "jaw_lower": (0, 0.05), "jaw_angle": (0, 0.03),
    },
    # Length and breadth of the nose.
    {"nose_tip": (0, 0.035), "nose_wing": (0, 0.035), "nose_base": (0, 0.035)},
    {"nose_wing": (0.025, 0)},
    # Width of the mouth, fullness of the lips.
    {"mouth_corner": (0.035, 0)},
    {"upper_lip_top": (0, -0.015), "lower_lip_bottom": (0, 0.02)},
    # Height, slant and length of the brows.
    {"brow_inner": (0, -0.025), "brow_middle": (0, -0.025), "brow_outer": (0, -0.025), "crease": (0, -0.004)},
    {"brow_inner": (0, 0.012), "brow_outer": (0, -0.018)},
    {"brow_outer": (0.02, 0), "brow_inner": (-0.015, 0)},
    # Size and slant of the eyes.
    {"eye_outer": (0.02, 0), "eye_inner": (-0.015, 0), "lid_top": (0, -0.008), "lid_bottom": (0, 0.006)},
    {"eye_outer": (0, -0.012)},
    # Height of the forehead.
    {"forehead": (0, -0.05)},
)  # fmt: skip

#: Spread of each landmark on its own, eye distances: what makes faces asymmetric.
_ASYMMETRY = 0.008


@dataclass(frozen=True, eq=False)
class Identity:
    """One synthetic person; everything that stays the same between the person's clips. Compared by object.

    Attributes:
        seed: Seed of the fine texture of the skin.
        base: Portrait that gives the head, hair and clothes.
        eyes: Portrait that gives the eyes and brows.
        mouth: Portrait that gives the mouth.
        mix: Share of the other portrait in the rest of the face, 0 to 0.6.
        mirrored: Whether the portraits are mirrored.
        shape: [L, 2] landmarks in eye distances from the point midway between the eyes.
        skin: Change of the colour of the skin.
        other: Change of the colour of hair and clothes.
        pores: Standard deviation of the fine texture, grey levels.
        freckles: Number of dark spots.
    """

    seed: int
    base: str
    eyes: str
    mouth: str
    mix: float
    mirrored: bool
    shape: NDArray[np.float64]
    skin: Shift
    other: Shift
    pores: float
    freckles: int


def draw_identity(rng: np.random.Generator) -> Identity:
    """Draw a person.

    Args:
        rng: Decides everything; equal generators give equal persons, and different ones different persons.
    """
    base = str(rng.choice(["collins", "hopper"], p=[0.5, 0.5]))
    # Collins smiles with open lips, so a neutral face needs the other mouth; Hopper keeps her glasses now and then.
    eyes = "hopper" if base == "hopper" and rng.random() < 0.2 else "collins"
    mix = 0.0 if eyes == "hopper" else float(rng.uniform(0.0, 0.6))
    return Identity(
        seed=int(rng.integers(2**31)),
        base=base,
        eyes=eyes,
        mouth="hopper",
        mix=mix,
        mirrored=bool(rng.random() < 0.5),
        shape=_draw_shape(rng),
        skin=(float(rng.uniform(0.55, 1.08)), float(rng.normal(0.0, 3.0)), float(rng.normal(0.0, 4.0))),
        other=(float(rng.uniform(0.35, 1.15)), float(rng.normal(0.0, 5.0)), float(rng.normal(0.0, 5.0))),
        pores=float(rng.uniform(2.0, 5.0)),
        freckles=int(rng.integers(0, 60)) if rng.random() < 0.5 else int(rng.integers(0, 8)),
    )


def _draw_shape(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the mean shape moved along every mode, with a little asymmetry and the eyes where they belong."""
    names = landmark_names()
    shape = mean_shape().copy()
    for mode in _MODES:
        amount = float(np.clip(rng.normal(0.0, 1.2), -2.2, 2.2))
        for index, name in enumerate(names):
            side, _, part = name.partition("_")
            x, y = mode.get(part if side in ("left", "right") else name, (0.0, 0.0))
            shape[index] += amount * np.array([x if side == "left" else -x if side == "right" else 0.0, y])
    shape += rng.normal(0.0, _ASYMMETRY, shape.shape)
    for name, x in (("right_eye", -0.5), ("left_eye", 0.5)):
        shape[names.index(name)] = (x, 0.0)
    return shape


def mirrored_landmarks(landmarks: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the landmarks of the mirrored picture of ``width`` pixels."""
    flipped = landmarks[mirror_order()].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped
