"""Who is seen in a clip, whatever the spelling of the subject."""

from __future__ import annotations

from mevqa.datasets import canonical_dataset
from mevqa.names import subject_key
from mevqa.types import Clip

#: Data set and subject, without their spelling.
Person = tuple[str, str]


def person(clip: Clip) -> Person:
    """Return who is seen in a clip; a clip without a subject shows a person of its own.

    Spelling does not make two persons of one: ``sub01``, ``s1`` and ``1`` of one data set are the same subject. A
    subject of another data set is another person.
    """
    subject = (clip.subject or "").strip()
    return canonical_dataset(clip.dataset), subject_key(subject) if subject else f"clip {clip.id}"


def is_known(clip: Clip) -> bool:
    """Return whether the subject of a clip is known."""
    return bool((clip.subject or "").strip())
