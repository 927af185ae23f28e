import json

import pytest

from mevqa.errors import InputError
from mevqa.resources import resource_folder
from mevqa.scoring.answers.answer_sources import read_files
from mevqa.scoring.catalogue import key_patterns
from mevqa.suites.published import published
from mevqa.suites.results import gather_references
from mevqa.suites.suite import plan_suite, read_suite, references, run_names, suite_names

SUITE = """
title: Mine
task: vqa
preset: megc2026-vqa
parts:
  - {dataset: casme2, questions: a/questions.jsonl, media: clips, reference: a/reference.jsonl}
models: [mock]
"""


def known_keys():
    import itertools
    import re

    for events in (False, True):
        for pattern in key_patterns(events)[0]:
            choices = [part.split(",") for part in re.findall(r"\{([^}]*)\}", pattern)]
            for chosen in itertools.product(*choices):
                parts = iter(chosen)
                yield re.sub(r"\{[^}]*\}", lambda _: next(parts), pattern)  # noqa: B023


def test_the_suites_of_the_challenges_are_there():
    assert {"megc2025-vqa", "megc2026-vqa", "megc2026-lvqa", "megc2025-str", "synthetic"} <= set(suite_names())


@pytest.mark.parametrize("name", suite_names())
def test_every_shipped_suite_is_valid(name):
    suite = read_suite(name)
    assert suite.parts and suite.title


def test_every_file_of_the_folder_is_a_suite_or_the_published_numbers():
    assert {path.stem for path in resource_folder("eval").glob("*.y*ml")} == {*suite_names(), "published"}


def test_published_numbers_have_known_keys_a_source_and_sensible_values():
    known = set(known_keys())
    for name, group in published().items():
        assert group.source and group.clips, name
        for row in group.rows:
            assert row.metrics.keys() <= known, f"{name}, {row.system}"
            assert all(0 <= value <= 1 for value in row.metrics.values())


def test_published_strs_is_the_product_where_all_three_are_given():
    rows = [row for group in published().values() for row in group.rows]
    for row in rows:
        if {"strs", "spotting.overall.f1", "recognition.f1"} <= row.metrics.keys():
            product = row.metrics["spotting.overall.f1"] * row.metrics["recognition.f1"]
            assert row.metrics["strs"] == pytest.approx(product, abs=6e-4), row.system


@pytest.mark.parametrize(
    "change, message",
    [
        (("preset: megc2026-vqa", "preset: megc2027"), "unknown preset"),
        (("models:", "modles:"), "did you mean 'models'"),
        (("media: clips", "media: ../clips"), "leads out of the data root"),
        (("media: clips", "precomputed: {flow: ../maps}"), "leads out of the data root"),
        (("media: clips", "precomputed: {flow: /tmp}"), "leads out of the data root"),
        (("questions: a/questions.jsonl, ", ""), "needs questions"),
        (("models: [mock]", "models: [mock]\npublished: [nothing]"), "unknown published numbers"),
    ],
)
def test_mistakes_in_a_suite_are_explained(tmp_path, change, message):
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE.replace(*change))
    with pytest.raises(InputError, match=message):
        read_suite(str(path))


def test_an_unknown_suite_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'synthetic'"):
        read_suite("sintetic")


def test_everything_that_is_missing_is_reported_together(tmp_path):
    with pytest.raises(InputError) as error:
        plan_suite(read_suite("megc2026-vqa"), tmp_path)
    assert len(error.value.problems) == 2


def test_files_are_found_below_the_root_or_directly_in_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE)
    row = {"id": "q1", "dataset": "casme2", "image_id": "c1", "subject": "s", "filename": "c1"}
    row |= {"question": "What is the coarse expression class?", "answer": ""}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "clips" / "c1").mkdir(parents=True)
    (tmp_path / "clips" / "c1" / "001.png").write_bytes(b"")
    suite = read_suite(str(path))
    assert list(plan_suite(suite, tmp_path).clips) == ["c1"]
    assert references(suite, tmp_path)[0] == []
    assert "reference.jsonl" in references(suite, tmp_path)[1]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "reference.jsonl").write_text(json.dumps({**row, "answer": "negative"}) + "\n")
    assert references(suite, tmp_path) == ([tmp_path / "a" / "reference.jsonl"], "")


def write_questions(path, *ids):
    """Write a question file in the layout of the training files; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"id": name, "dataset": "casme2", "image_id": name, "subject": "s", "filename": name}
        | {"question": "What is the coarse expression class?", "answer": "negative"}
        for name in ids
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def ids_in(folder):
    problems = []
    files = read_files(folder, problems)
    assert not problems
    return sorted(question.id for file in files for question in file.questions)


def test_references_of_one_name_stand_side_by_side(tmp_path):
    paths = [
        write_questions(tmp_path / folder / name, f"{folder}_{name}")
        for folder, name in [("samm", "answers.jsonl"), ("casme3", "answers.jsonl"), ("samm", "more.json")]
    ]
    same = write_questions(tmp_path / "other" / "samm" / "Answers.jsonl", "other")
    folder = gather_references([*paths, paths[0], same], tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == [
        "Answers--samm-2.jsonl",
        "answers--casme3.jsonl",
        "answers--samm.jsonl",
        "more.jsonl",
    ]
    assert ids_in(folder) == ["casme3_answers.jsonl", "other", "samm_answers.jsonl", "samm_more.json"]


def test_references_of_an_earlier_call_are_not_scored(tmp_path):
    old = write_questions(tmp_path / "a" / "old.jsonl", "old")
    new = write_questions(tmp_path / "b" / "new.jsonl", "new")
    assert ids_in(gather_references([old, new], tmp_path / "out")) == ["new", "old"]
    assert ids_in(gather_references([new], tmp_path / "out")) == ["new"]


def test_every_model_has_a_folder_name_of_its_own(tmp_path):
    (tmp_path / "tuned").mkdir()
    assert run_names(["nano", "Qwen/Qwen2.5-VL-3B", str(tmp_path / "tuned")]) == [
        "nano",
        "Qwen--Qwen2.5-VL-3B",
        "tuned",
    ]
    with pytest.raises(InputError, match="same name"):
        run_names(["nano", "nano"])
