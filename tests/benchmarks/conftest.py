"""Lets the tests of this folder import the builders of tiny models and adapters."""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS / "models"), str(_TESTS / "training")]
