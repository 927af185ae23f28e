"""Reports of more clips than one page holds."""

import base64
import json
import re
import zlib

import pytest

from mevqa.inference.runs import start_run
from mevqa.reporting import ReportOptions, Scoring, write_report
from mevqa.reporting import split as splitting
from mevqa.types import Answer

CLIPS = 40


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A run of 40 clips, of which a page holds some seven."""
    monkeypatch.setattr(splitting, "ONE_PAGE", 20_000)
    monkeypatch.setattr(splitting, "PART", 5_000)
    rows, answers = [], []
    for clip in range(CLIPS):
        for place, (text, answer) in enumerate(
            [
                ("What is the coarse expression class?", "negative"),
                ("Please analyse the micro-expression in detail.", "A / long <b> sentence. " * 9),
            ]
        ):
            row = {
                "id": f"q{clip}_{place}",
                "dataset": "casme2",
                "image_id": f"clip{clip:02d}",
                "subject": f"{clip % 5}",
            }
            rows.append({**row, "filename": "x", "question": text, "answer": answer})
            answers.append(Answer(f"q{clip}_{place}", answer if clip % 2 else "positive", confidence=0.5))
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    facts = {"question_files": [str(tmp_path / "questions.jsonl")]}
    with start_run(tmp_path / "run", {"media": {row["image_id"]: "" for row in rows}}, facts) as log:
        log.append(answers)
    return tmp_path


def write(folder, title="report"):
    return write_report(
        [folder / "run"], folder / "report", Scoring(draws=0), ReportOptions(pictures=False, title=title)
    )


def data_of(page):
    text = re.search(r'<script type="(\S+)" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    packed = text[1] == "text/plain"
    return json.loads(zlib.decompress(base64.b64decode(text[2])) if packed else text[2])


def test_every_clip_is_on_one_page_and_every_question_in_the_index(many):
    written = write(many)
    index = written.page
    content = data_of(index)
    assert written.parts == len(content["pages"])
    pages = [index.parent / name for name in content["pages"]]
    parts = [data_of(page)["clips"] for page in pages]
    assert len(pages) == len(list(index.parent.glob("clips-*/*.html"))) > 3 and min(map(len, parts)) > 0
    assert [clip["id"] for part in parts for clip in part] == [f"clip{clip:02d}" for clip in range(CLIPS)]
    assert [clip["id"] for clip in content["clips"]] == [clip["id"] for part in parts for clip in part]
    for clip in content["clips"]:
        assert clip["id"] in {entry["id"] for entry in parts[clip["part"]]}
        assert [question["reference"] for question in clip["questions"]] == ["negative", "A / long <b> sentence. " * 9]


def test_links_between_pages_lead_to_files(many):
    index = write(many).page
    pages = [index, *sorted(index.parent.glob("clips-*/*.html"))]
    for page in pages:
        for link in re.findall(r'href="([^"#]+\.html)', page.read_text()):
            assert (page.parent / link).is_file(), (page.name, link)
    assert len(re.findall(r'href="clips-[^"]+\.html"', index.read_text())) == len(pages) - 1


def test_pages_are_bounded(many):
    index = write(many).page
    empty = len(index.read_text()) - len(re.search(r'id="data">(.*?)</script>', index.read_text(), re.DOTALL)[1])
    for page in index.parent.glob("clips-*/*.html"):
        assert page.stat().st_size < empty + splitting.PART


def test_too_many_questions_for_the_index_are_listed_by_page(many, monkeypatch):
    monkeypatch.setattr(splitting, "INDEX", 100)
    assert data_of(write(many).page)["clips"] == []


def test_pages_of_an_earlier_report_stay_until_the_new_index_is_there(many, monkeypatch):
    from mevqa.reporting import write as writing

    index = write(many).page
    before = {path: path.read_bytes() for path in index.parent.rglob("*.html")}
    log = many / "run" / "answers.jsonl"
    log.write_text(log.read_text().replace('"negative"', '"surprise"'))
    kept = writing.write_whole

    def stop_at_the_index(path, content):
        if path.name == "index.html":
            raise KeyboardInterrupt
        kept(path, content)

    monkeypatch.setattr(writing, "write_whole", stop_at_the_index)
    with pytest.raises(KeyboardInterrupt):
        write(many)
    assert {path: path.read_bytes() for path in before} == before
    monkeypatch.setattr(writing, "write_whole", kept)
    write(many)
    assert len(list(index.parent.glob("clips-*"))) == 1
    monkeypatch.setattr(splitting, "ONE_PAGE", 10_000_000)
    write(many)
    assert not list(index.parent.glob("clips-*"))


def test_the_index_filters_all_questions_and_leads_to_the_clip(many, browser):
    browser.size(390, 800, phone=True)
    browser.open(write(many).page, "#clips?verdict=wrong&type=coarse")
    listed = "document.getElementById('list').children.length"
    wait = f"new Promise(done => {{ const look = () => {listed} ? done() : setTimeout(look, 20); look(); }})"
    browser.run(wait)
    assert browser.run("document.getElementById('count').textContent") == "20 of 80 questions, 20 of 40 clips"
    assert browser.run("document.documentElement.scrollWidth") <= 390
    browser.follow("document.querySelectorAll('.whole')[19].click()")
    browser.run(wait)
    assert browser.run("document.getElementById('count').textContent").startswith("2 of ")
    assert browser.run("document.querySelector('.clip h3').textContent") == "clip38"
    assert not browser.errors
