"""Small pictures inside the page: as good as the size of the page allows."""

from __future__ import annotations

import base64
import io

from PIL import Image

#: Bytes that all pictures of a page may take together, as text in the page: a page of 500 clips stays under 10 MB
#: with its questions and answers.
PAGE_BUDGET = 7_000_000

#: Sides in px and JPEG qualities, best first. Faces of 500 clips fit at 88 to 112 px; the last are for noise.
_STEPS = (
    (224, 84),
    (192, 80),
    (160, 78),
    (128, 76),
    (112, 72),
    (96, 70),
    (88, 62),
    (80, 55),
    (72, 45),
    (64, 35),
    (48, 30),
)

#: Pictures up to this side are maps whose pixels are what a model gets: they are kept as they are.
_TINY = 64


def allowance(pictures: int) -> int:
    """Return the bytes that each picture may have, by their number."""
    # Base64 writes 3 bytes as 4 letters.
    return int(PAGE_BUDGET * 3 / 4 / max(pictures, 1))


def shows_pixels(image: Image.Image) -> bool:
    """Whether a picture is so small that each of its pixels counts."""
    return max(image.size) <= _TINY


def thumbnail(image: Image.Image, most_bytes: int) -> str:
    """Return a picture as a data URI: its largest and finest JPEG that is not above a size, or the smallest there is.

    Args:
        image: RGB picture.
        most_bytes: Its size in the file, before it is written as text.
    """
    if shows_pixels(image):
        return _uri("png", _encoded(image, "PNG", optimize=True))
    data = b""
    for side, quality in _STEPS:
        scale = side / max(image.size)
        if scale > 1 and side != _STEPS[-1][0]:
            continue
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        data = _encoded(small, "JPEG", quality=quality, optimize=True)
        if len(data) <= most_bytes:
            break
    return _uri("jpeg", data)


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
