"""Closed questions behind an endpoint that constrains choices and tells log-probabilities."""

from __future__ import annotations

import pytest
import tiny
from constraining import ConstrainingServer

from mevqa.cli import main
from mevqa.models.base import ModelOptions, ServedOptions
from mevqa.models.registry import load_model
from mevqa.types import Request

pytest.importorskip("openai")

CLASSES = ("positive", "negative", "surprise")
ASKED = [
    Request("What is the coarse expression class?", options=CLASSES),
    Request("Is the action unit lip corner puller shown on the face?", options=("yes", "no")),
    Request("What are the action units?", max_new_tokens=24),
]


@pytest.fixture(scope="module")
def nano():
    return load_model("nano")


def served(server):
    return load_model("openai:small", ModelOptions(served=ServedOptions(base_url={"": server.url}, retries=0)))


@pytest.mark.parametrize(
    ("choice", "most", "setting"),
    [
        ("guided_choice", 20, "guided_choice and log-probabilities of 20 tokens"),
        ("guided_choice", 5, "guided_choice and log-probabilities of 5 tokens"),
        ("guided_choice", 0, "guided_choice"),
        ("", 20, "log-probabilities of 20 tokens"),
        ("", 0, "read from text"),
        ("response_format", 0, "json_schema"),
        ("response_format", 20, "json_schema and log-probabilities of 20 tokens"),
    ],
)
def test_abilities_of_an_endpoint_are_detected_and_used(nano, no_keys, choice, most, setting):
    with ConstrainingServer(nano, choice=choice, most=most) as server:
        model = served(server)
        assert model.run_settings["closed_questions"] == setting
        assert model.revision == "served:small-1"
        assert len(server.requests) <= 20
        views = tiny.views(count=1, size=64)
        replies, local = model.ask("", views, ASKED), nano.ask("", views, ASKED)
    for request, reply, other in zip(ASKED, replies, local, strict=True):
        assert reply.error is None and (reply.options is not None) == (bool(request.options) and most > 0)
        if setting.startswith("json_schema") and request.options:
            # Behind the beginning of an object, which it never saw, this model thinks otherwise.
            assert reply.text in request.options and list(reply.options or request.options) == list(request.options)
            continue
        assert reply.text == other.text
        for option, probability in (reply.options or {}).items():
            assert probability == pytest.approx(other.options[option], abs=0.02)


def test_an_answer_that_is_no_option_is_left_to_the_reader(nano, no_keys):
    with ConstrainingServer(nano, most=20) as server:
        [reply] = served(server).ask(
            "", tiny.views(count=1, size=64), [Request(ASKED[0].text, options=("left", "right"))]
        )
    assert reply.options is None and reply.text in CLASSES


def test_a_run_does_not_go_on_where_answers_would_be_taken_in_another_way(nano, no_keys, clips, tmp_path, capsys):
    questions, labels = clips / "me_vqa_synthetic_train.jsonl", clips / "annotations.csv"
    command = ["eval", str(questions), "--media", str(clips), "--annotations", str(labels), "--limit", "1"]
    command += ["--out", str(tmp_path / "run"), "--model", "openai:small", "--views", "motion-centred"]
    with ConstrainingServer(nano, choice="guided_choice", most=20) as server:
        assert main([*command, "--variant", "brief", "--base-url", server.url]) == 0
        begun = (tmp_path / "run" / "answers.jsonl").read_text()
        assert '"options": {"positive": ' in begun
        assert main([*command, "--variant", "brief", "--base-url", server.url]) == 0
    with ConstrainingServer(nano) as server:
        assert main([*command, "--variant", "brief", "--base-url", server.url]) == 2
    then = "settings.closed_questions: then guided_choice and log-probabilities of 20 tokens, now read from text"
    assert then in capsys.readouterr().err
    assert (tmp_path / "run" / "answers.jsonl").read_text() == begun
