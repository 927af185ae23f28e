"""Decode text of unknown encoding."""

from __future__ import annotations

import codecs
import re

#: Byte order marks; that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Control characters that no text file holds: all but tab, line ends and form feed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
#: Bytes that tell UTF-16 without a mark: text in it has a zero in every other byte of ASCII.
_SAMPLE = 4096


def decode_text(data: bytes) -> str:
    """Decode UTF-8, UTF-16 (with or without byte order marks), GB18030 or Western European text.

    GB18030, in which spreadsheet programs on Chinese systems save, takes nearly every pair of bytes for a character;
    accented Latin letters stand alone between ASCII letters, Chinese characters are pairs of high bytes.

    Args:
        data: The bytes of a file.

    Raises:
        ValueError: The bytes are no text.
    """
    text = _decode(data)
    if _CONTROL.search(text):
        raise ValueError("is no text file")
    return text.lstrip("\ufeff")


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise ValueError(f"is damaged: it says that it is {encoding.upper()}, and is not") from error
    encodings = ["utf-8", "gb18030", "cp1252", "latin-1"]
    if _mostly_zero(data[1:_SAMPLE:2]):
        encodings.insert(0, "utf-16-le")
    elif _mostly_zero(data[0:_SAMPLE:2]):
        encodings.insert(0, "utf-16-be")
    elif _lone_high_bytes(data):
        encodings.remove("gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 decodes every byte")


def _mostly_zero(sample: bytes) -> bool:
    return len(sample) > 0 and sample.count(0) > len(sample) / 2


def _lone_high_bytes(data: bytes) -> bool:
    """Whether most bytes beyond ASCII stand alone between ASCII bytes."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    alone = sum(len(run) == 1 for run in runs)
    return alone > len(runs) / 2
