"""Output of ``mevqa spot``: the events of a video, and how a fitted calibrator does on held-out people."""

from __future__ import annotations

import sys
from pathlib import Path

from mevqa.spotting.base import DEFAULT_SPOTTER, SpotterFit, Spotting
from mevqa.spotting.events import SpottedEvent

#: Regions of the face named in the table.
_STRONGEST = 2


def print_spotted(video: Spotting) -> None:
    """Print the events of one video; warnings go to standard error."""
    kinds = [event.kind for event in video.events]
    print(
        f"{video.video}: {video.seconds:.1f} s at {video.fps:g} fps, "
        f"micro-expressions {kinds.count('micro')}, macro-expressions {kinds.count('macro')}"
    )
    if video.events:
        print(
            f"  {'kind':6}{'onset':>7}{'apex':>7}{'offset':>7}{'from':>9}{'length':>9}{'score':>7}  units and regions"
        )
    for event in video.events:
        print(
            f"  {event.kind:6}{event.onset:7d}{event.apex:7d}{event.offset:7d}{event.onset_ms / 1000:7.2f} s"
            f"{event.duration_ms:6.0f} ms{event.score:7.2f}  {_evidence(event)}"
        )
    for warning in video.warnings:
        print(f"warning: {video.video}: {warning}", file=sys.stderr)


def _evidence(event: SpottedEvent) -> str:
    """Return units and the regions that move most, in percent of the eye distance."""
    units = "+".join(str(candidate.unit) for candidate in event.units) or "no unit"
    size = {name: (x * x + y * y) ** 0.5 for name, (x, y) in event.regions.items()}
    strongest = sorted(size, key=lambda name: -size[name])[:_STRONGEST]
    regions = ", ".join(f"{name} {100 * size[name]:.1f} %" for name in strongest)
    return f"AU {units}; {regions}"


def print_fit(fitted: SpotterFit, out: Path, spotter: str) -> None:
    """Print what was learned, how it does on held-out people beside other ways, and what was stored."""
    print("\n".join(fitted.about))
    print(f"\n{'':20}{'kind':9}{'references':>11}{'detections':>11}{'hits':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
    for name, by_kind in fitted.held_out.items():
        for kind, counts in by_kind.items():
            print(
                f"{name:20}{kind:9}{counts.references:11d}{counts.detections:11d}{counts.hits:6d}{counts.precision:11.3f}"
                f"{counts.recall:8.3f}{counts.f1:7.3f}"
            )
    print("\n" + "\n".join(fitted.notes))
    option = "" if spotter == DEFAULT_SPOTTER else f" --spotter {spotter}"
    print(f"{out}: fitted on all {fitted.subjects} subjects; use it with mevqa spot VIDEO{option} --calibrator {out}")
