"""Output of ``mevqa spot --curves``: chosen thresholds and lengths, the number of events, and the score."""

from __future__ import annotations

import sys
from pathlib import Path

from mevqa.api.spotting.curves import DecodedCurves
from mevqa.cli.printing.scores import print_scores


def print_decoded(decoded: DecodedCurves, csv: Path | None) -> None:
    """Print the result; notes go to standard error.

    Args:
        decoded: The result.
        csv: Where the events were written.
    """
    for note in decoded.notes:
        print(f"warning: {note}", file=sys.stderr)
    samples = sum(len(curve.scores) for curve in decoded.curves)
    print(f"{len(decoded.curves)} videos, {samples:,} scores; {decoded.decoder.name}: {_chosen(decoded)}")
    counts = [len(detections) for detections in decoded.detections]
    where = f" -> {csv}" if csv is not None else ""
    print(f"{sum(counts)} events in {sum(map(bool, counts))} of {len(counts)} videos{where}")
    if decoded.score is not None:
        print()
        print_scores(decoded.score, "text")


def _chosen(decoded: DecodedCurves) -> str:
    """Return the thresholds and lengths in words."""
    kind = "share of the maximum" if decoded.decoder.threshold_kind == "share" else "threshold"
    if not decoded.folds:
        return f"{kind} {decoded.threshold:g}"
    thresholds = sorted(fold.threshold for fold in decoded.folds)
    halves = sorted({fold.half_length for fold in decoded.folds})
    least, most = thresholds[0], thresholds[-1]
    thresholds_text = f"{kind} {least:.3g}" if least == most else f"{kind} {least:.3g} to {most:.3g}"
    lengths = " or ".join(str(2 * half) for half in halves)
    return f"{thresholds_text}, length {lengths} samples, chosen for each of {len(thresholds)} subjects on the others"
