"""What ``mevqa spot`` prints: the events of a video, and how a fitted calibrator does."""

from __future__ import annotations

import sys
from pathlib import Path

from mevqa.api.spot import SpotterFit
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.video import Spotting

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


def print_fit(fitted: SpotterFit, out: Path) -> None:
    """Print both spotters on held-out people, the losses and what was stored."""
    held_out, calibrator = fitted.held_out, fitted.calibrator
    on = calibrator.fitted_on
    print(
        f"{on.videos} videos of {on.subjects} subjects, {on.events} expressions; {on.candidates} candidates, "
        f"{on.marked} of them marked by a coder"
    )
    print("each subject judged by a calibrator and a threshold of the others, all pooled; hits at IoU 0.5\n")
    print(f"{'':20}{'kind':9}{'references':>11}{'detections':>11}{'hits':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
    for name, counts in (("without calibrator", held_out.plain), ("calibrated", held_out.calibrated)):
        for kind, one in counts.items():
            print(
                f"{name:20}{kind:9}{one.references:11d}{one.detections:11d}{one.hits:6d}{one.precision:11.3f}"
                f"{one.recall:8.3f}{one.f1:7.3f}"
            )
    print(
        f"\nprobabilities of held-out candidates: log loss {held_out.log_loss:.3f}, Brier {held_out.brier:.3f}; "
        f"of the share that is marked: {held_out.base_log_loss:.3f}, {held_out.base_brier:.3f}"
    )
    least, most = min(held_out.thresholds.values()), max(held_out.thresholds.values())
    print(f"thresholds of the folds {least:.2f} to {most:.2f}; of all subjects {calibrator.threshold:.2f}")
    print(f"{out}: fitted on all {on.subjects} subjects; use it with mevqa spot VIDEO --calibrator {out}")
