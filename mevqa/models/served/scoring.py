"""The probabilities of options from the likeliest tokens that a chat endpoint tells at each place of its reply.

A server tells no log-likelihood of a text that it did not write, so that options cannot be scored as in process
(``mevqa.models.transformers.generation.options``). What it tells is enough where options part early: at each place the
probability that has come so far is shared among the tokens that go on towards an option. A token that only one option
goes on with gives that option its share; where several do and none of them was written, they share it evenly, since
nothing is known of what would have followed; the written token is followed. Upper and lower case count as one ("Yes" is
"yes"). An option whose token is not among those told gets at most the probability of the least likely one told. The
probabilities are then made to sum to one over the options.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mevqa.models.served.reply import WrittenToken

#: What may stand before an answer and behind it without changing it.
_AROUND = " \t\r\n\"'*`"
_BEHIND = ".,;:!}" + _AROUND


def written_option(text: str, options: Sequence[str]) -> str | None:
    """Return the option that a text is, up to case, white space, quotes and a full stop; None where it is none."""
    plain = text.lstrip(_AROUND).rstrip(_BEHIND).casefold()
    return next((option for option in options if option.casefold() == plain), None)


def option_probabilities(
    tokens: Sequence[WrittenToken], options: Sequence[str], *, before: str = ""
) -> dict[str, float] | None:
    """Return the probability of each option, summing to one; None where the reply is no option.

    Args:
        tokens: The reply, with the likeliest tokens at each place.
        options: The options, all different.
        before: What stands in the reply before the answer, as in a JSON object.
    """
    reply_text = "".join(token.text for token in tokens)
    answered = written_option(_answer(reply_text, before) or "", options)
    if answered is None:
        return None
    mass = dict.fromkeys(options, 0.0)
    live, come, text = list(options), 1.0, ""
    for token in tokens:
        if _answer(text + token.text, before):
            shares, onward = _shares(token, live, text, before)
            for option in live:
                if option not in onward:
                    mass[option] = come * shares[option]
            come *= sum(shares[option] for option in onward)
            live = onward
        text += token.text
        if len(live) < 2:
            break
    # Where an option is the beginning of another, the end of the reply decides.
    mass[answered] += come
    total = sum(mass.values())
    return {option: value / total for option, value in mass.items()} if total > 0 else None


def _shares(token: WrittenToken, live: Sequence[str], text: str, before: str) -> tuple[dict[str, float], list[str]]:
    """Return what each option gets of the probability at one place, and the options that the written token goes on to.

    Those that go on get the written token's probability together, and their own of its other spellings.
    """
    onward = [option for option in live if _fits(_answer(text + token.text, before), option)]
    shares = dict.fromkeys(live, 0.0)
    listed_probability = 0.0
    for other, logprob in token.alternatives:
        probability = math.exp(min(0.0, logprob))
        listed_probability += probability
        fitting = [option for option in live if _fits(_answer(text + other, before), option)]
        for option in fitting:
            shares[option] += probability / len(fitting)
    least = min(math.exp(min(0.0, logprob)) for _, logprob in token.alternatives)
    unknown = min(least, max(0.0, 1.0 - listed_probability))
    return {option: share or (0.0 if option in onward else unknown) for option, share in shares.items()}, onward


def _answer(text: str, before: str) -> str | None:
    """Return what is written of the answer; None where something else stands before it."""
    text = text.lstrip()
    return text[len(before) :].lstrip(_AROUND) if text.startswith(before) else None


def _fits(written: str | None, option: str) -> bool:
    """Return whether an answer that begins so may become an option, or is one with a full stop behind it."""
    if not written:
        return False
    plain, whole = written.casefold(), option.casefold()
    return whole.startswith(plain) or (plain.startswith(whole) and not plain[len(whole) :].strip(_BEHIND))
