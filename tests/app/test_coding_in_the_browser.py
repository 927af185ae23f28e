"""A coder's way through the page: drop a video, ask, move the apex, ask again, save, come back."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import mevqa
from mevqa.app.server import running
from mevqa.app.settings import AppSettings

#: What Gradio's own client writes to the console when it closes a stream.
_OF_GRADIO = "Method not implemented."


class Brightness:
    """A model that answers with the mean brightness of its views: another apex gives another answer."""

    name = revision = "brightness"
    preferences = mevqa.Preferences(views=("apex", "motion"))

    def ask(self, system: str, views: Sequence[mevqa.View], requests: Sequence[mevqa.Request]) -> list[mevqa.Reply]:
        brightness = " ".join(f"{float(np.asarray(view.image).mean()):.4f}" for view in views)
        return [mevqa.Reply(request.options[0] if request.options else f"seen: {brightness}") for request in requests]


def text(browser, selector: str) -> str:
    return str(browser.run(f"document.querySelector('{selector}')?.innerText ?? ''"))


def click(browser, selector: str) -> None:
    browser.run(f"document.querySelector('{selector}').click()")


def write(browser, selector: str, value: str) -> None:
    browser.run(
        f"{{ const field = document.querySelector('{selector}'); field.focus(); field.value = {value!r};"
        "field.dispatchEvent(new Event('input', {bubbles: true})); field.blur() }"
    )


def drop(browser, address: str, clip: Path) -> None:
    browser.visit(address)
    browser.wait_for("!!document.querySelector('#upload input[type=file]')")
    browser.choose_files("#upload input[type=file]", clip)
    browser.wait_for("document.querySelector('#status').innerText.includes('Ready')")
    browser.wait_for("document.querySelector('#timeline img').alt.startsWith('frame')")


def ask(browser) -> str:
    click(browser, "#ask")
    browser.wait_for("document.querySelector('#status').innerText.includes('Answered')")
    return text(browser, "#answers")


def value(browser, role: str) -> int:
    return int(browser.run(f"document.querySelector('#timeline .grip.{role}').getAttribute('aria-valuenow')"))


def test_the_apex_is_moved_the_answer_changes_and_the_annotation_is_there_again(browser, clip, tmp_path):
    browser.errors.clear()
    browser.prefer("light")
    browser.size(1200, 1000)
    mevqa.register_model("brightness", lambda name, options: Brightness())
    table = tmp_path / "labels.csv"
    with running(AppSettings(model="brightness", port=0, saved=table)) as page:
        address = page.address
        drop(browser, address, clip)
        onset, apex, offset = (value(browser, role) for role in ("onset", "apex", "offset"))
        assert onset < apex < offset and text(browser, "#timeline .grip.apex") == f"apex {apex}"
        assert browser.run("document.querySelector('#timeline img').alt") == f"frame {apex}"
        assert browser.run("document.querySelector('#timeline .curve').getAttribute('d')").count("L") > 5
        write(browser, "#typed textarea", "What do you see?")
        first = ask(browser)

        # With the mouse, beyond the offset: the order is kept.
        browser.run("document.querySelector('#timeline').scrollIntoView({block: 'center'})")
        browser.drag("#timeline .grip.apex", 400)
        browser.wait_for("document.querySelector('#pictures').innerText.includes('set by you')")
        assert value(browser, "apex") == offset - 1
        # With the keyboard, back again.
        browser.run("document.querySelector('#timeline .grip.apex').focus()")
        browser.key("ArrowLeft")
        browser.wait_for(f"document.querySelector('#apex input').value == {offset - 2}")
        browser.wait_for(f"document.querySelector('#timeline img').alt == 'frame {offset - 2}'")
        second = ask(browser)
        assert "seen:" in first and "seen:" in second and first != second
        assert browser.run("document.querySelector('#comparison input').getAttribute('aria-valuetext')") == (
            "50 percent onset"
        )

        click(browser, "#annotation button")
        browser.wait_for("!!document.querySelector('#save')")
        click(browser, "#save")
        browser.wait_for("document.querySelector('#saved').innerText.includes('say who is seen')")
        assert not table.exists()
        click(browser, "#take")
        browser.wait_for("document.querySelector('#coarse input').value == 'positive'")
        write(browser, "#subject textarea, #subject input", "s07")
        click(browser, "#save")
        browser.wait_for("document.querySelector('#saved').innerText.includes('in labels.csv')")
        labels = mevqa.read_annotations(table)[clip.stem]
        assert (labels.subject, labels.annotation.interval, labels.annotation.apex) == (
            "s07",
            (onset, offset),
            offset - 2,
        )
        assert labels.annotation.coarse == "positive"

        browser.save_downloads(tmp_path)
        click(browser, "#export")
        packed = wait_for(tmp_path / f"mevqa-{clip.stem}.zip")
        assert {"clip.json", "answers.csv", "pictures/motion.png", "annotations.csv"} <= set(packed.namelist())

        drop(browser, address, clip)
        assert [value(browser, role) for role in ("onset", "apex", "offset")] == [onset, offset - 2, offset]
        assert "as annotated" in text(browser, "#pictures")

        click(browser, "#annotation button")
        # The form is filled in a step of its own, which takes away what was said before.
        browser.wait_for("document.querySelector('#coarse input')?.value == 'positive'")
        # As a long video: the saved event is a mark, and one that was missed is added.
        click(browser, "#length label:last-of-type input")
        browser.choose_files("#upload input[type=file]", clip)
        browser.wait_for("document.querySelector('#status').innerText.includes('events are found')")
        assert browser.run("document.querySelector('#timeline .lane.apex').hidden")
        browser.wait_for("document.querySelector('#event input')?.value.startsWith('1: ')")
        click(browser, "#timeline .events button")
        assert value(browser, "apex") == offset - 2
        browser.run("document.querySelector('#timeline .grip.frame').focus()")
        browser.key("ArrowRight")
        click(browser, "#timeline .bar button:last-of-type")
        browser.wait_for("document.querySelectorAll('#timeline .events button').length == 2")
        browser.wait_for("document.querySelector('#event input').value.startsWith('2: micro')")
        click(browser, "#save")
        browser.wait_for("document.querySelector('#saved').innerText.includes('Saved anew')")
        assert [event.apex for event in mevqa.read_long_annotations(table)[clip.stem].events] == [
            offset - 2,
            offset - 1,
        ]
        # Moved to the beginning it is the first event, and still the one that is chosen and coded.
        browser.run("document.querySelector('#timeline .grip.onset').focus()")
        browser.key("Home")
        browser.wait_for("document.querySelector('#event input').value.startsWith('1: macro')")
        marks = "[...document.querySelectorAll('#timeline .events button')].map(mark => mark.ariaCurrent).join()"
        assert (browser.run(marks), value(browser, "onset"), value(browser, "apex")) == ("true,", 0, offset - 1)
        # Coded against its length: the form shows that when it is chosen again.
        click(browser, "#kind label:nth-of-type(2) input")
        click(browser, "#save")
        browser.wait_for("document.querySelector('#event input').value.startsWith('1: micro')")
        assert [(event.onset, event.kind) for event in mevqa.read_long_annotations(table)[clip.stem].events] == [
            (0, "micro"),
            (onset, "micro"),
        ]
        for place, kind in ((2, "by its length"), (1, "micro")):
            click(browser, f"#timeline .events button:nth-of-type({place})")
            browser.wait_for(f"document.querySelector('#kind input:checked').value == '{kind}'")
    assert [error for error in browser.errors if _OF_GRADIO not in error] == []


def wait_for(file: Path) -> zipfile.ZipFile:
    """Return a zip as soon as it is whole."""
    end = time.monotonic() + 60
    while not (file.is_file() and zipfile.is_zipfile(file)):
        assert time.monotonic() < end, "nothing was downloaded"
        time.sleep(0.05)
    return zipfile.ZipFile(file)
