"""What a server can do, found out once before the first question by a dozen tiny requests at most.

Servers differ in the names of parameters, refuse unknown ones or pass over them in silence, and few say which. So each
is tried where its effect can be seen: a choice between two words that no model would write by itself, a bound that ends
a long answer, a picture that makes the prompt longer. What fails for another reason than the request (the server is
busy, the network is gone) decides nothing: then the model is not asked at all, so that a run that is continued asks as
it began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from mevqa.errors import ModelError
from mevqa.models.served.chat import picture_part
from mevqa.models.served.endpoint import Endpoint, Failure
from mevqa.models.served.grammars import answer_of, ebnf, pattern, schema_of_grammar, schema_of_options
from mevqa.models.served.reply import ChatReply
from mevqa.questions.writing.grammar import Choices
from mevqa.suggestions import closest

Body = dict[str, Any]

#: Bound on the tokens of a probe; some hosts take no smaller one.
_PROBE_TOKENS = 16
#: The same where a constraint decides what is written, which may take a token a character within a JSON object.
_CONSTRAINED_TOKENS = 48
#: Two words that no model writes of itself.
_WORDS = ("qzx-7", "vwk-3")
#: Numbers of likeliest tokens that are tried: most servers tell 20 at most, some 5.
_TOP = (20, 5)
#: Names of a server's models that a message names.
_LISTED = 8
#: Side of the grey picture of a probe: small, and more than the smallest that families take.
_SIDE = 112


def _schema_body(schema: Any) -> Body:
    wrapped = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": wrapped}}


#: By name, how servers take a choice between texts, the first that works is taken.
_CHOICES: Mapping[str, Callable[[Sequence[str]], Body]] = {
    # vLLM from 0.11 on.
    "structured_outputs.choice": lambda options: {"structured_outputs": {"choice": list(options)}},
    # vLLM before.
    "guided_choice": lambda options: {"guided_choice": list(options)},
    # SGLang.
    "regex": lambda options: {"regex": pattern(Choices(tuple(options)))},
    # llama.cpp.
    "grammar": lambda options: {"grammar": ebnf(Choices(tuple(options)))},
    # OpenAI and most others.
    "json_schema": lambda options: _schema_body(schema_of_options(options)),
}
#: By name, how they take a grammar, beside the way of a choice that it belongs to.
_GRAMMARS: Mapping[str, tuple[str, Callable[[Any], Body]]] = {
    "structured_outputs.grammar": ("structured_outputs.choice", lambda text: {"structured_outputs": {"grammar": text}}),
    "structured_outputs.regex": ("structured_outputs.choice", lambda text: {"structured_outputs": {"regex": text}}),
    "guided_grammar": ("guided_choice", lambda text: {"guided_grammar": text}),
    "guided_regex": ("guided_choice", lambda text: {"guided_regex": text}),
    "ebnf": ("regex", lambda text: {"ebnf": text}),
    "regex": ("regex", lambda text: {"regex": text}),
    "grammar": ("grammar", lambda text: {"grammar": text}),
    "json_schema": ("json_schema", _schema_body),
}


@dataclass(frozen=True, slots=True)
class Abilities:
    """How a server is asked.

    Attributes:
        bound: Name of the bound on written tokens.
        temperature: Whether it takes a temperature, which is then 0.
        system_role: Whether it takes a system message.
        template_switch: Whether it takes arguments of the chat template, which open or close a thought.
        choice: How a choice between options is constrained (``_CHOICES``); empty for not at all.
        grammar: How an answer is constrained by a grammar (``_GRAMMARS``); empty for not at all.
        logprobs: How many likeliest tokens it tells at each place; 0 for none.
        model: What it calls the model that answers.
    """

    bound: str = "max_completion_tokens"
    temperature: bool = True
    system_role: bool = True
    template_switch: bool = True
    choice: str = ""
    grammar: str = ""
    logprobs: int = 0
    model: str = ""

    def body(self, name: str, conversation: Sequence[Body], most: int, *, think: bool = False) -> Body:
        """Return the arguments of a request.

        Args:
            name: The model.
            conversation: The messages.
            most: Bound on written tokens.
            think: Whether the model may think, where the server takes that.
        """
        body: Body = {"model": name, "messages": list(conversation), self.bound: most}
        if self.temperature:
            body["temperature"] = 0.0
        if self.template_switch:
            body["extra_body"] = {"chat_template_kwargs": {"enable_thinking": think}}
        return body

    def constrained(self, body: Body, options: Sequence[str], grammar: object | None) -> Body:
        """Return a request whose answer is constrained as far as the server takes that, with log-probabilities."""
        added: Body = {}
        if options and self.choice:
            added = _CHOICES[self.choice](options)
        elif grammar is not None and self.grammar:
            added = _grammar_body(self.grammar, grammar)
        changed = {**body, "extra_body": {**body.get("extra_body", {}), **added}}
        if options and self.logprobs:
            changed |= {"logprobs": True, "top_logprobs": self.logprobs}
        return changed

    def is_json(self, options: Sequence[str]) -> bool:
        """Return whether answers stand in a JSON object."""
        return (self.choice if options else self.grammar) == "json_schema"

    def as_record(self) -> dict[str, str]:
        """Return what decides how answers are taken, for the fingerprint of a run."""
        logprobs_text = f"log-probabilities of {self.logprobs} tokens" if self.logprobs else ""
        taken = {
            self.bound: True,
            "temperature 0": self.temperature,
            "system message": self.system_role,
            "chat_template_kwargs": self.template_switch,
        }
        return {
            "closed_questions": " and ".join(filter(None, (self.choice, logprobs_text))) or "read from text",
            "open_questions": self.grammar or "read from text",
            "request": ", ".join(name for name, is_taken in taken.items() if is_taken),
        }


def _grammar_body(way: str, grammar: object) -> Body:
    """Return what constrains an answer by a grammar; nothing for one that is not ours."""
    _, body = _GRAMMARS[way]
    if way == "json_schema":
        constraint: Any = schema_of_grammar(grammar)
    else:
        constraint = pattern(grammar) if way.endswith("regex") else ebnf(grammar)
    return {} if constraint is None else body(constraint)


#: What may be left out of a request, in this order, and the word by which a refusal names it.
_SPARED: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("chat_template_kwargs", {"template_switch": False}),
    ("max_completion_tokens", {"bound": "max_tokens"}),
    ("temperature", {"temperature": False}),
    ("system", {"system_role": False}),
)


def probe(endpoint: Endpoint, name: str, *, think: bool = False) -> Abilities:
    """Find out how a server is asked for a model.

    Args:
        endpoint: The server.
        name: The model, as the server calls it.
        think: Whether the model may think before it answers.

    Raises:
        ModelError: The server is not there, knows no such model, refuses the key, or takes no pictures.
    """
    trial = _Trial(endpoint, name, think)
    able, plain = _accepted(trial)
    able = _bounded(trial, able, plain)
    _check_pictures(trial, able, plain)
    able = replace(able, choice=_choice(trial, able), model=plain.model)
    able = replace(able, grammar=_grammar(trial, able))
    # The log-probabilities of a model that thinks are those of its thought.
    return able if think else replace(able, logprobs=_logprobs(trial, able))


class _Trial:
    """Sends probes; anything but a reply or a refusal of the request ends them."""

    def __init__(self, endpoint: Endpoint, name: str, think: bool) -> None:
        self._endpoint = endpoint
        self._name = name
        self._think = think
        self._answered = False

    def ask(self, able: Abilities, text: str, *, picture: bool = False, **added: Any) -> ChatReply | Failure:
        """Return what becomes of a question.

        Args:
            able: How much of a request is used.
            text: The question.
            picture: Whether a picture stands before it.
            added: Further arguments of the request; those of no standard are ``extra_body``.

        Raises:
            ModelError: Server or network failed, or there is no such model.
        """
        system = "You answer in a few words."
        parts: list[Body] = [{"type": "text", "text": text if able.system_role else f"{system}\n{text}"}]
        if picture:
            parts.insert(0, picture_part(Image.new("RGB", (_SIDE, _SIDE), (128, 128, 128))))
        conversation: list[Body] = [{"role": "user", "content": parts}]
        if able.system_role:
            conversation.insert(0, {"role": "system", "content": system})
        extra = added.pop("extra_body", {})
        most = _CONSTRAINED_TOKENS if extra else _PROBE_TOKENS
        body = able.body(self._name, conversation, most, think=self._think)
        body = {**body, **added, "extra_body": {**body.get("extra_body", {}), **extra}}
        [outcome] = self._endpoint.send([body])
        if isinstance(outcome, Failure) and (
            not outcome.is_request or outcome.is_unknown_model or outcome.status == 403
        ):
            raise self.error(outcome)
        self._answered |= isinstance(outcome, ChatReply)
        return outcome

    def error(self, failure: Failure) -> ModelError:
        """Return the error that says why the model cannot be asked."""
        mend = "; is the server running, and is this its address?"
        if failure.status is not None:
            mend = "" if self._answered else self._about_name(failure.status)
        return ModelError(f"openai:{self._name} at {self._endpoint.url}: {failure.reason}{mend}")

    def _about_name(self, status: int) -> str:
        """Return what may be wrong with the name of a model that never answered: servers refuse one in many ways."""
        listed = self._endpoint.models()
        if self._name in listed:
            return ""
        if listed:
            close = closest(self._name, listed)
            hint = f", did you mean {close!r}?" if close is not None else ":"
            more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
            return f"; the server lists no such model{hint} it lists {', '.join(listed[:_LISTED])}{more}"
        if status == 404:
            return "; the name behind openai: is the model's as the server knows it, the address ends in /v1"
        return "; is the name behind openai: the model's as the server knows it? it lists none" if status == 500 else ""


def _accepted(trial: _Trial) -> tuple[Abilities, ChatReply]:
    """Return how much of a request the server accepts, and its reply to one."""
    able = Abilities()
    left = dict(_SPARED)
    while True:
        outcome = trial.ask(able, "Count from one to one hundred in words.")
        if isinstance(outcome, ChatReply):
            return able, outcome
        if not left:
            raise trial.error(outcome)
        blamed = next((word for word in left if word in outcome.reason.lower()), next(iter(left)))
        able = replace(able, **left.pop(blamed))


def _bounded(trial: _Trial, able: Abilities, plain: ChatReply) -> Abilities:
    """Return the name of the bound that the server heeds: some pass over the newer one."""
    if plain.used.written_tokens <= _PROBE_TOKENS or able.bound == "max_tokens":
        return able
    older = replace(able, bound="max_tokens")
    outcome = trial.ask(older, "Count from one to one hundred in words.")
    heeds = isinstance(outcome, ChatReply) and outcome.used.written_tokens <= _PROBE_TOKENS
    return older if heeds else able


def _check_pictures(trial: _Trial, able: Abilities, plain: ChatReply) -> None:
    """Refuse a server that takes no pictures, or leaves them out in silence.

    Raises:
        ModelError: It does.
    """
    outcome = trial.ask(able, "Count from one to one hundred in words.", picture=True)
    if isinstance(outcome, Failure):
        raise trial.error(outcome)
    if plain.used.prompt_tokens and outcome.used.prompt_tokens <= plain.used.prompt_tokens:
        raise trial.error(Failure("it leaves pictures out: a model that takes pictures with text is needed", 200))


def _obeys(outcome: ChatReply | Failure, way: str) -> bool:
    """Return whether an answer is one of the two words."""
    if isinstance(outcome, Failure):
        return False
    return (answer_of(outcome.text) if way == "json_schema" else outcome.text) in _WORDS


def _choice(trial: _Trial, able: Abilities) -> str:
    """Return how the server constrains a choice; empty for not at all."""
    for way, body in _CHOICES.items():
        if _obeys(trial.ask(able, "Say hello.", extra_body=body(_WORDS)), way):
            return way
    return ""


def _grammar(trial: _Trial, able: Abilities) -> str:
    """Return how the server constrains an answer by a grammar; empty for not at all."""
    for way, (sibling, _) in _GRAMMARS.items():
        if sibling != able.choice:
            continue
        if _obeys(trial.ask(able, "Say hello.", extra_body=_grammar_body(way, Choices(_WORDS))), way):
            return way
    return ""


def _logprobs(trial: _Trial, able: Abilities) -> int:
    """Return how many likeliest tokens the server tells; 0 for none."""
    constraint = _CHOICES[able.choice](_WORDS) if able.choice else {}
    for count in _TOP:
        outcome = trial.ask(able, "Say hello.", logprobs=True, top_logprobs=count, extra_body=constraint)
        if isinstance(outcome, ChatReply) and any(len(token.alternatives) > 1 for token in outcome.tokens):
            return count
    return 0
