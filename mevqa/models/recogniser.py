"""Published recognisers behind the interface of a model: ``mean:DIR`` answers the questions for coarse and fine class.

They look at views that there are already, from which what they measure is computed again without loss: flow and strain
from the aligned faces at onset and apex, texture from the faces between onset and offset. So they run on prepared
benchmarks, on events of long videos and on ready-made motion maps as any model does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.transformers.placement import choose_device
from mevqa.questions.question_types import asked_type
from mevqa.recognition.base import LEVELS, NONE, Level
from mevqa.recognition.folder import TrainedRecogniser, read_recogniser
from mevqa.types import Reply, Request, View
from mevqa.video.motion.still import stillness

#: The question whether an expression is shown, which a recogniser that knows rest answers.
_SHOWN = "expression_shown"


def make_recogniser(name: str, options: ModelOptions) -> RecogniserModel:
    """Return the model called ``RECOGNISER:DIR``.

    Raises:
        InputError: The folder holds no such recogniser.
        ModelError: It names no folder, options that are for language models, or a device that is not there.
    """
    kind, _, folder = name.partition(":")
    if not folder:
        raise ModelError(f"{kind} needs the folder of its weights, which `mevqa finetune` writes: {kind}:DIR")
    for_language_models = {
        "--adapter": options.adapter is not None,
        "--quantization": options.quantization != "none",
        "--thinking": options.thinking > 0,
    }
    if refused := [option for option, is_given in for_language_models.items() if is_given]:
        raise ModelError(f"{name} is no language model; leave {' and '.join(refused)} away")
    trained = read_recogniser(Path(folder).expanduser(), kind, _device(options.device))
    return RecogniserModel(name, trained)


def _device(wanted: str) -> str:
    """Return where networks run: on the CPU by default, for they are so small that a GPU takes longer to start.

    Raises:
        ModelError: This machine does not have it.
    """
    return "cpu" if wanted == "auto" else choose_device(wanted)


class RecogniserModel:
    """A trained recogniser that answers closed questions for the class.

    Args:
        name: As the user wrote it.
        trained: The recogniser.
    """

    def __init__(self, name: str, trained: TrainedRecogniser) -> None:
        look = trained.recogniser.look
        self.name = name
        self.revision = trained.revision
        self.preferences = Preferences(
            views=look.views, sampler=look.sampler, frames=look.frames, sees_rest=trained.tells_rest
        )
        self._trained = trained

    def ask(self, system: str, views: Sequence[View], requests: Sequence[Request]) -> list[Reply]:
        """Answer what asks for a class it was trained on; every other request gets a reply with ``error``.

        Raises:
            InputError: The views are not those that it looks at.
        """
        if still := self._stillness(views):
            return [Reply("", error=f"{self.name} sees no motion: {still}")] * len(requests)
        probabilities = self._trained.probabilities(views)
        return [self._reply(request, probabilities) for request in requests]

    def _stillness(self, views: Sequence[View]) -> str | None:
        """Return why there is nothing to recognise; None where there is, or where rest is a class of its own."""
        if self._trained.tells_rest or not self._trained.recogniser.look.needs_motion or len(views) < 2:
            return None
        first, *_, last = views
        # Of a whole expression the face moves and comes back: what is farthest from its beginning counts.
        pictures = [np.asarray(view.image.convert("RGB"), np.uint8) for view in views]
        reasons = [stillness(pictures[0], picture, one_frame=first.frames == last.frames) for picture in pictures[1:]]
        return reasons[0] if all(reasons) else None

    def _reply(self, request: Request, probabilities: Mapping[Level, Mapping[str, float]]) -> Reply:
        kind = asked_type(request.text)
        if kind == _SHOWN and self._trained.tells_rest:
            rest_probability = next(classes[NONE] for classes in probabilities.values() if NONE in classes)
            return _closed({"yes": 1 - rest_probability, "no": rest_probability}, request.options)
        level = next((level for level in LEVELS if level == kind), None)
        if level is None or level not in probabilities:
            answered = " and ".join(probabilities)
            return Reply("", error=f"{self.name} tells the {answered} class only; it has no answer to this question")
        return _closed(probabilities[level], request.options)


def _closed(probabilities: Mapping[str, float], options: Sequence[str]) -> Reply:
    """Return the likeliest option; classes that are no option share their probability among the options."""
    candidates = {option: probabilities.get(option, 0.0) for option in options} or {
        name: value for name, value in probabilities.items() if name != NONE
    }
    total = sum(candidates.values())
    if total <= 0:
        return Reply("", error=f"none of the options {', '.join(options)} is a class that it was trained on")
    shares = {name: value / total for name, value in candidates.items()}
    best = max(shares, key=lambda name: shares[name])
    return Reply(best, options=shares if options else None, confidence=shares[best])
