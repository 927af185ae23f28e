"""What can be named: models, recipes, views, samplers, decoders, presets, suites, spotters, questions, data sets.

Each list imports what it is made of when it is asked for; the names of the lists stand in the help of the command line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.suggestions import did_you_mean


@errors_name_parameters
def available(what: str) -> dict[str, str]:
    """Return what can be named, with a sentence about each, in the order in which it is shown.

    Args:
        what: One of ``LISTS``: ``models``, ``recipes``, ``views``, ...

    Raises:
        InputError: There is no such list.
    """
    if what not in LISTS:
        raise InputError([Problem("list", f"there is no list of {what!r}; {did_you_mean(what, LISTS)}")])
    return LISTS[what]()


def _models() -> dict[str, str]:
    from mevqa.models.registry import model_names
    from mevqa.recognition.registry import find_recogniser, recogniser_names

    descriptions = {
        "nano": "the embedded model; needs no download",
        "mock": "answers by script, for tests of a pipeline",
        "nearest": "no model: the vote of the clips that moved most alike (--shots)",
        "openai": "openai:NAME with --base-url: a model behind an OpenAI-compatible endpoint",
    }
    models = {name: descriptions.get(name, "in the cache of the hub, or registered") for name in model_names()}
    trained = {f"{name}:DIR": _first_line(find_recogniser(name)) for name in recogniser_names()}
    return {
        **models,
        **trained,
        "FOLDER or OWNER/NAME": "any vision-language model of transformers, local or of the hub",
    }


def _recipes() -> dict[str, str]:
    from mevqa.training.recipes.files import read_content, shipped_recipes

    return {name: read_content(name, ()).content["title"] for name in shipped_recipes()}


def _views() -> dict[str, str]:
    from mevqa.video.views.registry import CAPTIONS, VIEWS

    return {name: _first_sentence(CAPTIONS.get(name) or _first_line(VIEWS.find(name))) for name in VIEWS.names}


def _samplers() -> dict[str, str]:
    from mevqa.video.views.sampler import SAMPLERS

    return {name: _first_line(SAMPLERS.find(name)) for name in SAMPLERS.names}


def _decoders() -> dict[str, str]:
    from mevqa.spotting.decoding import decoders

    return {decoder.name: decoder.summary for decoder in decoders()}


def _presets() -> dict[str, str]:
    from mevqa.scoring.answers.presets import answer_presets
    from mevqa.scoring.events.presets import event_presets

    of_answers = {name: preset.about for name, preset in answer_presets().items()}
    return of_answers | {name: preset.about for name, preset in event_presets().items()}


def _suites() -> dict[str, str]:
    from mevqa.suites.suite import read_suite, suite_names

    return {name: read_suite(name).title for name in suite_names()}


def _spotters() -> dict[str, str]:
    from mevqa.spotting.registry import find_spotter, spotter_names

    return {name: _first_line(find_spotter(name)) for name in spotter_names()}


def _questions() -> dict[str, str]:
    from mevqa.questions.question_types import question_types

    examples = {kind.name: (*kind.wordings.singular, *kind.wordings.plural) for kind in question_types()}
    return {name: next(iter(wordings), "any other question, answered freely") for name, wordings in examples.items()}


def _datasets() -> dict[str, str]:
    from mevqa.datasets import datasets

    return {dataset.name: dataset.title for dataset in datasets() if dataset.name != "unknown"}


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


#: The function of each list, by the name of the list.
LISTS: Mapping[str, Callable[[], dict[str, str]]] = {
    "models": _models,
    "recipes": _recipes,
    "views": _views,
    "samplers": _samplers,
    "decoders": _decoders,
    "presets": _presets,
    "suites": _suites,
    "spotters": _spotters,
    "questions": _questions,
    "datasets": _datasets,
}
