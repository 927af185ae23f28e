"""Closed questions: the options' log-likelihood behind the prompt, all options of all questions in one pass.

The score of an option
----------------------
Let an option have the tokens t_1 ... t_n behind the prompt x. Every score counts the end of the turn as token n+1,
because "yes" is also the beginning of "yes, but" and of "yesterday": without it an option is credited with everything
that begins with it, and an option that is the beginning of another could never lose to it.

``mean``
    (1 / (n+1)) sum log p(t_i | x, t_<i): length-normalised, the default. Long options are not punished for their
    length. It is the usual choice for models that were not trained on the options (Brown et al., "Language Models
    are Few-Shot Learners", 2020, section 2.4; ``acc_norm`` of lm-evaluation-harness does the same by bytes).
``sum``
    sum log p(t_i | x, t_<i): the model's own probability of answering exactly so, renormalised over the options.
    Right for models fine-tuned on these very answers, whose probabilities already account for every spelling.
``calibrated``
    The sum minus the same sum with every picture replaced by a mid-grey one of its size:
    log p(option | pictures, x) - log p(option | grey, x). That is domain-conditional pointwise mutual information
    (Holtzman et al., "Surface Form Competition", EMNLP 2021, equation 3) with the pictures as the evidence, the
    content-free input of contextual calibration (Zhao et al., "Calibrate Before Use", ICML 2021) being a clip in
    which nothing is seen. It removes what the model would answer blindly: its liking for "yes", for frequent words
    and for short ones (both sums have the same tokens, so no length correction is due). Grey pictures rather than
    none, because removing them would change the prompt's layout and ask the model something that it was never
    trained on. It costs one more prefix pass for each new combination of captions, picture sizes and questions, and
    helps models with a strong prior; a model whose training distribution is that of the test set loses by it,
    because a prior that is right is evidence too. Hence it is not the default.

The probabilities are the softmax of the scores over the options: they sum to one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mevqa.models.transformers.generation.chance import Chance
from mevqa.models.transformers.generation.tasks import AnswerTask
from mevqa.models.transformers.generation.tree import ROOT, TokenTree
from mevqa.models.transformers.prompts.prompting import Prompt, Prompter
from mevqa.types import OptionScore, Reply


class OptionTask(AnswerTask):
    """Scores one closed question on a token tree.

    Args:
        prompter: Tokenises options where they will stand.
        prompt: The question's conversation.
        options: The options, at least one, all different.
        chance: Draws one of them; None: the likeliest is taken.
    """

    def __init__(
        self, prompter: Prompter, prompt: Prompt, options: Sequence[str], chance: Chance | None = None
    ) -> None:
        self._chance = chance
        self._options = tuple(options)
        self._stops = sorted(prompter.stop_tokens)
        back, self._ids = prompter.answers(prompt.context, self._options)
        super().__init__(prompt.ids[: len(prompt.ids) - back])
        self._paths: list[list[int]] = []  # the node before each token of each option, and that of its last
        self._loglikelihoods: list[float] = []

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question and its options; a beginning that options share is added once."""
        super().begin(tree, start, parent)
        node_after: dict[tuple[int, int], int] = {}
        for ids in self._ids:
            path = [self._node]
            for token in ids:
                step = (path[-1], token)
                if step not in node_after:
                    node_after[step] = tree.add(path[-1], token)
                path.append(node_after[step])
            self._paths.append(path)

    def advance(self, tree: TokenTree) -> bool:
        """Read the scores; there is nothing to write."""
        self._loglikelihoods = [
            sum(tree.logprobs(node, [token])[0] for node, token in zip(path, ids, strict=False))
            + stop_logprob(tree, path[-1], self._stops)
            for path, ids in zip(self._paths, self._ids, strict=True)
        ]
        return True

    def loglikelihoods(self) -> list[float]:
        """Return the natural log-likelihood of each option with its end of turn."""
        return list(self._loglikelihoods)

    def lengths(self) -> list[int]:
        """Return the number of tokens of each option with its end of turn."""
        return [len(ids) + 1 for ids in self._ids]

    def reply(self, blind: Sequence[float] | None = None, *, score: OptionScore = "mean") -> Reply:
        """Return the answer.

        Args:
            blind: The log-likelihoods with grey pictures, for ``calibrated``.
            score: An ``OptionScore``.
        """
        scores = self.loglikelihoods()
        if score == "mean":
            scores = [value / length for value, length in zip(scores, self.lengths(), strict=True)]
        elif score == "calibrated" and blind is not None:
            scores = [value - other for value, other in zip(scores, blind, strict=True)]
        probabilities = softmax(scores)
        best = max(range(len(scores)), key=lambda i: scores[i])
        if self._chance is not None:
            best = self._chance.choice(scores)
        options = dict(zip(self._options, probabilities, strict=True))
        return Reply(self._options[best], options=options, confidence=probabilities[best])


def stop_logprob(tree: TokenTree, node: int, stops: Sequence[int]) -> float:
    """Return the log-probability that the turn ends after ``node``, by whichever of the stop tokens."""
    return log_sum(tree.logprobs(node, stops))


def log_sum(values: Sequence[float]) -> float:
    """Return log(sum(exp(values))) without overflow."""
    top = max(values)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(value - top) for value in values))


def softmax(scores: Sequence[float]) -> list[float]:
    """Return the probabilities in proportion to exp(score)."""
    total = log_sum(scores)
    return [math.exp(score - total) for score in scores]
