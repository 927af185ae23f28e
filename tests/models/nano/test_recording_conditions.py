from __future__ import annotations

import cv2
import numpy as np

from mevqa.training.nano.recording_conditions import draw_flow, draw_light


def _face(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (256, 256, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 40, 220, cv2.NORM_MINMAX).astype(np.uint8)


def test_every_method_measures_a_known_shift_in_pixels_of_the_face():
    onset = _face()
    apex = cv2.warpAffine(onset, np.float32([[1, 0, 1.5], [0, 1, -1.0]]), (256, 256), borderMode=cv2.BORDER_REFLECT)
    flows = [draw_flow(onset, apex, np.random.default_rng(seed)) for seed in range(12)]
    assert len({flow.tobytes() for flow in flows}) > 4
    for flow in flows:
        assert flow.shape == (256, 256, 2) and flow.dtype == np.float32
        assert np.abs(np.median(flow[40:-40, 40:-40], axis=(0, 1)) - [1.5, -1.0]).max() < 0.2


def test_dim_light_adds_noise_to_both_frames_and_keeps_the_brightness():
    face = np.full((64, 64, 3), 120, np.uint8)
    pairs = [draw_light((face, face), np.random.default_rng(seed)) for seed in range(40)]
    dim = [(first, second) for first, second in pairs if (first != face).any()]
    assert 5 < len(dim) < 20
    for first, second in dim:
        assert (first != second).any()
        assert abs(first.mean() - 120) < 4 and first.std() > 0.5
    assert all(first is face and second is face for first, second in pairs if not (first != face).any())
