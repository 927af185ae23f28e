"""Signals beside a video: python examples/physiology.py signals.csv (.edf, .mat, ...); without a file made-up ones."""

import sys

from mevqa.physiology import Response, describe, extract_features, read_signals, read_template, synthetic_signals


def main(path: str | None) -> None:
    onsets = [30.0, 60.0]
    if path is None:
        fear = Response(heart_rate=9, pulse=-0.4, respiration=4, scr=0.6, temperature=-0.012, alpha=-4)
        signals = synthetic_signals("nobody", 90, onsets, [fear, Response()], rate=250)
    else:
        signals = read_signals(path)
        onsets = [marker.time for marker in signals.markers]
    print(f"{signals.name}: {', '.join(signals.modalities)}; {len(signals.markers)} markers")
    for onset, event in zip(onsets, extract_features(signals, onsets), strict=True):
        print(
            f"{onset:.1f} s: heart rate {event.values['heart_rate_change']:+.1f} a minute, missing {dict(event.flags)}"
        )
        print(f"  {describe(event.values, read_template())}")


if __name__ == "__main__":
    # A video is no file of signals.
    given = [word for word in sys.argv[1:] if not word.endswith(".mp4")]
    main(given[0] if given else None)
