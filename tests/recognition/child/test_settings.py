"""Settings that do not fit each other are refused before anything is learned."""

import pytest
from pydantic import ValidationError

from mevqa.recognition.child.apex import ApexSettings
from mevqa.recognition.child.texture import TextureSettings


def test_a_picture_is_halved_for_each_stage():
    assert ApexSettings(size=16, filters=(4,) * 5).size == 16
    with pytest.raises(ValidationError, match="filters: a picture of size 16 has 5 stages at most"):
        ApexSettings(size=16, filters=(4,) * 6)


def test_blocks_hold_pixels_around_which_patterns_fit():
    assert TextureSettings(size=32, blocks=16, radius=8).blocks == 16
    with pytest.raises(ValidationError, match="size 16 less twice radius 3 is too small for 16 blocks"):
        TextureSettings(size=16, blocks=16, radius=3)
