import pytest

from mevqa.errors import InputError
from mevqa.models.base import Model
from mevqa.models.mock import MockModel, admits, read_script
from mevqa.models.registry import load_model
from mevqa.types import Reply, Request


class Words:
    """One or two of three words, in order."""

    def next(self, text):
        return {"": ("a", "b"), "a": ("", " b", " c"), "b": ("", " c")}.get(text, ())


OPEN = Request("What are the action units?", grammar=Words())
CLOSED = Request("What is the coarse expression class?", options=("positive", "negative"))


def test_the_mock_is_a_model():
    assert isinstance(MockModel(), Model)
    assert MockModel().revision == "scripted"


def test_unscripted_answers_are_admissible_and_depend_on_text_and_seed_only():
    texts = [f"question {i}" for i in range(40)]
    requests = [Request(t, options=("x", "y", "z")) for t in texts] + [Request(t, grammar=Words()) for t in texts]
    replies, other = MockModel().ask("a", [], requests), MockModel().ask("b", [], requests)
    assert replies == other
    assert replies != MockModel(seed=1).ask("a", [], requests)
    assert {reply.text for reply in replies[:40]} == {"x", "y", "z"}
    assert all(sum(reply.options.values()) == pytest.approx(1) for reply in replies[:40])
    assert len({reply.text for reply in replies[40:]}) > 3
    assert all(admits(Words(), reply.text) for reply in replies[40:])


def test_mapping_answers_by_pattern():
    closed, free = MockModel({"coarse": "negative", "smile": "yes"}).ask("", [], [CLOSED, Request("A SMILE?")])
    assert (closed.text, free.text) == ("negative", "yes")
    assert closed.options["negative"] == closed.confidence == pytest.approx(0.9)


def test_function_may_reply_refuse_or_leave_open():
    replies = {"one": Reply("", error="broken"), "two": "fine"}
    requests = [Request("one"), Request("two"), CLOSED]
    first, second, third = MockModel(lambda request: replies.get(request.text)).ask("", [], requests)
    assert first.error == "broken"
    assert second.text == "fine"
    assert third.text in CLOSED.options


def test_scripted_answers_that_are_not_admissible_are_errors_of_their_request_only():
    good, bad, list_ = MockModel({"coarse": "confused", "units": "c"}).ask("", [], [Request("x"), CLOSED, OPEN])
    assert good.error is None
    assert "not among the options" in bad.error and not bad.text
    assert "not in the request's grammar" in list_.error


def test_a_failing_script_fails_its_request():
    def fail(request):
        raise RuntimeError("no")

    assert MockModel(fail).ask("", [], [CLOSED])[0].error == "RuntimeError: no"


def test_calls_are_recorded():
    model = MockModel()
    model.ask("system", [], [CLOSED])
    assert model.calls[0].system == "system" and model.calls[0].requests == (CLOSED,)


def test_the_mock_of_the_command_line_keeps_no_pictures():
    model = load_model("mock")
    assert model.ask("system", [], [CLOSED]) == MockModel().ask("system", [], [CLOSED])
    assert model.calls == []


def test_script_file_by_type_and_text(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(
        "answers:\n  - type: coarse\n    answer: negative\n  - text: 'units\\?$'\n    answer: a b\n"
        "  - text: broken\n    error: out of order\n"
    )
    model = load_model(f"mock:{path}")
    requests = [Request(f"{CLOSED.text}\nAnswer with one word.", options=CLOSED.options), OPEN, Request("broken")]
    coarse, units, broken = model.ask("", [], requests)
    assert (coarse.text, units.text, broken.error) == ("negative", "a b", "out of order")


def test_script_file_mistakes_are_reported_with_their_line(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("answers:\n  - text: '('\n    answr: x\n")
    with pytest.raises(InputError) as caught:
        load_model(f"mock:{path}")
    assert "script.yaml:3" in str(caught.value) and "did you mean 'answer'" in str(caught.value)
    assert "regular expression" in str(caught.value)


def test_a_scripted_answer_may_be_cut_off(tmp_path):
    (tmp_path / "script.yaml").write_text("answers:\n  - {text: coarse, answer: '<think>The brow', truncated: true}\n")
    script = read_script(tmp_path / "script.yaml")
    [reply] = MockModel(script).ask("", [], [Request("coarse?", options=("positive", "negative"))])
    assert reply.truncated and reply.text == "<think>The brow" and reply.options is None
