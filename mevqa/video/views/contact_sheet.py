"""All views of a clip on one picture, each with its caption below."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from mevqa.types import View

#: Side of each picture, space around it and size of the letters, px.
_SIDE = 256
_SPACE = 16
_LETTERS = 13

#: Pictures beside each other.
_COLUMNS = 4

_PAPER = (255, 255, 255)
_INK = (40, 40, 40)


def contact_sheet(views: Sequence[View]) -> Image.Image:
    """Return the views in rows of up to four, with name, frames and caption.

    Args:
        views: At least one; pictures of any size, small ones are enlarged without smoothing.

    Raises:
        ValueError: There is no view.
    """
    if not views:
        raise ValueError("a contact sheet needs a view")
    font = ImageFont.load_default(_LETTERS)
    rows = [views[start : start + _COLUMNS] for start in range(0, len(views), _COLUMNS)]
    texts = {id(view): [_title(view), *_wrap(view.caption, font)] for view in views}
    line = _LETTERS + 4
    heights = [_SIDE + max(len(texts[id(view)]) for view in row) * line + 2 * _SPACE for row in rows]
    width = min(len(views), _COLUMNS) * (_SIDE + _SPACE) + _SPACE
    sheet = Image.new("RGB", (width, sum(heights) + _SPACE), _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _SPACE
    for row, height in zip(rows, heights, strict=True):
        for column, view in enumerate(row):
            left = _SPACE + column * (_SIDE + _SPACE)
            picture = _fit(view.image)
            sheet.paste(picture, (left + (_SIDE - picture.width) // 2, top + (_SIDE - picture.height) // 2))
            for number, text in enumerate(texts[id(view)]):
                at = (left, top + _SIDE + 6 + number * line)
                draw.text(at, text, fill=_INK, font=font, stroke_width=0.4 if number == 0 else 0, stroke_fill=_INK)
        top += height
    return sheet


def _title(view: View) -> str:
    frames = " to ".join(str(frame) for frame in view.frames)
    unit = "frames" if len(view.frames) > 1 else "frame"
    return f"{view.name}, {unit} {frames}" if frames else f"{view.name}, ready-made"


def _fit(image: Image.Image) -> Image.Image:
    """Return the picture with its longer side of the sheet's size."""
    scale = _SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Maps of 28 px are shown as they are: their pixels are what a model gets.
    return image.convert("RGB").resize(size, Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS)


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Return the text in lines that are no wider than a picture."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= _SIDE:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
