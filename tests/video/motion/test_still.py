from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mevqa.synthetic.writer import synthesise
from mevqa.video.face.aligned_face import FaceAligner
from mevqa.video.motion.still import is_uniform, stillness
from mevqa.video.reading.reader import open_video


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Aligned faces at onset and apex of six synthetic micro-expressions, faint ones among them."""
    made = synthesise(tmp_path_factory.mktemp("still") / "set", 6, seed=11)
    faces = []
    for plan in made.plans:
        event = plan.performances[0].annotation
        with open_video(made.media / f"{plan.id}.mp4") as video:
            align = FaceAligner.fit(video[event.onset], "auto")
            faces.append((align(video[event.onset]), align(video[event.apex])))
    return faces


def noisy(face, rng, levels=2.0):
    return np.clip(np.rint(face + rng.normal(0, levels, face.shape)), 0, 255).astype(np.uint8)


def jpeg(face, quality):
    stored = io.BytesIO()
    Image.fromarray(face).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored).convert("RGB"))


def test_micro_expressions_are_motion_also_in_dark_pictures(pairs):
    for onset, apex in pairs:
        assert stillness(onset, apex, one_frame=False) is None
        assert stillness(onset // 4, apex // 4, one_frame=False) is None


def test_noise_brightness_and_compression_are_no_motion(pairs):
    rng = np.random.default_rng(3)
    for onset, _ in pairs:
        same = (noisy(onset, rng), np.clip(onset.astype(int) + 6, 0, 255).astype(np.uint8), jpeg(onset, 85))
        for other in same:
            assert stillness(onset, other, one_frame=False) == (
                "the pictures of onset and apex differ by no more than noise"
            )


def test_one_frame_and_equal_pictures(pairs):
    onset, apex = pairs[0]
    assert stillness(onset, apex, one_frame=True) == "onset and apex are one frame"
    assert stillness(onset, onset.copy(), one_frame=False) == "the pictures of onset and apex are the same"


def test_uniform_pictures():
    picture = np.full((28, 28, 3), (128, 90, 0), np.uint8)
    assert is_uniform(picture)
    picture[3, 3, 2] = 3
    assert is_uniform(picture)
    picture[3, 3, 2] = 40
    assert not is_uniform(picture)
