"""Lets the tests of shots import the maker of motion maps beside those of training."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))
