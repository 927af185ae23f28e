"""Settings of served models: addresses, keys, prices, and refused values."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mevqa.cli import main
from mevqa.cli.served_options import by_model
from mevqa.errors import InputError, ModelError
from mevqa.inference.logs.usage_log import UsageLog, read_usage
from mevqa.models.base import BudgetSpentError, ModelOptions, Price, ServedOptions
from mevqa.models.registry import load_model, own_preferences
from mevqa.models.served import endpoint, model
from mevqa.models.served.abilities import Abilities
from mevqa.models.served.endpoint import Endpoint
from mevqa.models.served.usage import Meter, Usage
from mevqa.types import Request

HERE = {"": "http://localhost:1/v1"}


@pytest.fixture(autouse=True)
def without_keys(no_keys):
    """No key of the user is seen by a test."""


def refused(name="openai:m", served=None, **options):
    with pytest.raises(ModelError) as raised:
        load_model(name, ModelOptions(served=ServedOptions(**(served or {})), **options))
    return str(raised.value)


def test_missing_and_unusable_settings_are_refused_with_the_correction(monkeypatch):
    assert "say where it is served: --base-url http://localhost:8000/v1" in refused()
    assert "openai:NAME --base-url URL" in refused("openai:")
    assert "must begin with http" in refused(served={"base_url": {"": "localhost:8000"}})
    assert "must begin with http" in refused(served={"base_url": {"": "http://[::1"}})
    assert "leave --adapter away" in refused(served={"base_url": HERE}, adapter="x")
    assert "--price INPUT,OUTPUT" in refused(served={"base_url": HERE, "max_cost": 1.0})
    assert "the variable MINE of --api-key-env" in refused(served={"base_url": HERE, "api_key_env": {"": "MINE"}})
    monkeypatch.setitem(sys.modules, "openai", None)
    assert refused(served={"base_url": HERE}) == "served models need the package openai: pip install 'mevqa[openai]'"


def test_a_key_in_the_address_is_refused_and_not_repeated():
    for url in ("http://me:secret@host/v1", "http://host/v1?key=secret"):
        message = refused(served={"base_url": {"": url}})
        assert "variable of the environment" in message and "secret" not in message


def test_an_unreachable_server_is_reported_with_its_address():
    pytest.importorskip("openai")
    message = refused(served={"base_url": HERE, "retries": 0})
    assert (
        message.startswith("openai:m at http://localhost:1/v1: the connection failed")
        and "is the server running" in message
    )


@pytest.fixture
def lister():
    """A server that refuses all with ``status`` and ``message`` and lists ``names``; None: it has no list."""

    class Lister(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked += 1
            self.give(self.server.status, {"error": {"message": self.server.message}})

        def do_GET(self):
            names = self.server.names
            rows = {"object": "list", "data": [{"id": name, "object": "model"} for name in names or ()]}
            self.give(200 if names is not None and self.path == "/v1/models" else 404, rows)

        def give(self, status, content):
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Print nothing."""

    pytest.importorskip("openai")
    with ThreadingHTTPServer(("127.0.0.1", 0), Lister) as started:
        started.asked, started.message = 0, "it failed"
        threading.Thread(target=started.serve_forever, args=(0.05,), daemon=True).start()
        yield started
        started.shutdown()


@pytest.mark.parametrize(
    ("status", "names", "ending"),
    [
        (500, ["qwen", "other"], "answers 500: it failed; the server lists no such model: it lists qwen, other"),
        (404, ["my-m", "qwen"], "; the server lists no such model, did you mean 'my-m'? it lists my-m, qwen"),
        (400, list("abcdefghij"), "; the server lists no such model: it lists a, b, c, d, e, f, g, h and 2 more"),
        (500, ["my_m"], "; the server lists no such model, did you mean 'my_m'? it lists my_m"),
        (500, ["my.m", "qwen"], "the server answers 500: it failed"),
        (500, [], "; is the name behind openai: the model's as the server knows it? it lists none"),
        (500, None, "; is the name behind openai: the model's as the server knows it? it lists none"),
        (404, None, "; the name behind openai: is the model's as the server knows it, the address ends in /v1"),
    ],
)
def test_a_name_that_the_server_does_not_list_is_reported_with_those_it_lists(lister, status, names, ending):
    lister.status, lister.names = status, names
    url = f"http://127.0.0.1:{lister.server_port}/v1"
    line = refused("openai:my.m", {"base_url": {"": url}, "retries": 0})
    assert line.startswith(f"openai:my.m at {url}: the server answers {status}: it failed") and line.endswith(ending)


@pytest.mark.parametrize(
    ("status", "message", "names", "attempts"),
    [
        (500, "model 'my.m' not found, try pulling it first", ["my-m"], 1),
        (500, "The model `my.m` does not exist.", None, 1),
        (500, "unknown model", ["my.m"], 1),
        (500, "Internal Server Error", ["my-m"], 1),
        (500, "Internal Server Error", ["my.m"], 3),
        (500, "Internal Server Error", None, 3),
        (503, "the model is not found yet: it is loading", ["my-m"], 3),
    ],
)
def test_a_model_that_the_server_does_not_have_is_asked_for_once(lister, status, message, names, attempts, monkeypatch):
    monkeypatch.setattr(endpoint, "_FIRST_WAIT", 0.001)
    lister.status, lister.message, lister.names = status, message, names
    line = refused("openai:my.m", {"base_url": {"": f"http://127.0.0.1:{lister.server_port}/v1"}, "retries": 2})
    assert f"the server answers {status}: {message}" in line
    assert ("it lists my-m" in line) == (names == ["my-m"])
    assert lister.asked == attempts


