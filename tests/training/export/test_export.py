"""Exported conversations are those that training makes, divided by subject, and the toolkits' own readers take them."""

import json
from collections import Counter
from types import SimpleNamespace

import datasets
import pytest
from map_clips import write_maps
from PIL import Image
from tiny import built

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.models.transformers.prompts.prompting import Prompter
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.examples.clips import training_clips
from mevqa.training.packing.rows import Turn, encode_row
from mevqa.training.splits import LeakError

VIEWS = ("motion",)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three subjects, two clips each, four questions a clip; one of them holds a picture's placeholder."""
    folder = tmp_path_factory.mktemp("maps")
    file = write_maps(folder)
    text = file.read_text("utf-8")
    file.write_text(text.replace("What is the coarse", "<image> What is the coarse", 1), "utf-8")
    return file


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports")
    for form in ("messages", "sharegpt", "llava", "hf"):
        export(data, out / form, format=form, folds=3)
    return out


def export(data, out, **more):
    return mevqa.export_conversations(data, out=out, precomputed={"flow": data.parent / "maps"}, views=VIEWS, **more)


def rows_of(path):
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


def splits(folder):
    return json.loads((folder / "export.json").read_text("utf-8"))["splits"]


@pytest.mark.parametrize("form", ["messages", "sharegpt", "llava", "hf"])
def test_load_dataset_reads_every_fold_and_nobody_is_on_two_sides(exported, data, tmp_path, form):
    questions = {question.id for question in mevqa.read_questions(data).questions}
    tested = Counter()
    for fold in splits(exported / form):
        loaded = datasets.load_dataset(str(exported / form), fold, cache_dir=str(tmp_path))
        sides = {name: set(rows["subject"]) for name, rows in loaded.items()}
        assert set(sides) == {"train", "test"}
        assert not sides["train"] & sides["test"]
        assert {*loaded["train"]["id"], *loaded["test"]["id"]} == questions
        tested.update(loaded["test"]["id"])
    assert set(tested.values()) == {1}


@pytest.mark.parametrize("form", ["messages", "hf"])
def test_the_record_of_a_split_has_the_order_of_its_file(data, tmp_path, form):
    rows = sorted(rows_of(data), key=lambda row: row["image_id"][-4:])  # Clip by clip, each of another person.
    mixed = tmp_path / data.name
    mixed.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    maps = {"flow": data.parent / "maps"}
    mevqa.export_conversations(mixed, out=tmp_path / "out", precomputed=maps, views=VIEWS, format=form)
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path))
    assert list(loaded["id"]) == splits(tmp_path / "out")["default"]["train"]


def test_the_texts_hold_one_placeholder_a_picture_and_the_words_of_training(exported, data):
    plan = mevqa.inference.evaluation.plan([data], None, pictures={"motion": data.parent / "maps"})
    prompts = PromptLibrary.load()
    learnt = {q.id: (prompts.request(q).text, q.reference) for c in training_clips(plan, prompts) for q in c.questions}
    rows = {
        row["id"]: row
        for fold in splits(exported / "messages")
        for row in rows_of(exported / "messages" / fold / "test.jsonl")
    }
    assert rows.keys() == learnt.keys()
    for name, row in rows.items():
        system, user, answer = row["messages"]
        text, reference = learnt[name]
        assert system["content"] == prompts.system("casme2")
        assert user["content"].count("<image>") == len(row["images"]) == 1
        assert user["content"].endswith(text.replace("<image>", "< image>"))
        assert answer["content"] == reference
        with Image.open(exported / "messages" / row["images"][0]) as picture:
            assert picture.format == "PNG"


def test_a_clip_named_in_llava_has_its_picture_and_turns(exported):
    row = rows_of(exported / "llava" / "fold-1-of-3" / "train.json")[0]
    assert (exported / "llava" / row["image"]).is_file()
    assert [turn["from"] for turn in row["conversations"]] == ["system", "human", "gpt"]


@pytest.mark.parametrize("family", ["qwen2_5_vl", "smolvlm"])
def test_trl_makes_the_tokens_of_our_training(exported, data, tmp_path, family):
    collators = pytest.importorskip("trl.trainer.sft_trainer", reason="trl is not installed")
    model, processor = built(family)
    loaded = datasets.load_dataset(str(exported / "hf"), "fold-1-of-3", split="test", cache_dir=str(tmp_path))
    row = loaded[1]
    batch = collators.DataCollatorForVisionLanguageModeling(processor, max_length=None)([row])
    plan = mevqa.inference.evaluation.plan([data], None, pictures={"motion": data.parent / "maps"})
    prompts = PromptLibrary.load()
    question = next(q for q in plan.all_questions if q.id == row["id"])
    views = mevqa.ViewConfig(VIEWS).render(plan.clips[question.clip_id], long_video=False).views
    tokens = {processor.tokenizer.convert_tokens_to_ids(token) for token in ("<image>", "<|image_pad|>")}
    prompter = Prompter(processor, picture_tokens=frozenset(tokens), stop_tokens=frozenset())
    ours = encode_row(
        prompter, prompts.system("casme2"), views, [Turn(prompts.request(question).text, question.reference)]
    )
    prefix = ours.inputs["input_ids"][0].tolist()[: ours.prefix]
    whole = [*prefix, *ours.ids]
    assert batch["input_ids"][0].tolist()[: len(whole)] == whole


