"""The views of a clip as plain values and PNG bytes, and back: how prepared rows and the cache of views store them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mevqa.types import Moment, View
from mevqa.video.views.render import ClipViews

if TYPE_CHECKING:
    from PIL.Image import Image


def png_bytes(image: Image, level: int = 6) -> bytes:
    """Return a picture as PNG, which loses nothing.

    Args:
        image: The picture.
        level: Compression, 0 to 9: smaller against faster.
    """
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=level)
    return stream.getvalue()


def facts_of(clip_views: ClipViews) -> dict[str, Any]:
    """Return moments, onset, apex, offset, warnings and notes of a clip's views, as plain values."""
    return {
        "moments": [{"frame": moment.frame, "role": moment.role} for moment in clip_views.moments],
        "onset": clip_views.onset,
        "apex": clip_views.apex,
        "offset": clip_views.offset,
        "localised": clip_views.localised,
        "source": clip_views.source,
        "stillness": clip_views.stillness,
        "warnings": list(clip_views.warnings),
        "notes": list(clip_views.notes),
    }


def views_of(facts: Mapping[str, Any], views: list[View], times_ms: Any = None) -> ClipViews:
    """Return the views of a clip from what ``facts_of`` returned and its pictures.

    Args:
        facts: As ``facts_of`` returns them; other keys are not looked at.
        views: The pictures.
        times_ms: [frames] presentation times of the media, where they are known.
    """
    return ClipViews(
        views,
        [Moment(moment["frame"], moment["role"]) for moment in facts["moments"]],
        facts["onset"],
        facts["apex"],
        facts["offset"],
        facts["localised"],
        facts["source"],
        tuple(facts["warnings"]),
        facts["stillness"],
        times_ms=times_ms,
        notes=tuple(facts.get("notes", ())),  # Folders that were prepared before there were any lack them.
    )
