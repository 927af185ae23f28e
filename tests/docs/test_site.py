"""The documents build strictly into a folder whose pages ask no other host for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("material")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reporting"))

from browser import Browser, find_chromium  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if os.environ.get("MEVQA_SITE"):  # built already
        return Path(os.environ["MEVQA_SITE"])
    out = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    surroundings = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.run(words, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return out


@pytest.mark.slow
def test_the_pages_ask_no_other_host_and_links_within_lead_somewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe|source)[^>]+src=\"?(?:https?:)?//", text), page
        assert not re.findall(r"<link[^>]+rel=\"?(?!canonical)[^>]+href=\"?(?:https?:)?//", text), page
        for target in re.findall(r"<(?:a|img|script|link)[^>]+(?:href|src)=\"([^\":#?]+)(?=[\"#?])", text):
            assert target.startswith("/") or (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.slow
def test_what_a_reader_looks_for_is_there(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "my own video" in home and (site / "search" / "search_index.js").is_file()
    api = (site / "python" / "asking.html").read_text(encoding="utf-8")
    assert 'id="mevqa.ask"' in api and "Where it is" not in api and "One question, or several." in api
    tried = (site / "project" / "tried.html").read_text(encoding="utf-8")
    assert "all pages" in tried and "needs the licensed clips" in tried
    assert "Not run by the tests: needs" in (site / "answering" / "eval.html").read_text(encoding="utf-8")
    assert (site / "repository" / "examples" / "own_model.py.html").is_file()


@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")
def test_search_works_from_a_disk_and_nothing_is_asked_of_other_hosts(site):
    with Browser(find_chromium()) as browser:
        browser.open(site / "index.html")
        browser.run(
            "(() => { document.querySelector('#__search').click();"
            "const box = document.querySelector('.md-search__input'); box.focus(); box.value = 'ensemble';"
            "box.dispatchEvent(new Event('input', {bubbles: true}));"
            "box.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true})); })()"
        )
        browser.wait_for("document.querySelectorAll('.md-search-result__link').length > 0")
        link = browser.run("document.querySelector('.md-search-result__link').href")
        assert "ensemble" in link
        assert browser.errors == []
        assert [url for url in browser.requests if not re.match(r"(file|data|about):", url)] == []
