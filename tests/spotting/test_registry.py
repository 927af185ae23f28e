"""Spotters by name: from Python, from the command, in the fingerprint of a run, and what their results lack added."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.inference.fingerprint import view_config_record
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.spotting.base import SpotOptions, Spotter, Spotting
from mevqa.spotting.registry import find_spotter, register_spotter, spot_options, spotter_names
from mevqa.spotting.video import spot_video
from mevqa.synthetic.encoding import write_mp4


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "talk.mp4"
    write_mp4(path, [np.full((48, 64, 3), 5 * number, np.uint8) for number in range(40)], 20.0, 12)
    return path


@pytest.fixture
def toy():
    """A spotter that finds a micro- and a macro-expression in every video."""

    @register_spotter("toy")
    class Toy(Spotter):
        def spot(self, video, progress=lambda done, total: None):
            seen = [frame.number for frame in video.read_forward()]
            progress(len(seen), len(video))
            events = [Event(2, 4, 8, kind="micro"), Event(10, None, 30, kind=None)]
            return Spotting.of(video, events, scores=[(0.0, 0.5)], warnings=["a toy"])

    return Toy


def test_what_a_spotter_leaves_open_is_added(video, toy):
    done = []
    result = mevqa.spot(video, spotter="toy", progress=lambda *frames: done.append(frames))
    assert done == [(40, 40)] and (result.video, result.fps, result.frames) == ("talk", 20.0, 40)
    micro, macro = result.events
    assert (micro.onset_ms, micro.apex_ms, micro.offset_ms, micro.score) == (100.0, 200.0, 400.0, 1.0)
    assert (macro.apex, macro.kind) == (20, "macro") and result.warnings == ("a toy",)
    assert [event.kind for event in mevqa.spot(video, spotter="toy", kinds="macro").events] == ["macro"]


def test_events_outside_the_video_are_refused(video):
    with mevqa.open_video(video) as opened, pytest.raises(ValueError, match="not in order inside 40 frames"):
        Spotting.of(opened, [Event(30, 35, 40)])


def test_the_command_names_it_lists_it_and_suggests_it(video, toy, tmp_path, capsys):
    assert main(["spot", str(video), "--spotter", "toy", "--out", str(tmp_path / "e.csv")]) == 0
    assert "micro-expressions 1, macro-expressions 1" in capsys.readouterr().out
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 3
    assert main(["spot", str(video), "--spotter", "motoin"]) == 2
    assert "unknown spotter 'motoin'; did you mean 'motion'?" in capsys.readouterr().err
    for command in ("spot", "eval", "str"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "motion" in capsys.readouterr().out.partition("--spotter")[2]


def test_a_spotter_with_nothing_to_learn_says_so(toy, tmp_path):
    with pytest.raises(InputError, match="--calibrator"):
        spot_options(calibrator=tmp_path / "own.json", spotter="toy")
    with pytest.raises(InputError, match="the spotter toy has nothing to learn"):
        find_spotter("toy").fit(None, SpotOptions(spotter="toy"), tmp_path, None)


def test_what_another_spotter_learned_is_refused(video):
    class Other:
        def digest(self):
            return "0"

    with pytest.raises(InputError, match="of another spotter than motion"):
        spot_video(video, options=SpotOptions(calibrator=Other()))


def test_a_name_is_taken_once(toy):
    with pytest.raises(ValueError, match="registered already"):
        register_spotter("toy")(toy)
    assert spotter_names()[0] == "motion" and "toy" in spotter_names()


def test_the_fingerprint_knows_the_spotter_and_is_as_before_with_the_default(toy):
    usual = view_config_record(ViewConfig(("motion",), spotter=SpotOptions()))["spotter"]
    assert list(usual) == [field.name for field in fields(SpotOptions) if field.name not in ("spotter", "features")]
    options, problems = ViewOptions(spotter="toy").check()
    assert (
        problems == [] and view_config_record(ViewConfig(("motion",), spotter=options))["spotter"]["spotter"] == "toy"
    )
    (problem,) = ViewOptions(spotter="tyo").check()[1]
    assert "did you mean 'toy'?" in str(problem)
