"""The question types of the package, in the order in which scores are listed; a new one is a file here and a line."""

from mevqa.questions.types import closed, counts, events, sentences, units
from mevqa.questions.types.base import OPEN_QUESTION, Asked, QuestionType
from mevqa.questions.types.closed import ClassQuestion, ClosedQuestion, PresenceQuestion
from mevqa.questions.types.counts import CountQuestion
from mevqa.questions.types.events import DescriptionQuestion, IntervalQuestion, SummaryQuestion
from mevqa.questions.types.sentences import SentenceQuestion
from mevqa.questions.types.units import UnitListQuestion

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
    *(closed.COARSE, closed.FINE, closed.AU_PRESENCE, closed.AU_SIDE, closed.EXPRESSION_SHOWN, closed.NTH_TYPE),
    *(units.AU_LIST, units.AU_INVENTORY, counts.COUNT_ALL, counts.COUNT_MICRO, counts.COUNT_MACRO),
    *(closed.EVENT_PRESENCE, closed.ORDER, counts.COUNT_BETWEEN),
    *(events.LOCALISE, events.LONGEST, events.DESCRIBE_NTH, events.SUMMARY),
    *(sentences.COMBINED, sentences.ANALYSIS, OPEN_QUESTION),
)
