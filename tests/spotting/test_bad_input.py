"""Footage as users have it: events where it can be, and a warning that says what was skipped and why."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from mevqa.benchmarks.trial_videos import CONTENTS, trial_plans
from mevqa.cli import main
from mevqa.errors import MediaError
from mevqa.spotting import spot_video
from mevqa.spotting.motion.stream import EventStream
from mevqa.synthetic.encoding import write_mp4
from mevqa.synthetic.recording import Recording, Style
from mevqa.video.reading.reader import open_video

FPS = 30.0
SIZE = 256


def recorded(seed):
    """Eight seconds of a person: frames, and what happens in them as (onset, offset)."""
    (plan,) = trial_plans(1, seed, seconds=8.0, fps=(FPS,), content="events")
    recording = Recording(plan, len(CONTENTS) * seed, Style(SIZE, SIZE, grey=False, crf=10))
    coded = [(performance.annotation.onset, performance.annotation.offset) for performance in plan.performances]
    return list(recording.frames()), coded


@pytest.fixture(scope="module")
def person():
    return recorded(902)


@pytest.fixture(scope="module")
def other_person():
    return recorded(904)[0]


def spotted(frames, fps=FPS):
    """Events and warnings of a list of frames; None is a lost one."""
    spotter = EventStream()
    events = []
    for number, frame in enumerate(frames):
        if frame is not None:
            events += spotter.feed(number, number * 1000 / fps, frame)
    events += spotter.finish()
    return [finished.event for finished in events], " | ".join(spotter.warnings)


def hits(events, coded):
    """How many coded expressions are overlapped by half by an event."""
    count = 0
    for onset, offset in coded:
        shares = [
            (min(event.offset, offset) - max(event.onset, onset))
            / (max(event.offset, offset) - min(event.onset, onset))
            for event in events
        ]
        count += max(shares, default=0.0) >= 0.5
    return count


def wall(seed=0):
    return cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8), (0, 0), 3)


def test_the_undisturbed_footage_is_understood(person):
    frames, coded = person
    events, warnings = spotted(frames)
    assert hits(events, coded) >= len(coded) - 1 and warnings == ""


def test_footage_without_a_face_has_no_events_and_a_warning():
    events, warnings = spotted([np.roll(wall(), number, axis=1) for number in range(40)])
    assert events == [] and "no face in the whole video" in warnings


def test_a_face_that_leaves_and_returns(person):
    frames, coded = person
    gone = [wall(number) for number in range(60)]
    events, warnings = spotted([*frames, *gone, *frames])
    later = [(onset + 300, offset + 300) for onset, offset in coded]
    assert hits(events, coded) >= len(coded) - 1 and hits(events, later) >= len(later) - 1
    assert not [event for event in events if event.onset < 300 and event.offset > 239]
    assert "8." in warnings and "nothing was looked for there" in warnings


def test_of_several_faces_the_largest_is_followed(person, other_person):
    frames, coded = person
    both = []
    for frame, other in zip(frames, other_person, strict=True):
        picture = np.full((SIZE, 2 * SIZE, 3), 90, np.uint8)
        picture[:, :SIZE] = frame
        picture[40 : 40 + 160, SIZE + 60 : SIZE + 220] = cv2.resize(other, (160, 160), interpolation=cv2.INTER_AREA)
        both.append(picture)
    events, warnings = spotted(both)
    assert hits(events, coded) >= len(coded) - 1 and "several faces" in warnings


@pytest.mark.parametrize("count", [1, 5])
def test_too_few_frames_to_hold_an_expression(person, count):
    events, warnings = spotted(person[0][:count])
    assert events == [] and "too short to judge" in warnings


def test_eight_frames_a_second(person):
    frames, coded = person
    events, warnings = spotted(frames[::4], fps=FPS / 4)
    assert "7.5 frames per second: expressions of under 400 ms cannot be seen" in warnings
    macro = [(onset / 4, offset / 4) for onset, offset in coded if offset - onset > 18]
    assert hits(events, macro) == len(macro) >= 1


def test_a_wrong_frame_rate_in_the_file_can_be_overruled(person, tmp_path):
    write_mp4(tmp_path / "fast.mp4", person[0], 120.0, 12)
    right = spot_video(tmp_path / "fast.mp4", fps=FPS)
    assert right.fps == FPS and right.seconds == pytest.approx(239 / FPS)
    assert hits(right.events, person[1]) >= len(person[1]) - 1


def test_black_frames(person):
    frames, coded = person
    dark = [np.zeros_like(frames[0])] * 30
    events, warnings = spotted([*dark, *frames, *dark, *frames[:60]])
    shifted = [(onset + 30, offset + 30) for onset, offset in coded]
    assert hits(events, shifted) >= len(coded) - 1
    assert "blank pictures (0.0 to 1.0 s, 9.0 to 10.0 s)" in warnings
    assert all(event.onset >= 30 and not (event.onset < 270 <= event.offset) for event in events)


def test_a_cut_to_another_person(person, other_person):
    frames, coded = person
    events, warnings = spotted([*frames, *other_person])
    assert hits(events, coded) >= len(coded) - 1
    assert not [event for event in events if event.onset < 240 <= event.offset]
    assert "changes at once" in warnings


def test_a_file_that_lies_on_its_side_and_says_so(person, tmp_path):
    lying = [np.ascontiguousarray(np.rot90(frame)) for frame in person[0]]
    write_mp4(tmp_path / "plain.mp4", lying, FPS, 12)
    turned = tmp_path / "turned.mp4"
    with av.open(str(tmp_path / "plain.mp4")) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    _say_turned(turned)
    result = spot_video(turned)
    assert result.face and hits(result.events, person[1]) >= len(person[1]) - 1


def _say_turned(path: Path) -> None:
    """Write a quarter turn into the track header's matrix (ISO/IEC 14496-12, 8.3.2)."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    plus = (1 << 16).to_bytes(4, "big", signed=True)
    zero, minus = bytes(4), (-(1 << 16)).to_bytes(4, "big", signed=True)
    unit = (1 << 30).to_bytes(4, "big")
    content[matrix : matrix + 36] = b"".join([zero, plus, zero, minus, zero, zero, zero, zero, unit])
    path.write_bytes(content)


