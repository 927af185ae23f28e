"""Handlers of the page about one clip, without a browser: the updates that they yield."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from parts_by_name import PARTS, last

from mevqa.app.pages.clip import ClipPage
from mevqa.errors import MevqaError


@pytest.fixture(scope="module")
def handlers(page):
    return ClipPage(page.state, PARTS)


def give(page, path, tmp_path):
    """Put a file where Gradio keeps uploads."""
    folder = page.state.sessions.root / tmp_path.name
    folder.mkdir(exist_ok=True)
    return shutil.copy(path, folder)


def upload(handlers, page, path, tmp_path, visitor, length="by its length"):
    return last(handlers.uploaded(give(page, path, tmp_path), "unknown", length, visitor.request))


@pytest.fixture(scope="module")
def opened(handlers, page, clip, visit, tmp_path_factory):
    """A visitor who has uploaded a video, and what the page shows of it."""
    me = visit(page, "opened")
    return me, upload(handlers, page, clip, tmp_path_factory.mktemp("opened"), me)


def test_a_video_is_looked_at_and_asked_about_as_mevqa_ask_does(handlers, page, clip, opened):
    import mevqa

    me, values = opened
    assert "found in the motion, not given" in values["pictures"] and values["pictures"].count("<figure>") == 4
    assert (values["onset"], values["apex"]) == page.state.session(me.request).clip.moments[:2]
    questions = ["What is the coarse expression class?", "What are the action units?"]
    last(handlers.asked([], questions, "", "unknown", ["mock"], me.request))
    [exchange] = page.state.session(me.request).answers
    plain = mevqa.ask(clip, questions, "mock")
    assert [answer.text for answer in exchange.answers] == [answer.text for answer in plain.answers]
    assert [answer.warnings for answer in exchange.answers] == [answer.warnings for answer in plain.answers]
    assert [view.image.tobytes() for view in exchange.clip_views.views] == [
        view.image.tobytes() for view in plain.clip_views.views
    ]


def test_moments_that_a_user_sets_change_what_is_shown(handlers, page, opened, monkeypatch):
    me, first = opened
    onset, apex, offset = first["onset"], first["apex"], first["offset"]
    moved = last(handlers.moments_set(onset, apex + 1, offset, me.request))
    assert moved["apex"] == apex + 1 and "set by you" in moved["pictures"]
    assert moved["pictures"] != first["pictures"]
    unordered = last(handlers.moments_set(5, 3, 9, me.request))
    assert "onset, apex and offset must follow one another" in unordered["status"]
    outside = last(handlers.moments_set(0, 3, 9999, me.request))
    assert "must be among them" in outside["status"]
    monkeypatch.setattr("mevqa.app.pages.clip.find_expression", lambda clip, report: clip)
    last(handlers.find_events(me.request))
    assert page.state.session(me.request).clip.user_moments is None


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.mp4", b"I am a text"), ("empty.mp4", b""), ("<img src=x>.mp4", b"\0\0\0\x18ftypmp42" + bytes(500))],
)
def test_a_file_that_is_no_video_gives_one_line_and_is_not_kept(handlers, page, visit, tmp_path, name, content):
    me = visit(page)
    path = tmp_path / name
    path.write_bytes(content)
    status = upload(handlers, page, path, tmp_path, me)["status"]
    assert 'role="alert"' in status and "<img" not in status
    assert str(page.state.sessions.root) not in status
    session = page.state.session(me.request)
    assert session.clip is None and not [file for file in session.folder.rglob("*") if file.is_file()]
    assert "open a video first" in last(handlers.asked([], ["Why?"], "", "unknown", ["mock"], me.request))["status"]


def test_an_upload_that_is_refused_before_it_is_read_is_not_kept(handlers, page, clip, visit, tmp_path, monkeypatch):
    def too_many(session):
        raise MevqaError("wait")

    monkeypatch.setattr(page.state.sessions, "count_job", too_many)
    uploaded = Path(give(page, clip, tmp_path))
    assert "wait" in last(handlers.uploaded(str(uploaded), "unknown", "by its length", visit(page).request))["status"]
    assert not uploaded.exists()


def test_questions_that_fit_the_kind_of_video_are_suggested(handlers, page, clip, visit, tmp_path, monkeypatch):
    for name in ("find_expression", "spot_events"):
        monkeypatch.setattr(f"mevqa.app.pages.clip.{name}", lambda clip, report: clip)
    me = visit(page)
    assert "chosen" not in upload(handlers, page, clip, tmp_path, me)
    long = upload(handlers, page, clip, tmp_path, me, "a long video")
    assert long["chosen"][0] == "How many expression events appear in this video?"
    assert "chosen" not in upload(handlers, page, clip, tmp_path, me, "a long video")
    assert upload(handlers, page, clip, tmp_path, me)["chosen"][0] == "What is the coarse expression class?"


def test_questions_have_bounds(handlers, opened):
    me, _ = opened

    def ask(chosen, typed, models=("mock",)):
        return last(handlers.asked([], chosen, typed, "unknown", list(models), me.request))["status"]

    assert "choose a question or write one" in ask([], " \n ")
    assert "these are 7 questions, and 6 is the most" in ask([], "\n".join("abcdefg"))
    assert "500 is the most" in ask([], "x" * 501)
    assert "choose a model" in ask([], "Why?", [])


def test_stopping_ends_the_work_that_is_under_way(handlers, page, clip, visit, tmp_path, monkeypatch):
    me = visit(page)
    begun, ended = threading.Event(), threading.Event()

    def endless(opened, report):
        begun.set()
        try:
            while True:
                sum(range(100))
        finally:
            ended.set()

    monkeypatch.setattr("mevqa.app.pages.clip.find_expression", endless)
    press = threading.Thread(target=lambda: begun.wait(20) and handlers.stopped(me.request))
    press.start()
    updates = last(handlers.uploaded(give(page, clip, tmp_path), "unknown", "one expression", me.request))
    press.join(20)
    assert ended.wait(20) and "Stopped." in updates["status"]


def test_an_unexpected_error_is_one_line(handlers, page, clip, visit, tmp_path, monkeypatch, capsys):
    def broken(opened, report):
        raise RuntimeError("/secret/folder is broken")

    monkeypatch.setattr("mevqa.app.pages.clip.find_expression", broken)
    status = upload(handlers, page, clip, tmp_path, visit(page))["status"]
    assert "did not expect (RuntimeError)" in status and "secret" not in status
    assert "secret" in capsys.readouterr().err


def test_a_page_of_before_a_restart_is_told_to_reload(handlers, visit):
    request = SimpleNamespace(cookies={"mevqa_app": "old"}, session_hash="tab")
    assert "reload it" in last(handlers.find_events(request))["status"]