def test_a_run_ends_where_the_server_has_lost_the_model(lister):
    lister.status, lister.message, lister.names = 500, "model 'm' not found", ["other"]
    url = f"http://127.0.0.1:{lister.server_port}/v1"
    served = model.ServedModel("openai:m", Endpoint(url, "", Meter()), Abilities(), Meter(), ModelOptions())
    requests = [Request("What is the coarse expression class?", max_new_tokens=8)]
    for _ in range(2):
        assert "model 'm' not found" in served.ask("", [], requests)[0].error
    with pytest.raises(ModelError, match="answers no more .*model 'm' not found"):
        served.ask("", [], requests)
    assert lister.asked == 3


def test_a_key_goes_over_plain_http_to_this_machine_only(no_keys):
    no_keys("OPENAI_API_KEY", "k")
    options = ServedOptions()
    sent = {url: model._key("openai:m", "m", options, url) for url in ("http://localhost:1/v1", "https://far/v1")}
    assert set(sent.values()) == {"k"}
    assert model._key("openai:m", "m", options, "http://far/v1") == ""
    assert model._key("openai:m", "m", ServedOptions(api_key_env={"m": "OPENAI_API_KEY"}), "http://far/v1") == "k"


def test_values_are_for_one_model_or_for_all():
    assert by_model("https://h/v1?a=b") == ("", "https://h/v1?a=b")
    assert by_model("owner/m=https://h/v1") == ("owner/m", "https://h/v1")
    assert by_model("openai:m=KEY") == ("m", "KEY")
    assert model.of_model({"m": 1, "": 2}, "m") == 1 and model.of_model({"m": 1, "": 2}, "n") == 2


def test_prices_of_a_file_are_by_model(tmp_path, capsys):
    path = tmp_path / "prices.yaml"
    path.write_text("prices:\n  m: {input: 2, output: 8, cached: 1}\n  n: {inptu: 1, output: 1}\n")
    command = ["eval", "q.jsonl", "--out", str(tmp_path / "run"), "--price"]
    for price, message in ((str(path), f"{path}:3"), ("1", "two or three numbers"), ("1,-1", "two or three numbers")):
        with pytest.raises(SystemExit):
            main([*command, price])
        assert message in capsys.readouterr().err


def test_a_model_served_from_a_folder_is_asked_as_it_was_trained():
    from mevqa.models.nano import WEIGHTS

    assert own_preferences(f"openai:{WEIGHTS}").variant == "brief"
    assert own_preferences("openai:some/name").variant == "default"


def test_local_models_cost_nothing_to_estimate(tmp_path, capsys):
    assert main(["synth", str(tmp_path / "data"), "--clips", "1", "--seed", "1"]) == 0
    files = [str(tmp_path / "data" / "me_vqa_synthetic_train.jsonl"), "--media", str(tmp_path / "data")]
    assert main(["eval", *files, "--model", "mock", "--estimate"]) == 2
    assert "--estimate is for served models" in capsys.readouterr().err


def test_costs_are_counted_by_price():
    used = Usage(1, 0, 1_000_000, 400_000, 500_000)
    assert used.cost(Price(input=2, output=8)) == pytest.approx(6.0)
    assert used.cost(Price(input=2, output=8, cached=1)) == pytest.approx(5.6)
    assert used + used == Usage(2, 0, 2_000_000, 800_000, 1_000_000)


def test_what_could_cost_too_much_is_not_sent():
    meter = Meter(Price(input=1, output=1), 1.0)
    meter.begin(0.4)
    meter.add(Usage(1, 0, 100_000, 0, 100_000))
    meter.reserve(200_000, 200_000)
    with pytest.raises(BudgetSpentError, match="0.6 of --max-cost 1 are spent"):
        meter.reserve(300_000, 200_000)
    Meter().reserve(10**9, 10**9)


def test_a_run_that_is_continued_counts_on(tmp_path):
    price = Price(input=1, output=1)
    for _ in range(2):
        meter = Meter(price, 10.0)
        log = UsageLog(tmp_path / "answers.jsonl", meter)
        with log.counted("c"):
            meter.add(Usage(1, 0, 500_000, 0, 0))
    with (tmp_path / "usage.jsonl").open("a") as file:
        file.write('{"clip": "torn", "requ')
    part = Meter(price, 10.0)
    with UsageLog(tmp_path / "answers-1-of-2.jsonl", part).counted("d"):
        part.add(Usage(1, 1, 500_000, 0, 0))
        part.reserve(9 * 10**6, 10**6)
    assert part.spent == pytest.approx(1.5)
    total = read_usage(tmp_path)
    assert (total.counts["requests"], total.counts["repeated"], total.cost) == (3, 1, pytest.approx(1.5))
    assert "--max-cost 10" in total.stopped
    UsageLog(tmp_path / "answers.jsonl", Meter())
    assert "torn" not in (tmp_path / "usage.jsonl").read_text()
    (tmp_path / "usage.jsonl").write_text('{"requests": "many"}\n')
    with pytest.raises(InputError, match=r"usage.jsonl:1: is not a line of usage"):
        read_usage(tmp_path)
