"""Choose between the checkpoints of a training by the official scores of their answers about validation subjects.

The loss of an answer's tokens, by which training stops early, and the score of answers do not always prefer the same
weights. Only validation subjects of the training are asked about, so that nothing is chosen on those held out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import write_whole
from mevqa.inference.engine import answer_clip
from mevqa.models.base import ModelOptions
from mevqa.models.transformers.model import TransformersModel
from mevqa.scoring.answers.score import score_run
from mevqa.training.examples.clips import TrainingClip
from mevqa.training.examples.stream import RowMaker
from mevqa.training.result import CheckpointScore
from mevqa.training.trainable_model import TrainableModel
from mevqa.training.trainer.health import without_dropout
from mevqa.training.trainer.trainer import PackedTrainer, checkpoints

#: The official scores whose mean decides, as far as their questions are asked; that each counts the same is our choice.
SCORES = ("coarse.uf1", "fine.uf1", "au.f1", "presence.accuracy", "side.accuracy", "combined.au_f1", "analysis.au_f1")
_RECORD = "score.json"


def choose_checkpoint(
    trainer: PackedTrainer, trainable: TrainableModel, row_maker: RowMaker, validation: Sequence[TrainingClip]
) -> tuple[CheckpointScore, ...]:
    """Score every checkpoint that was kept, and go to the weights of the best; of equal ones to the earliest.

    A score is kept beside its checkpoint, so that none is computed again after an interruption.

    Args:
        trainer: A training that has ended.
        trainable: The model, which holds the trained weights.
        row_maker: Draws the clips as they were drawn in training.
        validation: Clips of subjects that were not trained on.

    Returns:
        The scores by step; empty where the recipe chooses by the loss.

    Raises:
        InputError: The weights are spread over processes, or no question is scored.
    """
    if trainer.recipe.validation.choose != "score" or not validation:
        return ()
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        message = "cannot ask a model whose weights are spread over processes: set validation.choose=loss"
        raise InputError([Problem("validation.choose", message)])
    folders = checkpoints(Path(str(trainer.args.output_dir)))
    if trainer.is_world_process_zero():
        for folder in folders:
            if not (folder / _RECORD).is_file():
                trainer.load_checkpoint(folder)
                scored = _score(trainer, trainable, row_maker, validation, int(folder.name.rpartition("-")[2]))
                write_whole(folder / _RECORD, json.dumps(asdict(scored)) + "\n")
    trainer.accelerator.wait_for_everyone()
    compared = [CheckpointScore(**read_json_object(folder / _RECORD)) for folder in folders]
    if not compared:
        return ()
    best = max(compared, key=lambda checkpoint: (checkpoint.score, -checkpoint.step))
    trainer.load_checkpoint(folders[compared.index(best)])
    return tuple(replace(checkpoint, chosen=checkpoint is best) for checkpoint in compared)


def _score(
    trainer: PackedTrainer,
    trainable: TrainableModel,
    row_maker: RowMaker,
    validation: Sequence[TrainingClip],
    step: int,
) -> CheckpointScore:
    """Score the present weights on the validation clips, asked as the finished model will be."""
    wrapped = trainable.wrapped
    asked_model = TransformersModel(
        wrapped.model,
        wrapped.processor,
        name=wrapped.name,
        revision=wrapped.revision,
        preferences=trainable.preferences,
        options=ModelOptions(seed=trainer.recipe.seed),
    )
    answers = {}
    with trainer.kept_weights(), without_dropout(wrapped.model):
        for clip in validation:
            result = answer_clip(
                clip.clip,
                clip.questions,
                asked_model,
                trainable.prompts,
                trainable.view_config,
                drawn_by=row_maker.drawn_by,
            )
            answers.update({answer.question_id: answer for answer in result.answers})
    score_result = score_run([question for clip in validation for question in clip.questions], answers)
    metrics = score_result.metrics if score_result is not None else {}
    scores = {key: round(metrics[key], 6) for key in SCORES if key in metrics}
    if not scores:
        message = f"score needs questions of a type that is scored so ({', '.join(SCORES)}); set it to loss"
        raise InputError([Problem("validation.choose", message)])
    return CheckpointScore(step, round(sum(scores.values()) / len(scores), 6), scores)
