"""Requests to a chat endpoint: bounded in number and time, sent again with patience, each answered once at most.

A request that is sent again carries the same ``Idempotency-Key``, and the connection of one that took too long is
closed before the next is opened: no reply can arrive that is not waited for.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import threading
import time
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from mevqa.errors import ModelError, shortened
from mevqa.models.served.reply import BrokenReplyError, ChatReply, read_reply
from mevqa.models.served.usage import Meter, Usage

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: First wait before a request is sent again, seconds; it doubles with each failure, up to the longest.
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
#: A server that asks for a longer wait than this (Retry-After) is not waited for, seconds.
_MOST_PATIENCE = 300.0
#: Longest wait for the list of a server's models, seconds.
_LISTING = 10.0
#: Characters of a server's message that are shown.
_SHOWN = 300
#: States that pass beside faults of the server (from 500 on): time-outs, conflicts, too many requests.
_PASSING = frozenset({408, 409, 425, 429})
#: Faults of a server that never pass: it does not have what is asked for, or speaks another HTTP.
_LASTING = frozenset({501, 505})
#: What a server writes with a 500 that no wait mends: the model is not there, or the request is wrong.
_UNKNOWN_MODEL = re.compile(
    r"model_?not_?found|\b(?:unknown|invalid|unrecogni[sz]ed|no such|(?:could not|cannot|can't) find(?: the)?) model"
    r"|\bmodel\b.{0,200}?(?:\bnot found\b|\b(?:does not|doesn't) exist\b|\bis (?:unknown|not (?:known|served|valid))\b)"
    r"|not a valid model identifier",
    re.IGNORECASE,
)
_WRONG_REQUEST = re.compile(r"\bnot supported\b|\bunsupported\b|\b(?:bad|invalid)[ _]?request", re.IGNORECASE)
#: Codes of refusals that no wait mends.
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
#: What looks like a key, beside the key itself: servers quote parts of it.
_KEY = re.compile(r"\b(?:sk|pk|hf|gsk|xai)[-_][\w*.-]{6,}|(?i:bearer)\s+[\w*.-]{6,}")


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a reply.

    Attributes:
        reason: Why, one line without the key.
        status: State of the HTTP answer; None without one.
        is_request: Whether the request itself was refused; otherwise server or network failed.
        is_unknown_model: Whether it was refused because the server does not have the model.
    """

    reason: str
    status: int | None = None
    is_request: bool = False
    is_unknown_model: bool = False


