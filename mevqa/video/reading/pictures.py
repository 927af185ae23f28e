"""Reading one frame from a picture file: grey or colour, 8 or 16 bit, always RGB uint8 out."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mevqa.errors import MediaError
from mevqa.files.inputs import check_file
from mevqa.video.decoding.bounds import MOST_PIXELS, check_size

#: What Pillow raises on damaged files; its readers of headers and tags leave some errors of Python uncaught.
_DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError),
    *(TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError, MemoryError, RecursionError),
)

#: Formats of Pillow that are read, whatever a file is called: others run programs (EPS runs Ghostscript) or open other
#: files.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")

#: Bit depths that cameras deliver inside 16-bit files.
_DEPTHS = (8, 10, 12, 14, 16)

#: Largest share of a 16-bit picture's pixels that may be above the white level of its clip: highlights on skin, eyes.
_MOST_SATURATED = 0.01

#: Tag of the orientation in EXIF and TIFF, and its values that swap width and height (Exif 2.32, 4.6.4).
_ORIENTATION, _SWAPPING = 0x0112, (5, 6, 7, 8)

#: TIFF tag of the bits per sample (TIFF 6.0, section 8).
_TIFF_BITS = 258

#: Byte of a PNG file that holds the bits per sample (PNG specification, 11.2.1: signature, chunk head, width, height).
_PNG_DEPTH_AT = 24


def picture_size(path: Path) -> tuple[int, int]:
    """Return the (width, height) of the upright picture, from its header.

    Raises:
        MediaError: Not a picture, or several pictures in one file.
    """
    with _open(path) as image:
        try:
            # A multi-picture JPEG of a phone is one picture with previews.
            if image.format != "MPO" and getattr(image, "n_frames", 1) != 1:
                raise MediaError(path, "holds several pictures; a frame is one file with one picture")
            width, height = image.size
            swapped = _is_jpeg(image) and image.getexif().get(_ORIENTATION) in _SWAPPING
        except _DAMAGED as error:
            raise MediaError(path, f"is damaged ({error})") from error
    return (height, width) if swapped else (width, height)


def white_level(paths: Iterable[Path]) -> int | None:
    """Return the value that becomes 255 for 16-bit frames, None when the frames are 8 bit.

    Cameras store 10, 12 or 14 bits in 16-bit files. One level serves the whole clip, the smallest of those depths that
    holds the brightest pixel of ``paths``: scaling each frame by its own range would look like flicker.

    Raises:
        MediaError: A picture cannot be read.
    """
    brightest = -1
    for path in paths:
        with _open(path) as image:
            if _is_deep(path, image):
                brightest = max(brightest, int(_deep_pixels(path, image).max()))
    if brightest < 0:
        return None
    return next((1 << depth) - 1 for depth in _DEPTHS if brightest < 1 << depth)


def read_picture(path: Path, white: int | None) -> np.ndarray:
    """Return the picture as uint8 ``[H, W, 3]`` RGB, upright.

    Args:
        path: The file.
        white: The value of white in 16-bit pictures (``white_level``). Brighter pixels become white, as in a camera.

    Raises:
        MediaError: Damaged, truncated, or so much is brighter than ``white`` that the picture would be lost.
    """
    with _open(path) as image:
        if _is_deep(path, image):
            return _scaled(path, _deep_pixels(path, image), white)
        try:
            # Pillow turns TIFF pictures by itself; PNG and BMP have no orientation that anybody uses.
            upright = ImageOps.exif_transpose(image) if _is_jpeg(image) else image
            return np.array(upright.convert("RGB"))
        except _DAMAGED as error:
            raise MediaError(path, f"is damaged or truncated ({error})") from error


def _scaled(path: Path, pixels: np.ndarray, white: int | None) -> np.ndarray:
    if white is None:
        raise MediaError(path, "holds 16 bits a sample, and other frames of the clip 8; convert all to 8 bit")
    # Of colour, a pixel counts when one of its samples is too bright.
    too_bright = (pixels > white).reshape(*pixels.shape[:2], -1).any(axis=2).mean()
    if too_bright > _MOST_SATURATED:
        message = (
            f"holds the value {pixels.max()}, and {too_bright:.0%} of its pixels are above {white}, the white level of "
            "the clip by other frames: it is lit otherwise; convert all frames to 8 bit by one scale"
        )
        raise MediaError(path, message)
    pixels = np.minimum(pixels, white)
    # Rounded division in 32 bits: 65535 * 255 fits.
    scaled = ((pixels.astype(np.uint32) * 255 + white // 2) // white).astype(np.uint8)
    return scaled if scaled.ndim == 3 else np.repeat(scaled[..., None], 3, axis=2)


def read_ready_made(path: Path) -> Image.Image:
    """Return a ready-made picture of a view, RGB and upright.

    Raises:
        MediaError: Too large, damaged, or not a picture.
    """
    return Image.fromarray(read_picture(path, white_level([path])))


def _open(path: Path) -> Image.Image:
    """Open a picture, read its header and refuse one that is too large."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that ``check_size`` refuses.
            warnings.simplefilter("ignore")
            check_file(path)
            image = Image.open(path, formats=_FORMATS)
        check_size(path, *image.size)
        return image
    except Image.UnidentifiedImageError as error:
        reason = "is empty (0 bytes)" if path.stat().st_size == 0 else "is not a picture, or is damaged"
        raise MediaError(path, reason) from error
    except Image.DecompressionBombError as error:
        raise MediaError(path, f"is too large: at most {MOST_PIXELS:,} pixels are read; make it smaller") from error
    except _DAMAGED as error:
        raise MediaError(path, f"cannot be read as a picture ({getattr(error, 'strerror', None) or error})") from error


def _is_jpeg(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO")


def _is_deep(path: Path, image: Image.Image) -> bool:
    """Return whether the file holds 16 bits a sample; Pillow opens 16-bit colour as 8-bit ``RGB``."""
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        try:
            deep = max(tags.get(_TIFF_BITS, (8,))) > 8
        except _DAMAGED as error:
            raise MediaError(path, f"is damaged ({error})") from error
        if deep and tags.get(_ORIENTATION, 1) != 1:
            raise MediaError(path, "is a 16-bit TIFF with an orientation tag; save it upright")
        return deep
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(_PNG_DEPTH_AT + 1)[_PNG_DEPTH_AT:] == b"\x10"
    return image.mode.startswith("I")


def _deep_pixels(path: Path, image: Image.Image) -> np.ndarray:
    """Return the samples as stored, uint16 ``[H, W]`` or ``[H, W, 3]``."""
    try:
        # OpenCV says nothing about a truncated file, so Pillow reads it first.
        image.load()
        if image.mode != "RGB" and image.mode != "RGBA":
            pixels = np.asarray(image)
        else:
            import cv2

            # From memory and not by name: OpenCV cannot open every Unicode path on Windows.
            stored = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
            if stored is None:
                raise MediaError(path, "is damaged, or of a kind that is not read; convert the frames to 8 bit")
            pixels = stored[..., 2::-1]
    except _DAMAGED as error:
        raise MediaError(path, f"is damaged or truncated ({error})") from error
    if pixels.dtype.kind != "u" or pixels.dtype.itemsize != 2:
        raise MediaError(path, f"holds {pixels.dtype} samples; convert the frames to 8 or 16 bit")
    return pixels
