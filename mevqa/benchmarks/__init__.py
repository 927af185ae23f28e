"""Speed, memory and accuracy of this installation."""

from mevqa.benchmarks.localiser_trial import TOLERANCE_FRAMES, TOLERANCE_MS, error_table, measure_apex

__all__ = ["TOLERANCE_FRAMES", "TOLERANCE_MS", "error_table", "measure_apex"]
