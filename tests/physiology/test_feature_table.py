"""Events find their recording and their time there, and the table gives back what was measured."""

import math

import numpy as np
import pytest

pytest.importorskip("neurokit2", reason="the extra physiology is not installed")

from mevqa.api.videos.physiology import signal_features
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.physiology import Response, synthetic_signals
from mevqa.physiology.events import read_timed_events
from mevqa.physiology.feature_table import read_features
from mevqa.physiology.placement import read_begins

ONSETS = (20.0, 40.0)
HEADER = "video,onset,apex,offset,kind,score,fps"


@pytest.fixture(scope="module")
def recording():
    return synthetic_signals("v1", 55, ONSETS, [Response(scr=0.5)] * 2, rate=50, modalities=["eda", "skt"])


def write_signals(path, signals, shift=0.0, marks=None):
    eda, skt = (channel.values for channel in signals.channels)
    markers = np.zeros(len(eda), dtype=int)
    for time, code in marks or [(marker.time, marker.code) for marker in signals.markers]:
        markers[round(time * 50)] = code
    rows = [f"{shift + place / 50:.3f},{markers[place]},{eda[place]:.5f},{skt[place]:.5f}" for place in range(len(eda))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("time,marker,eda (uS),skt (degC)\n" + "\n".join(rows) + "\n")


def write_events(path, rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_events_are_measured_and_the_table_gives_them_back(tmp_path, recording, capsys):
    write_signals(tmp_path / "signals" / "v1.csv", recording)
    rows = ["v1,600,605,612,micro,0.9,30", "v1,300,305,312,micro,0.4,30", "v2,1,2,3,micro,0.1,30"]
    events = write_events(tmp_path / "events.csv", rows)
    out = tmp_path / "features.csv"
    command = ["physiology", "features", str(tmp_path / "signals"), "--events", str(events), "--out", str(out)]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "eda      measured at     2   (1 no recording)" in shown.out
    assert "1 of 3 events are in no recording" in shown.err
    real, quiet, nowhere = read_features(out)
    assert (real.video, real.onset, real.offset) == ("v1", 600, 612)
    assert real.values["scr_count"] == 1 and quiet.values["scr_count"] == 0
    assert all(math.isnan(value) for value in nowhere.values.values())
    cells = out.read_text().splitlines()[3].split(",")
    assert "0" not in cells[9:-1] and "no recording" in cells[-1]


def test_a_table_says_when_a_video_begins(tmp_path, recording):
    write_signals(tmp_path / "signals" / "v1.csv", recording, shift=100)
    events = write_events(tmp_path / "events.csv", ["v1,600,605,612,micro,0.9,30"])
    begins = write_events(tmp_path / "begins.csv", ["v1,100"], "video,begin")
    table = signal_features(tmp_path / "signals", events, begins=begins)
    assert table.events[0].time == pytest.approx(120) and table.events[0].features.values["scr_count"] == 1
    begins.write_text("video,begin\nv9,x\n")
    with pytest.raises(InputError, match="begins.csv:2: needs a video and a time in s, not 'x'"):
        signal_features(tmp_path / "signals", events, begins=begins)


def mmme(tmp_path, recording, shift_s):
    """A subject's recording of two stimuli, whose frames are named by the camera's own time."""
    write_signals(tmp_path / "signals" / "S001.csv", recording, marks=[(10.0, 5), (30.0, 6)])
    for code, begin in ((5, 10.0), (6, 30.0)):
        folder = tmp_path / "media" / "S001" / "A" / str(code)
        folder.mkdir(parents=True)
        for place in range(0, 120, 4):
            at = 16 * 3600 + shift_s + begin + place / 10
            hour, rest = divmod(at, 3600)
            minute, second = divmod(rest, 60)
            ms = round(1000 * (second % 1))
            name = f"2023-7-28-{int(hour)}-{int(minute)}-{int(second)}-{ms}-{place}-{code}.tif"
            (folder / name).write_bytes(b"")
    return tmp_path / "media"


def test_names_of_frames_bring_the_clock_of_the_video_to_that_of_the_signals(tmp_path, recording):
    media = mmme(tmp_path, recording, 2.5)
    # Ten seconds after each stimulus began there is an event: frame 25 of those that are taken every .4 s.
    rows = ["S001,A_5,25,26,27,micro,2.5", "S001,A_6,25,26,27,micro,2.5"]
    events = write_events(tmp_path / "events.csv", rows, "subject,video,onset,apex,offset,kind,fps")
    table = signal_features(tmp_path / "signals", events, media=media)
    assert [event.time for event in table.events] == pytest.approx([20, 40], abs=0.01)
    assert [event.features.values["scr_count"] for event in table.events] == [1, 1]
    with pytest.raises(InputError, match="is one recording of 2 videos .* and nothing tells when each begins"):
        signal_features(tmp_path / "signals", events)


def test_the_coding_file_of_mmme_tells_times_by_the_same_clock(tmp_path, recording):
    media = mmme(tmp_path, recording, 2.5)
    header = "Subject,Filename,Marker,OnsetTime,ApexTime,OffsetTime,OnsetFrame,ApexFrame,OffsetFrame,Action Units,"
    header += "Estimated Emotion,Date,dif"
    row = "S001,A,5,16-00-22,16-00-22,16-00-22,16-00-22-500-100,16-00-22-600-101,16-00-22-900-102,AU4,disgust,x,1"
    labels = write_events(tmp_path / "coding.csv", [row], header)
    table = signal_features(tmp_path / "signals", labels, media=media)
    assert table.events[0].time == pytest.approx(20, abs=0.01)
    with pytest.raises(InputError, match="frames are named by their time: name the folder of the frames"):
        signal_features(tmp_path / "signals", labels)
    begins = write_events(tmp_path / "begins.csv", ["A_5,10"], "video,begin")
    with pytest.raises(InputError, match="^begins: does not go with frames that are named by their time .*media$"):
        signal_features(tmp_path / "signals", labels, begins=begins)


def test_markers_that_the_signals_lack_are_refused(tmp_path, recording):
    media = mmme(tmp_path, recording, 0)
    write_signals(tmp_path / "signals" / "S001.csv", recording, marks=[(10.0, 77)])
    events = write_events(tmp_path / "e.csv", ["S001,A_5,2,2,3,micro,2.5"], "subject,video,onset,apex,offset,kind,fps")
    with pytest.raises(InputError, match="shares no marker with the other clock: its codes are 5, the other's 77"):
        signal_features(tmp_path / "signals", events, media=media)


def test_a_table_of_events_without_frame_rate_is_refused(tmp_path):
    events = write_events(tmp_path / "events.csv", ["v1,600,605,612"], "video,onset,apex,offset")
    with pytest.raises(InputError, match="has no frame rate of 1 videos .'v1'.: add a column fps, or --fps"):
        read_timed_events(events)
    assert read_timed_events(events, 30.0)[0][0].seconds == 20


def test_problems_are_one_line_and_exit_code_2(tmp_path, recording, capsys):
    write_signals(tmp_path / "signals" / "v1.csv", recording)
    events = write_events(tmp_path / "events.csv", ["other,600,605,612,micro,0.9,30"])
    out = str(tmp_path / "f.csv")
    for folder, message in (("none", "is not a folder of signals"), ("signals", "of 1 events none is in a recording")):
        assert main(["physiology", "features", str(tmp_path / folder), "--events", str(events), "--out", out]) == 2
        error = capsys.readouterr().err
        assert message in error and "Traceback" not in error
    assert not (tmp_path / "f.csv").exists()


def test_when_a_video_begins_with_a_decimal_comma(tmp_path):
    with pytest.raises(InputError) as error:
        read_begins(write_events(tmp_path / "begins.csv", ["v1,0,5", "v2,7,"], "video,begin"))
    assert str(error.value).endswith("begins.csv:2: has 3 cells, the header 2: quote cells with commas, or write 0.5")


def test_a_table_of_features_with_mistakes(tmp_path):
    path = write_events(tmp_path / "f.csv", ["v1,1,2,x", "v1,a,2,1"], "video,onset,offset,scr_count")
    with pytest.raises(InputError) as error:
        read_features(path)
    assert "f.csv:2: scr_count must be a number or empty, not 'x'" in str(error.value)
    assert "f.csv:3: needs a video, and onset and offset as whole frames" in str(error.value)
    path = write_events(tmp_path / "f.csv", ["v1,1,2,0,93", "v1,3,4,1,"], "video,onset,offset,scr_count")
    with pytest.raises(InputError) as error:
        read_features(path)
    assert str(error.value).endswith("f.csv:2: has 5 cells, the header 4: quote cells with commas, or write 0.93")
    path = write_events(tmp_path / "f.csv", ["v1,1,2"], "video,onset,offset")
    with pytest.raises(InputError, match="has no column of a physiological feature"):
        read_features(path)
