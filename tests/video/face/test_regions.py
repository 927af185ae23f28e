from __future__ import annotations

from mevqa.video.face.geometry import ALIGNED_SIZE
from mevqa.video.face.regions import face_regions


def test_regions_lie_inside_the_aligned_face():
    for region in face_regions():
        for place, side in zip(region.centre, region.size, strict=True):
            assert side / 2 <= place + 1 and place + side / 2 <= ALIGNED_SIZE + 1, region.name


def test_sides_are_the_subjects_own_and_mirror_each_other():
    regions = {region.name: region for region in face_regions()}
    assert len(regions) == len(face_regions())
    for name, region in regions.items():
        if name.startswith("left "):
            other = regions[name.replace("left ", "right ")]
            assert region.centre[0] > ALIGNED_SIZE / 2 > other.centre[0]
            assert region.centre[0] + other.centre[0] == ALIGNED_SIZE and region.centre[1] == other.centre[1]
            assert region.size == other.size and region.kind == other.kind


def test_the_parts_that_the_localiser_needs_are_there():
    names = " ".join(region.name for region in face_regions())
    for part in ("brow", "lid", "nose wing", "cheek", "mouth corner", "lip", "chin"):
        assert part in names
    assert [region.name for region in face_regions() if region.kind == "rigid"] == ["nose bridge"]
