"""Models behind a real server (`transformers serve`), and behind a proxy that fails."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace

import proxy as faults
import pytest
import tiny

import mevqa
from mevqa.cli import main
from mevqa.data.official import read_questions
from mevqa.datasets import taxonomy
from mevqa.errors import ModelError
from mevqa.inference.consistency.clip import decide
from mevqa.models.base import ModelOptions, ServedOptions
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model
from mevqa.models.served import endpoint
from mevqa.types import Reply, Request

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
    """The answers of the same model in this process, each on its own."""
    questions, labels = clips / "me_vqa_synthetic_train.jsonl", clips / "annotations.csv"
    out = tmp_path_factory.mktemp("run")
    answers = mevqa.evaluate(questions, out=out, media=clips, annotations=labels, consistency=False).answers
    return {answer.question_id: answer.text for answer in answers.values()}


@pytest.fixture(scope="module")
def decided(clips, local):
    """The local answers decided together without probabilities, which a server of texts does not send.

    Two answers that contradict each other are decided by their probabilities where there are any, so that a run in this
    process can end otherwise.
    """
    by_clip = defaultdict(list)
    for question in read_questions(clips / "me_vqa_synthetic_train.jsonl").questions:
        by_clip[question.clip_id].append(question)
    together = {}
    for questions in by_clip.values():
        replies = [Reply(local[question.id]) for question in questions]
        texts = decide(questions, replies, taxonomy(questions[0].dataset))
        together |= {question.id: text for question, text in zip(questions, texts, strict=True)}
    return together


def stored(out):
    rows = map(json.loads, (out / "answers.jsonl").read_text().splitlines())
    return {row["question_id"]: row for row in rows}


def test_an_evaluation_answers_as_the_same_model_does_in_process(clips, server, local, decided, tmp_path, capsys):
    assert eval_nano(clips, tmp_path / "run", server) == 0
    answers = stored(tmp_path / "run")
    assert {key: row.get("raw") or row["text"] for key, row in answers.items()} == local
    assert {key: row["text"] for key, row in answers.items()} == decided
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["served_at"] == server
    settings = manifest["decides"]["settings"]
    assert settings["closed_questions"] == settings["open_questions"] == "read from text"
    assert f"{len(local)} of {len(local)} questions answered" in capsys.readouterr().out


def test_pictures_captions_and_system_text_reach_a_model_as_in_process(server, tmp_path):
    model, processor = tiny.built("qwen2_5_vl")
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    requests = [Request(text, max_new_tokens=12) for text in ("What is the motion?", "What are the action units?")]
    # It rambles: the server's bound counts the end of a turn, which a model of random weights does not come to.
    alike = [replace(request, max_new_tokens=12 + 2) for request in requests]
    served = load_model(f"openai:{tmp_path}", at(server))
    local_model = tiny.wrapped("qwen2_5_vl")
    for views in (tiny.views(count=2), tiny.views(1, count=3, size=84)):
        replies = served.ask(tiny.SYSTEM, views, requests)
        assert texts(replies) == texts(local_model.ask(tiny.SYSTEM, views, alike))
        assert all(reply.text for reply in replies)


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(429, Retry_After="0.05"), faults.cut, faults.drip, faults.slow(8.0)],
    ids=["500", "429", "cut", "drip", "slow"],
)
def test_a_question_that_fails_once_is_answered_once(proxy, fault, monkeypatch):
    model = load_model(NANO, at(proxy.url))
    expected = texts(model.ask("", maps(), ASKED))
    monkeypatch.setattr(model._endpoint, "_timeout", 5.0)
    before = len(proxy.requests)
    model.meter.take()
    proxy.faults = [None, fault]
    assert texts(model.ask("", maps(), ASKED)) == expected
    assert len(proxy.requests) - before == len(ASKED) + 1
    keys = [headers["idempotency-key"] for headers in proxy.headers[before:]]
    assert len(set(keys)) == len(ASKED)
    used, _ = model.meter.take()
    assert (used.requests, used.repeated) == (len(ASKED), 1)


def test_the_first_question_goes_alone_and_the_others_together_within_a_bound(proxy):
    model = load_model(NANO, at(proxy.url, concurrency=2))
    proxy.faults = [faults.slow(0.3)] * 6
    before, proxy.most = len(proxy.requests), 0
    assert not any(reply.error for reply in model.ask("", maps(), ASKED * 2))
    assert proxy.most == 2
    sent = [json.dumps(request["messages"][-1]["content"][:-1]) for request in proxy.requests[before:]]
    assert len(set(sent)) == 1 and "data:image/png" in sent[0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.changed(finish_reason="content_filter"), "filter"),
        (faults.changed(refusal="I cannot judge faces."), "refused: I cannot judge faces."),
        (faults.changed(finish_reason=None), "which is none that a whole answer ends for"),
        (faults.changed(content=""), "without an answer"),
        (faults.status(400, "prompt too long"), "the server answers 400: prompt too long"),
    ],
    ids=["filtered", "refused", "unended", "empty", "too-long"],
)
def test_a_reply_without_an_answer_is_the_error_of_its_question_alone(proxy, fault, message):
    model = load_model(NANO, at(proxy.url))
    proxy.faults = [None, fault]
    first, second, third = model.ask("", maps(), ASKED[:1] + ASKED[:1] + ASKED[:1])
    failed = [reply for reply in (second, third) if reply.error]
    assert first.text and len(failed) == 1
    assert message in failed[0].error and not failed[0].text


def test_an_answer_that_was_cut_off_is_read_as_such(clips, proxy, tmp_path, capsys):
    load_model(NANO, at(proxy.url))
    probes = len(proxy.requests)
    proxy.faults = [None] * probes + [faults.changed(finish_reason="length")]
    assert eval_nano(clips, tmp_path / "run", proxy.url, "--limit", "1") == 1
    [row] = [row for row in stored(tmp_path / "run").values() if not row["text"]]
    assert row["unusable"] == "truncated" and row["truncated"]
    assert "1 reply could not be used" in capsys.readouterr().out


def test_keys_are_sent_and_written_nowhere(clips, proxy, tmp_path, capsys, no_keys):
    no_keys("OPENAI_API_KEY", KEY)
    load_model(NANO, at(proxy.url))
    probes = len(proxy.requests)
    proxy.faults = [None] * probes + [faults.echo_key(400), faults.changed(content=f"positive {KEY}")]
    assert eval_nano(clips, tmp_path / "run", proxy.url) == 1
    assert proxy.headers[-1]["authorization"] == f"Bearer {KEY}"
    proxy.faults = [None] * probes + [faults.echo_key(401)]
    assert eval_nano(clips, tmp_path / "run", proxy.url) == 2
    printed = capsys.readouterr()
    assert "the server answers 401: no access with Bearer [key]" in printed.err
    contents = [path.read_text() for path in (tmp_path / "run").iterdir() if path.is_file()]
    assert all(KEY not in text and "sk-test" not in text for text in (*contents, printed.out, printed.err))


def test_a_run_whose_key_was_refused_goes_on_later(clips, proxy, tmp_path, decided, no_keys):
    no_keys("MINE", KEY)
    load_model(NANO, at(proxy.url))
    proxy.faults = [None] * len(proxy.requests) + [None] * 6 + [faults.status(401, "wrong key")]
    more = ("--api-key-env", "MINE")
    assert eval_nano(clips, tmp_path / "run", proxy.url, *more) == 2
    assert len(stored(tmp_path / "run")) == 6
    assert eval_nano(clips, tmp_path / "run", proxy.url, *more) == 0
    assert {key: row["text"] for key, row in stored(tmp_path / "run").items()} == decided


def test_a_server_that_is_gone_stops_the_run(proxy):
    model = load_model(NANO, at(proxy.url, retries=1))
    proxy.faults = [faults.status(503)] * 100
    for _ in range(2):
        assert all("503" in reply.error for reply in model.ask("", maps(), ASKED))
    with pytest.raises(ModelError, match="answers no more .*503.*goes on later"):
        model.ask("", maps(), ASKED)


def test_the_cost_is_estimated_counted_and_bounded(clips, proxy, tmp_path, capsys):
    price = ("--price", "100,200")
    assert eval_nano(clips, tmp_path / "run", proxy.url, *price, "--estimate") == 0
    printed = capsys.readouterr().out
    assert "2 with 12 questions" in printed and "at most about" in printed and not (tmp_path / "run").exists()

    assert eval_nano(clips, tmp_path / "run", proxy.url, *price, "--max-cost", "0.2") == 1
    printed = capsys.readouterr().out
    assert "stopped: " in printed and "larger --max-cost goes on" in printed
    begun = [json.loads(line) for line in (tmp_path / "run" / "usage.jsonl").read_text().splitlines()]
    assert 0 < sum(row["cost"] for row in begun) <= 0.2

    assert eval_nano(clips, tmp_path / "run", proxy.url, *price, "--max-cost", "5") == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "usage.jsonl").read_text().splitlines()]
    tokens = [sum(row.get(name, 0) for row in rows) for name in ("prompt_tokens", "written_tokens")]
    assert sum(row["cost"] for row in rows) == pytest.approx((tokens[0] * 100 + tokens[1] * 200) / 1e6)
    assert f"{tokens[0]:,} prompt tokens" in capsys.readouterr().out
    assert len(stored(tmp_path / "run")) == 12


def test_a_suite_compares_local_and_served_models(clips, server, tmp_path, capsys):
    suite = tmp_path / "mine.yaml"
    suite.write_text(
        "title: Mine\ntask: vqa\npreset: megc2026-vqa\nmodels: [nano]\nparts: [{dataset: synthetic, questions: "
        "me_vqa_synthetic_train.jsonl, media: ., annotations: annotations.csv}]\n"
    )
    command = ["--suite", str(suite), "--data-root", str(clips), "--out", str(tmp_path / "out")]
    where = ["--base-url", f"{WEIGHTS}={server}", "--base-url", "gone=http://127.0.0.1:9/v1", "--retries", "0"]
    models = ["--model", "nano", "--model", NANO, "--model", "openai:gone"]
    assert main(["eval", *command, *models, *where]) == 1
    status = [result["status"] for result in json.loads((tmp_path / "out" / "comparison.json").read_text()).values()]
    assert status == ["12/12", "12/12", "failed"]
    assert "openai:gone at http://127.0.0.1:9/v1: the connection failed" in capsys.readouterr().err


def test_a_question_about_one_video(clips, server, capsys):
    video = sorted((clips / "clips").iterdir())[0]
    command = ["ask", str(video), "What is the coarse expression class?", "--dataset", "synthetic"]
    assert main([*command, "--model", NANO, "--base-url", server]) == 0
    served = capsys.readouterr().out
    assert any(name in served for name in ("positive", "negative", "surprise"))


def test_a_server_without_pictures_or_without_the_model_is_refused_at_once(server, proxy):
    with pytest.raises(ModelError, match="openai:/no/such/model"):
        load_model("openai:/no/such/model", at(server, retries=0))
    proxy.faults = [None, faults.changed()]
    request_of = type(proxy).upstream

    def blind(path, request):
        for message in request["messages"]:
            if isinstance(message["content"], list):
                message["content"] = [part for part in message["content"] if part["type"] == "text"]
        return request_of(proxy, path, request)

    proxy.upstream = blind
    with pytest.raises(ModelError, match="it leaves pictures out"):
        load_model(NANO, at(proxy.url))
