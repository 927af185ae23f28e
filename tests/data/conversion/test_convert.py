"""Conversion between the official layout and the formats of other toolkits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.cli import main
from mevqa.data.conversion.convert import convert
from mevqa.data.documents import keys
from mevqa.data.official import read_questions
from mevqa.errors import InputError
from mevqa.formats import TARGETS

QUESTION = "What is the coarse expression class?"


def train_rows(count=4):
    return [
        {
            "id": f"casme2_s1_clip{number % 2}_{number}",
            "dataset": "casme2",
            "image_id": f"clip{number % 2}",
            "subject": "s1",
            "filename": f"EP0{number}",
            "question": QUESTION,
            "answer": "positive",
        }
        for number in range(count)
    ]


def save(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def rows_after(source, tmp_path, **options):
    out = tmp_path / "converted" / "q.jsonl"
    result = convert(source, out, **options)
    return result, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "text",
    [
        "".join(json.dumps(row) + "\n" for row in train_rows()),
        "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in train_rows())[:-1],
        json.dumps(
            {**train_rows(1)[0], "question": " What <image> is\n it? ", "answer": " \u00e9 ", "note": [1, None]}
        ),
        json.dumps(dict(reversed(train_rows(1)[0].items())), ensure_ascii=True),
        json.dumps({"video_id": "samm_test_SAMM-1_1", "video": "a/SAMM-1.mp4", "question": QUESTION, "answer": ""}),
        json.dumps({"video_id": "x_1", "video": "x", "question": "\u4ec0\u4e48?", "answer": "", "subject": 6}) + "\n",
    ],
)
def test_there_and_back_gives_the_same_bytes(text, target, tmp_path):
    source = save(tmp_path / "q.jsonl", text)
    convert(source, tmp_path / "other", to=target)
    convert(tmp_path / "other", tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (train_rows(), "a JSON array of question rows"),
        ({"version": 1, "data": train_rows()}, "a JSON object whose list 'data' holds question rows"),
        ("\n".join(json.dumps(row, indent=2) for row in train_rows()), "JSON over several lines (question rows)"),
        (
            "id;dataset;image_id;subject;filename;question;answer\n"
            + "".join(";".join(row.values()) + "\n" for row in train_rows()),
            "a table of question rows",
        ),
    ],
)
def test_the_kind_of_file_is_named_with_the_command_that_converts_it(content, what, tmp_path):
    source = save(tmp_path / "q's.json", content)
    with pytest.raises(InputError) as caught:
        read_questions(source)
    (problem,) = caught.value.problems
    command = f"mevqa convert '{tmp_path}/q'\"'\"'s.json' '{tmp_path}/q'\"'\"'s.jsonl'"
    assert problem.message == f"is {what}, not one question row a line; convert it: {command}"
    result, rows = rows_after(source, tmp_path)
    assert (result.source, rows) == (what, train_rows())


def turns(*texts):
    return [{"from": ("human", "gpt")[n % 2], "value": text} for n, text in enumerate(texts)]


def messages(*texts):
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


PARTS = [{"type": "image_url", "image_url": {"url": "clipA/1.jpg"}}, {"type": "text", "text": QUESTION}]


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"image": "clipA/1.jpg", "conversations": turns(f"<image>\n{QUESTION}", "positive")}, "LLaVA records"),
        ({"video": "clipA.mp4", "conversations": turns(f"<video>\n{QUESTION}", "positive")}, "LLaVA records"),
        ({"images": ["clipA/1.jpg", "clipA\\2.jpg"], "messages": messages(f"<image><image>{QUESTION}", "positive")},
         "ShareGPT records"),
        ({"messages": messages(PARTS, "positive")}, "OpenAI chat records"),
        ({"body": {"model": "x", "messages": messages(PARTS, "positive")}}, "OpenAI chat records"),
        ({"query": f"<image>{QUESTION}", "response": "positive", "images": ["clipA/1.jpg"]},
         "query-response records (ms-swift)"),
        ({"instruction": QUESTION, "input": "", "output": "positive", "videos": ["clipA.avi"]}, "Alpaca records"),
        ({"Question": QUESTION, "label": "positive", "img_path": "./clipA/1.png"}, "question rows with other keys"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("array", [True, False])
def test_records_of_other_toolkits(record, what, array, tmp_path):
    records = [{"id": 7, **record}, record]
    text = json.dumps(records) if array else "".join(json.dumps(row) + "\n" for row in records)
    source = save(tmp_path / "data.json", text)
    with pytest.raises(InputError) as caught:
        read_questions(source)
    (problem,) = caught.value.problems
    assert what in problem.message and "mevqa convert" in problem.message
    result, rows = rows_after(source, tmp_path)
    assert what in result.source
    questions = [(row["video_id"], row["video"], row["question"], row["answer"]) for row in rows]
    assert questions == [("7", "clipA", QUESTION, "positive"), ("clipA_2", "clipA", QUESTION, "positive")]
    assert "1 ids were made, as CLIP_NUMBER: the records have none" in result.notes
    result, rows = rows_after(source, tmp_path / "b", dataset="casme2")
    assert [(row["id"], row["dataset"], row["image_id"]) for row in rows] == [
        ("7", "casme2", "clipA"),
        ("casme2_clipA_2", "casme2", "clipA"),
    ]


def test_turns_become_questions_of_their_own(tmp_path):
    record = {"id": "r", "video": "c.mp4", "conversations": turns(f"<video>\n{QUESTION}", "positive", "Why?", "smile")}
    result, rows = rows_after(save(tmp_path / "a.json", [record]), tmp_path)
    assert [(row["video_id"], row["question"], row["answer"]) for row in rows] == [
        ("r_1", QUESTION, "positive"),
        ("r_2", "Why?", "smile"),
    ]
    assert any("turns of one record" in note for note in result.notes)


def test_every_problem_is_reported_and_nothing_is_written(tmp_path):
    bad = [
        {"image": "c/1.jpg", "conversations": turns("a", "b")},
        {"conversations": turns("a", "b")},
        {"image": "c/1.jpg", "conversations": [{"from": "tool", "value": "x"}]},
        {"image": "c/1.jpg", "conversations": turns("a", 3)},
        {"images": ["c/1.jpg", "d/1.jpg"], "conversations": turns("a", "b")},
        {"image": "data:image/png;base64,xxxx", "conversations": turns("a", "b")},
        {"image": "c/1.jpg", "conversations": []},
        7,
    ]
    source = save(tmp_path / "a.json", "[\n" + ",\n".join(map(json.dumps, bad)) + "\n]")
    with pytest.raises(InputError) as caught:
        convert(source, tmp_path / "out.jsonl")
    problems = sorted((problem.line or 0, problem.message) for problem in caught.value.problems)
    parts = [
        (0, "entry 8 is not a JSON object"),
        (3, "names no clip"),
        (4, "turn of 'tool'"),
        (5, "must be a text"),
        (6, "media of 2 clips (c, d)"),
        (7, "is embedded"),
        (8, "has no question"),
    ]
    assert [line for line, _ in problems] == [line for line, _ in parts]
    assert all(part in message for (_, message), (_, part) in zip(problems, parts, strict=True))
    assert not (tmp_path / "out.jsonl").exists()


def test_two_different_answers_are_refused(tmp_path):
    record = {"id": "1", "image": "c/1.jpg", "question": QUESTION, "answer": "positive", "prediction": "negative"}
    with pytest.raises(InputError, match="several answers, under 'answer' and 'prediction'"):
        convert(save(tmp_path / "a.json", [record]), tmp_path / "b.jsonl")


def test_absolute_paths_and_single_pictures(tmp_path):
    records = [{"image": f"/data/me/{name}/1.jpg", "question": "a?", "answer": ""} for name in ("c", "d/e")]
    result, rows = rows_after(save(tmp_path / "a.json", records), tmp_path)
    assert [row["video"] for row in rows] == ["c", "d/e"]
    assert "clips are named below /data/me: give that folder as --media" in result.notes
    flat = [{"image": f"images/{name}.jpg", "question": "a?", "answer": ""} for name in ("0001", "0002")]
    _, rows = rows_after(save(tmp_path / "b.json", flat), tmp_path / "b")
    assert [row["video"] for row in rows] == ["images/0001", "images/0002"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_of_every_unicode_encoding_are_read(encoding, tmp_path):
    text = "".join(json.dumps({**row, "answer": "\u00e9"}, ensure_ascii=False) + "\r\n" for row in train_rows())
    source = tmp_path / "q.jsonl"
    source.write_bytes(text.encode(encoding))
    _, rows = rows_after(source, tmp_path)
    assert [row["answer"] for row in rows] == ["\u00e9"] * 4


@pytest.mark.parametrize(
    "text", ["", "[", "[1]", "{}", "{", "[]", '{"a": [{}]}', "x", "question,answer\n", "[" * 10**5]
)
def test_files_without_records_are_refused(text, tmp_path):
    with pytest.raises(InputError) as caught:
        convert(save(tmp_path / "a.json", text), tmp_path / "b.jsonl")
    assert all("\n" not in problem.message for problem in caught.value.problems)


def test_a_broken_array_is_named_with_its_records(tmp_path):
    text = json.dumps(train_rows(), indent=1)[:-3] + "\n"
    with pytest.raises(InputError) as caught:
        read_questions(save(tmp_path / "a.json", text))
    (problem,) = caught.value.problems
    assert problem.message.startswith("looks like a JSON array of question rows, but is not valid JSON")


def test_several_lists_are_named(tmp_path):
    for indent in (None, 1):
        source = save(tmp_path / "a.json", json.dumps({"train": train_rows(), "test": train_rows()}, indent=indent))
        with pytest.raises(InputError, match="with the lists 'train', 'test'; write one of them to a file of its own"):
            read_questions(source)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: is a file; name another folder"):
        convert(save(tmp_path / "a.json", train_rows()), tmp_path / "file" / "b.jsonl")


def test_nothing_is_overwritten(tmp_path):
    source = save(tmp_path / "a.json", train_rows())
    with pytest.raises(InputError, match="exists already"):
        convert(source, source)
    assert json.loads(source.read_text()) == train_rows()


def test_an_edited_record_wins_over_the_row_that_it_carries(tmp_path):
    compact = json.dumps(train_rows(1)[0], separators=(",", ":"))
    convert(save(tmp_path / "q.jsonl", compact), tmp_path / "a.json", to="llava")
    (record,) = json.loads((tmp_path / "a.json").read_text())
    record["conversations"][1]["value"] = "negative"
    convert(save(tmp_path / "b.json", [record]), tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_text() == compact.replace("positive", "negative")
    record["conversations"][0]["value"] = "Why?"
    convert(save(tmp_path / "c.json", [record]), tmp_path / "c.jsonl")
    assert json.loads((tmp_path / "c.jsonl").read_text())["question"] == "Why?"


def test_half_a_character_is_the_problem_of_its_record(tmp_path):
    rows = train_rows(2)
    rows[1]["answer"] = "\ud83d"
    text = "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
    with pytest.raises(InputError) as caught:
        convert(save(tmp_path / "a.json", text), tmp_path / "b.jsonl")
    (problem,) = caught.value.problems
    assert problem.line == 3 and "half a character" in problem.message


@pytest.mark.parametrize("target", TARGETS)
def test_keys_that_mean_something_elsewhere_survive(target, tmp_path):
    odd = {"label": "x", "response": {"a": 1}, "messages": 3, "images": None, "query": "y", "system": 5, "body": []}
    text = "".join(json.dumps({**row, **odd}) + "\n" for row in train_rows(2))
    source = save(tmp_path / "q.jsonl", text)
    convert(source, tmp_path / "other", to=target)
    convert(tmp_path / "other", tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_text() == text


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_predictions_of_other_formats_are_named_by_score(suffix, tmp_path, capsys):
    reference = save(tmp_path / "q.jsonl", "".join(json.dumps(row) + "\n" for row in train_rows()))
    folder = tmp_path / "predictions"
    convert(reference, folder / f"p{suffix}", to="csv" if suffix == ".csv" else "llava")
    for predictions in (folder, folder / f"p{suffix}"):
        assert main(["score", str(predictions), str(reference)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"convert it: mevqa convert {folder}/p{suffix} {folder}/p.jsonl" in line


def test_objects_of_records_by_id(tmp_path):
    records = {
        "q1": {"image": "c/1.jpg", "question": QUESTION, "answer": "positive"},
        "q2": {"video": "d.mp4", "question": "a?"},
    }
    source = save(tmp_path / "a.json", records)
    with pytest.raises(InputError, match="a JSON object of question rows with other keys by id"):
        read_questions(source)
    _, rows = rows_after(source, tmp_path)
    assert [(row["video_id"], row["video"], row["answer"]) for row in rows] == [
        ("q1", "c", "positive"),
        ("q2", "d", ""),
    ]
    rows[0]["answer"] = "negative"
    answers = save(tmp_path / "b.json", {"q2": "why", "q1": "negative"})
    convert(answers, tmp_path / "c.jsonl", questions=tmp_path / "converted" / "q.jsonl")
    assert [json.loads(line)["answer"] for line in (tmp_path / "c.jsonl").read_text().splitlines()] == [
        "negative",
        "why",
    ]


def test_a_spreadsheet_of_questions(tmp_path, capsys):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["notes"])
    sheet = book.create_sheet()
    sheet.append(["id", "image", "question", "answer"])
    sheet.append([7, "c/1.jpg", QUESTION, "positive"])
    book.save(tmp_path / "q.xlsx")
    reference = save(tmp_path / "q.jsonl", "".join(json.dumps(row) + "\n" for row in train_rows()))
    assert main(["score", str(tmp_path / "q.xlsx"), str(reference)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is a table of question rows with other keys" in line and "mevqa convert" in line
    _, rows = rows_after(tmp_path / "q.xlsx", tmp_path)
    assert [(row["video_id"], row["video"], row["question"], row["answer"]) for row in rows] == [
        ("7", "c", QUESTION, "positive")
    ]


def test_a_table_in_a_chinese_code_page(tmp_path):
    source = tmp_path / "q.csv"
    source.write_bytes(
        "id,video,question,answer\n1,c.mp4,\u8868\u60c5\u7684\u7c7b\u522b\u662f\u4ec0\u4e48\uff1f,\u6d88\u6781\n".encode(
            "gb18030"
        )
    )
    result, rows = rows_after(source, tmp_path)
    assert rows[0]["answer"] == "\u6d88\u6781" and "not UTF-8" in result.notes[0]


@pytest.mark.parametrize("header", ["id,video,question,answer", "id,video,question,answer,"])
def test_an_answer_with_an_unquoted_comma_is_not_cut(header, tmp_path):
    with pytest.raises(InputError) as caught:
        convert(
            save(tmp_path / "a.csv", f"{header}\n1,c.mp4,Why?,The brow lowers, then rises.\n"), tmp_path / "b.jsonl"
        )
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (2, "has 5 cells, the header 4: quote cells with commas")


@pytest.mark.parametrize("depth", [100, 500, 980, 990, 1000, 100000])
@pytest.mark.parametrize("target", ["official", "llava"])
def test_deeply_nested_json_is_one_line(depth, target, tmp_path):
    nested = "[" * depth + "]" * depth
    for text in (f'[{{"image": "c/1.jpg", "question": "a?", "note": {nested}}}]', f'{{"query": {nested}}}'):
        with pytest.raises(InputError) as caught:
            convert(save(tmp_path / "a.json", text), tmp_path / "b.jsonl", to=target)
        (problem,) = caught.value.problems
        assert "nested too deeply" in problem.message


def test_the_lines_of_many_records():
    from mevqa.data.documents.records import read_document

    rows = [{"image": "c/1.jpg", "question": "a?", "answer": "x" * 200}] * 20000
    document = read_document(json.dumps(rows, indent=1))
    assert document.records[-1].line == 2 + 5 * 19999


KEYS = st.sampled_from(
    ["id", "video_id", "video", "image", "images", "image_id", "messages", "conversations", "role", "from", "content"]
    + ["value", "question", "answer", "query", "response", "history", "system", "metadata", "body", "official_row"]
    + ["media", "subject", "dataset", "prediction", "choices", "input", "instruction", "text", "type"]
)
LEAVES = st.sampled_from(
    ["", "a?", "c/1.jpg", "/x/y.png", "<image>\nq", "human", "assistant", '{"id": 1}', "\ud83d", None, 1, 0.5]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)


@given(st.lists(VALUES, max_size=3), st.sampled_from(["array", "lines", "indented"]), st.sampled_from(TARGETS))
def test_any_records_are_converted_or_refused_in_clear_lines(tmp_path_factory, values, container, target):
    folder = tmp_path_factory.mktemp("q")
    texts = [json.dumps(value, indent=1 if container == "indented" else None) for value in values]
    source = save(folder / "q.json", f"[{','.join(texts)}]" if container == "array" else "\n".join(texts))
    try:
        convert(source, folder / "out", to=target)
    except InputError as error:
        assert all("\n" not in problem.message for problem in error.problems) and str(error).encode()
        return
    convert(folder / "out", folder / "back.jsonl")
    assert read_questions(folder / "back.jsonl").questions


def test_a_key_that_every_record_has_is_looked_at_once(tmp_path):
    records = [{"id": str(number), "question": "q", "answer": "a", "video": "v.mp4"} for number in range(500)]
    (tmp_path / "in.json").write_text(json.dumps(records))
    keys._simple.cache_clear()
    convert(tmp_path / "in.json", tmp_path / "out.jsonl", dataset="casme2")
    assert keys._simple.cache_info().misses < 500
