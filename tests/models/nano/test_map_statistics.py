from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mevqa.errors import InputError
from mevqa.training.nano.map_statistics import main, map_statistics, read_maps, side_by_side


def _waves(cycles: int) -> np.ndarray:
    """One map whose three channels are a wave across."""
    wave = 127 + 100 * np.cos(2 * np.pi * cycles * (np.arange(28) + 0.5) / 28)
    return np.repeat(np.broadcast_to(wave, (28, 28))[None, ..., None], 3, -1).astype(np.uint8)


def test_power_lies_in_the_band_of_the_wave():
    slow, fast = map_statistics(_waves(1)), map_statistics(_waves(8))
    assert slow["u power 1-2"][0] > 0.99 and fast["v power 7-20"][0] > 0.99
    assert fast["u noise"][0] > 2 * slow["u noise"][0]
    assert slow["v contrast"][0] == pytest.approx(100 / np.sqrt(2), abs=2)


def test_symmetry_asks_the_opposite_of_horizontal_and_of_vertical_motion():
    statistics = map_statistics(_waves(2))
    assert statistics["v symmetry"][0] > 0.99 and statistics["u symmetry"][0] < -0.99


def test_the_border_is_measured_against_the_whole():
    rgb = np.full((1, 28, 28, 3), 100, np.uint8)
    rgb[:, :3] = 200
    assert map_statistics(rgb)["u border"][0] == pytest.approx(28 * 28 / (28 * 28 - 22 * 22), rel=0.01)


def test_folders_are_read_and_compared_with_synthetic_maps(tmp_path, capsys):
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(_waves(number + 1)[0]).save(folder / f"{number}.png")
    main(["--maps", str(folder), "--count", "8", "--out", str(tmp_path / "sets.png")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| statistic | real (3) | drawn (8) | drawn, varied (8) |" and any(
        "u power 1-2" in line for line in lines
    )
    with Image.open(tmp_path / "sets.png") as picture:
        assert picture.size == side_by_side(dict.fromkeys("abc", read_maps(folder))).size


def test_unusable_maps_are_named(tmp_path):
    with pytest.raises(InputError, match="holds no PNG"):
        read_maps(tmp_path)
    Image.new("RGB", (30, 28)).save(tmp_path / "wide.png")
    with pytest.raises(InputError, match=r"wide.png.*30 x 28"):
        read_maps(tmp_path)
