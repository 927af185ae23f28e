"""Learn from rewards by the official scorers: group relative policy optimisation, through trl.

trl words and tokenises each conversation itself; that it does so exactly as the model is asked is checked before
anything is trained.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers.trainer_utils import get_last_checkpoint

from mevqa.errors import InputError, MevqaError, Problem
from mevqa.inference.evaluation import Plan
from mevqa.models.transformers.placement import choose_dtype
from mevqa.models.transformers.prompts.prompting import Prompter
from mevqa.training.adapters.artifact import read_manifest, start_manifest, write_artifact
from mevqa.training.examples.clips import TrainingClip
from mevqa.training.examples.stream import RowMaker
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.result import FineTuningResult
from mevqa.training.stages.grading import graded
from mevqa.training.stages.rewards import REWARDS
from mevqa.training.trainable_model import TrainableModel, load_trainable_model
from mevqa.training.trainer.console import Console
from mevqa.training.trainer.log_file import LogFile
from mevqa.training.trainer.trained_parts import count_parameters, parameter_groups, prepare
from mevqa.types import Question, Reply


def check_trl() -> None:
    """Refuse to begin without trl.

    Raises:
        InputError: It is not installed.
    """
    if importlib.util.find_spec("trl") is None:
        raise InputError([Problem("stages", "grpo needs a package that is missing: pip install 'mevqa[grpo]'")])


class ConversationRows:
    """The questions that are learned from rewards, each a conversation with its pictures.

    Args:
        clips: The clips.
        row_maker: Draws and words them.
        prompter: The model's.
    """

    def __init__(self, clips: Sequence[TrainingClip], row_maker: RowMaker, prompter: Prompter) -> None:
        self._row_maker, self._prompter = row_maker, prompter
        self._places = [(clip, question) for clip in clips for question in clip.questions if graded(question)]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> dict[str, Any]:
        clip, question = self._places[index]
        clip_views = self._row_maker.views_of(clip)
        system = self._row_maker.system(clip, clip_views.notes)
        text = self._row_maker.request(question).text
        pictures = [view.image.convert("RGB") for view in clip_views.views]
        prompt = self._prompter.conversation(system, clip_views.views, text)
        return {"prompt": prompt, "images": pictures, "question": question}

    def as_dataset(self) -> Any:
        """Return the rows as trl takes them; each is made when it is needed."""
        from datasets import Dataset

        return Dataset.from_dict({"place": list(range(len(self)))}).with_transform(self._batch)

    def _batch(self, places: Mapping[str, Sequence[int]]) -> dict[str, list[Any]]:
        rows = [self[index] for index in places["place"]]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def check_tokens(self) -> None:
        """Compare the tokens that a chat template makes of a conversation with those that the model is asked with.

        Raises:
            InputError: They differ.
        """
        from trl.data_utils import prepare_multimodal_messages

        clip, question = self._places[0]
        row, clip_views = self[0], self._row_maker.views_of(clip)
        inference_prompts = self._prompter.prompts(
            self._row_maker.system(clip, clip_views.notes), clip_views.views, [self._row_maker.request(question).text]
        )
        chat_tokens = self._prompter.processor.apply_chat_template(
            conversation=[prepare_multimodal_messages(row["prompt"], images=row["images"])],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            **self._prompter.switches,
        )["input_ids"][0]
        if [int(token) for token in chat_tokens] != inference_prompts.prompts[0].ids:
            message = "grpo cannot be used: trl words the questions of this model otherwise than it is asked"
            raise InputError([Problem("stages", message)])


def train_rewards(
    recipe: Recipe, work: Plan, clips: Sequence[TrainingClip], out: Path, *, label: str = ""
) -> FineTuningResult:
    """Train by rewards, or go on with an interrupted training.

    Args:
        recipe: The recipe of this stage, which begins with the weights of the stage before.
        work: All clips, for the record.
        clips: The clips whose questions are learned from.
        out: Folder of the stage.
        label: What the progress calls it.

    Raises:
        InputError: The folder holds another training, no question can be graded, or trl cannot train this model.
    """
    trainable = load_trainable_model(recipe)
    start_manifest(out, recipe, work, trainable, drawn="grpo")
    if finished_record := read_manifest(out).get("finished"):
        return FineTuningResult.from_record(out, finished_record)
    prompter = trainable.wrapped.prompter
    row_maker = RowMaker(prompter, trainable.prompts, trainable.view_config, drawn_by=work.prepared)
    rows = ConversationRows(clips, row_maker, prompter)
    if not len(rows):
        message = "no question has an answer that is right or wrong (classes, units, numbers, sentences)"
        raise InputError([Problem("stages", f"{message}: nothing can be rewarded; leave grpo out")])
    kind = str(trainable.wrapped.model.config.model_type)
    if getattr(trainable.wrapped.model.config, "image_token_id", None) is None:
        raise InputError([Problem("stages", f"grpo cannot be used: trl knows no picture token of {kind} models")])
    rows.check_tokens()
    model = prepare(trainable.wrapped.model, recipe, base_name=recipe.model)
    started = time.perf_counter()
    try:
        trainer = _trainer(recipe, model, trainable, rows, out / "checkpoints", label)
        folder = out / "checkpoints"
        trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)) if folder.is_dir() else None)
    except (MevqaError, torch.OutOfMemoryError):
        raise
    except (RuntimeError, AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        message = f"grpo cannot be used: trl cannot train {kind} models ({type(error).__name__}: {reason})"
        raise InputError([Problem("stages", message)]) from error
    rewards = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    finished = FineTuningResult(
        out,
        trainer.state.global_step,
        round(time.perf_counter() - started, 1),
        None,
        None,
        None,
        count_parameters(model),
        rewards=first_and_last(rewards) if rewards else None,
    )
    write_artifact(out, PackedModel(model), recipe, work, trainable, finished)
    return finished


def first_and_last(rewards: Sequence[float]) -> tuple[float, float]:
    """Return the mean reward of the first and of the last tenth of the steps, at least one step each.

    A step holds few questions, so that a single one says more about their difficulty than about the training.
    """
    count = max(1, len(rewards) // 10)
    return round(sum(rewards[:count]) / count, 6), round(sum(rewards[-count:]) / count, 6)


def _trainer(
    recipe: Recipe, model: Any, trainable: TrainableModel, rows: ConversationRows, folder: Path, label: str
) -> Any:
    """Put model, questions and rewards together."""
    logging.getLogger("trl").setLevel(logging.ERROR)
    from trl import GRPOConfig, GRPOTrainer

    settings = recipe.grpo
    device = next(model.parameters()).device.type
    precision = choose_dtype(recipe.precision, device)
    weights = {name: weight for name, weight in settings.weights.model_dump().items() if weight > 0}
    arguments = GRPOConfig(
        output_dir=str(folder),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.questions * settings.samples,
        num_generations=settings.samples,
        temperature=settings.temperature,
        max_completion_length=settings.tokens,
        beta=settings.beta,
        reward_weights=list(weights.values()),
        chat_template_kwargs=trainable.wrapped.prompter.switches,
        learning_rate=max(recipe.rates.model_dump().values()),
        lr_scheduler_type="constant",
        max_grad_norm=recipe.max_norm,
        bf16=precision == torch.bfloat16,
        fp16=precision == torch.float16,
        use_cpu=device == "cpu",
        gradient_checkpointing=recipe.checkpointing,
        seed=recipe.seed,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        logging_steps=1,
        report_to="none",
        save_steps=recipe.save_every,
        save_total_limit=2,
    )
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), betas=(0.9, recipe.beta2))
    stops = trainable.wrapped.prompter.stop_tokens
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[_reward(name, stops) for name in weights],
        args=arguments,
        train_dataset=rows.as_dataset(),
        processing_class=trainable.wrapped.processor,
        callbacks=[Console(label), LogFile(folder.parent)],
        optimizers=(optimizer, None),
    )
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    if isinstance(model, PeftModel):
        # trl saves checkpoints with this method; peft would ask the hub for the base model's config otherwise.
        save = functools.partial(model.save_pretrained, save_embedding_layers=False)
        setattr(model, "save_pretrained", save)  # noqa: B010
    return trainer


def _reward(name: str, stops: frozenset[int]) -> Callable[..., list[float | None]]:
    """Return a reward as trl calls it: a number for each completion, None where it does not apply."""
    judge = REWARDS[name]

    def reward(
        completions: Sequence[Any], completion_ids: Sequence[Sequence[int]], question: Sequence[Question], **_: Any
    ) -> list[float | None]:
        rewards: list[float | None] = []
        for completion, ids, row_question in zip(completions, completion_ids, question, strict=True):
            text = str(completion[0]["content"]).strip()
            error = None if text else "the model ended its turn without an answer"
            cut = not ids or int(ids[-1]) not in stops
            rewards.append(judge(row_question, replace(Reply(text, error=error), truncated=cut)))
        return rewards

    reward.__name__ = name
    return reward
