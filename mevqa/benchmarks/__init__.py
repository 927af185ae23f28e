"""Speed, memory and accuracy of this installation.

Public is what ``__all__`` names; each name is imported when it is first used: what a GPU is measured with needs no
reader of videos.
"""

from typing import TYPE_CHECKING

from mevqa.public_names import import_on_use

if TYPE_CHECKING:
    from mevqa.benchmarks.localiser_trial import TOLERANCE_FRAMES, TOLERANCE_MS, error_table, measure_apex

__all__ = ["TOLERANCE_FRAMES", "TOLERANCE_MS", "error_table", "measure_apex"]

__getattr__ = import_on_use(__name__, dict.fromkeys(__all__, "localiser_trial"))
