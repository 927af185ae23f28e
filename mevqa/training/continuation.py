"""Input of a later stage of a training: the validation side of the first, and answers that were drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mevqa.types import Question


@dataclass(frozen=True)
class Continuation:
    """Input of a later stage of a training, from the stages before it.

    Attributes:
        validation: Ids of the clips that the first stage validated on: they stay so.
        answers: Drawn answers that are right, by question id.
        share: Share of the questions that are trained with one of them.
        digest: Hash of the answers, for the record of the training.
    """

    validation: frozenset[str]
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    share: float = 0.0
    digest: str = ""

    def mixed(self, questions: Sequence[Question], rng: np.random.Generator) -> Sequence[Question]:
        """Return the questions about a clip, some with a drawn answer in place of the reference.

        A question to which no drawn answer was right is left out in that share of its turns; where nothing would be
        left, the references stay.

        Args:
            questions: The questions about a clip.
            rng: Decides which get one, and which of several.
        """
        chosen: list[Question] = []
        for question in questions:
            drawn, which = rng.random(2)
            answers = self.answers.get(question.id, ())
            if drawn >= self.share:
                chosen.append(question)
            elif answers:
                chosen.append(replace(question, reference=answers[int(which * len(answers))]))
        return chosen or questions
