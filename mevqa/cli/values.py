"""Values of options, checked while the command line is parsed."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from mevqa.files.remote import is_remote

#: Most digits of a whole number.
_MOST_DIGITS = 18


def positive(text: str) -> int:
    """Parse a whole number of at least one."""
    return _at_least(1, text)


def whole_number(text: str) -> int:
    """Parse a whole number of at least zero."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?\d+\s*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    value = _to_int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, not {value}")
    return value


def _to_int(digits: str) -> int:
    """Return digits as a number; Python itself refuses thousands of them, with an error that argparse rewords."""
    if len(digits) > _MOST_DIGITS:
        message = f"{digits[:_MOST_DIGITS]}... is too large: at most {_MOST_DIGITS} digits are read"
        raise argparse.ArgumentTypeError(message)
    return int(digits)


def seed(text: str) -> int:
    """Parse a seed, which NumPy and torch take from 0 to 2^32 - 1."""
    if not re.fullmatch(r"0*\d{1,10}", text) or int(text) >= 1 << 32:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a seed: give a whole number from 0 to {(1 << 32) - 1}")
    return int(text)


def shard(text: str) -> str:
    """Check ``i/n``, the i-th of n equal parts counted from 1, and return it as it is."""
    from mevqa.errors import InputError
    from mevqa.inference.shards import parse_shard

    try:
        parse_shard(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(error.problems[0].message) from None
    return text


def above_zero(text: str) -> float:
    """Parse a finite number above zero."""
    if not 0 < (value := _to_float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def zero_or_more(text: str) -> float:
    """Parse a finite number of at least zero."""
    if not 0 <= (value := _to_float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return value


def _to_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def frame_number(text: str) -> int:
    """Parse the number of a frame, counted from 0."""
    if not re.fullmatch(r"\d+", text.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a frame; frames count from 0")
    return _to_int(text)


def media(text: str) -> Path | str:
    """Return a path, or a URL as it is."""
    return text if is_remote(text) else Path(text)


def dataset_file(text: str) -> str:
    """Register the data set that a YAML file defines, and return its short name."""
    from mevqa.datasets import register_dataset

    return register_dataset(text).name


def dataset_name(text: str) -> str:
    """Return the short name of a data set that is known, in any of its spellings, or of the one that a YAML defines."""
    from mevqa.datasets import UnknownDataset, known_dataset

    if text.lower().endswith((".yaml", ".yml")):
        return dataset_file(text)
    try:
        return known_dataset(text)
    except UnknownDataset as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def frame_size(text: str) -> tuple[int, int]:
    """Parse WIDTHxHEIGHT in pixels."""
    match = re.fullmatch(r"(\d+)[xX](\d+)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, as in 320x320")
    return _to_int(match[1]), _to_int(match[2])
