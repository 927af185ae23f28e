"""Lets the tests import the made-up videos beside them."""

import sys
from pathlib import Path

import pytest
from accelerate import Accelerator

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def accelerator():
    return Accelerator(cpu=True)


@pytest.fixture(scope="session")
def fitted():
    """A tiny system, fitted to made-up videos."""
    from made_videos import settings, system, videos

    from mevqa.spotting.learning.training.fitting import fit_system

    return fit_system(system(), settings(), videos(), accelerator=Accelerator(cpu=True))
