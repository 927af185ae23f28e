"""The canonical aligned face: where things are in the square picture that every motion is measured on."""

from __future__ import annotations

#: Side of the aligned face in pixels.
ALIGNED_SIZE = 256

#: Eye centres as fractions of the side, (x, y), left of the picture first. The distance of 0.40 leaves the brows and
#: the chin inside, as in the crops of CASME II and of the published flow maps.
EYES = ((0.30, 0.36), (0.70, 0.36))

#: Distance between the eye centres in pixels of the aligned face; amplitudes are given as fractions of it.
EYE_DISTANCE = (EYES[1][0] - EYES[0][0]) * ALIGNED_SIZE
