"""``mevqa spot --curves``: events from given score curves, with thresholds chosen on other subjects than the tested."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mevqa.cli import main
from mevqa.spotting.decoding import decoders


@pytest.fixture
def scores(tmp_path) -> Path:
    """Curves of three subjects with an expression in the first of two videos each, a false bump in the second."""
    samples = np.arange(0, 1400, 7)
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["subject", "video", "frame", "score"])
        for subject in ("006", "007", "010"):
            for video, place, height in ((1, 700, 0.9), (2, 350, 0.3)):
                for frame in samples:
                    score = 0.02 + height * np.exp(-(((frame - place) / 30) ** 2))
                    writer.writerow([subject, f"{subject}_{video}", frame, round(float(score), 5)])
    (tmp_path / "labels.csv").write_text(
        "subject,video,onset,apex,offset\n" + "".join(f"{s},{s}_1,660,700,740\n" for s in ("006", "007", "010"))
    )
    return tmp_path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["spot", *map(str, arguments)])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_curves_are_decoded_and_scored(scores, capsys):
    code, out, err = run(
        capsys,
        "--curves",
        scores / "scores.csv",
        "--annotations",
        scores / "labels.csv",
        "--out",
        scores / "events.csv",
    )
    assert (code, err) == (0, "")
    assert "6 videos, 1,200 scores; absolute-peaks: threshold " in out
    assert "chosen for each of 3 subjects on the others" in out
    assert f"3 events in 3 of 6 videos -> {scores / 'events.csv'}" in out
    assert "micro             3           3               3  1.000" in out
    rows = list(csv.DictReader((scores / "events.csv").open()))
    assert [(row["video"], row["apex"]) for row in rows][:2] == [("006_1", "700"), ("006_2", "")]
    # The table is what `mevqa score` reads.
    assert main(["score", str(scores / "events.csv"), str(scores / "labels.csv")]) == 0


@pytest.mark.parametrize(("kind", "other"), [("micro", "macro"), ("macro", "micro")])
def test_events_of_the_other_kind_are_not_scored(scores, capsys, kind, other):
    marks = [(s, place, named) for s in ("006", "007", "010") for place, named in ((700, kind), (300, other))]
    (scores / "labels.csv").write_text(
        "subject,video,onset,apex,offset,kind\n"
        + "".join(f"{s},{s}_1,{place - 40},{place},{place + 40},{named}\n" for s, place, named in marks)
    )
    files = ["--curves", scores / "scores.csv", "--annotations", scores / "labels.csv"]
    code, out, err = run(capsys, *files, "--kinds", kind)
    assert code == 0
    assert "overall           3           3               3  1.000" in out
    assert f"{kind}             3           3               3  1.000" in out
    assert "3 events of labels.csv are of the other kind; what detects them is a false positive" in err


def test_curves_without_labels(scores, capsys):
    code, out, _ = run(capsys, "--curves", scores / "scores.csv", "--fps", 200, "--threshold", 0.5)
    assert code == 0
    assert "absolute-peaks: threshold 0.5\n3 events in 3 of 6 videos" in out
    code, out, _ = run(capsys, "--curves", scores / "scores.csv", "--length", 80, "--decoder", "relative-peaks")
    assert code == 0
    assert "relative-peaks: share of the maximum 0.55\n6 events in 6 of 6 videos" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", 0.5], "--fps: is needed without annotations"),
        (["--fps", 200], "--threshold: is needed: the decoder absolute-peaks has none of its own"),
        (["--decoder", "peaks", "--fps", 200], "--decoder: unknown decoder 'peaks'"),
        (["--kinds", "micro,macr"], "--kinds: curves are of one kind"),
        (["--kinds", "micro,macro"], "--kinds: curves are of one kind"),
        (["--json", "out.json"], "--json: is of no use with --curves"),
        (["video.mp4"], "video.mp4: is of no use with --curves"),
    ],
)
def test_missing_and_conflicting_options_are_refused(scores, capsys, options, message):
    code, out, err = run(capsys, "--curves", scores / "scores.csv", *options)
    assert (code, out) == (2, "")
    assert message in err


def test_options_of_curves_need_curves(capsys):
    code, _, err = run(capsys, "video.mp4", "--decoder", "absolute-peaks", "--annotations", "labels.csv")
    assert code == 2
    assert "--annotations: is of no use without --curves" in err
    assert "--decoder: is of no use without --curves" in err


def test_labels_of_other_videos_are_refused(scores, capsys):
    other = scores / "other.csv"
    other.write_text("subject,video,onset,offset\nx,y,1,9\n")
    code, _, err = run(capsys, "--curves", scores / "scores.csv", "--annotations", other)
    assert code == 2
    assert "none of the 6 video names of scores.csv" in err
    other.write_text("subject,video,onset,offset\n006,006_1,1,9\n")
    code, _, err = run(capsys, "--curves", scores / "scores.csv", "--annotations", other)
    assert code == 2
    assert "other.csv: without subject 6 no expression is marked" in err


def test_videos_without_a_subject_are_refused(scores, capsys):
    table = scores / "scores.csv"
    table.write_text("".join(line.split(",", 1)[1] for line in table.read_text().splitlines(keepends=True)))
    code, _, err = run(capsys, "--curves", table, "--annotations", scores / "labels.csv")
    assert code == 2
    assert "3 of 6 videos have no subject, neither here nor in labels.csv ('006_2', '007_2', '010_2')" in err


def test_the_list_that_the_help_names_has_every_decoder(capsys):
    with pytest.raises(SystemExit):
        main(["spot", "--help"])
    assert "mevqa list decoders" in " ".join(capsys.readouterr().out.split())
    assert main(["list", "decoders"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == {decoder.name for decoder in decoders()}
