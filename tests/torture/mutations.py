"""Seeded damage to bytes, JSON values and rows of tables."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

#: Pieces that readers of text stumble over.
_PIECES = (
    *(b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\r", b"\n", b'"', b"'", b"{", b"[", b",", b"\t", b"<", b": "),
    *(b"NaN", b"9" * 5000, b"[" * 3000, b"\xef\xbb\xbf", b"\\u0000", b"null", b"1e999", b"&a", b"*a", b'!!int ""'),
    *(b"\xc3", b"\xe2\x80\xa8", b"\x85", b"\x1b[31m", b"\x7f", b"\xf0\x9f\x98\x80", b"=1+1", b"-", b"<!DOCTYPE x>"),
)
#: Values that no reader expects.
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 10**30, "", "x", "\ud800", "\0", "\n", "\u202e", "-" * 3000, "=cmd", "../.."),
    *("/etc/passwd", "9" * 5000, [], {}, [[]], {"a": 1}, ["x"], [None], {"": None}),
)


def damaged(random: Random, content: bytes) -> bytes:
    """Return bytes of which some were changed, cut, doubled, moved or added."""
    left = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5, 30))):
        at, other = random.randrange(len(left) + 1), random.randrange(len(left) + 1)
        kind = random.randrange(7)
        if kind == 0:
            left[at : at + 1] = random.randbytes(1)
        elif kind == 1:
            del left[at : at + random.choice((1, 3, 50, 100_000))]
        elif kind == 2:
            left[at:at] = random.randbytes(random.choice((1, 4, 100)))
        elif kind == 3:
            left[at:at] = left[other : other + random.choice((5, 50, 500))]
        elif kind == 4:
            lines = bytes(left).split(b"\n")
            random.shuffle(lines)
            left = bytearray(b"\n".join(lines[: random.randrange(len(lines)) + 1]))
        else:
            left[at:at] = random.choice(_PIECES)
    return bytes(left)


def changed(random: Random, value: Any) -> Any:
    """Return a JSON value with another value, another key or nothing in some places."""
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        places = list(_places(value))
        if not places or random.random() < 0.02:
            return random.choice(_VALUES)
        holder, key = random.choice(places)
        kind = random.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[random.choice(("x", "\ud800", f"{key}x", "", "id"))] = holder.pop(key)
        elif kind == 2:
            other, name = random.choice(places)
            if len(repr(other)) < 20_000:
                holder[key] = copy.deepcopy(other[name])
        else:
            holder[key] = copy.deepcopy(random.choice(_VALUES))
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [pair for key in value for pair in ((value, key), *_places(value[key]))]
    if isinstance(value, list):
        return [pair for place in range(len(value)) for pair in ((value, place), *_places(value[place]))]
    return []


def damaged_json(random: Random, content: bytes) -> bytes:
    """Return a JSON file that was damaged, in its bytes or in its values."""
    if random.random() < 0.4:
        return damaged(random, content)
    return json.dumps(changed(random, json.loads(content))).encode()


def damaged_rows(random: Random, content: bytes) -> bytes:
    """Return JSON lines that were damaged, in their bytes or in the values of some rows."""
    if random.random() < 0.4:
        return damaged(random, content)
    lines = content.decode().splitlines()
    for _ in range(random.choice((1, 2, 4))):
        at = random.randrange(len(lines))
        lines[at] = json.dumps(changed(random, json.loads(lines[at])), ensure_ascii=random.random() < 0.7)
    return ("\n".join(lines) + random.choice(("\n", "", "\r\n"))).encode("utf-8", "surrogatepass")


def damaged_cells(random: Random, rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows of a table with other cells in some places."""
    cells = (
        *("", "nan", "inf", "-1", "1e400", "9" * 5000, "1e30", "=cmd", "2026-01-01", "x" * 200_000, '"', "½", "١٢"),
        *("1,5", "AU" + "9" * 5000, "4+4+4", "L4", "é", "0x10", "-0", "12 13", "\r", "\u2028", "4" * 20),
    )
    left = [list(row) for row in rows]
    for _ in range(random.choice((1, 2, 5))):
        row = random.choice(left)
        if row:
            row[random.randrange(len(row))] = random.choice(cells)
    return left
