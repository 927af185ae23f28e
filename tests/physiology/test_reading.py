"""Recordings of every format are read into the same signals, and mistakes are one line each."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

pytest.importorskip("mne", reason="the extra physiology is not installed")
import mne

from mevqa.errors import InputError
from mevqa.physiology import Marker, ReadOptions, read_signals, synthetic_signals
from mevqa.physiology.reading.triggers import trigger_markers
from mevqa.physiology.synthetic.writer import write_physiology

RATE = 100.0


def refusal(path, options=None):
    with pytest.raises(InputError) as error:
        read_signals(path, options)
    return str(error.value)


def table(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_of_signals(tmp_path):
    rows = [f"{5 + i / 100:.2f},{7 if i == 3 else ''},{i * 0.1:.1f},{'' if i == 4 else 2 * i},31.5" for i in range(50)]
    signals = read_signals(table(tmp_path / "a.csv", "time,marker,ecg (mV),eda [nS],skt", rows))
    assert signals.name == "a" and signals.modalities == ("ecg", "eda", "skt")
    assert signals.markers == (Marker(pytest.approx(5.03), 7),)
    eda = signals.of("eda")[0]
    assert eda.unit == "uS" and eda.rate == pytest.approx(100) and eda.start == 5
    assert eda.values[3] == pytest.approx(0.006) and np.isnan(eda.values[4])
    assert signals.notes == ("the channel 'skt' has no unit: degC is assumed",)


def test_tables_of_other_countries_and_units(tmp_path):
    rows = [f"{10 * i};{i};98,6" for i in range(20)]
    text = "\n".join(["time (ms);gsr (uS);temp (deg F)", *rows]).replace("98,6", "98.6")
    path = tmp_path / "b.csv"
    path.write_text(text)
    signals = read_signals(path)
    assert signals.channels[0].rate == pytest.approx(100)
    assert signals.of("skt")[0].values[0] == pytest.approx(37.0, abs=0.01)


@pytest.mark.parametrize("ends", [("", "", ""), (",", ",", ","), ("", ",,", "")])
def test_empty_cells_at_the_end_of_rows_move_no_column(tmp_path, ends):
    rows = [f"{time},{time + 1}{end}" for time, end in enumerate(ends)]
    (channel,) = read_signals(table(tmp_path / "a.csv", "time,ecg (mV)", rows)).channels
    assert channel.values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("time,x", ["0,1", "1,2"], "a.csv:1: has no column that is named after a signal"),
        ("ecg", ["0", "1"], "a.csv:1: has no column time"),
        ("time,ecg", ["0,1", "1,abc", "2,3"], "a.csv:3: ecg must be a number, not 'abc'"),
        ("time,ecg", ["0,1", "1,2", "3.9,3", "4.9,1"], "a.csv:4: the time 3.9 s follows 1 s, others follow by 1 s"),
        ("time,ecg", ["2,1", "1,2"], "a.csv:3: the time 1 s follows 2 s"),
        ("time,eda (V)", ["0,1", "1,2"], "'V', which is no unit of EDA"),
        ("time,ecg,marker", ["0,1,0", "1,2,1.5"], "a.csv:3: the marker must be a whole number, not 1.5"),
        ("time,ecg", [], "a.csv:1: has columns and no rows"),
        ("time,ecg", ["0,1,5", "1,2,5", "2,3,5"], "a.csv:2: has 3 cells, the header 2: quote cells with commas"),
        ("time,ecg", ["0,1", "1,2,5", "2,3"], "a.csv:3: has 3 cells, the header 2: quote cells with commas"),
        ("time,ecg,", ["0,1,5", "1,2,", "2,3,"], "a.csv:2: has 3 cells, the header 2: quote cells with commas"),
    ],
)
def test_mistakes_in_tables_name_file_and_line(tmp_path, header, rows, message):
    assert message in refusal(table(tmp_path / "a.csv", header, rows))


def biopac(path, *, labels=True, **more):
    times = np.arange(1000) / RATE
    data = np.zeros((1000, 17))
    data[:, 0] = np.sin(times)
    data[:, 3] = 5 + np.cos(times)
    data[200:210, 9 + 0] = 5  # code 1
    data[400:410, 9 + 1] = 5  # code 6: the third line rises a sample late
    data[401:410, 9 + 2] = 5
    names = ["PPG100C", "RSP, X, RSPEC-R", "SKT100C", "EDA, Y, EDA100C", "ECG100C", "C5", "C6", "C7", "C8"]
    names += [f"Digital input {place}" for place in range(8)]
    units = ["Volts", "Volts", "deg C", "microsiemens", "mV", *["Volts"] * 12]
    content = {"data": data, "isi": np.array([[10.0]]), "isi_units": "ms", **more}
    content |= {"labels": np.array(names), "units": np.array(units)} if labels else {}
    savemat(path, {name: value for name, value in content.items() if value is not None})
    return path


def test_a_matlab_file_of_acqknowledge(tmp_path):
    signals = read_signals(biopac(tmp_path / "s01.mat"))
    assert signals.modalities == ("ppg", "ecg", "rsp", "eda", "skt")
    assert {channel.rate for channel in signals.channels} == {RATE}
    assert signals.of("eda")[0].unit == "uS" and signals.of("eda")[0].values[0] == pytest.approx(6)
    assert signals.markers == (Marker(2.0, 1), Marker(pytest.approx(4.0), 6))
    assert signals.notes == ()  # C5 to C8 are empty.


def test_columns_that_hold_something_and_are_named_after_no_signal_are_noted(tmp_path):
    path = biopac(tmp_path / "s01.mat")
    content = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    content["data"][:, 5:7] = np.arange(1000)[:, None]
    savemat(path, content)
    assert read_signals(path).notes == ("2 columns are named after no signal and passed over: C5, C6",)
    columns = ("ppg", "rsp", "skt", "eda", "ecg", *["-"] * 4, *["digital"] * 8)
    assert read_signals(path, ReadOptions(columns)).notes == ()  # The user has said so.
    rows = [f"{i / 100:.2f},{i},{i},," for i in range(20)]
    signals = read_signals(table(tmp_path / "a.csv", "time,ecg,acceleration,spare,", rows))
    assert signals.notes == ("a column is named after no signal and passed over: acceleration",)


def test_what_mevqa_physiology_synth_writes_is_read_without_a_word(tmp_path):
    made = write_physiology(tmp_path / "made", 1, 1, seed=3, rate=100.0)
    (recording,) = made.signals.iterdir()
    assert read_signals(recording).notes == ()


def test_a_matlab_file_without_labels_is_read_when_the_user_names_its_columns(tmp_path):
    path = biopac(tmp_path / "s01.mat", labels=False)
    assert "does not name its 17 columns (labels): name them in order with --columns" in refusal(path)
    columns = ("ppg", "rsp", "skt", "eda", "ecg", *["-"] * 4, *["digital"] * 8)
    signals = read_signals(path, ReadOptions(columns))
    assert signals.modalities == ("ppg", "ecg", "rsp", "eda", "skt") and len(signals.markers) == 2
    assert "--columns: names 3 columns, but" in refusal(path, ReadOptions(("ppg", "-", "eda")))
    wrong = ReadOptions(("pgg", *columns[1:]))
    assert "there is no modality 'pgg'; did you mean 'ppg'?" in refusal(path, wrong)


def test_a_matlab_file_that_cannot_be_read_says_why(tmp_path):
    path = tmp_path / "s01.mat"
    path.write_bytes(b"no matlab file at all" * 20)
    assert refusal(path).startswith(f"{path}: is no MATLAB file that can be read")
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(500))
    assert "version 7.3" in refusal(path)
    assert "does not say how fast it was sampled (isi): give --rate" in refusal(biopac(path, isi=None))
    assert "has no variable data" in refusal(biopac(path, data=None))


def test_triggers_that_follow_one_another_without_rest():
    codes = np.repeat([0, 3, 5, 0, 5], [10, 20, 20, 20, 20])
    lines = (codes[:, None] >> np.arange(8)) & 1
    markers = trigger_markers(lines.astype(float), 1000.0, start=1.0)
    assert [(round(marker.time, 3), marker.code) for marker in markers] == [(1.01, 3), (1.03, 5), (1.07, 5)]
    assert trigger_markers(np.zeros((10, 8)), 1000.0) == ()


def test_pulses_of_one_sample_are_triggers_and_lines_that_fall_one_by_one_are_none():
    codes = np.array([0, 0, 4, 0, 0, 6, 6, 6, 2, 0, 0])
    markers = trigger_markers(((codes[:, None] >> np.arange(3)) & 1).astype(float), 1.0)
    assert [(marker.time, marker.code) for marker in markers] == [(2, 4), (5, 6)]


@pytest.fixture
def eeg(tmp_path):
    info = mne.create_info(["Fz", "Cz", "ECG", "STI"], RATE, ["eeg", "eeg", "ecg", "stim"], verbose="error")
    data = np.zeros((4, 1000))
    data[0] = 1e-5 * np.sin(np.arange(1000))
    data[3, 300:305] = 9
    raw = mne.io.RawArray(data, info, verbose="error")
    raw.set_annotations(mne.Annotations([5.0, 6.0], [0, 0], ["Stimulus/S  7", "BAD"]))
    raw.save(tmp_path / "eeg_raw.fif", verbose="error")
    return tmp_path / "eeg_raw.fif"


def test_eeg_through_mne_in_microvolts_with_triggers_and_annotations(eeg):
    signals = read_signals(eeg)
    assert [channel.name for channel in signals.of("eeg")] == ["Fz", "Cz"] and len(signals.of("ecg")) == 1
    assert signals.of("eeg")[0].unit == "uV" and np.max(signals.of("eeg")[0].values) == pytest.approx(10, abs=0.1)
    assert signals.markers == (Marker(3.0, 9), Marker(5.0, 7))
    assert signals.notes == ("1 annotations have no number and are no markers",)


HEADER = """\
DATA_PARAMETERS START
   NumSamples = 500
   NumChannels = 3
   NumTrials = 1
   SampleFreqHz = 1000
   TriggerOffsetUsec = 0
   DataFormat = FLOAT
   DataSampOrder = SAMP
   SampleTimeUsec = 1000
   DataByteOrder = INTEL
   StartYear = 2023
   StartMonth = 7
   StartDay = 28
   StartHour = 16
   StartMin = 0
   StartSec = 0
   StartMillisec = 0
   AmplifierInfo =
