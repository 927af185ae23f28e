"""Reading of answers: what a text that a model or a person wrote answers to a question."""

from mevqa.questions.reading.answer import read_answer
from mevqa.questions.reading.text.thoughts import without_thoughts
from mevqa.questions.reading.types import UNUSABLE_MEANING, Parts, Reading, Unit, Unusable, Value

__all__ = ["UNUSABLE_MEANING", "Parts", "Reading", "Unit", "Unusable", "Value", "read_answer", "without_thoughts"]
