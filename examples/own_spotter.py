"""A spotter of one's own is a class and a line: python examples/own_spotter.py video.mp4."""

import sys

import numpy as np

import mevqa


@mevqa.register_spotter("flicker")
class Flicker(mevqa.Spotter):
    """A toy: an expression is where the picture differs most from those before and after it."""

    reach_ms = 150.0

    def spot(self, video, progress=lambda done, total: None):
        """Return the one expression, and a score a frame."""
        times, brightness = [], []
        for frame in video.read_forward():
            if frame.picture is not None:  # a damaged frame has none
                times.append(frame.ms)
                brightness.append(frame.picture[::8, ::8].mean())
            progress(frame.number + 1, len(video))
        around = np.interp(np.array(times) - self.reach_ms, times, brightness)
        around += np.interp(np.array(times) + self.reach_ms, times, brightness)
        scores = np.abs(2 * np.array(brightness) - around)
        apex = int(scores.argmax())
        onset, offset = (int(np.abs(np.array(times) - times[apex] - ms).argmin()) for ms in (-200.0, 200.0))
        event = mevqa.Event(onset, apex, offset, kind=None)  # the kind is decided by the rule
        return mevqa.Spotting.of(video, [event], scores=list(zip(times, scores.tolist(), strict=True)))


def main(video: str) -> None:
    result = mevqa.spot(video, spotter="flicker")
    for event in result.events:
        print(f"{event.kind} from frame {event.onset} to {event.offset}, largest at {event.apex_ms:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
