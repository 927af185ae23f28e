"""The page in a real browser, from the upload to the answer."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from browser import Browser

from mevqa.app.server import RunningPage, running
from mevqa.app.settings import AppSettings

#: What Gradio's own client writes to the console when it closes a stream.
_OF_GRADIO = "Method not implemented."

_HOSTILE = "Is ${document.title='pwned'} {{#each value}}{{this}} <img src=x onerror=document.title='pwned'> shown?"


def text(browser: Browser, selector: str) -> str:
    return str(browser.run(f"document.querySelector('{selector}')?.innerText ?? ''"))


def says(selector: str, words: str) -> str:
    return f"document.querySelector('{selector}').innerText.includes({words!r})"


def click(browser: Browser, selector: str) -> None:
    browser.run(f"document.querySelector('{selector}').click()")


def write(browser: Browser, selector: str, value: str) -> None:
    """Write into a field, as typing does."""
    browser.run(
        f"{{ const field = document.querySelector('{selector}'); field.focus(); field.value = {value!r};"
        "field.dispatchEvent(new Event('input', {bubbles: true})); field.blur() }"
    )


def leave(browser: Browser) -> None:
    """Leave the page of an earlier test, so that its last messages are not read here."""
    browser.visit("about:blank")
    browser.errors.clear(), browser.requests.clear()


def uploads(page: RunningPage, clip: Path) -> set[Path]:
    """Return the copies of a clip in all sessions; other tests share the page and leave theirs open."""
    return set((page.state.sessions.root / "sessions").rglob(clip.name))


def assert_at_home(browser: Browser, address: str) -> None:
    """Assert that no other host was asked and that the browser reported no error."""
    hosts = {urlsplit(url).hostname for url in browser.requests if not url.startswith(("data:", "blob:", "about:"))}
    assert hosts == {urlsplit(address).hostname}
    assert [error for error in browser.errors if _OF_GRADIO not in error] == []


def test_a_video_is_dropped_seen_and_asked_about(browser, page, clip, tmp_path):
    leave(browser)
    before = uploads(page, clip)
    browser.size(1200, 900)
    browser.visit(page.address)
    browser.wait_for("!!document.querySelector('#upload input[type=file]')")

    # A text that is called a video: one line, and nothing of an earlier clip is left.
    no_video = tmp_path / "no video.mp4"
    no_video.write_text("I am a text")
    browser.choose_files("#upload input[type=file]", no_video)
    browser.wait_for("!!document.querySelector('#status [role=alert]')")
    message = text(browser, "#status")
    assert "no video.mp4" in message and "\n" not in message.strip() and str(page.state.sessions.root) not in message

    browser.wait_for("!!document.querySelector('#upload input[type=file]')")
    browser.choose_files("#upload input[type=file]", clip)
    browser.wait_for("document.querySelectorAll('#pictures figure').length == 4")
    assert "found in the motion, not given" in text(browser, "#pictures")
    assert "right (bright) or left (dark)" in text(browser, "#pictures")
    apex = int(browser.run("document.querySelector('#apex input').value"))

    write(browser, "#typed textarea", _HOSTILE)
    click(browser, "#ask")
    browser.wait_for(says("#status", "Answered"))
    assert _HOSTILE in text(browser, "#answers")
    assert browser.run("document.querySelectorAll('#answers img:not([src^=data])').length") == 0
    assert browser.run("document.title") == "mevqa"
    assert browser.run("document.querySelectorAll('#answers .mevqa-bar i').length") >= 3

    write(browser, "#apex input", str(apex + 1))
    click(browser, "#mark")
    browser.wait_for(says("#pictures", "set by you"))
    assert f"apex frame {apex + 1}" in text(browser, "#pictures")
    assert_at_home(browser, page.address)

    # Nothing is kept when the page is closed.
    stored = uploads(page, clip) - before
    assert stored
    leave(browser)
    end = time.monotonic() + 90
    while stored & uploads(page, clip) and time.monotonic() < end:
        time.sleep(0.1)
    assert not stored & uploads(page, clip)


def test_the_stop_button_stops_the_work(browser, page, clip, monkeypatch):
    ended = threading.Event()

    def endless(opened, report):
        report("Never done")
        try:
            while True:
                sum(range(100))
        finally:
            ended.set()

    monkeypatch.setattr("mevqa.app.pages.clip.find_expression", endless)
    leave(browser)
    browser.size(1200, 900)
    browser.visit(page.address)
    browser.wait_for("!!document.querySelector('#upload input[type=file]')")
    browser.choose_files("#upload input[type=file]", clip)
    browser.wait_for(says("#status", "Never done"))
    click(browser, "#stop")
    browser.wait_for(says("#status", "Stopped."))
    assert ended.wait(20)
    assert_at_home(browser, page.address)


def test_a_run_is_browsed_on_a_phone_in_the_dark(browser, hostile_run):
    leave(browser)
    browser.size(390, 800, phone=True)
    browser.prefer("dark")
    with running(AppSettings(start=hostile_run, model="mock", port=0)) as page:
        browser.visit(page.address)
        browser.wait_for("document.querySelectorAll('#answers section').length == 4")
        assert "the file says" in text(browser, "#answers") and "<script>" in text(browser, "#answers")
        assert browser.run("document.title") == "mevqa"
        assert browser.run("document.documentElement.scrollWidth") <= 390
        assert browser.run("document.body.classList.contains('dark')")
        # Every field and button has a name, and is reached with the keyboard.
        unnamed = browser.run(
            "[...document.querySelectorAll('input, textarea, button')].filter(one => one.offsetParent"
            " && !one.labels?.length && !one.innerText.trim() && !one.ariaLabel && !one.title"
            " && !one.getAttribute('aria-labelledby')).map(one => one.outerHTML.slice(0, 200))"
        )
        assert unnamed == []
        reached = set()
        for _ in range(40):
            browser.key("Tab")
            reached.add(browser.run("document.activeElement.closest('[id]:not([id^=component])')?.id"))
        assert {"choice", "dataset", "length", "stop", "typed", "ask"} <= reached
        assert_at_home(browser, page.address)
    browser.prefer("light")
