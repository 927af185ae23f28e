from __future__ import annotations

import pytest
from PIL import Image

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.synthetic.writer import synthesise
from mevqa.video.decoding.streams import StreamingDecoder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    data = synthesise(tmp_path_factory.mktemp("sample") / "set", 1, seed=8, fps=(50.0,), size=(256, 256), crf=10)
    return data.media / f"{data.plans[0].id}.mp4"


def test_pictures_sheet_curve_and_table(clip, tmp_path, capsys):
    assert main(["sample", str(clip), "--out", str(tmp_path / "look")]) == 0
    names = sorted(path.name for path in (tmp_path / "look").iterdir())
    assert names[-2:] == ["contact_sheet.png", "curve.png"] and len(names) == 8
    printed = capsys.readouterr().out
    for word in ("onset", "apex", "offset", "found", "confidence", "strongest motion"):
        assert word in printed
    assert all(name in printed for name in names)
    for name in names:
        Image.open(tmp_path / "look" / name).verify()


def test_given_frames_are_compared_with_the_motion(clip, tmp_path, capsys):
    options = ["--onset", "2", "--apex", "6", "--offset", "9", "--views", "apex", "--sampler", "onset-apex"]
    assert main(["sample", str(clip), "--out", str(tmp_path), *options]) == 0
    printed = capsys.readouterr().out
    assert "given" in printed and "the motion alone would put them at" in printed
    assert "moments: onset 2, apex 6" in printed and (tmp_path / "01_apex_6.png").is_file()


def test_frames_of_the_whole_clip(clip, tmp_path, capsys):
    words = ["--views", "frames", "--sampler", "uniform", "--frames", "5"]
    assert main(["sample", str(clip), "--out", str(tmp_path), *words]) == 0
    assert len(list(tmp_path.glob("0*_frames_*.png"))) == 5 and not (tmp_path / "curve.png").exists()
    assert "uniform-5" in capsys.readouterr().out


def test_ready_made_map(clip, tmp_path, capsys):
    ready = Image.new("RGB", (28, 28), (10, 200, 90))
    # A uniform picture would be one without motion.
    ready.putpixel((20, 20), (90, 10, 200))
    ready.save(tmp_path / "map.png")
    words = ["--views", "motion", "--precomputed", f"flow={tmp_path / 'map.png'}", "--out", str(tmp_path / "look")]
    assert main(["sample", str(clip), *words]) == 0
    assert Image.open(tmp_path / "look" / "01_motion.png").getpixel((5, 5)) == (10, 200, 90)
    assert "ready" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--views", "apx"], "did you mean 'apex'"),
        (["--views", ","], "names no view"),
        (["--sampler", "oao-j"], "did you mean"),
        (["--apex", "4000"], "--apex 4000: synth8_s01_0001.mp4 has frames 0 to"),
        (["--precomputed", "motion"], "is not VIEW=FILE"),
        (["--precomputed", "motion=none.png"], "is not a file"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(clip, tmp_path, capsys, words, message):
    assert main(["sample", str(clip), "--out", str(tmp_path / "look"), *words]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


def test_a_rate_of_zero_is_refused_by_the_parser(clip, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["sample", str(clip), "--out", str(tmp_path / "look"), "--fps", "0"])
    assert caught.value.code == 2
    assert capsys.readouterr().err == "mevqa sample: --fps: must be above 0, not 0\n"


def test_a_missing_clip_and_a_folder_that_is_a_file(clip, tmp_path, capsys):
    assert main(["sample", str(tmp_path / "none.mp4"), "--out", str(tmp_path)]) == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["sample", str(clip), "--out", str(tmp_path / "file")]) == 2
    assert "is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--onset", "9", "--apex", "6"], ["--onset 9, --apex 6: must follow one another; "]),
        (
            ["--apex", "6", "--onset", "7", "--offset", "9"],
            ["--onset 7, --apex 6, --offset 9: must follow one another; "],
        ),
        (
            ["--apex", "800", "--offset", "900"],
            ["--apex 800: CLIP has frames 0 to ", "--offset 900: CLIP has frames 0 to "],
        ),
    ],
)
def test_impossible_moments_are_named_by_their_options(clip, tmp_path, options, lines, capsys):
    """Before a model is loaded or a picture drawn: the model that is asked here does not exist."""
    for command in (
        ["sample", str(clip), "--out", str(tmp_path / "look")],
        ["ask", str(clip), "Why?", "--model", "none"],
    ):
        assert main([*command, *options]) == 2
        messages = capsys.readouterr().err.splitlines()
        assert len(messages) == len(lines)
        for printed, line in zip(messages, lines, strict=True):
            assert line.replace("CLIP", clip.name) in printed and "annotation" not in printed


def test_errors_of_the_library_name_parameters(clip, tmp_path):
    with pytest.raises(InputError, match="^onset 9, apex 6: must follow one another"):
        mevqa.ask(clip, "Why?", onset=9, apex=6)


@pytest.mark.parametrize("options", [(), ("--onset", "2", "--apex", "6", "--offset", "9")])
@pytest.mark.parametrize("command", ["ask", "sample"])
def test_a_short_clip_is_decoded_once_with_and_without_given_moments(clip, tmp_path, command, options, monkeypatch):
    started = []
    start = StreamingDecoder.__init__

    def count(self, path, *more):
        started.append(path)
        start(self, path, *more)

    monkeypatch.setattr(StreamingDecoder, "__init__", count)
    fresh = tmp_path / "fresh.mp4"  # Nothing of it is remembered.
    fresh.write_bytes(clip.read_bytes())
    words = {"ask": ["Is the action unit AU4 shown?", "--model", "mock"], "sample": ["--out", str(tmp_path / "look")]}
    assert main([command, str(fresh), *words[command], "--face", "none", *options]) == 0
    assert started == [fresh]
