"""Official question files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.data.official import leaves_folder, read_questions, scan_questions
from mevqa.errors import InputError

MEGC = Path(__file__).parents[3] / "shared" / "data" / "megc"
official = pytest.mark.skipif(not MEGC.is_dir(), reason="the official files are not here")


def train_row(number: int = 1, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "id": f"casme2_sub01_EP02_01f_{number}",
        "dataset": "casme2",
        "image_id": "sub01_EP02_01f",
        "subject": "sub01",
        "filename": "EP02_01f",
        "question": "What is the coarse expression class?",
        "answer": "positive",
    }
    return row | changes


def official_test_row(number: int = 1, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "video_id": f"casme3_test_CAS-1_{number}",
        "video": "CAS-1",
        "question": "What are the action units?",
        "answer": "",
    }
    return row | changes


def write(path: Path, *rows: object, end: str = "\n") -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_bytes(("\n".join(lines) + end).encode())
    return path


def problems(path: Path) -> list[tuple[int | None, str]]:
    with pytest.raises(InputError) as caught:
        read_questions(path)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_training_rows(tmp_path):
    file = read_questions(write(tmp_path / "q.jsonl", train_row(1), train_row(2, question="What is the action unit?")))
    first, second = file.questions
    assert (file.layout, file.task, file.dataset, file.clip_ids) == ("train", "vqa", "casme2", ("sub01_EP02_01f",))
    assert (first.id, first.clip_id, first.subject) == ("casme2_sub01_EP02_01f_1", "sub01_EP02_01f", "sub01")
    assert (first.type, first.reference, first.line) == ("coarse", "positive", 1)
    assert (second.type, second.plural, second.line) == ("au_list", False, 2)


def test_test_rows(tmp_path):
    count = "How many micro-expression events appear in this video?"
    rows = [
        official_test_row(1),
        official_test_row(2, question=count),
        official_test_row(3, question=count),
        official_test_row(4, question="Why?"),
    ]
    file = read_questions(write(tmp_path / "q.jsonl", *rows))
    assert (file.layout, file.task, file.dataset) == ("test", "vqa", "casme3")
    assert [question.reference for question in file.questions] == [None] * 4
    assert file.questions[3].type == "open"


@pytest.mark.parametrize(
    ("name", "row_id", "dataset", "task"),
    [
        ("me_vqa_casme3_v2_test_to_answer.jsonl", "x_1", "casme3", "vqa"),
        ("me_lvqa_samm_test_to_answer.jsonl", "samm_test_1_001_2_1", "samm", "lvqa"),
        ("mine.jsonl", "samm_test_SAMM-1_1", "samm", "vqa"),
        ("mine.jsonl", "q1", "unknown", "vqa"),
    ],
)
def test_data_set_and_task_of_test_files(tmp_path, name, row_id, dataset, task):
    file = read_questions(write(tmp_path / name, official_test_row(video_id=row_id)))
    assert (file.dataset, file.task) == (dataset, task)


def test_a_numeric_subject_and_several_data_sets_are_fine(tmp_path):
    rows = [train_row(1, subject=6), train_row(2, dataset="SAMM", image_id="006_1_2")]
    file = read_questions(write(tmp_path / "q.jsonl", *rows))
    assert file.dataset == "mixed"
    assert [(question.dataset, question.subject) for question in file.questions] == [("casme2", "6"), ("samm", "sub01")]


def test_a_clip_is_of_one_data_set_and_one_person(tmp_path):
    rows = [
        train_row(1, subject=6),
        train_row(2, subject="06"),
        train_row(3, dataset="samm"),
        train_row(4, subject="s7"),
    ]
    mend = "two clips of one name need question files of their own"
    assert problems(write(tmp_path / "q.jsonl", *rows)) == [
        (3, f"the clip 'sub01_EP02_01f' is of 'samm' here and of 'casme2' in line 1; {mend}"),
        (4, f"the clip 'sub01_EP02_01f' shows 's7' here and '6' in line 1; {mend}"),
    ]


@pytest.mark.parametrize(
    ("key", "values", "difference"),
    [
        ("subject", ("", "s01", "s02"), "shows 's02' here and 's01' in line 2"),
        ("subject", (" ", "s01", "1"), None),
        ("dataset", ("unknown", "casme2", "samm"), "is of 'samm' here and of 'casme2' in line 2"),
        ("dataset", ("unknown", "casme2", "unknown"), None),
    ],
)
def test_a_first_row_that_leaves_the_clip_open_hides_no_contradiction(tmp_path, key, values, difference):
    rows = [train_row(number, **{key: value}) for number, value in enumerate(values, 1)]
    path = write(tmp_path / "q.jsonl", *rows)
    if difference is None:
        assert len(read_questions(path).questions) == 3
        return
    ((line, message),) = problems(path)
    assert line == 3 and f"the clip 'sub01_EP02_01f' {difference}; " in message


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
styles = st.tuples(
    st.sampled_from([(", ", ": "), (",", ":")]), st.booleans(), st.permutations(list(official_test_row()))
)


@given(
    st.lists(st.tuples(styles, texts), min_size=1, max_size=6),
    st.booleans(),
    texts,
)
def test_round_trip_keeps_every_byte(tmp_path_factory, rows, final, answer):
    lines = []
    for number, ((separators, escape, order), extra) in enumerate(rows):
        row = official_test_row(number, extra=extra)
        row = {key: row[key] for key in (*order, "extra")}
        lines.append(json.dumps(row, separators=separators, ensure_ascii=escape))
    data = ("\n".join(lines) + ("\n" if final else "")).encode()
    path = tmp_path_factory.mktemp("q") / "q.jsonl"
    path.write_bytes(data)
    file = read_questions(path)
    assert file.render({}) == data
    assert file.render({question.id: "" for question in file.questions}) == data
    filled = file.render({file.questions[0].id: answer})
    assert filled.split(b"\n")[1:] == data.split(b"\n")[1:]
    assert json.loads(filled.split(b"\n")[0]) == json.loads(lines[0]) | {"answer": answer}


def test_answers_take_the_style_of_their_row(tmp_path):
    rows = [
        json.dumps(official_test_row(1), separators=(",", ":")),
        json.dumps(official_test_row(2, note="\u00e9")),
        json.dumps(official_test_row(3, note="\u00e9"), ensure_ascii=False),
    ]
    file = read_questions(write(tmp_path / "q.jsonl", *rows, end=""))
    compact, escaped, plain = file.render({question.id: "\u00e4" for question in file.questions}).split(b"\n")
    assert compact.endswith(b'"answer":"\xc3\xa4"}')
    assert b'"answer": "\\u00e4"' in escaped
    assert b'"answer": "\xc3\xa4"' in plain


def test_render_refuses_an_unknown_id(tmp_path):
    file = read_questions(write(tmp_path / "q.jsonl", official_test_row()))
    with pytest.raises(KeyError, match="nobody"):
        file.render({"nobody": "yes"})


def test_a_file_broken_in_every_way_gives_one_line_a_problem(tmp_path):
    path = tmp_path / "q.jsonl"
    lines = [
        b"\xef\xbb\xbf" + json.dumps(train_row(1)).encode(),
        b'{"id": "casme2_sub01_EP02_01f_2", "dataset": ',
        b"",
        json.dumps({"id": "x", "dataset": "casme2", "question": "Why?", "answer": ""}).encode(),
        json.dumps(train_row(1)).encode(),
        b'{"id": "caf\xe9"}',
        json.dumps(train_row(7, image_id="../secret")).encode(),
        json.dumps(train_row(8, question="  ")).encode(),
        json.dumps(train_row(9)).encode() + b"\r",
        json.dumps(train_row(10, answer=None)).encode(),
        json.dumps(official_test_row(11)).encode(),
        json.dumps(train_row(12)).encode() + b" x",
        b"[1, 2]",
        json.dumps(train_row(14, subject=["a"])).encode(),
        json.dumps(train_row(15, id="")).encode(),
        json.dumps(train_row(16)).encode(),
    ]
    path.write_bytes(b"\n".join(lines) + b"\n\n")
    reported = problems(path)
    expected = [
        (2, "not valid JSON"),
        (3, "blank"),
        (4, "'image_id' is missing"),
        (5, "stands in line 1 already"),
        (6, "not UTF-8 at byte 12"),
        (7, "leads out of the media folder"),
        (8, "'question' is empty"),
        (10, "'answer' must be a text"),
        (11, "a row of the test layout"),
        (12, "more text follows"),
        (13, "starts with {"),
        (14, "'subject' must be a text"),
        (15, "'id' is empty"),
        (17, "blank"),
    ]
    assert [line for line, _ in reported] == [line for line, _ in expected]
    for (_, message), (_, part) in zip(reported, expected, strict=True):
        assert part in message and "\n" not in message
    scan = scan_questions(path)
    assert [question.line for question in scan.file.questions] == [1, 9, 16]
    assert [warning.line for warning in scan.warnings] == [1, 9]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\xff\xfe{\x00", "is UTF-16"),
        (b"\n", "blank"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"{\x00", "is UTF-16"),
        (b"\xff\xfe\x00\x00{\x00\x00\x00", "is UTF-32"),
        (b"PK\x03\x04", "a zip archive or a spreadsheet"),
        (b"PAR1", "a Parquet file"),
        (b"!\r ", "starts with {"),
        (b"question," + b"x" * 200000, "starts with {"),
        (b"\x00\x01\x02", "starts with {"),
    ],
)
def test_files_without_a_row(tmp_path, data, message):
    path = tmp_path / "q.jsonl"
    path.write_bytes(data)
    (problem,) = problems(path)
    assert message in problem[1]


def test_a_file_of_far_too_many_lines_is_one_line_and_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.data.official.MOST_LINES", 5)
    (tmp_path / "q.jsonl").write_bytes(b"\n" * 6)
    assert problems(tmp_path / "q.jsonl") == [(None, "has 6 lines; at most 5 can be read: divide the file")]


def test_windows_line_ends_and_a_byte_order_mark_are_warnings(tmp_path):
    path = tmp_path / "q.jsonl"
    good = b"".join(json.dumps(official_test_row(number)).encode() + b"\n" for number in range(5))
    path.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"))
    scan = scan_questions(path)
    assert not scan.problems and len(scan.file.questions) == 5
    mark, ends = scan.warnings
    assert "byte order mark" in mark.message and ends.message.startswith("5 lines end with CR LF (Windows)")
    assert read_questions(path).render({}) == good


def test_another_encoding_is_one_line_with_the_command_that_mends_it(tmp_path):
    path = tmp_path / "q.jsonl"
    rows = [json.dumps(train_row(number, question="表情是什么？"), ensure_ascii=False) for number in range(30)]
    path.write_bytes("".join(row + "\n" for row in rows).encode("gb18030"))
    ((line, message),) = problems(path)
    assert line == 1 and "is not UTF-8" in message and "(30 lines are not)" in message
    assert f"mevqa convert {path} {path.with_name('q_official.jsonl')}" in message


def test_many_values_of_one_mistake_are_one_line_with_examples(tmp_path):
    values = [3, None, ["a"], 4.5, True, 3]
    path = write(tmp_path / "q.jsonl", *[train_row(number, answer=value) for number, value in enumerate(values)])
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert len(caught.value.problems) == 6
    expected = (
        """'answer' must be a text in double quotes, not 3 (line 1), null (line 2), ["a"] (line 3), ...: 6 lines"""
    )
    assert str(caught.value) == f"{path}:1: {expected}"


def test_the_same_complaint_about_many_lines_is_one_line(tmp_path):
    path = write(tmp_path / "q.jsonl", *["x"] * 900, *[train_row(1)] * 30)
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert len(caught.value.problems) == 929
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}:1: is not a JSON object: a row starts with {{ (900 lines: 1, 2, 3, ...)"
    assert len(lines) == 2 and "stands in line 901 already (29 lines: 902, 903, 904, ...)" in lines[1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"\\ud83d"', "holds half a character"),
        ("NaN", "NaN is no JSON value"),
        ("9" * 5000, "a number of 5000 digits"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("[" * 100000, "nested too deeply"),
        ("null", "must be a text"),
    ],
)
def test_damaged_answers_are_one_line(tmp_path, value, message):
    row = json.dumps(official_test_row()).replace('"answer": ""', f'"answer": {value}')
    (problem,) = problems(write(tmp_path / "q.jsonl", row))
    assert problem[0] == 1 and message in problem[1] and len(problem[1]) < 200


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("question", "What " * 10_000, "'question' has 50,000 characters; at most 20,000 can be read"),
        ("id", "x" * 5_000_000, "'id' has 5,000,000 characters; at most 1,000 can be read"),
        ("answer", "x" * 100_001, "'answer' has 100,001 characters; at most 100,000 can be read"),
        *(("id", f"a{sign}b", f"'id' holds the control character {sign!r}") for sign in "\0\n\t\x1b\x85\u2028"),
        ("image_id", "a\x1b[31m", "'image_id' holds the control character '\\x1b'"),
    ],
)
def test_texts_that_no_file_or_name_has_are_refused(tmp_path, key, value, message):
    ((line, reported),) = problems(write(tmp_path / "q.jsonl", train_row(**{key: value})))
    assert line == 1 and message in reported


def test_ids_that_look_alike_are_two(tmp_path):
    rows = [train_row(id="caf\u00e9"), train_row(id="cafe\u0301")]
    assert [q.id for q in read_questions(write(tmp_path / "q.jsonl", *rows)).questions] == [row["id"] for row in rows]


def test_a_missing_file_and_a_folder(tmp_path):
    assert "No such file" in problems(tmp_path / "none.jsonl")[0][1]
    assert "cannot be read" in problems(tmp_path)[0][1]


def test_unicode_line_separators_inside_a_row_do_not_break_it(tmp_path):
    row = json.dumps(official_test_row(note="a\u2028b\x85c"), ensure_ascii=False)
    file = read_questions(write(tmp_path / "q.jsonl", row))
    assert len(file.questions) == 1 and file.render({}) == (row + "\n").encode()


@pytest.mark.parametrize(
    "clip", ["../a", "a/../../b", "/etc/passwd", "..", "C:\\x", "c:x", "..\\x", "\\\\host\\x", "~/x", "a\0b"]
)
def test_paths_that_leave_the_folder(clip):
    assert leaves_folder(clip)


@pytest.mark.parametrize(
    "clip", ["CAS-1", "a/b", "spNO.1_a_160", "a..b", "1_001_2", "..a", "~x/y", "12:30", "javascript:x"]
)
def test_paths_that_stay(clip):
    assert not leaves_folder(clip)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_clearly(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("q") / "q.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert all("\n" not in problem.message for problem in caught.value.problems)


@pytest.mark.data
@official
@pytest.mark.parametrize(
    ("name", "layout", "task", "dataset", "questions", "clips", "answered"),
    [
        ("me_vqa_casme2_train", "train", "vqa", "casme2", 911, 145, 911),
        ("me_vqa_smic_coarse", "train", "vqa", "smic", 164, 164, 164),
        ("me_vqa_casme3_test_to_answer", "test", "vqa", "casme3", 85, 17, 0),
        ("me_vqa_casme3_test_pred", "test", "vqa", "casme3", 85, 17, 85),
        ("me_vqa_samm_v2_test_to_answer", "test", "vqa", "samm", 35, 7, 0),
        ("me_lvqa_samm_test_to_answer", "test", "lvqa", "samm", 60, 10, 0),
    ],
)
def test_official_files_round_trip(name, layout, task, dataset, questions, clips, answered):
    path = MEGC / f"{name}.jsonl"
    file = read_questions(path)
    data = path.read_bytes()
    assert (file.layout, file.task, file.dataset) == (layout, task, dataset)
    assert (len(file.questions), len(file.clip_ids)) == (questions, clips)
    assert sum(question.reference is not None for question in file.questions) == answered
    assert file.render({}) == data
    assert file.render({question.id: question.reference or "" for question in file.questions}) == data


@pytest.mark.data
@official
def test_a_real_submission_is_its_questions_with_answers():
    questions = read_questions(MEGC / "me_vqa_casme3_test_to_answer.jsonl")
    submission = read_questions(MEGC / "me_vqa_casme3_test_pred.jsonl")
    filled = questions.render({question.id: question.reference or "" for question in submission.questions})
    ours = [json.loads(line) for line in filled.splitlines()]
    assert ours == [dict(row.values) for row in submission.rows]
    assert filled.count(b'","') > 0 and not filled.endswith(b"\n")
