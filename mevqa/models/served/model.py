"""A served model behind the package's protocol."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions, Preferences, Price, ServedOptions, read_preferences
from mevqa.models.served.abilities import Abilities, Body, probe
from mevqa.models.served.chat import ClipMessages
from mevqa.models.served.endpoint import Endpoint, Failure
from mevqa.models.served.grammars import answer_of
from mevqa.models.served.reply import ChatReply
from mevqa.models.served.scoring import option_probabilities
from mevqa.models.served.usage import Meter
from mevqa.models.transformers.generation.chance import Chance
from mevqa.questions.reading.text.thoughts import without_thoughts
from mevqa.types import Reply, Request, Shot, View

_T = TypeVar("_T")

#: Before the model's name.
SCHEME = "openai"
#: Servers count the end of a turn as a token, and some call an answer cut off that ends exactly at its bound.
_END = 2
#: A JSON object around an answer, in tokens.
_JSON = 32
#: The run stops after so many clips in a row without any reply.
_DEAD_CLIPS = 3
#: Least probability of an option that is drawn from.
_LEAST = 1e-12
_LOCAL = ("localhost", "127.0.0.1", "::1")


def make_served(name: str, options: ModelOptions) -> ServedModel:
    """Return the model called ``openai:NAME``, after a few tiny requests that find out what its server can do.

    Raises:
        ModelError: No server is named, it does not answer, refuses the key, or takes no pictures; an option is for
            models in this process; the package ``openai`` is missing.
        InputError: The preferences file of a served folder is wrong.
    """
    served = name.partition(":")[2]
    if not served:
        raise ModelError(f"{name}: name the model as its server does: openai:NAME --base-url URL")
    for_own_models = {"--adapter": options.adapter is not None, "--as-video": options.video}
    if refused := [option for option, is_given in for_own_models.items() if is_given]:
        raise ModelError(f"{name} is loaded by its server; leave {' and '.join(refused)} away")
    settings = options.served
    url = _address(name, served, settings)
    price = price_of(name, settings)
    if settings.max_cost is not None and price is None:
        raise ModelError(f"{name}: --max-cost needs what its tokens cost: --price INPUT,OUTPUT for a million of each")
    meter = Meter(price, settings.max_cost)
    endpoint = Endpoint(
        url,
        _key(name, served, settings, url),
        meter,
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        retries=settings.retries,
    )
    return ServedModel(name, endpoint, probe(endpoint, served, think=options.thinking > 0), meter, options)


def of_model(values: Mapping[str, _T], name: str) -> _T | None:
    """Return a setting of a model by its name, or else that of all models."""
    return values.get(name, values.get(""))


def price_of(name: str, settings: ServedOptions) -> Price | None:
    """Return what the tokens of ``openai:NAME`` cost; None where the user says nothing of it."""
    return of_model(settings.price, name.partition(":")[2])


def folder_of(name: str) -> Path | None:
    """Return the folder on this machine that a served model is loaded from; None where its name is none."""
    folder = Path(name.partition(":")[2]).expanduser()
    return folder if (folder / "config.json").is_file() else None


def _address(name: str, served: str, settings: ServedOptions) -> str:
    """Return the address of the server.

    Raises:
        ModelError: There is none, or it is none.
    """
    url = of_model(settings.base_url, served) or os.environ.get("OPENAI_BASE_URL", "")
    if not url:
        raise ModelError(
            f"{name}: say where it is served: --base-url http://localhost:8000/v1 (https://api.openai.com/v1 for "
            "OpenAI's own; the clips' pictures are sent there)"
        )
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise ModelError(f"{name}: --base-url must begin with http:// or https://, and name a host")
    if parts.username or parts.password or parts.query:
        raise ModelError(f"{name}: --base-url holds a name or a key; put the key into a variable of the environment")
    return url.rstrip("/")


def _key(name: str, served: str, settings: ServedOptions, url: str) -> str:
    """Return the key of the environment; empty for none.

    Raises:
        ModelError: The variable that the user names is not set.
    """
    variable = of_model(settings.api_key_env, served)
    if variable is not None:
        if key := os.environ.get(variable, "").strip():
            return key
        raise ModelError(f"{name}: the variable {variable} of --api-key-env is not set in the environment")
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        return ""  # What was set for another server is not sent in the clear.
    return os.environ.get("OPENAI_API_KEY", "").strip()


class ServedModel:
    """A model that a server asks for us.

    Args:
        name: As the user wrote it.
        endpoint: The server.
        abilities: How it is asked.
        meter: Counts what is used.
        options: How it is asked; what they say of loading is the server's to decide.
    """

    takes_shots = True

    @property
    def draws(self) -> bool:
        """Whether the server takes a temperature, so that answers can be drawn."""
        return self.abilities.temperature

    def __init__(
        self, name: str, endpoint: Endpoint, abilities: Abilities, meter: Meter, options: ModelOptions
    ) -> None:
        self.name = name
        self.revision = f"served:{abilities.model}"
        folder = folder_of(name)
        self.preferences = read_preferences(folder) if folder is not None else Preferences()
        self.abilities = abilities
        self.meter = meter
        self._served = name.partition(":")[2]
        self._endpoint = endpoint
        self._thinking = options.thinking
        self._max_new_tokens = options.max_new_tokens
        self._lead = options.prefix_cache
        self._dead = 0

    @property
    def run_settings(self) -> dict[str, Any]:
        """Settings that decide its answers, for the fingerprint of a run."""
        return {"max_new_tokens": self._max_new_tokens, "thinking": self.thinking, **self.abilities.as_record()}

    @property
    def run_facts(self) -> dict[str, Any]:
        """Address and price, for readers of a run: they decide no answer."""
        price = self.meter.price
        return {"served_at": self._endpoint.url, "price": None if price is None else price.model_dump()}

    @property
    def thinking(self) -> str:
        """Whether the model may think before it answers, for the manifest of a run; empty if it may not."""
        return f"up to {self._thinking} tokens, by the server" if self._thinking else ""

    def ask(
        self, system: str, views: Sequence[View], requests: Sequence[Request], *, shots: Sequence[Shot] = ()
    ) -> list[Reply]:
        """Answer all questions about one clip: the first alone, so that the others find its prefix in the cache.

        Raises:
            ModelError: The key is refused, or server and network fail clip after clip.
            BudgetSpentError: The answers could cost more than is allowed.
        """
        clip = ClipMessages(system, views, system_role=self.abilities.system_role, shots=shots)
        bodies = [self._body(clip, request) for request in requests]
        outcomes: list[ChatReply | Failure] = []
        for batch in (bodies[:1], bodies[1:]) if self._lead else (bodies,):
            prompt = max(
                (outcome.used.prompt_tokens for outcome in outcomes if isinstance(outcome, ChatReply)), default=0
            )
            most = sum(int(body[self.abilities.bound]) for body in batch)
            self.meter.reserve(prompt * len(batch), most)
            outcomes += self._endpoint.send(batch)
        self._check_alive(outcomes)
        outcomes = self._closed_thoughts(clip, requests, outcomes)
        return [self._reply(request, outcome) for request, outcome in zip(requests, outcomes, strict=True)]

    def _closed_thoughts(
        self, clip: ClipMessages, requests: Sequence[Request], outcomes: list[ChatReply | Failure]
    ) -> list[ChatReply | Failure]:
        """Ask again, without a thought, where a thought took all tokens; what was thought is kept."""
        thoughts = {
            i: outcome.thought or outcome.text
            for i, outcome in enumerate(outcomes)
            if self._thinking
            and isinstance(outcome, ChatReply)
            and outcome.truncated
            and not without_thoughts(outcome.text)
        }
        if not thoughts:
            return outcomes
        bodies = [self._body(clip, requests[i], think=False) for i in thoughts]
        prompt = max((outcome.used.prompt_tokens for outcome in outcomes if isinstance(outcome, ChatReply)), default=0)
        self.meter.reserve(prompt * len(bodies), sum(int(body[self.abilities.bound]) for body in bodies))
        for i, again in zip(thoughts, self._endpoint.send(bodies), strict=True):
            outcomes[i] = replace(again, thought=thoughts[i]) if isinstance(again, ChatReply) else again
        return outcomes

    def count_tokens(self, system: str, views: Sequence[View], text: str) -> int:
        """Return the tokens of one prompt, by asking the server for the shortest answer.

        Raises:
            ModelError: It does not say.
        """
        clip = ClipMessages(system, views, system_role=self.abilities.system_role)
        [outcome] = self._endpoint.send([self.abilities.body(self._served, clip.about(text), _END)])
        if isinstance(outcome, Failure):
            raise ModelError(f"{self.name}: {outcome.reason}")
        if not outcome.used.prompt_tokens:
            raise ModelError(f"{self.name}: its server does not count tokens, so that none can be estimated")
        return outcome.used.prompt_tokens

    def longest_answer(self, request: Request) -> int:
        """Return the bound on the tokens that are written for a request."""
        most = self._max_new_tokens or request.max_new_tokens
        return most + self._thinking + _END + (_JSON if self.abilities.is_json(request.options) else 0)

    def _body(self, clip: ClipMessages, request: Request, *, think: bool = True) -> Body:
        """Return the arguments of one request."""
        body = self.abilities.body(
            self._served, clip.about(request.text), self.longest_answer(request), think=think and self._thinking > 0
        )
        if request.draw is not None:
            body["temperature"] = request.draw.temperature
            body["seed"] = zlib.crc32(repr(request.draw.seed).encode())
        return self.abilities.constrained(body, request.options, request.grammar)

    def _check_alive(self, outcomes: Sequence[ChatReply | Failure]) -> None:
        """Stop when nothing is answered any more: each clip would wait in vain.

        Raises:
            ModelError: No question of several clips in a row was answered: server or network failed, or the server
                does not have the model any more.
        """
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        gone = [outcome for outcome in failed if not outcome.is_request or outcome.is_unknown_model]
        self._dead = self._dead + 1 if gone and len(gone) == len(outcomes) else 0
        if self._dead >= _DEAD_CLIPS:
            where = f"{self.name} at {self._endpoint.url}"
            raise ModelError(f"{where} answers no more ({gone[-1].reason}); the same command goes on later")

    def _reply(self, request: Request, outcome: ChatReply | Failure) -> Reply:
        """Return the package's reply: an error where there is no answer, ``truncated`` where it was cut off."""
        if isinstance(outcome, Failure):
            return Reply("", error=outcome.reason)
        if outcome.refusal is not None:
            return Reply("", error=outcome.refusal)
        text, before = outcome.text, ""
        if self.abilities.is_json(request.options):
            text = answer_of(outcome.text)
            before = outcome.text.partition(text)[0] if text != outcome.text else ""
        if not text:
            return Reply("", error="the model ended its turn without an answer", truncated=outcome.truncated)
        if request.options and outcome.tokens and not outcome.truncated:
            probabilities = option_probabilities(outcome.tokens, request.options, before=before)
            if probabilities is not None:
                best = max(probabilities, key=lambda option: probabilities[option])
                if request.draw is not None:
                    drawn = Chance(request.draw).choice(
                        [math.log(max(probabilities[option], _LEAST)) for option in probabilities]
                    )
                    best = list(probabilities)[drawn]
                return Reply(
                    best, options=probabilities, confidence=probabilities[best], thought=outcome.thought or None
                )
        return Reply(text, truncated=outcome.truncated, thought=outcome.thought or None)
