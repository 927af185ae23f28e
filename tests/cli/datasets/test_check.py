"""The command `mevqa check`."""

from __future__ import annotations

import argparse
import json

import pytest

from mevqa.cli.datasets import check
from mevqa.errors import InputError


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    check.configure(parser)
    return check.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def file(tmp_path):
    row = {"video_id": "q1", "video": "a", "question": "What is the action unit?", "answer": ""}
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"video_id": "q2", "question": "Why?"}) + "\n")
    return path


@pytest.fixture
def media(tmp_path):
    from PIL import Image

    folder = tmp_path / "media" / "a"
    folder.mkdir(parents=True)
    for number in range(4):
        Image.new("L", (8, 8), number).save(folder / f"img{number}.png")
    return folder.parent


def test_a_good_set(file, media, capsys):
    assert run(file, "--media", media) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert f"{file}: no problems" in printed.out
    assert "au_list 1, open 1" in printed.out
    assert "1 of no known type, answered freely" in printed.out
    assert "4 frames" in printed.out


def test_problems_are_one_line_each_and_exit_two(file, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(file, "--media", tmp_path / "empty", "--precomputed", "oops") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second, count = printed.err.splitlines()
    assert first.startswith(f"{file}:1: clip a: has no media")
    assert second.startswith("--precomputed: 'oops' is not VIEW=DIR")
    assert count == "mevqa check: 2 problems"


def test_the_report_is_printed_as_json(file, media, tmp_path, capsys):
    assert run(file, "--media", media, "--json", "-") == 0
    good = json.loads(capsys.readouterr().out)
    assert good["ok"] and good["problems"] == [] and good["summary"]["types"] == {"au_list": 1, "open": 1}
    assert run(file, "--media", tmp_path / "none", "--json", "-") == 2
    bad = json.loads(capsys.readouterr().out)
    assert not bad["ok"]
    assert bad["problems"] == [
        {"path": str(tmp_path / "none"), "line": None, "message": "the folder of the media does not exist"}
    ]


def test_without_media_the_mistake_in_the_pictures_stands_alone(file):
    with pytest.raises(InputError, match="is not VIEW=DIR"):
        run(file, "--precomputed", "oops")


def test_line_ends_and_a_byte_order_mark_are_warnings(file, media, capsys):
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert run(file, "--media", media) == 0
    printed = capsys.readouterr().out
    assert f"warning     {file}: starts with a byte order mark" in printed
    assert "with CR LF (Windows), those of the official files with LF: row 1" in printed
