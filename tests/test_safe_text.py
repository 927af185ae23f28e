"""Texts safe to share and to print: paths, secrets and control characters."""

import io
import re
import sys

import pytest

from mevqa.cli import main
from mevqa.cli.progress import frame_progress
from mevqa.cli.streams import usable_streams
from mevqa.safe_text import portable, visible, without_secrets
from mevqa.terminal.console import make_console

#: Clears the screen, sets the window's title, moves the cursor, rings, overwrites the line, turns the reading order.
HOSTILE = "a\x1b[2J\x1b]0;owned\x07\x9b1A\rb\u202ec\x7f"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.mark.parametrize(
    "text, escaped",
    [
        (HOSTILE, r"a\u001b[2J\u001b]0;owned\u0007\u009b1A\u000db\u202ec\u007f"),
        ("two\nlines\tand 微表情 🙂 é", "two\nlines\tand 微表情 🙂 é"),
    ],
)
def test_control_characters_are_shown_as_json_escapes_them(text, escaped):
    assert visible(text) == escaped


@pytest.mark.parametrize(
    "text, starred",
    [
        ("token hf_" + "aB3" * 10 + " end", "token hf_*** end"),
        ("sk-proj-" + "x1" * 12, "sk-***"),
        ("get https://ann:pass@mirror.example/api?x", "get https://***@mirror.example/api?x"),
        ("http://token@host", "http://***@host"),
        ("see https://example.org/a@b, hf_hub and ann@example.org", None),
        ("sk-learn and hf_transfer", None),
    ],
)
def test_secrets_are_starred_out(text, starred):
    assert without_secrets(text) == (text if starred is None else starred)


def test_plain_values_lose_folders_and_keep_what_is_no_path():
    values = {
        "/home/ann/q.jsonl": 1,
        "media": ["/data/a b/clips", "clips/short"],
        "targets": (r"\bq_proj\b", "~/x"),
        "model": "Qwen/Qwen3-VL",
        "windows": "C:\\Users\\ann\\model",
        "none": None,
    }
    assert portable(values) == {
        "q.jsonl": 1,
        "media": ["clips", "clips/short"],
        "targets": [r"\bq_proj\b", "x"],
        "model": "Qwen/Qwen3-VL",
        "windows": "model",
        "none": None,
    }


def test_names_and_secrets_in_messages_are_escaped_and_masked(capsys):
    secret = "https://ann:secret@host/model"
    assert main(["ask", f"{HOSTILE}.mp4", "What is the action unit?"]) == 2
    assert main(["ask", "none.mp4", "What is the action unit?", "--model", secret]) == 2
    with pytest.raises(SystemExit):
        main(["score", "a", f"--{HOSTILE}"])
    printed = capsys.readouterr()
    assert "owned" in printed.err and not OBEYED.search(printed.out + printed.err)
    assert "secret" not in printed.err


class Terminal(io.StringIO):
    """A terminal that keeps the text written to it."""

    def isatty(self):
        return True


def test_bars_are_drawn_and_names_in_them_are_not_obeyed(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with usable_streams(), frame_progress(f"{HOSTILE} [/red] {{task}} [bold") as advance:
        advance(1, 2)
    text = terminal.getvalue()
    assert "owned" in text and "[/red] {task} [bold" in text
    assert "\x1b]0" not in text and "\x1b[2J" not in text and "\x07" not in text and "\x1b[" in text


def test_consoles_colour_their_own_texts_only(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with usable_streams():
        make_console(highlight=False).print(f"{HOSTILE} [/] [link=file:///etc]x", style="red")
    text = terminal.getvalue()
    assert "\x1b[31m" in text and "\x1b]" not in text and "[/] [link=file:///etc]x" in text
