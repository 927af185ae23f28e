"""Unicode encoding of a file, and its text in it; ``mevqa.files.text`` reads other encodings too."""

from __future__ import annotations

import codecs

#: The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(data: bytes) -> str:
    """Return the Unicode encoding of a text by its byte order mark, or by the zero bytes of its first character.

    The names are those of Python's codecs; ``utf-8-sig`` is UTF-8 with a mark. Without any sign it is UTF-8.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if len(data) >= 2 and not data[1] and data[0]:
        return "utf-16-le"
    if len(data) >= 2 and not data[0] and data[1] and len(data) % 2 == 0:
        return "utf-16-be"
    return "utf-8"


def decode_unicode(data: bytes) -> str:
    """Return the text of a file without its byte order mark, line ends as they are.

    Raises:
        ValueError: It is not text in its encoding; one clear line.
    """
    encoding = encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise ValueError(f"is not {name} at byte {error.start + 1}") from None


def spoken_encoding(encoding: str) -> str:
    """Return the name of an encoding for people (``UTF-16``)."""
    return "-".join(encoding.upper().split("-")[:2])
