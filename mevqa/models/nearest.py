"""The answers of the shots themselves: a k-nearest-neighbour answerer, which shows what retrieval alone is worth.

Classes, sides and presence by the vote of the shots, units that half of the shots name, sentences of the nearest shot.
The vote is ours: every shot counts alike, the nearest one decides between equals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mevqa.errors import ModelError
from mevqa.facs import find_units, unit_name
from mevqa.models.base import ModelOptions, Preferences
from mevqa.questions.question_types import asked_type
from mevqa.types import Reply, Request, Shot, View

#: Said of presence by lists of units.
_PRESENCE, _LIST = "au_presence", "au_list"


def make_nearest(name: str, options: ModelOptions) -> NearestAnswerer:
    """Return the model called ``nearest``.

    Raises:
        ModelError: Options are given that are for language models.
    """
    if name != "nearest":
        raise ModelError(f"{name}: nearest has no variants; it answers by --shots")
    language_options = {
        "--adapter": options.adapter,
        "--thinking": options.thinking,
        "--quantization": options.quantization,
    }
    given = [option for option, value in language_options.items() if value not in (None, 0, "none")]
    if given:
        raise ModelError(f"nearest is no language model; leave {' and '.join(given)} away")
    return NearestAnswerer()


class NearestAnswerer:
    """Answers as the shots were answered."""

    name = "nearest"
    revision = "vote"
    preferences = Preferences(views=("motion-centred",), variant="brief")
    takes_shots = True

    def ask(
        self, system: str, views: Sequence[View], requests: Sequence[Request], *, shots: Sequence[Shot] = ()
    ) -> list[Reply]:
        """Answer all questions about one clip."""
        if not shots:
            reason = "nearest answers as the nearest training clips do: give --shots K --shots-from FILE"
            return [Reply("", error=reason) for _ in requests]
        return [_reply(request, shots[::-1]) for request in requests]


def _reply(request: Request, shots: Sequence[Shot]) -> Reply:
    """Return the reply to one request; the nearest shot comes first."""
    kind = asked_type(request.text)
    answers = [answer for shot in shots for text, answer in shot.turns if asked_type(text) == kind]
    if kind == _PRESENCE:
        asked_units = set(find_units(request.text))
        lists = [answer for shot in shots for text, answer in shot.turns if asked_type(text) == _LIST]
        answers = ["yes" if asked_units & set(find_units(answer)) else "no" for answer in lists] or answers
    if not answers:
        return Reply("", error="no shot answers a question of this type")
    if request.options:
        return _voted([answer for answer in answers if answer in request.options], request.options)
    if kind == _LIST:
        return _units([find_units(answer) for answer in answers])
    return Reply(answers[0])


def _voted(answers: Sequence[str], options: Sequence[str]) -> Reply:
    if not answers:
        return Reply("", error="no shot has one of these options as its answer")
    counts = Counter(answers)
    best = max(dict.fromkeys(answers), key=lambda answer: counts[answer])
    # The decision among a clip's answers reads probabilities: the nearest shot speaks a little louder.
    shares = {option: (counts[option] + 0.5 * (option == answers[0])) / (len(answers) + 0.5) for option in options}
    return Reply(best, options=shares, confidence=shares[best])


def _units(unit_lists: Sequence[Sequence[int]]) -> Reply:
    counts = Counter(unit for units in unit_lists for unit in units)
    if not counts:
        return Reply("", error="no shot names a unit")
    voted_units = [unit for unit, count in counts.items() if 2 * count >= len(unit_lists)] or [
        max(counts, key=lambda u: counts[u])
    ]
    share = sum(counts[unit] for unit in voted_units) / (len(voted_units) * len(unit_lists))
    return Reply(", ".join(unit_name(unit) for unit in voted_units), confidence=share)
