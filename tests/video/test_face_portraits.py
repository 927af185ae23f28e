from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mevqa
from mevqa.video.face import FaceAligner

_PORTRAITS = Path(mevqa.__file__).parent / "data" / "synthetic" / "portraits"


@pytest.mark.parametrize("name", ["collins", "hopper"])
def test_portrait_is_found_and_aligned(name: str) -> None:
    frame = np.asarray(Image.open(_PORTRAITS / f"{name}.jpg").convert("RGB"))
    aligner = FaceAligner.fit(frame)
    assert aligner.mode == "haar"
    assert aligner.found
    assert aligner.warnings == ()
    face = aligner(frame)
    assert face.shape == (256, 256, 3)
    assert face.dtype == np.uint8
