"""Predictions of other toolkits become runs that are scored and submitted, or are refused in clear lines."""

import json
import shutil

import pytest
from map_clips import write_maps

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.training.export.record import ExportedFolder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_maps(tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports") / "folds"
    mevqa.export_conversations(
        data, out=out, precomputed={"flow": data.parent / "maps"}, views=["motion"], folds=3, format="messages"
    )
    return out


@pytest.fixture(scope="module")
def right(data):
    return {question.id: question.reference for question in mevqa.read_questions(data).questions}


def split_rows(exported, fold):
    text = (exported / fold / "test.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def folds_of(exported):
    return list(json.loads((exported / "export.json").read_text("utf-8"))["splits"])


def swift(row):
    """Output of `swift infer`: no id, the answer in `response` and at the end of the messages."""
    label = row["messages"][-1]["content"]
    pictures = [{"bytes": None, "path": f"/data/elsewhere/{path}"} for path in row["images"]]
    return {"response": label, "labels": label, "logprobs": None, "messages": row["messages"], "images": pictures}


def factory(row):
    """Output of LLaMA-Factory: the rendered prompt, the answer, the label."""
    system, user, answer = (message["content"] for message in row["messages"])
    prompt = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
    prompt = prompt.replace("<image>", "<|vision_start|><|image_pad|><|image_pad|><|vision_end|>")
    return {"prompt": prompt, "predict": answer, "label": f"{answer}\n"}


def plain(row):
    return {"id": row["id"], "messages": row["messages"]}


FORMS = {"swift": swift, "factory": factory, "messages": plain}


def save(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def predictions(exported, folder, form):
    return [
        save(folder / f"{fold}.jsonl", [FORMS[form](row) for row in split_rows(exported, fold)])
        for fold in folds_of(exported)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_predictions_of_every_fold_are_one_run_that_scores(exported, right, tmp_path, form):
    files = predictions(exported, tmp_path, form)
    run = mevqa.import_predictions(files[::-1], export=exported, out=tmp_path / "run", model="theirs")
    assert {name: answer.text for name, answer in run.answers.items()} == right
    assert run.score(draws=0).metrics["coarse.uf1"] == pytest.approx(1)
    assert mevqa.open_run(tmp_path / "run").to_pandas()["answer"].tolist() == list(right.values())
    assert run.manifest["decides"]["model"]["name"] == "theirs"


def test_an_empty_prediction_is_an_error_and_no_answer(exported, right, tmp_path, capsys):
    files = predictions(exported, tmp_path, "swift")
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    rows[0]["response"] = " "
    rows[1]["response"] = None
    rows[1]["messages"] = rows[1]["messages"][:-1]
    rows[2]["response"] = "I cannot tell."
    save(files[0], rows)
    words = ["import", *map(str, files), "--export", str(exported), "--out", str(tmp_path / "run")]
    assert main(words) == 0
    assert f"{len(right) - 3} of {len(right)} questions answered" in capsys.readouterr().out
    answers = mevqa.open_run(tmp_path / "run").answers
    failed = [answer for answer in answers.values() if answer.error is not None]
    assert [answer.text for answer in failed] == ["", "", ""]
    assert sorted(answer.error for answer in failed)[1:] == ["the prediction is empty"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "predictions: all {} predictions are empty; no run is written"),
        ("I cannot tell.", "predictions: not one of {} questions is answered; of the first, "),
    ],
    ids=["empty", "unreadable"],
)
def test_predictions_without_one_answer_are_no_run(exported, right, tmp_path, capsys, text, message):
    files = predictions(exported, tmp_path, "swift")
    for file in files:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        save(file, [{**row, "response": text, "messages": row["messages"][:-1]} for row in rows])
    assert main(["import", *map(str, files), "--export", str(exported), "--out", str(tmp_path / "run")]) == 2
    printed = capsys.readouterr()
    assert f"mevqa import: {message.format(len(right))}" in printed.err and not printed.out
    assert printed.err.count("\n") == 1 and not (tmp_path / "run").exists()


def test_what_a_server_cut_off_refused_or_failed_at_is_no_answer(tmp_path):
    """As in the file of a batch: OpenAI, vLLM."""

    def reply(text, reason, **message):
        choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": reason}
        return {"response": {"status_code": 200, "body": {"choices": [choice]}}, "error": None}

    text = "What are the action units?"
    replies = {
        "whole": reply("brow lowerer, lid tightener", "stop"),
        "cut": reply("brow lowerer, lid", "length"),
        "filtered": reply("brow lowerer", "content_filter"),
        "refused": reply(None, "stop", refusal="I cannot\nhelp with brow lowerers"),
        "empty": reply(None, "stop"),
        "failed": {"response": {"status_code": 500, "body": {"error": {"message": "boom"}}}, "error": None},
        "late": {"response": None, "error": {"code": "batch_expired", "message": "This batch expired"}},
    }
    question_rows = [
        {"id": name, "dataset": "casme2", "image_id": name, "question": text, "answer": "brow lowerer"}
        for name in replies
    ]
    file = save(tmp_path / "asked.jsonl", question_rows)
    batch = save(
        tmp_path / "batch.jsonl", [{"id": "b", "custom_id": name, **reply_row} for name, reply_row in replies.items()]
    )
    run = mevqa.import_predictions(batch, questions=file, out=tmp_path / "run")
    assert {name for name, answer in run.answers.items() if answer.error is None} == {"whole"}
    assert {name: answer.error for name, answer in run.answers.items() if name not in ("whole", "cut")} == {
        "filtered": "the server's filter cut the answer off",
        "refused": "the model refused: I cannot help with brow lowerers",
        "empty": "the prediction is empty",
        "failed": "the server had no answer: boom",
        "late": "the server had no answer: This batch expired",
    }
    assert run.answers["cut"].unusable == "truncated"


def test_a_test_file_is_answered_and_submitted(data, tmp_path):
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    question_rows = [
        {"video_id": f"casme2_test_{row['id']}", "video": row["image_id"], "question": row["question"], "answer": ""}
        for row in rows
    ]
    file = save(tmp_path / "me_vqa_casme2_test_to_answer.jsonl", question_rows)
    maps = {"flow": data.parent / "maps"}
    mevqa.export_conversations(file, out=tmp_path / "open", precomputed=maps, views=["motion"], format="messages")
    conversations = [json.loads(line) for line in (tmp_path / "open" / "test.jsonl").read_text("utf-8").splitlines()]
    answered = [
        {"response": row["answer"], "messages": conversation["messages"], "images": conversation["images"]}
        for row, conversation in zip(rows, conversations, strict=True)
    ]
    run = mevqa.import_predictions(
        save(tmp_path / "p.jsonl", answered[::-1]), export=tmp_path / "open", out=tmp_path / "run"
    )
    written = run.submit(tmp_path / "submission").predictions[0]
    lines = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
    assert [line["answer"] for line in lines] == [row["answer"] for row in rows]
    by_file = mevqa.import_predictions(
        save(tmp_path / "ids.jsonl", [{"id": row["video_id"], "prediction": "yes"} for row in question_rows]),
        questions=file,
        out=tmp_path / "by-file",
    )
    assert len(by_file.answers) == len(question_rows)


def damaged(rows, how):
    if how == "missing":
        return rows[1:]
    if how == "doubled":
        return [rows[0], *rows]
    if how == "unknown":
        return [{**rows[0], "id": "casme2_nobody_1"}, *rows[1:]]
    if how == "half":
        return [{key: value for key, value in rows[0].items() if key != "id"}, *rows[1:]]
    return [rows[-1], *rows[1:-1], rows[0]]


@pytest.mark.parametrize(
    ("form", "how", "message"),
    [
        ("messages", "missing", r"no record answers 1 of 24 questions of the split 'test' of .* \(casme2_sub"),
        ("messages", "doubled", r"fold-1-of-3.jsonl:2: answers 'casme2_sub.*' a second time"),
        ("messages", "unknown", r"fold-1-of-3.jsonl:1: the id 'casme2_nobody_1' is not in the split 'test'"),
        ("messages", "half", r"fold-1-of-3.jsonl:1: has no id, others have one"),
        ("factory", "order", r"fold-1-of-3.jsonl:1: asks .* where the fold fold-1-of-3 asks"),
        ("factory", "missing", r"fold-1-of-3.jsonl: has no ids and 7 answers to 24 questions"),
        ("swift", "doubled", r"fold-1-of-3.jsonl:2: answers 'casme2_sub.*' a second time"),
    ],
)
def test_what_does_not_fit_is_refused(exported, tmp_path, form, how, message):
    files = predictions(exported, tmp_path, form)
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    save(files[0], damaged(rows, how))
    with pytest.raises(InputError, match=message):
        mevqa.import_predictions(files, export=exported, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    if (form, how) == ("messages", "missing"):
        run = mevqa.import_predictions(files, export=exported, out=tmp_path / "run", partial=True)
        assert [answer.error for answer in run.answers.values() if answer.error] == [
            "the predictions have no record of this question"
        ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["p.jsonl"], "--export: name the export that was answered, or else --questions FILE"),
        (["p.jsonl", "--export", "."], "is no export: it has no export.json"),
        (["p.jsonl", "--questions", "q.jsonl", "--split", "test"], "--split: is a split of an export"),
        (["theirs"], "--model: names the base model"),
        (["."], ".: is a folder without adapter_config.json, and no adapter; name the folder of one, or files of"),
        (["empty.jsonl", "--questions", "q.jsonl"], "mevqa import: empty.jsonl: is empty\n"),
        (["none.jsonl", "--questions", "q.jsonl"], "none.jsonl: cannot be read: No such file or directory\n"),
    ],
)
def test_a_missing_option_is_named(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/adapter_config.json").write_text("{}")
    row = {"id": "1", "dataset": "casme2", "image_id": "a", "subject": "s", "filename": "a", "question": "Why?"}
    (tmp_path / "q.jsonl").write_text(json.dumps({**row, "answer": ""}) + "\n")
    (tmp_path / "empty.jsonl").write_text("")
    assert main(["import", *words, "--out", "run"]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_unicode_line_separators_inside_a_row_do_not_break_the_index(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "copy")
    rows = [json.loads(line) for line in (exported / "index.jsonl").read_text("utf-8").split("\n") if line]
    rows[0]["user"] += "a\u2028b\x85c"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "index.jsonl").write_text(text, "utf-8")
    assert [row.user for row in ExportedFolder(folder).rows()] == [row["user"] for row in rows]
