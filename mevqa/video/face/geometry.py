"""The canonical aligned face: where things are in the square picture that every motion is measured on."""

from __future__ import annotations

#: Side of the aligned face in pixels.
ALIGNED_SIZE = 256

#: Eye centres as fractions of the side, (x, y), left of the picture first. The distance of 0.40 leaves the brows and
#: the chin inside, as in the crops of CASME II and of the published flow maps.
EYES = ((0.30, 0.36), (0.70, 0.36))

#: Distance between the eye centres in pixels of the aligned face; amplitudes are given as fractions of it.
EYE_DISTANCE = (EYES[1][0] - EYES[0][0]) * ALIGNED_SIZE

#: The face as an ellipse, centre and half-axes as fractions of the side: cheekbones 2.25 eye distances apart, the chin
#: 1.7 below the eyes, about the breadth and height of an adult head (Farkas, "Anthropometry of the Head and Face",
#: 1994: breadth 2.1 to 2.3 pupil distances). What lies outside is hair, clothes or background.
FACE_CENTRE = (0.50, 0.42)
FACE_AXES = (0.45, 0.62)
