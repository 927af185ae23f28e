"""Find expressions in a stream of frames, as a camera gives them: python examples/spot_a_stream.py video.mp4."""

import sys
from pathlib import Path

import mevqa
import mevqa.spotting


def main(video: str) -> None:
    with mevqa.open_video(Path(video)) as frames:
        count = 0
        for event in mevqa.spotting.spot(iter(frames), frames.fps):
            count += 1
            units = "+".join(str(candidate.unit) for candidate in event.units) or "no unit"
            print(f"{event.kind} from {event.onset_ms:.0f} to {event.offset_ms:.0f} ms, AU {units}")
        print(f"{count} expressions in {len(frames)} frames")


if __name__ == "__main__":
    main(sys.argv[1])
