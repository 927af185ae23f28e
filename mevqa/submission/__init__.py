"""Challenge submissions: written, checked, mended."""

from mevqa.submission.fix import FixedSubmission
from mevqa.submission.validator import SubmissionCheck
from mevqa.submission.writer import Filled, Submission, write_submission

__all__ = ["Filled", "FixedSubmission", "Submission", "SubmissionCheck", "write_submission"]