class Endpoint:
    """An OpenAI-compatible chat endpoint.

    Args:
        url: Its address, up to ``/v1``.
        key: The key; empty for none.
        meter: Counts what is used.
        concurrency: Most requests under way at once.
        timeout: Longest wait for one reply, seconds.
        retries: How often a request is sent again.

    Raises:
        ModelError: The package ``openai`` is not installed, or takes no such address.
    """

    def __init__(
        self, url: str, key: str, meter: Meter, *, concurrency: int = 8, timeout: float = 120.0, retries: int = 5
    ) -> None:
        try:
            import openai
        except ImportError as error:
            raise ModelError("served models need the package openai: pip install 'mevqa[openai]'") from error
        self.url = url
        self._key = key
        self._meter = meter
        self._concurrency = concurrency
        self._timeout = timeout
        self._retries = retries
        self._not_before = 0.0
        self._answered = False
        self._openai = openai
        try:
            # A key that is empty is refused; a server that needs none does not look at it.
            self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, timeout=timeout)
        except Exception as error:  # noqa: BLE001 - of several libraries
            raise ModelError(f"{url}: {self.redacted(str(error))}") from error
        self._loop = _Loop()

    def send(self, bodies: Sequence[Mapping[str, Any]]) -> list[ChatReply | Failure]:
        """Send requests together and return what became of each, in order.

        Args:
            bodies: The arguments of each request, as the API names them.

        Raises:
            ModelError: The key is refused, or its credit is spent.
        """
        return self._loop.run(self._send(bodies))

    def models(self) -> list[str]:
        """Return the names of the models that the server lists (``/v1/models``); empty where it lists none."""
        return self._loop.run(self._models())

    def redacted(self, text: str) -> str:
        """Return a text without the key, or what looks like one."""
        if self._key:
            text = text.replace(self._key, "[key]")
        return _KEY.sub("[key]", text)

    async def _models(self) -> list[str]:
        try:
            page = await asyncio.wait_for(self._client.models.list(), min(self._timeout, _LISTING))
            return [self.redacted(str(model.id)) for model in page.data or ()]
        except Exception as error:  # noqa: BLE001 - a list that is no list: it is asked for to say more, not less
            _log.debug("%s lists no models: %s", self.url, self._one_line(str(error)))
            return []

    async def _send(self, bodies: Sequence[Mapping[str, Any]]) -> list[ChatReply | Failure]:
        bound = asyncio.Semaphore(self._concurrency)

        async def send_bounded(body: Mapping[str, Any]) -> ChatReply | Failure:
            async with bound:
                return await self._send_one(body)

        tasks = [asyncio.ensure_future(send_bounded(body)) for body in bodies]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _send_one(self, body: Mapping[str, Any]) -> ChatReply | Failure:
        """Send a request until it is answered, refused, or failed too often."""
        key = str(uuid.uuid4())
        for failed in range(self._retries + 1):
            if (pause := self._not_before - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            outcome, wait = await self._attempt(body, key)
            if isinstance(outcome, ChatReply):
                self._answered = True
                self._meter.add(outcome.used)
                return outcome
            if outcome.is_request or await self._is_unlisted(body, outcome):
                return outcome
            self._meter.add(Usage(repeated=1))
            if failed == self._retries:
                return outcome
            if wait is None:
                wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**failed) * random.uniform(1.0, 1.25)
            elif wait > _MOST_PATIENCE:
                return Failure(f"{outcome.reason}; it asks to wait {wait:.0f} s", outcome.status)
            elif outcome.status == 429:
                # A bound on requests holds for all of them.
                self._not_before = max(self._not_before, time.monotonic() + wait)
            _log.debug("%s; sent again in %.1f s", outcome.reason, wait)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns")

    async def _is_unlisted(self, body: Mapping[str, Any], failure: Failure) -> bool:
        """Return whether a 500 without a word of why is about a model that the server does not list.

        ``transformers serve`` answers so. It lists no model of a folder either, so that a list says nothing of a
        model that has answered.
        """
        if failure.status != 500 or self._answered:
            return False
        listed = await self._models()
        return bool(listed) and body.get("model") not in listed

    async def _attempt(self, body: Mapping[str, Any], key: str) -> tuple[ChatReply | Failure, float | None]:
        """Return the reply or failure of one attempt, and the wait that the server asks for.

        Raises:
            ModelError: The key is refused, or its credit is spent.
        """
        errors = self._openai
        create = self._client.chat.completions.create
        try:
            # The library's own bound is on each silence: a server that sends a byte now and then would never end.
            sent = create(**body, extra_headers={"Idempotency-Key": key})
            return read_reply(await asyncio.wait_for(sent, self._timeout), self.redacted), None
        except errors.APIStatusError as error:
            return self._of_status(error)
        except (errors.APITimeoutError, asyncio.TimeoutError, TimeoutError):
            return Failure(f"no reply within {self._timeout:g} s"), None
        except errors.APIConnectionError as error:
            return Failure(self._one_line(f"the connection failed: {error.__cause__ or error}")), None
        except (BrokenReplyError, ValueError, TypeError, AttributeError, errors.APIError) as error:
            # Half a body, or JSON of another form.
            return Failure(self._one_line(f"the reply cannot be read: {error}")), None

    def _of_status(self, error: Any) -> tuple[Failure, float | None]:
        """Return the failure of a state, and the wait that the server asks for."""
        status, body = int(error.status_code), error.body
        body = body if isinstance(body, Mapping) else {}
        # The library hands over what is below "error"; other servers write "detail" or "message".
        message = body.get("message") or body.get("detail") or body.get("error") or str(error)
        reason = self._one_line(f"the server answers {status}: {message}")
        if status in (401, 402) or body.get("code") in _SPENT or body.get("type") in _SPENT:
            raise ModelError(f"{self.url}: {reason}")
        explanation = f"{message} {body.get('code', '')} {body.get('type', '')}"
        is_unknown = status == 404 or (status == 500 and _UNKNOWN_MODEL.search(explanation) is not None)
        is_final = (
            is_unknown or (status == 500 and _WRONG_REQUEST.search(explanation) is not None) or status in _LASTING
        )
        if is_final or (status < 500 and status not in _PASSING):
            return Failure(reason, status, True, is_unknown), None
        return Failure(reason, status), _retry_after(error.response.headers)

    def _one_line(self, text: str) -> str:
        return shortened(self.redacted(" ".join(text.split())), _SHOWN)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait in seconds that a server asks for (RFC 9110, section 10.2.3); None where it asks for none."""
    header = headers.get("retry-after", "")
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


class _Loop:
    """An event loop in a thread of its own: it works where the caller has a loop already, as notebooks do."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="served-model", daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Return what the work returns; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
