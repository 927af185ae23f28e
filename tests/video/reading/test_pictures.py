from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mevqa.errors import MediaError
from mevqa.video.reading.pictures import picture_size, read_picture, read_ready_made, white_level

#: Values that must come out as 0, 64, 128, 255.
FULL_SCALE = np.array([[0, 16448, 32896, 65535]], dtype=np.uint16)


def _write_deep(path: Path, pixels: np.ndarray) -> Path:
    """``pixels``: uint16 [H, W] or RGB [H, W, 3]."""
    assert cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[..., ::-1])
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey(tmp_path, suffix):
    path = _write_deep(tmp_path / f"f{suffix}", FULL_SCALE)
    white = white_level([path])
    assert white == 65535
    assert read_picture(path, white).tolist() == [[[v] * 3 for v in (0, 64, 128, 255)]]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_colour_keeps_its_order(tmp_path, suffix):
    pixels = np.stack([FULL_SCALE, FULL_SCALE[:, ::-1], np.zeros_like(FULL_SCALE)], axis=2)
    path = _write_deep(tmp_path / f"f{suffix}", pixels)
    picture = read_picture(path, white_level([path]))
    assert picture[..., 0].tolist() == [[0, 64, 128, 255]]
    assert picture[..., 1].tolist() == [[255, 128, 64, 0]]
    assert not picture[..., 2].any()


@pytest.mark.parametrize(
    ("brightest", "white"), [(200, 255), (1000, 1023), (3000, 4095), (16000, 16383), (16384, 65535)]
)
def test_cameras_with_fewer_bits_share_one_level_in_a_clip(tmp_path, brightest, white):
    dark = _write_deep(tmp_path / "f1.png", np.full((2, 2), 3, dtype=np.uint16))
    bright = _write_deep(tmp_path / "f2.png", np.full((2, 2), brightest, dtype=np.uint16))
    assert white_level([dark, bright]) == white
    assert read_picture(bright, white).max() == round(brightest * 255 / white)
    assert read_picture(dark, white).max() == round(3 * 255 / white)


def test_a_frame_above_the_level_is_an_error_not_a_saturated_picture(tmp_path):
    path = _write_deep(tmp_path / "f.png", FULL_SCALE)
    with pytest.raises(MediaError, match="holds the value 65535, and 75% of its pixels are above 4095"):
        read_picture(path, 4095)
    with pytest.raises(MediaError, match="holds 16 bits a sample, and other frames of the clip 8"):
        read_picture(path, None)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_eight_bit_modes_become_rgb(tmp_path, mode):
    path = tmp_path / ("f.tif" if mode == "CMYK" else "f.png")
    Image.new("RGB", (5, 4), "white").convert(mode).save(path)
    assert white_level([path]) is None
    picture = read_picture(path, None)
    assert picture.shape == (4, 5, 3) and picture.dtype == np.uint8
    assert (picture == 255).all()


def test_the_camera_orientation_is_applied(tmp_path):
    path = tmp_path / "f.jpg"
    image = Image.fromarray(np.full((8, 16, 3), 255, dtype=np.uint8))
    image.paste((0, 0, 0), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path, exif=exif, quality=95)
    assert picture_size(path) == (8, 16)
    picture = read_picture(path, None)
    assert picture.shape == (16, 8, 3)
    assert picture[:8].mean() < 10 and picture[8:].mean() > 245


def test_several_pictures_in_one_file_are_an_error(tmp_path):
    path = tmp_path / "f.tif"
    page = Image.new("L", (4, 4))
    page.save(path, save_all=True, append_images=[page])
    with pytest.raises(MediaError, match="holds several pictures"):
        picture_size(path)


def test_floating_point_pictures_are_an_error(tmp_path):
    path = tmp_path / "f.tif"
    Image.fromarray(np.zeros((4, 4), dtype=np.float32)).save(path)
    with pytest.raises(MediaError, match="float32 samples; convert the frames to 8 or 16 bit"):
        white_level([path])


def _png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(13_000, 13_000), (65_500, 1), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("read", [picture_size, read_ready_made])
def test_a_picture_that_is_too_large_is_refused_by_its_header(tmp_path, size, read):
    path = tmp_path / "map.png"
    path.write_bytes(_png_header(*size))
    with pytest.raises(MediaError, match="too large.*make it smaller"):
        read(path)


def test_a_picture_of_another_format_is_not_opened(tmp_path):
    """Pillow gives EPS to Ghostscript, whatever the file is called."""
    path = tmp_path / "map.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(MediaError, match="not a picture"):
        read_ready_made(path)


def test_a_ready_made_picture_of_sixteen_bits_is_not_saturated(tmp_path):
    path = _write_deep(tmp_path / "map.png", np.array([[0, 32768, 65535]], np.uint16))
    assert np.asarray(read_ready_made(path))[0, :, 0].tolist() == [0, 128, 255]
