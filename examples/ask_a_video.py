"""Ask the embedded model about one video: python examples/ask_a_video.py clip.mp4."""

import sys

import mevqa


def main(video: str) -> None:
    result = mevqa.ask(video, ["What are the action units?", "What is the coarse expression class?"])
    print(f"onset {result.clip_views.onset}, apex {result.clip_views.apex}, offset {result.clip_views.offset}")
    for answer in result.answers:
        print(f"{answer.text}  ({answer.confidence:.0%})")


if __name__ == "__main__":
    main(sys.argv[1])
