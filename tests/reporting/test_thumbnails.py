import base64
import io

import numpy as np
import pytest
from PIL import Image

from mevqa.reporting.thumbnails import PAGE_BUDGET, allowance, shows_pixels, thumbnail


def opened(thumb):
    return Image.open(io.BytesIO(base64.b64decode(thumb.partition(",")[2])))


def noise(side):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def smooth(side):
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    return Image.fromarray(np.stack([np.tile(ramp, (side, 1))] * 3, axis=2))


def test_small_maps_keep_their_pixels():
    image = noise(28)
    thumb = thumbnail(image, 100)
    assert shows_pixels(image) and not shows_pixels(noise(65))
    assert np.array_equal(np.asarray(opened(thumb)), np.asarray(image))


@pytest.mark.parametrize("image", [noise(256), smooth(256)], ids=["noise", "smooth"])
@pytest.mark.parametrize("pictures", [5, 500, 2500, 3000])
def test_all_pictures_together_stay_in_the_budget(image, pictures):
    assert len(thumbnail(image, allowance(pictures))) * pictures <= PAGE_BUDGET * 1.02


def test_few_pictures_are_large():
    assert opened(thumbnail(smooth(256), allowance(50))).width == 224


def test_a_picture_keeps_its_shape_and_is_not_enlarged():
    assert opened(thumbnail(smooth(100).resize((100, 80)), 10**6)).size == (96, 77)
