import numpy as np

from mevqa.video.face.regions import face_regions
from mevqa.video.face.sides import side_of


def moved(**regions):
    """Motion down by region; underscores for spaces."""
    names = [region.name for region in face_regions()]
    motion = np.zeros(2 * len(names))
    for name, size in regions.items():
        motion[2 * names.index(name.replace("_", " ")) + 1] = size
    return motion


def test_the_side_is_told_only_when_the_other_rests():
    assert side_of(moved(left_mouth_corner=-0.02, right_mouth_corner=-0.002)) == "left"
    assert side_of(moved(left_mouth_corner=-0.02, right_mouth_corner=-0.018)) is None
    assert side_of(moved(chin=-0.02)) is None