def damaged(path, frames, codec, options, begin, end):
    """A file with noise in the place of a part of its bytes."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=30, options=options)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    content = bytearray(path.read_bytes())
    place = slice(int(begin * len(content)), int(end * len(content)))
    content[place] = np.random.default_rng(0).bytes(len(content[place]))
    path.write_bytes(content)
    with pytest.raises(MediaError):
        open_video(path)
    return path


def test_a_corrupt_middle(person, tmp_path):
    frames, coded = person
    options = {"crf": "12", "g": "30", "preset": "veryfast"}
    path = damaged(tmp_path / "middle.mp4", [*frames, *frames], "libx264", options, 0.47, 0.5)
    result = spot_video(path)
    later = [(onset + 240, offset + 240) for onset, offset in coded]
    assert hits(result.events, coded) + hits(result.events, later) >= 2 * len(coded) - 2
    warnings = " | ".join(result.warnings)
    assert "the rest is read" in warnings and "damaged frames" in warnings


def test_a_format_without_times_says_that_they_may_be_early(person, tmp_path):
    path = damaged(tmp_path / "middle.avi", person[0][:90], "mjpeg", {"qmin": "2", "qmax": "2"}, 0.4, 0.6)
    assert any("of 90 frames are found" in warning for warning in spot_video(path).warnings)


def test_a_damaged_picture_in_a_folder(person, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(person[0]):
        Image.fromarray(frame).save(folder / f"{number:04d}.png", compress_level=1)
    for number in range(20, 30):
        path = folder / f"{number:04d}.png"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = spot_video(folder, fps=FPS)
    assert hits(result.events, person[1]) >= len(person[1]) - 1
    assert any("damaged pictures (0.7 to 1.0 s)" in warning for warning in result.warnings)


def test_a_file_of_noise_is_one_line(tmp_path, capsys):
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(20_000))
    assert main(["spot", str(tmp_path / "noise.mp4")]) == 2
    assert "noise.mp4" in capsys.readouterr().err
