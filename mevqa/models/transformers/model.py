"""Any chat vision-language model of transformers, asked clip by clip."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from PIL import Image

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.transformers.generation.chance import Chance
from mevqa.models.transformers.generation.constrained import EndlessAnswerError, GrammarTask
from mevqa.models.transformers.generation.options import OptionTask
from mevqa.models.transformers.generation.prefix import grow_tree, prefix_length, run_prefix
from mevqa.models.transformers.generation.spelling import Speller
from mevqa.models.transformers.generation.tasks import AnswerTask, FreeTask, ThoughtTask
from mevqa.models.transformers.generation.tree import TokenTree
from mevqa.models.transformers.prompts.prompting import Prompt, Prompter
from mevqa.models.transformers.threads import fitting_threads
from mevqa.types import OptionScore, Reply, Request, Shot, View

_log = logging.getLogger(__name__)
#: Mid-grey, what the pictures become for the calibrated score.
_GREY = (128, 128, 128)
#: Bound on remembered blind scores.
_BLIND = 4096

#: Bound on the tokens of thoughts that are written at once: what sees what among them is a square.
_THOUGHTS = 8192


class TransformersModel:
    """A model and its processor behind the package's protocol.

    Args:
        model: An image-text-to-text model in evaluation mode.
        processor: Its processor, with a chat template.
        name: As the user wrote it.
        revision: What identifies the weights.
        preferences: How it wants to be asked.
        options: How it is asked; what they say of loading is done. Without the prefix cache each question is asked
            alone, from the first token on.

    Raises:
        ModelError: The processor cannot serve (no chat template, no video path), or shall think and knows no thoughts.
    """

    takes_shots = True
    draws = True

    def __init__(
        self,
        model: Any,
        processor: Any,
        *,
        name: str,
        revision: str,
        preferences: Preferences | None = None,
        options: ModelOptions | None = None,
    ) -> None:
        options = options or ModelOptions()
        self.name = name
        self.revision = revision
        self.preferences = preferences or Preferences()
        self.model = model
        self._weights = sum(parameter.numel() for parameter in model.parameters())
        self.processor = processor
        if options.video and getattr(processor, "video_processor", None) is None:
            raise ModelError(f"the model {name} takes no video; leave the video option away, frames go in as pictures")
        self._pictures = _picture_tokens(model, processor)
        self.prompter = Prompter(
            processor,
            picture_tokens=self._pictures,
            stop_tokens=_stop_tokens(model),
            video=options.video,
            think=options.thinking > 0,
        )
        if options.thinking and self.prompter.thought is None:
            raise ModelError(f"the chat template of {name} knows no thoughts; leave --thinking away")
        self._thinking = options.thinking
        self._max_new_tokens = options.max_new_tokens
        self._speller = Speller(self.prompter)
        self._stops = sorted(self.prompter.stop_tokens)
        self._context = _context_length(model)
        self._batch_size = options.batch_size
        if options.thinking:
            self._batch_size = max(1, min(options.batch_size, _THOUGHTS // options.thinking))
        self._prefix_cache = options.prefix_cache
        self._option_score: OptionScore = (
            self.preferences.option_score if options.option_score == "auto" else options.option_score
        )
        self._blind: OrderedDict[tuple[Any, ...], list[float]] = OrderedDict()

    @property
    def thinking(self) -> str:
        """Whether and how the model thinks before it answers, for the manifest of a run; empty if it cannot."""
        thought = self.prompter.thought
        if thought is None:
            return ""
        tag = thought.opening.strip()
        return (
            f"up to {self._thinking} tokens in {tag}" if self._thinking else f"off ({tag} is closed before the answer)"
        )

    def ask(
        self,
        system: str,
        views: Sequence[View],
        requests: Sequence[Request],
        *,
        prefix_cache: bool | None = None,
        shots: Sequence[Shot] = (),
    ) -> list[Reply]:
        """Answer all questions about one clip.

        Args:
            system: The common system text.
            views: The clip's pictures with captions, in order.
            requests: The questions.
            prefix_cache: Overrides the model's own setting for this clip.
            shots: Answered clips that are shown before.

        Returns:
            One reply a request, in order; what fails has ``error`` set.
        """
        reuse = self._prefix_cache if prefix_cache is None else prefix_cache
        with torch.inference_mode(), fitting_threads(self._weights, self.model.device):
            outcomes = self._run_tasks(system, views, requests, reuse, shots)
            blind = self._blind_scores(system, views, requests, reuse, shots)
        return [
            self._reply(outcome, scores) if not isinstance(outcome, Reply) else outcome
            for outcome, scores in zip(outcomes, blind, strict=True)
        ]

    def _reply(self, task: AnswerTask, blind: Sequence[float] | None) -> Reply:
        """Return the reply of a finished task."""
        answered = task.task if isinstance(task, ThoughtTask) else task
        if isinstance(answered, OptionTask):
            reply = answered.reply(blind, score=self._option_score)
            return task.with_thought(reply) if isinstance(task, ThoughtTask) else reply
        return task.reply()

    def count_tokens(self, system: str, views: Sequence[View], requests: Sequence[Request]) -> tuple[int, int]:
        """Return how many picture tokens a clip has, and how many tokens its longest prompt."""
        prompts = [p.ids for p in self.prompter.prompts(system, views, [r.text for r in requests]).prompts]
        return sum(token in self._pictures for token in prompts[0]), max(map(len, prompts))

    def _run_tasks(
        self, system: str, views: Sequence[View], requests: Sequence[Request], reuse: bool, shots: Sequence[Shot]
    ) -> list[AnswerTask | Reply]:
        """Return each request's finished task, or the reply that says why there is none."""
        if reuse or len(requests) <= 1:
            return self._run_together(system, views, requests, shots) if requests else []
        return [self._run_together(system, views, [request], shots)[0] for request in requests]

    def _run_together(
        self, system: str, views: Sequence[View], requests: Sequence[Request], shots: Sequence[Shot]
    ) -> list[AnswerTask | Reply]:
        """Do the work over one prefix; a batch that fails is halved until the request at fault stands alone."""
        outcomes: dict[int, AnswerTask | Reply] = {}
        try:
            prompts = self.prompter.prompts(system, views, [request.text for request in requests], shots)
        except Exception as error:
            return [_failed(error) for _ in requests]
        tasks: dict[int, AnswerTask] = {}
        for i, request in enumerate(requests):
            try:
                self._check_length(len(prompts.prompts[i].ids), shots)
                tasks[i] = self._task(prompts.prompts[i], request)
            except Exception as error:
                outcomes[i] = _failed(error)
        try:
            length = prefix_length([task.prompt for task in tasks.values()], prompts.anchor) if tasks else 0
            prefix = run_prefix(self.model, prompts.inputs, length) if tasks else None
        except Exception as error:
            outcomes.update({i: _failed(error) for i in tasks})
            tasks, prefix = {}, None
        order = list(tasks)
        batches = [order[i : i + self._batch_size] for i in range(0, len(order), self._batch_size)]
        while batches and prefix is not None:
            batch = batches.pop(0)
            try:
                finish_tasks([tasks[i] for i in batch], grow_tree(self.model, prefix), length)
                outcomes.update({i: tasks[i] for i in batch})
            except Exception as error:
                if len(batch) == 1:
                    outcomes[batch[0]] = _failed(error)
                else:
                    self._shrink(error, len(batch))
                    tasks.update({i: self._task(prompts.prompts[i], requests[i]) for i in batch})
                    half = len(batch) // 2
                    batches[:0] = [batch[:half], batch[half:]]
            prefix.rewind()
        return [outcomes[i] for i in range(len(requests))]

    def _check_length(self, tokens: int, shots: Sequence[Shot]) -> None:
        """Refuse a prompt that is longer than what the model was made for.

        Raises:
            ModelError: It is.
        """
        if self._context is not None and tokens > self._context:
            mend = "fewer --shots or --views" if shots else "fewer --views"
            raise ModelError(f"the prompt has {tokens} tokens and the model's context {self._context}: {mend}")

    def _shrink(self, error: Exception, size: int) -> None:
        """Remember a batch size that fits after the memory ran out, and give the memory back."""
        if isinstance(error, torch.OutOfMemoryError):
            self._batch_size = max(1, size // 2)
            _log.warning("out of memory with %d questions at once; going on with %d", size, self._batch_size)
            torch.cuda.empty_cache()

    def _task(self, prompt: Prompt, request: Request) -> AnswerTask:
        """Return the way of answering ``request``, behind a thought if the model shall think."""
        thought = self.prompter.thought
        chance = None if request.draw is None else Chance(request.draw)
        if self._thinking and thought is not None:
            return ThoughtTask(
                self.prompter,
                prompt,
                thought,
                self._thinking,
                lambda behind: self._answer_task(behind, request, chance),
                chance,
            )
        return self._answer_task(prompt, request, chance)

    def _answer_task(self, prompt: Prompt, request: Request, chance: Chance | None) -> AnswerTask:
        """Return the way of answering ``request``."""
        limit = self._max_new_tokens or request.max_new_tokens
        if request.options:
            return OptionTask(self.prompter, prompt, request.options, chance)
        if request.grammar is not None:
            return GrammarTask(self._speller, prompt, request.grammar, limit, self._stops, chance)
        return FreeTask(self.prompter, prompt, limit, chance)

    def _blind_scores(
        self, system: str, views: Sequence[View], requests: Sequence[Request], reuse: bool, shots: Sequence[Shot]
    ) -> list[list[float] | None]:
        """Return the options' log-likelihoods with grey pictures for each closed question, where they are wanted.

        Nothing in them depends on the clip but its captions and picture sizes, so that they are remembered.
        """
        if self._option_score != "calibrated" or not views:
            return [None] * len(requests)
        shot_turns = tuple((shot.clip_id, shot.turns) for shot in shots)
        scene = (system, shot_turns, tuple((view.caption, view.image.size, len(view.frames)) for view in views))
        keys = [(scene, request.text, request.options) for request in requests]
        missing = [i for i, request in enumerate(requests) if request.options and keys[i] not in self._blind]
        if missing:
            grey = [replace(view, image=Image.new("RGB", view.image.size, _GREY)) for view in views]
            tasks = self._run_tasks(system, grey, [requests[i] for i in missing], reuse, shots)
            for i, task in zip(missing, tasks, strict=True):
                answered = task.task if isinstance(task, ThoughtTask) else task
                if isinstance(answered, OptionTask):
                    self._blind[keys[i]] = answered.loglikelihoods()
        scores = [self._blind.get(key) for key in keys]
        while len(self._blind) > _BLIND:
            self._blind.popitem(last=False)
        return scores


def finish_tasks(tasks: Sequence[AnswerTask], tree: TokenTree, start: int) -> None:
    """Take ``tasks`` to their end, all of them one step in each pass."""
    for task in tasks:
        task.begin(tree, start)
    active = list(tasks)
    while active:
        tree.run()
        active = [task for task in active if not task.advance(tree)]


def _failed(error: Exception) -> Reply:
    """Return the reply to a request that could not be answered."""
    _log.debug("a request failed", exc_info=error)
    if isinstance(error, torch.OutOfMemoryError):
        return Reply("", error="out of memory; fewer views, --quantization 4bit or a smaller model would fit")
    if isinstance(error, ModelError):
        return Reply("", error=str(error), truncated=isinstance(error, EndlessAnswerError))
    return Reply("", error=f"{type(error).__name__}: {error}")


def _picture_tokens(model: Any, processor: Any) -> frozenset[int]:
    """Return the ids that stand for pictures and videos in a prompt, from wherever the family keeps them."""
    names = ("image_token_id", "image_token_index", "video_token_id", "video_token_index")
    token_ids = [getattr(owner, name, None) for owner in (model.config, processor) for name in names]
    for name in ("image_token_ids", "video_token_ids"):
        token_ids += getattr(processor, name, None) or ()
    return frozenset(token for token in token_ids if isinstance(token, int))


def _stop_tokens(model: Any) -> frozenset[int]:
    """Return the ids that end a turn by the generation config."""
    ids = model.generation_config.eos_token_id if model.generation_config is not None else None
    if ids is None:
        ids = getattr(model.config.get_text_config(decoder=True), "eos_token_id", None)
    if ids is None:
        return frozenset()
    return frozenset([ids] if isinstance(ids, int) else ids)


def _context_length(model: Any) -> int | None:
    """Return how many tokens a model was made for; None where its config does not say."""
    length = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return length if isinstance(length, int) else None
