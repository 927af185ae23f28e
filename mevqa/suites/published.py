"""Published reference numbers, each with its source: ``eval/published.yaml``."""

from __future__ import annotations

import functools
from pathlib import Path

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import resource_folder


class PublishedRow(StrictModel):
    """Published numbers of one system.

    Attributes:
        system: Its name in tables.
        metrics: By the keys of ``mevqa score --keys``; a number that the source does not give is absent.
        source: Where the numbers stand, when they are not from the group's source.
        note: Why they are hard to compare.
    """

    system: str
    metrics: dict[str, float]
    source: str | None = None
    note: str | None = None


class PublishedGroup(StrictModel):
    """Numbers that were measured alike.

    Attributes:
        title: The measure, as a heading.
        task: ``vqa``, ``lvqa`` or ``events``.
        clips: On which clips, under which protocol.
        source: Where the numbers stand.
        rows: The systems.
    """

    title: str
    task: str
    clips: str
    source: str
    rows: tuple[PublishedRow, ...]


class Published(StrictModel):
    """Schema of ``published.yaml``.

    Attributes:
        groups: By name.
    """

    groups: dict[str, PublishedGroup]


@functools.cache
def published(path: Path | None = None) -> dict[str, PublishedGroup]:
    """Return every group of published numbers by name.

    Args:
        path: Another file than the shipped one.
    """
    return read_yaml(path or resource_folder("eval") / "published.yaml", Published).groups
