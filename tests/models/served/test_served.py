"""Models behind a real server (`transformers serve`), and behind a proxy that fails."""

from __future__ import annotations

import json
from dataclasses import replace

import proxy as faults
import pytest
import tiny

import mevqa
from mevqa.cli import main
from mevqa.models.base import ModelOptions, ServedOptions
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model
from mevqa.models.served import endpoint
from mevqa.types import Request

pytestmark = pytest.mark.slow

NANO = f"openai:{WEIGHTS}"
#: No server knows it; it looks as keys do.
KEY = "sk-test-5f2c9a71e0b34d68"
ASKED = [
    Request("What is the coarse expression class?", max_new_tokens=8),
    Request("What is the fine-grained expression class?", max_new_tokens=8),
    Request("What are the action units?", max_new_tokens=24),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch, no_keys):
    """Short waits before a request is sent again."""
    monkeypatch.setattr(endpoint, "_FIRST_WAIT", 0.01)


def at(url, **options):
    return ModelOptions(served=ServedOptions(base_url={"": url}, **options))


def maps():
    return [replace(view, image=view.image.resize((64, 64))) for view in tiny.views(count=1)]


def texts(replies):
    return [(reply.text, reply.truncated, reply.error) for reply in replies]


def eval_nano(clips, out, url, *more):
    questions, labels = clips / "me_vqa_synthetic_train.jsonl", clips / "annotations.csv"
    where = ["--media", str(clips), "--annotations", str(labels), "--out", str(out)]
    return main(["eval", str(questions), *where, "--model", NANO, "--base-url", url, *more])


@pytest.fixture(scope="module")
def local(clips, tmp_path_factory):
    """The answers of the same model in this process."""
    questions, labels = clips / "me_vqa_synthetic_train.jsonl", clips / "annotations.csv"
    return mevqa.evaluate(questions, out=tmp_path_factory.mktemp("run"), media=clips, annotations=labels).answers


def stored(out):
    rows = map(json.loads, (out / "answers.jsonl").read_text().splitlines())
    return {row["question_id"]: row for row in rows}


def test_an_evaluation_answers_as_the_same_model_does_in_process(clips, server, local, tmp_path, capsys):
    assert eval_nano(clips, tmp_path / "run", server) == 0
    answers = stored(tmp_path / "run")
    assert {key: row["text"] for key, row in answers.items()} == {key: one.text for key, one in local.items()}
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["served_at"] == server
    settings = manifest["decides"]["settings"]
    assert settings["closed_questions"] == settings["open_questions"] == "read from text"
    assert f"{len(local)} of {len(local)} questions answered" in capsys.readouterr().out


def test_pictures_captions_and_system_text_reach_a_model_as_in_process(server, tmp_path):
    model, processor = tiny.built("qwen2_5_vl")
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    asked = [Request(text, max_new_tokens=12) for text in ("What is the motion?", "What are the action units?")]
    # It rambles: the server's bound counts the end of a turn, which a model of random weights does not come to.
    alike = [replace(request, max_new_tokens=12 + 2) for request in asked]
    served = load_model(f"openai:{tmp_path}", at(server))
    own = tiny.wrapped("qwen2_5_vl")
    for views in (tiny.views(count=2), tiny.views(1, count=3, size=84)):
        replies = served.ask(tiny.SYSTEM, views, asked)
        assert texts(replies) == texts(own.ask(tiny.SYSTEM, views, alike))
        assert all(reply.text for reply in replies)


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(429, Retry_After="0.05"), faults.cut, faults.slow(2.0)],
    ids=["500", "429", "cut", "slow"],
)
def test_a_question_that_fails_once_is_answered_once(proxy, fault):
    model = load_model(NANO, at(proxy.url, timeout=1.5))
    expected = texts(model.ask("", maps(), ASKED))
    before = len(proxy.requests)
    model.meter.take()
    proxy.faults = [fault, None, fault]
    assert texts(model.ask("", maps(), ASKED)) == expected
    assert len(proxy.requests) - before == len(ASKED) + 2
    keys = [headers["idempotency-key"] for headers in proxy.headers[before:]]
    assert len(set(keys)) == len(ASKED)
    used, _ = model.meter.take()
    assert (used.requests, used.repeated) == (len(ASKED), 2)
