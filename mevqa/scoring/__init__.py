"""Scores of answers against references."""

from mevqa.scoring.result import ScoreResult

__all__ = ["ScoreResult"]
