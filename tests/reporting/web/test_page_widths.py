"""The page on a phone, a tablet and a wide screen, light and dark, with names that are long or of another script."""

from __future__ import annotations

import json
import shutil

import pytest
from hostile_runs import HOSTILE

from mevqa.reporting import ReportOptions, Scoring, write_report
from mevqa.reporting import write as writing
from mevqa.types import NO_MOTION

WIDTHS = (390, 820, 1400)
NAMES = (
    "Qwen/Qwen3-VL-4B-Instruct",
    "a-very-long-model-name-without-any-place-to-break-" * 3,
    "微表情理解模型-視覺語言-第二版",
    "نموذج التعبيرات الدقيقة",
    "מודל הבעות",
    HOSTILE,
)
CLASSES = [f"class number {place} of many" for place in range(40)]

#: Elements that reach over the right edge of the window and lie in no box that scrolls and says so.
OUTSIDE = """
[...document.querySelectorAll('body *')].filter(e => e.checkVisibility()
  && e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest('.skip') && ![...(function* (one) { while (one = one.parentElement) yield one; })(e)].some(one =>
    one.classList.contains('scrolls') && one.tabIndex === 0 && one.getAttribute('aria-label')
    && (one.matches('.clip .pictures') ? one.closest('.clip').querySelector('.scroll-hint + .pictures')
      : one.previousElementSibling.matches('.scroll-hint'))))
  .map(e => e.outerHTML.slice(0, 120))
"""

#: Texts with less contrast to what is behind them than WCAG AA asks for: 4.5, or 3 for large ones.
FAINT = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const over = (colour, under) => {
    canvas.fillStyle = `rgb(${under.join(' ')})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = (e) => {
    const chain = [];
    for (let one = e; one; one = one.parentElement) chain.unshift(getComputedStyle(one).backgroundColor);
    return chain.reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const said = new Set();
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg, option, script, template, noscript') || !e.checkVisibility()) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e), under = behind(e);
    const [a, b] = [light(over(style.color, under)), light(under)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (large ? 3 : 4.5))
      said.add(`${e.tagName}.${e.className} ${contrast.toFixed(2)} ${e.textContent.slice(0, 30)}`);
  }
  return [...said];
})()
"""


def copy_as(run, folder, model):
    """Copy a run under another model's name."""
    shutil.copytree(run, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["decides"]["model"]["name"] = model
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def crowded(runs, svg_charts_only, tmp_path_factory):
    """Eight runs side by side; one class scheme has 40 classes."""
    out = tmp_path_factory.mktemp("crowded")
    folders = [
        copy_as(run, out / f"{'run-' * 12}{place}-試驗" / f"ריצה {side}", name)
        for place, name in enumerate(NAMES)
        for side, run in enumerate(runs)
        if side == place % 2 or place < 2
    ]
    counts = [[(row * column) % 5 if abs(row - column) < 3 else 0 for column in range(42)] for row in range(40)]
    many = {"references": CLASSES, "answers": [*CLASSES, "other", "none"], "counts": counts}
    made = writing.make_page

    def with_many_classes(read, *args, **kwargs):
        read[0].result.details["confusion"]["coarse"] = many
        return made(read, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "make_page", with_many_classes)
        return write_report(folders, out / "report", Scoring(draws=20)).page


def show(browser, page, width, scheme="light"):
    browser.errors.clear()
    browser.size(width, 900, phone=width < 900)
    browser.prefer(scheme)
    browser.open(page)
    # Cards beyond the window are laid out when they come into sight.
    browser.run("document.querySelectorAll('.clip').forEach(card => card.style.contentVisibility = 'visible')")
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    browser.run("new Promise(done => setTimeout(done, 300))")


@pytest.mark.parametrize("width", WIDTHS)
def test_only_boxes_that_say_so_scroll_sideways(browser, crowded, width):
    show(browser, crowded, width)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run(OUTSIDE) == []
    assert browser.run("document.querySelectorAll('.scrolls').length") > 0
    assert browser.errors == []


def test_what_fits_has_no_hint_and_the_fade_ends_with_the_scrolling(browser, crowded):
    box = "document.querySelector('#scores .scroll')"
    show(browser, crowded, 390)
    assert browser.run(f"{box}.classList.contains('more-right')")
    assert browser.run(f"getComputedStyle({box}).maskImage.includes('gradient')")
    browser.run(f"{box}.scrollLeft = 1e6")
    browser.run("new Promise(done => setTimeout(done, 200))")
    assert browser.run(f"{box}.classList.contains('scrolls') && !{box}.classList.contains('more-right')")
    show(browser, crowded, 1400)
    assert not browser.run(f"{box}.classList.contains('scrolls')")
    assert browser.run(f"{box}.previousElementSibling.matches('h2')")


@pytest.mark.parametrize("width", [390, 1400])
def test_a_matrix_of_forty_classes_stays_legible(browser, crowded, width):
    show(browser, crowded, width)
    table = "document.querySelector('table[aria-label^=\"Confusion matrix of coarse\"]')"
    assert browser.run(f"{table}.closest('.scrolls') !== null")
    texts = f"[...{table}.querySelectorAll('th, td, button')]"
    assert browser.run(f"Math.min(...{texts}.map(e => parseFloat(getComputedStyle(e).fontSize)))") >= 10
    cut = f"{texts}.filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).length"
    assert browser.run(cut) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_every_text_has_contrast(browser, crowded, width, scheme):
    show(browser, crowded, width, scheme)
    assert browser.run(FAINT) == []


def test_motion_maps_have_a_key(browser, crowded):
    show(browser, crowded, 390)
    key = browser.run("document.getElementById('motion-key').textContent")
    for text in ("Red: sideways", "most to the right", "Green: up and down", "most downwards", "Blue: strain"):
        assert text in key
    assert browser.run("getComputedStyle(document.querySelector('.ramp.red')).backgroundImage.includes('gradient')")
    colours = "[...document.querySelectorAll('.pictures figure')].filter(e => e.querySelector('.colours'))"
    assert set(browser.run(f"{colours}.map(e => e.querySelector('figcaption').firstChild.textContent)")) == {"motion"}


def test_answers_without_motion_to_see_are_marked_and_can_be_filtered(browser, runs, tmp_path):
    folder = copy_as(runs[0], tmp_path / "still", "m")
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    warning = f"{NO_MOTION}: onset and apex are one frame"
    for line in lines[:4]:
        line["warnings"] = [warning]
    (folder / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    show(browser, write_report([folder], tmp_path / "out", Scoring(draws=0), ReportOptions(pictures=False)).page, 390)
    assert browser.run("document.querySelectorAll('.answer .prior').length") == 4
    assert browser.run("[...document.querySelectorAll('.clip > .warning')].map(e => e.textContent)") == [warning]
    browser.run(
        "(() => { const field = document.forms.filters.elements.verdict; field.value = 'still';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    browser.run("new Promise(done => setTimeout(done, 300))")
    assert browser.run("document.getElementById('count').textContent") == "4 of 24 questions, 1 of 6 clips"


def test_rows_are_named_by_model_then_folder(browser, crowded):
    show(browser, crowded, 820)
    heads = browser.run(
        "[...document.querySelectorAll('.leaderboard .ours th')].map(e => [...e.childNodes].map(n => n.textContent))"
    )
    assert list(dict.fromkeys(head[0] for head in heads)) == list(NAMES)
    assert [head[1].split("/")[-1] for head in heads[:2]] == ["ריצה 0", "ריצה 1"]
