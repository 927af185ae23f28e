"""Footage whose every frame carries its own number in blocks of black and white that survive compression."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

WIDTH, HEIGHT, BLOCK, BITS = 96, 64, 16, 12

#: x264 as in the recipes that readers get wrong: long groups of pictures, B-frames forced.
X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 3 -b_strategy 0 -sc_threshold 0 -g 250"
X265 = "-c:v libx265 -preset veryfast -pix_fmt yuv420p -x265-params "
X265 += "bframes=4:scenecut=0:log-level=none:keyint=100:min-keyint=100:open-gop="

#: name -> (output options of ffmpeg, the backend that must serve it where decord is installed)
RECIPES: dict[str, tuple[str, str]] = {
    "h264.mp4": (X264, "decord"),
    "h264_faststart.mp4": (X264 + " -movflags +faststart", "decord"),
    "h264_fragments.mp4": (X264 + " -g 60 -movflags +frag_keyframe+empty_moov", "decord"),
    "h264_open_gop.mp4": (X264 + " -g 60 -x264-params open-gop=1", "pyav"),
    "h264_one_gop.mp4": (X264 + " -g 999", "pyav"),
    "h264.mov": (X264, "decord"),
    "h264.mkv": (X264, "decord"),
    "h264.avi": (X264, "pyav"),
    "h264.ts": (X264, "pyav"),
    "hevc.mp4": (X265 + "0", "decord"),
    "hevc_open_gop.mp4": (X265 + "1", "pyav"),
    "xvid.avi": ("-c:v mpeg4 -vtag XVID -bf 2 -g 250 -q:v 4", "pyav"),
    "mpeg4.mp4": ("-c:v mpeg4 -bf 2 -g 250 -q:v 4", "pyav"),
    "mpeg2.avi": ("-c:v mpeg2video -bf 2 -q:v 3", "pyav"),
    "wmv.wmv": ("-c:v wmv2 -q:v 3", "pyav"),
    "mjpeg.avi": ("-c:v mjpeg -q:v 3", "decord"),
    "raw_grey.avi": ("-c:v rawvideo -pix_fmt gray", "decord"),
    "ffv1.mkv": ("-c:v ffv1 -g 1", "decord"),
    "ffv1_16bit.mkv": ("-c:v ffv1 -pix_fmt gray16le", "pyav"),
    "vp8.webm": ("-c:v libvpx -deadline realtime -cpu-used 8 -b:v 500k", "pyav"),
    "vp9.webm": ("-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 16 -cpu-used 8 -deadline good -b:v 500k", "pyav"),
}


def numbered_frame(number: int) -> np.ndarray:
    """RGB uint8 [64, 96, 3]: two rows of 6 blocks with the bits of the number, two rows with their complement."""
    bits = [(number >> k) & 1 for k in range(BITS)]
    grid = np.array(bits + [1 - bit for bit in bits]).reshape(4, 6) * 255
    return np.repeat(np.kron(grid, np.ones((BLOCK, BLOCK)))[..., None], 3, axis=2).astype(np.uint8)


def number_of(frame: np.ndarray) -> int:
    """The number in the picture; -1 when the blocks contradict their complement, so noise is never a number."""
    assert frame.shape == (HEIGHT, WIDTH, 3) and frame.dtype == np.uint8, (frame.shape, frame.dtype)
    inner = frame.reshape(4, BLOCK, 6, BLOCK, 3)[:, 4:12, :, 4:12].mean(axis=(1, 3, 4)).ravel()
    bits = (inner > 127).astype(int)
    if np.any(bits[:BITS] + bits[BITS:] != 1) or np.any(np.abs(inner - 127.5) < 50):
        return -1
    return int((bits[:BITS] << np.arange(BITS)).sum())


class Footage:
    """Writes numbered videos with ffmpeg, each once a session."""

    LENGTH = 400

    def __init__(self, folder: Path) -> None:
        self.ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
        self.folder = folder
        self.number_of = number_of
        self.frame = numbered_frame

    def run(self, *arguments: str | Path, data: bytes | None = None) -> None:
        command = [self.ffmpeg, "-v", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def write(self, path: Path, options: str, frames: int = LENGTH, turn: int = 0) -> Path:
        """Encode frames 0, 1, 2, ... at 25 per second, each turned by ``turn`` quarters clockwise."""
        pictures = [np.rot90(numbered_frame(i), -turn) for i in range(frames)]
        height, width = pictures[0].shape[:2]
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
        self.run(
            *source, *options.split(), "-threads", "1", path, data=b"".join(picture.tobytes() for picture in pictures)
        )
        return path

    def recipe(self, name: str) -> Path:
        path = self.folder / name
        return path if path.exists() else self.write(path, RECIPES[name][0])


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "numbered_format" in metafunc.fixturenames:
        metafunc.parametrize("numbered_format", RECIPES)


@pytest.fixture
def expected_backend(numbered_format: str) -> str:
    return RECIPES[numbered_format][1]
