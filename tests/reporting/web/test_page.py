"""The page in a real browser."""

from __future__ import annotations

import json

import pytest
from hostile_runs import HOSTILE, SCRIPT

from mevqa.reporting import Scoring, write_report


@pytest.fixture(scope="module")
def single(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("single")
    return write_report(runs[:1], out, Scoring(draws=50)).page


@pytest.fixture(scope="module")
def double(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("double")
    return write_report(runs, out, Scoring(draws=50)).page


@pytest.fixture
def page(browser, single):
    browser.errors.clear()
    browser.requests.clear()
    browser.size(1200, 900)
    browser.prefer("light")
    browser.open(single)
    yield browser
    assert browser.errors == []


def choose(page, **filters):
    """Set filters as a reader does and wait for the list."""
    for name, value in filters.items():
        page.run(
            f"(() => {{ const field = document.forms.filters.elements[{json.dumps(name)}];"
            f" field.value = {json.dumps(value)}; field.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
        )
    page.run("new Promise(done => setTimeout(done, 300))")
    return page.run("document.getElementById('count').textContent")


def test_it_renders_from_disk_and_asks_for_nothing_else(page, single):
    assert page.run("document.querySelectorAll('#list .clip').length") == 6
    assert page.run("document.getElementById('count').textContent") == "24 of 24 questions, 6 of 6 clips"
    assert page.run("document.querySelectorAll('table[aria-label^=\"Confusion\"]').length") >= 1
    addresses = {address for address in page.requests if not address.startswith(("data:", "about:"))}
    assert addresses == {single.as_uri()}


def test_it_says_with_what_its_run_is_opened_on_the_page_of_the_app(single, runs):
    assert f"<code>mevqa app {runs[0].name}</code>" in single.read_text()


def test_frames_and_maps_are_shown(page):
    sizes = page.run(
        "Promise.all([...document.querySelectorAll('#list .clip:first-child img')].map(async image =>"
        " { await image.decode(); return image.naturalWidth; }))"
    )
    assert len(sizes) == 5
    assert min(sizes) >= 64
    names = page.run(
        "[...document.querySelectorAll('#list .clip:first-child figcaption')].map(e => e.firstChild.textContent)"
    )
    assert names == ["onset · frame 0", "apex · frame 2", "offset · frame 5", "motion", "magnified"]


@pytest.mark.parametrize(
    "filters, count",
    [
        ({"type": "coarse"}, "6 of 24 questions, 6 of 6 clips"),
        ({"verdict": "wrong", "type": "coarse"}, "2 of 24 questions, 2 of 6 clips"),
        ({"verdict": "right", "type": "coarse"}, "4 of 24 questions, 4 of 6 clips"),
        ({"verdict": "partly"}, "2 of 24 questions, 2 of 6 clips"),
        ({"verdict": "none"}, "2 of 24 questions, 2 of 6 clips"),
        ({"class": "surprise"}, "2 of 24 questions, 2 of 6 clips"),
        ({"subject": "sub02"}, "8 of 24 questions, 2 of 6 clips"),
        ({"text": "SUB01_ep3 Units"}, "1 of 24 questions, 1 of 6 clips"),
        ({"text": "out of memory"}, "2 of 24 questions, 2 of 6 clips"),
        ({"text": "no such word"}, "0 of 24 questions, 0 of 6 clips"),
    ],
)
def test_filters(page, filters, count):
    assert choose(page, **filters) == count


def test_filters_stand_in_the_address_and_are_cleared(page, single):
    choose(page, verdict="wrong", type="coarse")
    kept = page.run("location.hash")
    page.open(single, kept)
    assert page.run("document.getElementById('count').textContent") == "2 of 24 questions, 2 of 6 clips"
    page.run("document.querySelector('#filters [type=reset]').click()")
    page.run("new Promise(done => setTimeout(done, 100))")
    assert page.run("document.getElementById('count').textContent") == "24 of 24 questions, 6 of 6 clips"


def test_markup_from_files_is_text(page):
    assert page.run("document.title").endswith("mevqa report")
    assert page.run("document.querySelectorAll('img[src=x], script:not([type])').length") == 1  # Our own script.
    assert HOSTILE in page.run("document.getElementById('list').textContent")
    shown = page.run("document.getElementById('list').textContent")
    assert SCRIPT in shown and "out of memory <img" in shown
    assert SCRIPT in page.run("document.getElementById('about').textContent")


def test_the_browser_itself_refuses_other_scripts(browser, single):
    browser.open(single)
    browser.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.stray = 1';"
        " document.body.append(s); })()"
    )
    assert browser.run("typeof window.stray") == "undefined"
    browser.errors.clear()  # The refusal is reported on the console.


def test_a_cell_of_the_confusion_matrix_shows_its_clips_by_keyboard(page):
    page.run("document.querySelector('[data-choose*=coarse]').focus()")
    page.key("Enter", "\r")
    page.run("new Promise(done => setTimeout(done, 200))")
    assert page.run("document.forms.filters.elements.type.value") == "coarse"
    assert page.run("document.getElementById('count').textContent").startswith(("1 of", "2 of"))


def test_every_control_has_a_name_and_can_be_reached(page):
    nameless = page.run(
        "[...document.querySelectorAll('button, select, input, [tabindex]')].filter(e => !(e.textContent.trim() ||"
        " e.getAttribute('aria-label') || e.closest('label'))).length"
    )
    assert nameless == 0
    assert page.run("[...document.querySelectorAll('main img')].every(e => e.alt)")
    page.key("Tab")
    assert page.run("document.activeElement.className") == "skip"


def test_it_is_light_or_dark_as_the_system_or_the_reader_wants(page, single):
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.run(colour)
    page.prefer("dark")
    dark = page.run(colour)
    assert light != dark
    page.run("document.getElementById('theme').click()")
    assert page.run(colour) == light
    page.run("document.getElementById('theme').click(); localStorage.clear()")
    page.open(single)


@pytest.mark.parametrize("width", [360, 768])
def test_it_fits_a_phone(page, single, width):
    page.size(width, 800, phone=True)
    page.open(single)
    assert page.run("document.documentElement.scrollWidth") == width


def test_pictures_flip_in_one_place(page):
    page.run("document.querySelector('.clip button').click()")
    assert page.run("document.getElementById('player').open")
    first = page.run("document.querySelector('#player img').src")
    page.run("document.getElementById('player-step').click()")
    assert page.run("document.querySelector('#player img').src") != first
    page.key("Escape")
    assert not page.run("document.getElementById('player').open")


def test_printing_shows_scores_and_clips(page, tmp_path):
    page.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 20_000


def test_several_runs_are_compared(browser, double):
    browser.errors.clear()
    browser.open(double)
    assert browser.run("document.querySelectorAll('#comparison tbody tr').length") > 3
    assert browser.run("document.querySelectorAll('[role=tabpanel]:not([hidden])').length") == 1
    browser.run("document.querySelector('[role=tab]').focus()")
    browser.key("ArrowRight")
    assert browser.run("document.querySelector('[role=tab][aria-selected=true]').textContent").endswith("(hasty)")
    assert choose(browser, verdict="differ") == "9 of 24 questions, 3 of 6 clips"
    assert choose(browser, verdict="wrong", run="1", type="coarse") == "3 of 24 questions, 3 of 6 clips"
    assert browser.errors == []
