import json
from html.parser import HTMLParser

import pytest
from hostile_runs import HOSTILE
from PIL import Image

from mevqa.errors import InputError
from mevqa.reporting import ReportOptions, Scoring, clips, write_report
from mevqa.reporting import page as pages
from mevqa.reporting.reading import read_runs
from mevqa.reporting.write import _write


def test_charts_are_files_and_numbers_are_json(runs, tmp_path):
    written = write_report(runs[:1], tmp_path, Scoring(draws=20), ReportOptions(pictures=False))
    assert written.shown == 0
    svg = sorted(path.stem for path in (tmp_path / "plots").glob("*.svg"))
    assert svg == sorted(path.stem for path in (tmp_path / "plots").glob("*.png"))
    assert {"run1_confusion_coarse", "run1_classes_coarse", "run1_units", "run1_calibration_coarse"} <= set(svg)
    with Image.open(tmp_path / "plots" / "run1_units.png") as picture:
        assert picture.width > 800
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["steady"]["metrics"]["coarse.accuracy"] == pytest.approx(4 / 6)


def test_the_page_is_the_same_each_time(runs, svg_charts_only, tmp_path):
    pages = [write_report(runs, tmp_path / name, Scoring(draws=20)).page.read_bytes() for name in "ab"]
    assert pages[0] == pages[1]


def test_markup_from_files_is_escaped_in_the_source(runs, tmp_path):
    text = write_report(runs, tmp_path, Scoring(draws=0), ReportOptions(pictures=False, title=HOSTILE)).page.read_text()
    assert HOSTILE not in text
    assert "<script>document.title" not in text


def test_media_that_are_gone_are_a_note_and_no_failure(runs, tmp_path):
    written = write_report(runs[:1], tmp_path, Scoring(draws=0), ReportOptions(media=tmp_path / "gone"))
    assert written.shown == 0
    assert any("gone" in note for note in written.notes)


def test_clips_whose_pictures_are_too_many_are_counted(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "_MOST_PICTURES", 0)
    written = write_report(runs[:1], tmp_path, Scoring(draws=0))
    beginning = f"the pictures of {written.clips} of {written.clips} clips are left out"
    assert written.shown == 0 and [note for note in written.notes if note.startswith(beginning)]


def test_everything_wrong_is_reported_together(runs, tmp_path):
    with pytest.raises(InputError) as error:
        write_report([tmp_path / "no", tmp_path / "neither"], tmp_path / "out")
    assert len(error.value.problems) == 2
    assert not (tmp_path / "out").exists()


def test_a_run_without_references_has_a_page_without_scores(runs, tmp_path):
    questions = tmp_path / "questions.jsonl"
    source = runs[0].parent / "questions.jsonl"
    kept = [{**json.loads(line), "answer": ""} for line in source.read_text().splitlines()]
    questions.write_text("".join(json.dumps(row) + "\n" for row in kept))
    manifest = json.loads((runs[0] / "manifest.json").read_text())
    manifest["question_files"] = [str(questions)]
    manifest["decides"]["questions"] = {}
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "answers.jsonl").write_bytes((runs[0] / "answers.jsonl").read_bytes())
    (read,) = read_runs([run], Scoring(draws=0))
    assert read.result is None
    assert "nothing to score" in write_report([run], tmp_path / "out", Scoring(draws=0)).page.read_text()
    (again,) = read_runs([run], Scoring(reference=source, draws=0))
    assert again.result is not None
    assert again.result.metrics["coarse.accuracy"] == pytest.approx(4 / 6)


def test_no_absolute_path_stands_in_what_is_shared(runs, tmp_path):
    out = tmp_path / "out"
    write_report(runs, out, Scoring(draws=20), ReportOptions(media=tmp_path / "gone"))
    for file in (out / "index.html", out / "scores.json", *(out / "plots").glob("*.svg")):
        text = file.read_text()
        assert not any(str(path) in text for path in (runs[0].parent, tmp_path))


def test_a_page_that_is_there_is_a_whole_report(tmp_path):
    """Killed while charts are written: the page of before stays, and no part has a file's name."""

    class Files(dict):
        def items(self):
            raise KeyboardInterrupt

    (tmp_path / "index.html").write_text("before")
    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path, pages.Page("after", {"chart": Files()}), [])
    assert (tmp_path / "index.html").read_text() == "before"


class Page(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.mark.parametrize(
    "name", ["javascript:alert(1)", 'x" onload="alert(1)', "</script><svg onload=alert(1)>", "'`${x}"]
)
def test_no_name_becomes_a_script_an_event_or_a_link(name, runs, svg_charts_only, tmp_path):
    """In ids, questions, answers, warnings, subjects, classes, the title and names of runs and models."""
    run = tmp_path / "run"
    run.mkdir()
    source = runs[0].parent / "questions.jsonl"
    (tmp_path / "q.jsonl").write_text(source.read_text().replace('"sub01"', json.dumps(name)))
    manifest = json.loads((runs[0] / "manifest.json").read_text())
    manifest["question_files"], manifest["decides"]["questions"] = [str(tmp_path / "q.jsonl")], {}
    manifest["decides"]["media"] = {}
    manifest["decides"]["model"]["name"] = name
    (run / "manifest.json").write_text(json.dumps(manifest))
    answers = (runs[0] / "answers.jsonl").read_text()
    (run / "answers.jsonl").write_text(answers.replace("brow lowerer", json.dumps(name)[1:-1]))
    write_report([run], tmp_path / "out", Scoring(draws=0), ReportOptions(pictures=False, title=name))
    page = Page()
    for html in (tmp_path / "out").rglob("*.html"):
        page.feed(html.read_text())
    for chart in (tmp_path / "out" / "plots").glob("*.svg"):
        page.feed(chart.read_text())
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert [attributes.get("type") for attributes in scripts].count(None) == 1 and len(scripts) == 2
    for tag, attributes in page.tags:
        assert not any(key.startswith("on") for key in attributes), (tag, attributes)
        for key in ("href", "src", "xlink:href", "action", "formaction"):
            assert (attributes.get(key) or "#").startswith(("#", "data:,", "data:image/")), (tag, attributes)
        assert tag not in ("iframe", "object", "embed", "base", "foreignobject")


def test_what_a_manifest_leaves_open_is_no_fault(runs, tmp_path):
    """Manifests of other makers may hold null where there is nothing to say."""
    run = tmp_path / "run"
    run.mkdir()
    manifest = json.loads((runs[0] / "manifest.json").read_text())
    manifest["decides"] |= dict.fromkeys(("model", "settings", "packages"))
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "answers.jsonl").write_bytes((runs[0] / "answers.jsonl").read_bytes())
    written = write_report([run], tmp_path / "out", Scoring(draws=0), ReportOptions(pictures=False))
    assert "unknown model" in written.page.read_text()
    (run / "manifest.json").write_text(json.dumps(manifest | {"decides": {"packages": [1]}}))
    with pytest.raises(InputError, match="packages"):
        write_report([run], tmp_path / "out", Scoring(draws=0), ReportOptions(pictures=False))
