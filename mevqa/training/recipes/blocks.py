"""The blocks of a recipe, and the kinds of values in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mevqa.files.strict_yaml import StrictModel


def listed(value: Any) -> Any:
    """Let ``a,b`` on the command line, and a single name in YAML, stand for a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Lora(StrictModel):
    """Low-rank adapters (Hu et al., "LoRA", ICLR 2022).

    Attributes:
        rank: Rank of the update.
        alpha: The update is scaled by alpha / rank, or by alpha / sqrt(rank) with ``rslora``.
        dropout: Dropout before the adapter.
        targets: ``language`` (every linear layer of the language model), ``everything`` (the vision tower's too), or
            patterns: regular expressions that are searched in the modules' names.
        dora: Decompose weights into magnitude and direction (Liu et al., "DoRA", ICML 2024).
        rslora: Scale by alpha / sqrt(rank) (Kalajdzievski, "A Rank Stabilization Scaling Factor", 2023).
    """

    rank: Annotated[int, Field(ge=1, le=4096)] = 16
    alpha: Annotated[float, Field(gt=0)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Names = ("language",)
    dora: bool = False
    rslora: bool = False


class Rates(StrictModel):
    """Peak learning rate of each part; 0 keeps it frozen.

    Attributes:
        adapter: The LoRA weights, wherever they are.
        language: The language model's own weights.
        projector: What maps the vision tower's features to the language model.
        vision: The vision tower's own weights.
    """

    adapter: Rate = 0.0
    language: Rate = 0.0
    projector: Rate = 0.0
    vision: Rate = 0.0


class Validation(StrictModel):
    """Early stopping, and the choice of a checkpoint, on subjects that are not trained on.

    Attributes:
        share: Share of the clips, by whole subjects; 0: none, and the last weights are kept.
        every: Steps between two looks at them.
        patience: Looks without improvement before training stops; the best weights are kept. 0: never stops early.
        choose: What decides between checkpoints: ``loss`` of the answers' tokens, or ``score``, the mean of the
            official scores of the answers that each checkpoint gives to the validation questions.
        keep: Checkpoints that are compared by their score, the last ones.
    """

    share: Share = 0.0
    every: Positive = 50
    patience: Whole = 3
    choose: Literal["loss", "score"] = "loss"
    keep: Positive = 5


class Augmentation(StrictModel):
    """How clips are varied; every draw is decided by the seed, the clip and the version.

    Attributes:
        versions: Versions of each clip. Frozen vision features are computed once for each; 0: a new one every time.
        mirror: Share of versions that are mirrored; left and right change places in questions and answers.
        jitter: Most frames by which onset, apex and offset are moved.
        brightness: Spread of the brightness, the same for all photographs of a clip.
        contrast: Spread of the contrast, likewise.
        shift: Most that pictures are moved, as a share of their side.
        scale: Most that pictures are scaled, as a share of their size.
    """

    versions: Whole = 0
    mirror: Share = 0.0
    jitter: Whole = 0
    brightness: Share = 0.0
    contrast: Share = 0.0
    shift: Share = 0.0
    scale: Share = 0.0


class Balance(StrictModel):
    """What is shown equally often.

    Attributes:
        classes: Draw clips so that each ``coarse`` or ``fine`` class comes equally often; ``none``: as they are.
        types: Weight the loss so that each question type counts equally; with all questions of a clip in its row.
        questions: Most questions of a clip in one row, types drawn alike; 0: all of them.
    """

    classes: Literal["coarse", "fine", "none"] = "none"
    types: bool = False
    questions: Whole = 0


class Synthetic(StrictModel):
    """Synthetic motion maps beside the clips, or instead of them; for models that look at motion maps.

    Attributes:
        share: Share of the clips in each step.
        widened: Maps as published ones are: cropped closely, the motion in patches; false: smooth, in wide crops.
        varied: Besides, lids that close, the rest of a turn of the head, errors in places; rendered faces in dim light
            and measured by several methods. Nearer to published maps, and no gain was measured.
        rendered: Faces that are rendered once and measured; 0: maps are drawn from geometry alone.
        rendered_share: Share of the synthetic maps that come from rendered faces.
        seeing_steps: Steps at the beginning in which only the vision tower learns, to tell units and classes.
        seeing_weight: Weight of that task afterwards; 0: it is dropped.
        equivariance: In those first steps every map is also seen mirrored; the weight of reading both alike. 0: not.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    widened: bool = True
    varied: bool = False
    rendered: Whole = 0
    rendered_share: Share = 0.35
    seeing_steps: Whole = 0
    seeing_weight: Rate = 0.0
    equivariance: Rate = 0.0

    @model_validator(mode="after")
    def _varies_what_is_widened(self) -> Synthetic:
        """Refuse variation of smooth maps, which would be left out."""
        if self.varied and not self.widened:
            raise ValueError("varied goes with widened: true, not with smooth maps in wide crops")
        return self


class Rejection(StrictModel):
    """Rejection-sampling fine-tuning: what a trained model answers rightly by chance is trained on again.

    After Zelikman et al., "STaR" (NeurIPS 2022) and Dong et al., "RAFT" (TMLR 2023); what follows is our choice.

    Attributes:
        samples: Answers drawn to each question that is trained on.
        temperature: Of the draws; 1 draws as the model has it.
        f1: Least F1 of a set of action units that is kept; classes and numbers must be right.
        share: Share of the questions that are trained with an answer that was kept, the others with the reference.
        steps: Length of this stage; 0: that of the first.
        rate: Factor of the learning rates.
    """

    samples: Annotated[int, Field(ge=1, le=256)] = 8
    temperature: Annotated[float, Field(gt=0, le=5)] = 1.0
    f1: Share = 0.8
    share: Share = 0.5
    steps: Whole = 0
    rate: Annotated[float, Field(gt=0)] = 0.5


class RewardWeights(StrictModel):
    """Weights of the rewards by the official scorers; 0 leaves one out.

    Attributes:
        classes: 1 for the right class, yes or no, side or number; of sentences the mean of their two classes.
        units: F1 of the set of action units.
        format: 1 for an answer in the official wording and vocabulary.
        length: 1 for an answer that ends and is about as long as the reference.
    """

    classes: Rate = 1.0
    units: Rate = 1.0
    format: Rate = 0.2
    length: Rate = 0.1

    @model_validator(mode="after")
    def _rewards_something(self) -> RewardWeights:
        """Refuse rewards of which none counts."""
        if not any(self.model_dump().values()):
            raise ValueError("every weight is 0: no answer would be rewarded")
        return self


class Grpo(StrictModel):
    """Group relative policy optimisation (Shao et al., "DeepSeekMath", arXiv 2402.03300, section 4.1), through trl.

    The readiness test, pass@8 well above pass@1 on subjects that were not trained on, is an idea of the entrants of
    MEGC 2026; its bound and everything else is our choice.

    Attributes:
        steps: Number of steps.
        questions: Questions in a step.
        samples: Answers drawn to each question of a step: a group.
        temperature: Of the draws.
        tokens: Most tokens of an answer.
        rate: Factor of the learning rates.
        beta: Weight of the divergence from the weights that the stage begins with.
        readiness: Least difference of pass@8 and pass@1 on the validation side.
        force: Train whatever the difference is.
        weights: Weights of the rewards.
    """

    steps: Positive = 50
    questions: Positive = 1
    samples: Annotated[int, Field(ge=2, le=256)] = 8
    temperature: Annotated[float, Field(gt=0, le=5)] = 1.0
    tokens: Annotated[int, Field(ge=1, le=4096)] = 96
    rate: Annotated[float, Field(gt=0)] = 0.1
    beta: Rate = 0.0
    readiness: Share = 0.15
    force: bool = False
    weights: RewardWeights = RewardWeights()


class Folds(StrictModel):
    """How ``mevqa loso`` divides the subjects.

    Attributes:
        by: ``subject`` (leave one out), ``group`` (``k`` groups of subjects) or ``dataset`` (leave one out).
        k: Number of groups.
        of: Data sets whose subjects are held out; those of others are always trained on. Empty: all.
    """

    by: Literal["subject", "group", "dataset"] = "subject"
    k: Annotated[int, Field(ge=2)] = 5
    of: Names = ()
