"""Reports: pages and plots of runs, for people to look at."""

from mevqa.reporting.reading import Scoring
from mevqa.reporting.write import ReportOptions, Written, write_report

__all__ = ["ReportOptions", "Scoring", "Written", "write_report"]
