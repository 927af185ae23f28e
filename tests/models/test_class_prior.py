"""Class frequencies that a model brings, taken out of its option scores."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

import mevqa
from mevqa.errors import InputError
from mevqa.models.class_prior import ClassPrior, CorrectedModel, class_prior
from mevqa.models.registry import load_model
from mevqa.types import Clip, Draw, Reply, Request

COARSE = ("positive", "negative", "surprise")
REQUEST = Request("Which?", options=COARSE)


def _reply(*shares: float) -> Reply:
    options = dict(zip(COARSE, shares, strict=True))
    return Reply(max(options, key=lambda name: options[name]), options=options, confidence=max(shares))


def test_probabilities_are_divided_by_the_frequencies():
    prior = ClassPrior("own", {"coarse": {"positive": 1, "negative": 7, "surprise": 3}})
    reply = prior.corrected(REQUEST, _reply(0.2, 0.6, 0.2))
    # .2 / 2 : .6 / 8 : .2 / 4, each class counted once more.
    assert reply.text == "positive" and reply.confidence == pytest.approx(0.1 / 0.225)
    assert reply.options == pytest.approx(
        {"positive": 0.1 / 0.225, "negative": 0.075 / 0.225, "surprise": 0.05 / 0.225}
    )


def test_drawn_answers_are_drawn_by_the_corrected_probabilities():
    prior = ClassPrior("own", {"coarse": {"positive": 1, "negative": 7, "surprise": 3}})
    drawn = [
        prior.corrected(replace(REQUEST, draw=Draw(1.0, (0, number))), _reply(0.2, 0.6, 0.2)) for number in range(300)
    ]
    counts = Counter(reply.text for reply in drawn)
    assert counts["positive"] / 300 == pytest.approx(0.1 / 0.225, abs=0.08)
    assert counts["surprise"] / 300 == pytest.approx(0.05 / 0.225, abs=0.08)
    assert all(reply.confidence == reply.options[reply.text] for reply in drawn)


def test_what_asks_for_no_class_stays():
    prior = ClassPrior("own", {"coarse": {"positive": 1, "negative": 7}})
    presence = Reply("yes", options={"yes": 0.6, "no": 0.4})
    assert prior.corrected(Request("Shown?", options=("yes", "no")), presence) is presence
    error = Reply("", error="out of memory")
    assert prior.corrected(REQUEST, error) is error
    fine = Reply("disgust", options={"disgust": 0.6, "fear": 0.4})
    assert prior.corrected(Request("Which?", options=("disgust", "fear")), fine) is fine


def test_frequencies_of_data_sets_and_of_files(tmp_path):
    assert class_prior("casme2").counts["coarse"]["negative"] > class_prior("casme2").counts["coarse"]["positive"]
    path = tmp_path / "train.jsonl"
    row = {"dataset": "casme2", "question": "What is the coarse expression class?"}
    classes = {"a": "negative", "b": "negative", "c": "surprise"}
    rows = [
        {**row, "id": f"{clip}{copy}", "image_id": clip, "answer": answer}
        for clip, answer in classes.items()
        for copy in (1, 2)
    ]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
    assert class_prior(str(path)).counts == {"coarse": {"negative": 2, "surprise": 1}}
    path.write_text("".join(json.dumps(entry | {"answer": ""}) + "\n" for entry in rows))
    for source, message in ((str(path), "tells the classes of no clips"), ("casme4", "is no data set")):
        with pytest.raises(InputError, match=message):
            class_prior(source)


def test_the_subject_who_is_asked_about_is_left_out(tmp_path):
    path = tmp_path / "train.jsonl"
    row = {"dataset": "casme2", "question": "What is the coarse expression class?"}
    of = {"a": ("1", "negative"), "b": ("sub01", "negative"), "c": ("2", "surprise"), "d": ("3", "positive")}
    rows = [
        {**row, "id": clip, "image_id": clip, "subject": subject, "answer": answer}
        for clip, (subject, answer) in of.items()
    ]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
    prior = class_prior(str(path))
    assert prior.counts["coarse"] == {"negative": 2, "positive": 1, "surprise": 1}
    asked_clip = Clip("e", "casme2", subject="sub1")  # Another clip and spelling of the first person.
    assert prior.without(asked_clip).counts["coarse"] == {"positive": 1, "surprise": 1}
    assert prior.without(replace(asked_clip, subject="4")) is prior
    # A row to answer often does not tell the subject; the file does.
    assert prior.without(Clip("c", "casme2")).counts["coarse"] == {"negative": 2, "positive": 1}
    assert class_prior("casme2").without(asked_clip).counts["coarse"]["negative"] > 50  # Published are only its sums.


def test_a_clip_is_answered_without_the_classes_of_its_subject(tmp_path):
    data = mevqa.synthesise(tmp_path / "data", clips=2, subjects=2, seed=5, size=(128, 128), fps=(30.0,))
    options = [mevqa.ModelOptions(prior=prior) for prior in (None, str(data.train))]
    plain, alone = (
        mevqa.evaluate(
            data.train, "mock", media=data.folder, out=tmp_path / str(place), views=["frames"], options=option
        )
        for place, option in enumerate(options)
    )
    assert len({question.clip_id for question in plain.questions}) == 2
    # Of two people one is left out: no correction can come from the answers of the clip itself.
    assert alone.manifest["decides"]["settings"]["prior"]["leaves_out_subject"] is True
    for question in plain.questions:
        options_before = plain.answers[question.id].options
        if options_before and set(options_before) == set(COARSE):
            others = [
                other for other in plain.questions if other.clip_id != question.clip_id and other.type == "coarse"
            ]
            changed = alone.answers[question.id].options
            ratios = {name: changed[name] / options_before[name] for name in COARSE}
            assert min(ratios, key=lambda name: ratios[name]) == others[0].reference


def test_a_prior_is_an_option_of_every_model_and_in_the_manifest(tmp_path):
    model = CorrectedModel(load_model("mock"), ClassPrior("own", {"coarse": {"negative": 5}}))
    assert (model.name, model.preferences) == ("mock", load_model("mock").preferences)
    data = mevqa.synthesise(tmp_path / "data", clips=2, seed=5, size=(128, 128), fps=(30.0,))
    runs = [
        mevqa.evaluate(
            data.train, "mock", media=data.folder, out=tmp_path / str(prior), views=["frames"], options=options
        )
        for prior, options in ((None, mevqa.ModelOptions()), ("casme2", mevqa.ModelOptions(prior="casme2")))
    ]
    plain, corrected = (run.manifest["decides"]["settings"].get("prior") for run in runs)
    assert plain is None and corrected["source"] == "casme2" and corrected["coarse"]["negative"] > 50
    changed = [name for name, answer in runs[0].answers.items() if answer.options != runs[1].answers[name].options]
    assert changed and len(changed) < len(runs[0].answers)
