"""The options -q and -v, which every command has."""

from __future__ import annotations

import logging

import pytest

from mevqa.cli import main
from mevqa.cli.progress import count_progress, lines_now_and_then
from mevqa.terminal import verbosity


@pytest.mark.parametrize(
    "words", [["-q", "list", "presets"], ["list", "-q", "presets"], ["list", "presets", "--quiet"]]
)
def test_quiet_may_stand_anywhere_and_ends_with_the_command(words, monkeypatch, capsys):
    shows_progress = []
    monkeypatch.setattr(
        "mevqa.api.listing.available", lambda what: {what: str(shows_progress.append(verbosity.progress_shows()))}
    )
    assert main(words) == 0 and shows_progress == [False] and verbosity.progress_shows()


def test_quiet_hides_progress_and_notes_but_no_warning_or_error(capsys):
    with verbosity.hidden_progress():
        lines_now_and_then(0.0)("a line", True)
        verbosity.show("note: one")
        with count_progress("x", "clips") as report:
            report(1, 2)
        assert capsys.readouterr().err == ""
    verbosity.show("note: one")
    assert capsys.readouterr().err == "note: one\n"
    assert main(["-q", "env", "--json"]) == 0
    assert capsys.readouterr().err.startswith("warning: --json now takes a file")
    assert main(["check", "-q", "nowhere.jsonl"]) == 2
    assert "nowhere.jsonl: cannot be read" in capsys.readouterr().err


def test_verbose_logs_the_steps_of_the_library_and_then_no_more(tmp_path, capsys):
    file = tmp_path / "q.jsonl"
    file.write_text('{"video_id": "1", "video": "a", "question": "What are the action units?"}\n')
    assert main(["check", str(file), "-v"]) == 2  # No clips are named.
    logged = capsys.readouterr().err
    assert " mevqa.cli.verbosity: mevqa check: {'questions': " in logged
    assert not logging.getLogger("mevqa").handlers
    assert main(["check", str(file)]) == 2
    assert "mevqa.cli.verbosity" not in capsys.readouterr().err


def test_quiet_and_verbose_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        main(["list", "presets", "-q", "-v"])
    assert capsys.readouterr().err == "mevqa list: -v/--verbose: not allowed with -q/--quiet\n"
