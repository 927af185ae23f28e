"""The question types of the package, in the order in which scores are listed; a new one is a file here and a line."""

from mevqa.questions.types.base import OPEN_QUESTION, Asked, QuestionType
from mevqa.questions.types.closed import (
    AU_PRESENCE,
    AU_SIDE,
    COARSE,
    EVENT_PRESENCE,
    EXPRESSION_SHOWN,
    FINE,
    NTH_TYPE,
    ORDER,
    ClassQuestion,
    ClosedQuestion,
    PresenceQuestion,
)
from mevqa.questions.types.counts import COUNT_ALL, COUNT_BETWEEN, COUNT_MACRO, COUNT_MICRO, CountQuestion
from mevqa.questions.types.events import (
    DESCRIBE_NTH,
    LOCALISE,
    LONGEST,
    SUMMARY,
    DescriptionQuestion,
    IntervalQuestion,
    SummaryQuestion,
)
from mevqa.questions.types.sentences import ANALYSIS, COMBINED, SentenceQuestion
from mevqa.questions.types.units import AU_INVENTORY, AU_LIST, UnitListQuestion

__all__ = [
    "SHIPPED",
    "Asked",
    "ClassQuestion",
    "ClosedQuestion",
    "CountQuestion",
    "DescriptionQuestion",
    "IntervalQuestion",
    "PresenceQuestion",
    "QuestionType",
    "SentenceQuestion",
    "SummaryQuestion",
    "UnitListQuestion",
]

SHIPPED: tuple[QuestionType, ...] = (
    COARSE,
    FINE,
    AU_PRESENCE,
    AU_SIDE,
    EXPRESSION_SHOWN,
    NTH_TYPE,
    AU_LIST,
    AU_INVENTORY,
    COUNT_ALL,
    COUNT_MICRO,
    COUNT_MACRO,
    EVENT_PRESENCE,
    ORDER,
    COUNT_BETWEEN,
    LOCALISE,
    LONGEST,
    DESCRIBE_NTH,
    SUMMARY,
    COMBINED,
    ANALYSIS,
    OPEN_QUESTION,
)