DATA_PARAMETERS END
DEVICE_PARAMETERS START
   NumChanThisGroup = 2
   DataUnit = uV
DEVICE_PARAMETERS END
DEVICE_PARAMETERS_OTHERS START
   NumChanThisGroup = 1
   DataUnit = uV
DEVICE_PARAMETERS_OTHERS END
"""


def curry(path):
    """A Curry file of two electrodes and a trigger, as its documentation describes them."""
    lists = [("LABELS", "", ["Fz", "Cz"]), ("LABELS", "_OTHERS", ["Trigger"])]
    lists += [("SENSORS", "", ["0 80 50", "0 0 100"])]
    text = HEADER
    for name, group, rows in lists:
        text += f"{name}{group} START\n   ListNrRows = {len(rows)}\n{name}{group} END\n"
        text += f"{name}{group} START_LIST\n" + "".join(f"{row}\n" for row in rows) + f"{name}{group} END_LIST\n"
    path.with_name(path.name + ".dpa").write_text(text)
    values = np.zeros((500, 3), dtype=np.float32)
    values[:, 0] = 20 * np.sin(np.arange(500) / 5)
    values[100:110, 2] = 116
    values.tofile(path)
    return path


def test_a_curry_file_with_its_trigger(tmp_path, capfd):
    pytest.importorskip("curryreader")
    signals = read_signals(curry(tmp_path / "S001.cdt"))
    assert [channel.name for channel in signals.of("eeg")] == ["Fz", "Cz"] and signals.name == "S001"
    assert np.max(signals.of("eeg")[0].values) == pytest.approx(20, abs=0.1)
    assert signals.markers == (Marker(0.1, 116),)
    (tmp_path / "S001.cdt.dpa").unlink()
    assert "S001.cdt" in refusal(tmp_path / "S001.cdt") and "\n" not in refusal(tmp_path / "S001.cdt")
    assert capfd.readouterr() == ("", "")


def test_damaged_and_missing_files_of_mne_are_one_line(tmp_path, eeg):
    eeg.write_bytes(eeg.read_bytes()[:2000])
    path = tmp_path / "x.edf"
    path.write_bytes(b"junk" * 100)
    for file in (eeg, path):
        assert "cannot be read" in refusal(file) and "\n" not in refusal(file)
    assert refusal(tmp_path / "none.edf").endswith("there is no such file or folder")


def test_the_files_of_two_recorders_are_brought_to_one_clock_by_their_markers(tmp_path):
    def lines(markers, shift):
        rows = []
        codes = {round((time + shift) * 100): code for time, code in markers}
        for place in range(3000):
            rows.append((place / 100, codes.get(place, 0), np.sin(place)))
        return rows

    marks = [(3.0, 1), (8.0, 2), (14.5, 1), (20.0, 3)]
    for name, channel, shift in (("a", "ecg", 0.0), ("b", "eda (uS)", 4.2)):
        text = [f"{time},{code},{value:.3f}" for time, code, value in lines(marks, shift)]
        table(tmp_path / f"{name}.csv", f"time,marker,{channel}", text)
    signals = read_signals(tmp_path)
    assert signals.of("eda")[0].start == pytest.approx(-4.2, abs=0.01) and len(signals.markers) == 4
    other = [f"{place / 100},{9 if place == 5 else 0},1" for place in range(100)]
    table(tmp_path / "b.csv", "time,marker,rsp", other)
    assert "shares no marker with the other clock: its codes are 9, the other's 1, 2, 3" in refusal(tmp_path)


def test_a_synthetic_recording_is_read_as_it_was_made(tmp_path):
    from mevqa.physiology.synthetic.writer import write_physiology

    made = write_physiology(tmp_path / "set", 1, 2, seed=3, rate=200, missing=0)
    (folder,) = made.signals.iterdir()
    signals = read_signals(folder)
    assert signals.modalities == ("eeg", "ppg", "ecg", "rsp", "eda", "skt") and [m.code for m in signals.markers] == [
        1,
        2,
        3,
    ]
    again = synthetic_signals("x", 10, seed=3 * 1000 + 1, rate=200, modalities=["skt"])
    assert signals.of("skt")[0].values[0] == pytest.approx(again.channels[0].values[0], abs=0.1)
    with pytest.raises(InputError, match="is not an empty folder"):
        write_physiology(tmp_path / "set", 1, 2)
