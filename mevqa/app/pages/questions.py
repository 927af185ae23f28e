"""The questions that the page offers: those of the official files."""

from __future__ import annotations

from mevqa.questions.question_types import question_type

#: Types of questions that are offered, in this order: those that name no unit and no number.
_OFFERED = ("coarse", "fine", "au_list", "combined", "analysis", "count_all", "count_micro", "count_macro")
#: Those that are chosen at first, of a clip with one expression and of a long video.
_OF_CLIPS = ("coarse", "fine", "au_list")
_OF_LONG_VIDEOS = ("count_all", "count_micro", "count_macro")


def offered_questions() -> list[str]:
    """Return the questions that can be chosen."""
    return [_usual(name) for name in _OFFERED]


def suggested_questions(*, long: bool) -> list[str]:
    """Return the questions that are chosen at first.

    Args:
        long: Of a long video; otherwise of a clip with one expression.
    """
    return [_usual(name) for name in (_OF_LONG_VIDEOS if long else _OF_CLIPS)]


def _usual(name: str) -> str:
    """Return the usual wording of a type of question, which asks for several units where it can."""
    wordings = question_type(name).wordings
    return next(iter((*wordings.plural, *wordings.singular)))
