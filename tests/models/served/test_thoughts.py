"""Thoughts of a served model are kept apart, and a thought that took all tokens is followed by an answer."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from mevqa.models.base import ModelOptions
from mevqa.models.served.abilities import Abilities
from mevqa.models.served.model import ServedModel
from mevqa.models.served.reply import ChatReply, read_reply
from mevqa.models.served.usage import Meter, Usage
from mevqa.types import Draw, Request


@dataclass
class Endpoint:
    """Thinks for as long as it may, and answers where it may not."""

    url: str = "http://localhost/v1"
    bodies: list = field(default_factory=list)

    def send(self, bodies):
        self.bodies += bodies
        thinks = [body["extra_body"]["chat_template_kwargs"]["enable_thinking"] for body in bodies]
        return [
            ChatReply("", True, None, (), Usage(), "m", "The brows rise, or")
            if think
            else ChatReply("surprise", False, None, (), Usage(), "m")
            for think in thinks
        ]


def model(thinking):
    endpoint = Endpoint()
    options = ModelOptions(thinking=thinking)
    return ServedModel("openai:m", endpoint, Abilities(), Meter(None, None), options), endpoint


def test_a_thought_that_takes_all_tokens_is_followed_by_an_answer():
    served, endpoint = model(8)
    replies = served.ask("", [], [Request("What is shown?"), Request("Which class?")])
    assert [(reply.text, reply.thought) for reply in replies] == [("surprise", "The brows rise, or")] * 2
    assert len(endpoint.bodies) == 4
    without, _ = model(0)
    assert [reply.thought for reply in without.ask("", [], [Request("What is shown?")])] == [None]


def test_drawn_answers_are_asked_at_their_temperature_with_a_seed_each():
    served, endpoint = model(0)
    served.ask("", [], [Request("What?", draw=Draw(0.7, (0, number))) for number in range(3)] + [Request("What?")])
    assert [body["temperature"] for body in endpoint.bodies] == [0.7, 0.7, 0.7, 0.0]
    assert len({body["seed"] for body in endpoint.bodies[:3]}) == 3 and "seed" not in endpoint.bodies[3]


def test_thoughts_are_read_by_both_of_their_names():
    for name in ("reasoning_content", "reasoning"):
        message = SimpleNamespace(content="surprise", **{name: " The brows rise. "})
        completion = SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")])
        assert read_reply(completion, str).thought == "The brows rise."
