"""Questions and answers about an expression, worded by the prompt library exactly as nano is asked later."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from mevqa.facs import UNIT_NAMES, ActionUnit
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.questions.wordings import official_wordings
from mevqa.questions.writing.sentences import sentence, unit_list
from mevqa.training.nano.examples import COARSE, COARSE_WEIGHTS, FINE, FINE_WEIGHTS, Expression
from mevqa.training.packing.rows import Turn
from mevqa.types import Clip

#: Variant of the prompt library that nano is trained and asked with.
VARIANT = "brief"

#: The clip that is talked about: only its data set matters to a prompt.
_CLIP = Clip("drawn", "synthetic")
#: Share of questions in lower case and without their full stop or question mark, as users type them.
_TYPED = 0.1
#: Share of expressions about which a combined or analysis question is asked.
_SENTENCES = 0.3


@functools.cache
def library() -> PromptLibrary:
    """Return the prompts that nano is asked with."""
    return PromptLibrary.load(variant=VARIANT)


def draw_turns(expression: Expression, rng: np.random.Generator) -> list[Turn]:
    """Draw questions about one expression: the coarse class, the list and a unit always, the others in turn.

    Args:
        expression: What is to be seen.
        rng: Decides which unit is asked about and whether a sentence is asked for.
    """
    turns = [coarse_turn(expression), list_turn(expression), presence_turn(expression, rng)]
    sided = [unit for unit in expression.units if unit.side and unit.name in UNIT_NAMES]
    if sided:
        turns.append(side_turn(sided[int(rng.integers(len(sided)))]))
    # A sentence is as long as these two together, so that the rows of a batch have about the same length.
    if rng.random() < _SENTENCES:
        turns.append(sentence_turn(expression, rng))
    else:
        turns += [fine_turn(expression), presence_turn(expression, rng)]
    return [_as_typed(turn) if rng.random() < _TYPED else turn for turn in turns]


def coarse_turn(expression: Expression) -> Turn:
    """Ask for the coarse class."""
    return _turn(_official_wording("coarse"), expression.coarse, float(COARSE_WEIGHTS[COARSE.index(expression.coarse)]))


def fine_turn(expression: Expression) -> Turn:
    """Ask for the fine class."""
    return _turn(_official_wording("fine"), expression.fine, float(FINE_WEIGHTS[FINE.index(expression.fine)]))


def list_turn(expression: Expression) -> Turn:
    """Ask for the units, in the singular when there is one."""
    return _turn(
        _official_wording("au_list", plural=len(expression.units) > 1),
        unit_list(unit.name for unit in expression.units),
    )


def presence_turn(expression: Expression, rng: np.random.Generator) -> Turn:
    """Ask for one unit, as often for one that is there as for one that is not."""
    there = [unit.name for unit in expression.units if unit.name in UNIT_NAMES]
    is_there = bool(rng.random() < 0.5)
    name = str(rng.choice(there if is_there else [name for name in UNIT_NAMES if name not in there]))
    return _turn(_official_wording("au_presence", action_unit=name), "yes" if is_there else "no")


def side_turn(unit: ActionUnit) -> Turn:
    """Ask for the side of a unit that acts on one."""
    return _turn(_official_wording("au_side", action_unit=unit.name), str(unit.side))


def sentence_turn(expression: Expression, rng: np.random.Generator) -> Turn:
    """Ask for the combined sentence of 2025 or the analysis of 2026."""
    plural = len(expression.units) > 1
    if rng.random() < 0.6:
        kind, question = "combined", _official_wording("combined", plural=plural)
    else:
        kind, question = "analysis", str(rng.choice(official_wordings("analysis")))
    names = [unit.name for unit in expression.units]
    return _turn(question, sentence(kind, names, expression.fine, expression.coarse, plural=plural))


def all_texts() -> list[str]:
    """Return every wording that occurs, for the tokeniser."""
    turns = []
    for fine in FINE:
        for units in ((ActionUnit(12, "left"),), (ActionUnit(1, "right"), ActionUnit(4))):
            expression = Expression(fine, units)
            rng = np.random.default_rng(0)
            turns += [coarse_turn(expression), fine_turn(expression), list_turn(expression), side_turn(units[0])]
            turns += [presence_turn(expression, rng) for _ in range(6)]
            turns += [sentence_turn(expression, rng) for _ in range(12)]
    spoken = [text for turn in turns for text in (turn.text, _as_typed(turn).text, turn.answer)]
    return [*spoken, library().system("synthetic"), "yes no left right", *FINE, *COARSE]


def _official_wording(kind: str, *, plural: bool = False, action_unit: str | None = None) -> str:
    """Return the usual official wording."""
    return official_wordings(kind, plural=plural, action_unit=action_unit)[0]


def _turn(text: str, answer: str, weight: float = 1.0) -> Turn:
    """Word a question through the prompt library."""
    return Turn(_prompt_text(text), answer, weight)


@functools.cache
def _prompt_text(text: str) -> str:
    """Return the wording of a question, which follows the clip's prefix."""
    return library().request(question_about(_CLIP, 0, text)).text


def _as_typed(turn: Turn) -> Turn:
    return replace(turn, text=turn.text.rstrip("?.").lower())