def test_llama_factory_reads_what_its_record_names(exported, tmp_path):
    parser = pytest.importorskip("llamafactory.data.parser", reason="LLaMA-Factory is not installed")
    from llamafactory.data.loader import _load_single_dataset

    for form in ("messages", "sharegpt"):
        folder = str(exported / form)
        (entry,) = parser.get_dataset_list(["fold-1-of-3_train"], folder)
        arguments = SimpleNamespace(
            dataset_dir=folder, media_dir=folder, streaming=False, preprocessing_num_workers=None, max_samples=None,
            overwrite_cache=True, cache_dir=str(tmp_path), hf_hub_token=None, local_process_index=0,
            dataloader_num_workers=0,
        )  # fmt: skip
        rows = _load_single_dataset(entry, arguments, arguments, arguments)
        assert len(rows) == 16
        assert all(row["_response"] and row["_system"] and len(row["_images"]) == 1 for row in rows)
        assert all(row["_prompt"][0]["content"].count("<image>") == 1 for row in rows)


def test_ms_swift_reads_messages_and_sharegpt(exported, monkeypatch, tmp_path):
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
    swift = pytest.importorskip("swift.dataset", reason="ms-swift is not installed")
    for name in ("messages/fold-1-of-3/train.jsonl", "sharegpt/fold-1-of-3/train.json"):
        rows, _ = swift.load_dataset([str(exported / name)], strict=True)
        assert len(rows) == 16
        assert [message["role"] for message in rows[0]["messages"]] == ["system", "user", "assistant"]
        assert len(rows[0]["images"]) == 1


def test_an_open_question_is_the_test_split_and_has_no_answer(data, tmp_path):
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    file = tmp_path / "me_vqa_casme3_test_to_answer.jsonl"
    question_rows = [
        {"video_id": f"casme3_test_{row['id']}", "video": row["image_id"], "question": row["question"], "answer": ""}
        for row in rows
        if row["subject"] == "sub01"
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in question_rows), "utf-8")
    done = export_of(file, data, tmp_path / "open")
    assert dict(done.splits["default"]) == {"test": len(question_rows)}
    for row in rows_of(tmp_path / "open" / "test.jsonl"):
        assert [message["role"] for message in row["messages"]] == ["system", "user"]


def export_of(file, data, out, **more):
    return mevqa.export_conversations(file, out=out, precomputed={"flow": data.parent / "maps"}, views=VIEWS, **more)


def test_a_clip_with_and_without_answers_is_refused_as_a_leak(data, tmp_path):
    lines = data.read_text("utf-8").splitlines()
    first = json.loads(lines[0]) | {"answer": ""}
    file = tmp_path / "me_vqa_casme2_train.jsonl"
    file.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n", "utf-8")
    with pytest.raises(LeakError, match="same clips: sub01_EP01"):
        export_of(file, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export_of(file, data, tmp_path / "folds", folds="subject").left_out == 1


def test_validation_takes_whole_subjects_out_of_training(data, tmp_path):
    export(data, tmp_path / "out", validation=0.3)
    sides = {
        name: {row["subject"] for row in rows_of(tmp_path / "out" / f"{name}.jsonl")}
        for name in ("train", "validation")
    }
    assert sides["train"] and sides["validation"] and not sides["train"] & sides["validation"]


def test_validation_of_one_subject_names_the_option(data, tmp_path, capsys):
    rows = [line for line in data.read_text("utf-8").splitlines() if "sub01" in line]
    alone = tmp_path / "me_vqa_casme2_train.jsonl"
    alone.write_text("\n".join(rows) + "\n", "utf-8")
    words = ["export", str(alone), "--precomputed", f"flow={data.parent / 'maps'}", "--out", str(tmp_path / "out")]
    assert main([*words, "--views", "motion", "--validation", ".3"]) == 2
    message = "--validation: validation by subject needs at least two persons; set its share to 0"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--folds", "1"], "--folds: is '1'; it must be subject, dataset, or a number of at least 2"),
        (["--folds", "9"], "--folds: 3 persons cannot be divided into 9 folds; ask for 2 to 3"),
        (["--validation", "1"], "--validation: is 1; it must be at least 0 and below 1"),
        (["--views", "motoin"], "unknown view 'motoin'"),
        (["--views", "onset"], "onset cannot be made for 6 clips without video"),
    ],
)
def test_impossible_exports_are_one_line(data, tmp_path, capsys, more, message):
    words = ["export", str(data), "--precomputed", f"flow={data.parent / 'maps'}", "--out", str(tmp_path / "out")]
    assert main([*words, *([] if "--views" in more else ["--views", "motion"]), *more]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(data, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="exists already"):
        export(data, tmp_path)
