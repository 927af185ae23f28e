"""A question type that is registered beside those of the package."""

import json

import pytest

import mevqa
from mevqa.errors import InputError
from mevqa.models.mock import MockModel
from mevqa.questions import question_types
from mevqa.questions.answers import fault, normalise, read_answer
from mevqa.questions.prior import prior_options
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.types import (
    ClosedQuestion,
    CountQuestion,
    IntervalQuestion,
    SentenceQuestion,
    UnitListQuestion,
)
from mevqa.questions.vocabulary import Wording
from mevqa.scoring.tables import score_tables, short_table
from mevqa.types import Clip, Reply

PROMPT = {
    "answer": {"options": ["weak", "strong"]},
    "variants": {"default": {"text": "{question} One of: {options}."}},
}
INTENSITY = ClosedQuestion(
    "intensity",
    lambda text: text.has(r"\bhow strong\b"),
    choices={"weak": ("subtle", "faint"), "strong": ("marked",)},
    title="intensity",
    prompt=PROMPT,
)
ASKED = "How strong is the expression?"


@pytest.fixture(autouse=True)
def registered():
    mevqa.register_question_type(INTENSITY)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    mevqa.synthesise(folder / "set", clips=1, seed=5)
    return next((folder / "set" / "clips").glob("*.mp4"))


def test_its_questions_are_recognised_before_those_of_the_package():
    assert mevqa.parse_question(ASKED).type == "intensity"
    assert mevqa.parse_question("What is the coarse expression class?").type == "coarse"


def test_its_answers_are_read_written_and_checked():
    question = question_types.question_about(Clip("c"), 1, ASKED)
    assert read_answer(question, "It is subtle, not strong.").value == "weak"
    assert read_answer(question, "(B)").value == "strong"
    assert normalise(question, Reply("Answer: faint")) == "weak"
    assert fault(question, "faint") == "'faint' is none of: weak, strong"
    assert prior_options(question, ["weak", "strong"]) == {"weak": 0.5, "strong": 0.5}


def test_its_prompt_is_its_own_or_that_of_the_users_folder(tmp_path):
    question = question_types.question_about(Clip("c"), 1, ASKED)
    request = PromptLibrary.load().request(question)
    assert (request.text, request.options) == (f"{ASKED} One of: weak, strong.", ("weak", "strong"))
    (tmp_path / "intensity.yaml").write_text(json.dumps(PROMPT).replace("One of", "Say one of"), "utf-8")
    assert "Say one of" in PromptLibrary.load(tmp_path).request(question).text
    (tmp_path / "intensty.yaml").write_text("", "utf-8")
    with pytest.raises(InputError, match=r"did you mean 'intensity\.yaml'"):
        PromptLibrary.load(tmp_path)


def test_it_is_answered_and_scored_and_changes_no_number_of_the_official_types(tmp_path, clip):
    row = {"image_id": clip.stem, "dataset": "synthetic"}
    questions = [(ASKED, "weak"), ("What is the coarse expression class?", "negative")]
    rows = [{"id": str(n), **row, "question": q, "answer": a} for n, (q, a) in enumerate(questions)]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(question) + "\n" for question in rows), "utf-8")
    model = MockModel({"strong": "weak", "coarse": "negative"})
    run = mevqa.evaluate(file, model, media=clip.parent, out=tmp_path / "run", views="frames")
    assert list(run.to_pandas().type) == ["intensity", "coarse"]
    result = run.score()
    assert result.metrics["intensity.accuracy"] == 1.0
    file.write_text(json.dumps(rows[1]) + "\n", "utf-8")
    alone = mevqa.evaluate(file, model, media=clip.parent, out=tmp_path / "other", views="frames").score().metrics
    assert {key: result.metrics[key] for key in alone} == alone
    assert "intensity" in [row[0] for row in short_table(result).rows]
    assert "intensity" in [row[0] for table in score_tables(result) for row in table.rows]


def test_every_base_class_serves_a_type_of_ones_own(tmp_path, clip):
    """One question of each is answered and scored, action units of such types apart from the official ones."""
    free = {"default": {"text": "{question}"}}
    wording = Wording(singular="AU {units}, {fine}, {coarse}", plural="AUs {units}, {fine}, {coarse}")
    types = [
        (CountQuestion("blinks", lambda t: t.has("blinks"), prompt={"answer": {"number": 9}, "variants": free}), "3"),
        (
            UnitListQuestion(
                "upper",
                lambda t: t.has("upper face"),
                prompt={"answer": {"names": "facs.units"}, "variants": free},
            ),
            "brow lowerer",
        ),
        (
            SentenceQuestion(
                "short",
                lambda t: t.has("in short"),
                sentences=wording,
                prompt={"answer": {"sentence": "facs.units"}, "variants": free},
            ),
            "AU brow lowerer, disgust, negative",
        ),
        (
            IntervalQuestion(
                "when",
                lambda t: t.has("which frames"),
                metric="interval",
                prompt={"answer": {"frames": 99}, "variants": free},
            ),
            "frames 3-9",
        ),
    ]
    texts = ["How many blinks?", "Which units of the upper face?", "Say it in short.", "In which frames?"]
    for definition, _ in types:
        mevqa.register_question_type(definition)
    row = {"image_id": clip.stem, "dataset": "casme2"}
    rows = [{"id": str(n), **row, "question": q, "answer": types[n][1]} for n, q in enumerate(texts)]
    rows.append({"id": "9", **row, "question": "What is the action unit?", "answer": "dimpler"})
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(question) + "\n" for question in rows), "utf-8")
    model = MockModel(
        {text: answer for text, (_, answer) in zip(texts, types, strict=True)} | {"action unit": "dimpler"}
    )
    run = mevqa.evaluate(file, model, media=clip.parent, out=tmp_path / "run", views="frames", consistency=False)
    assert [answer.error for answer in run.answers.values()] == [None] * 5
    metrics = run.score().metrics
    named = ("blinks.accuracy", "upper.f1", "short.au_f1", "when.iou", "au.f1")
    assert {key: metrics[key] for key in named} == dict.fromkeys(named, 1.0)


def test_names_are_taken_once_and_unknown_ones_are_refused():
    with pytest.raises(ValueError, match="'coarse' is registered already"):
        mevqa.register_question_type(CountQuestion("coarse", lambda text: False))
    with pytest.raises(ValueError, match="unknown question type 'intensty'; did you mean 'intensity'?"):
        question_types.question_type("intensty")
