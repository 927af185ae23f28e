"""Question files, label files, tables of events and media: read, checked, written, converted."""

from mevqa.data.annotations import read_annotations, read_long_annotations, write_annotations
from mevqa.data.events.read import EventFile, read_events
from mevqa.data.events.rows import EventRow
from mevqa.data.frame_numbers import place_events
from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.media import ClipSearch, find_clips, search_clips
from mevqa.data.official import QuestionFile, read_question_files, read_questions

__all__ = [
    "ClipLabels",
    "ClipSearch",
    "EventFile",
    "EventRow",
    "LabelFile",
    "QuestionFile",
    "find_clips",
    "place_events",
    "read_annotations",
    "read_events",
    "read_long_annotations",
    "read_question_files",
    "read_questions",
    "search_clips",
    "write_annotations",
]
