"""Settings of a learned spotter: what is learned, how, and how scores become expressions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mevqa.events import Kind, Rule
from mevqa.files.strict_yaml import StrictModel

Positive = Annotated[int, Field(ge=1)]
Above = Annotated[float, Field(gt=0)]
Rate = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Windows(StrictModel):
    """How videos are cut for the network.

    Attributes:
        length_ms: Length of a window. A video that fits into one is padded to it, and the padding is masked: a length
            beyond that of every video means whole videos.
        hop: Distance of neighbouring windows, as a share of their length.
        reference: What displacements are measured against: the ``first`` sample of the window, its ``mean``, or
            ``none`` (as the features are). Each run of measured samples has a reference of its own.
        stitch: Which of overlapping windows scores a sample: ``later-half`` (the one that has seen most before it, as
            in ME-TST) or ``mean`` (all of them alike).
        negatives: Windows without expressions for each one with; they are drawn anew each epoch.
        moving: Let windows begin elsewhere in each epoch.
    """

    length_ms: Above = 1000.0
    hop: Annotated[float, Field(gt=0, le=1)] = 0.5
    reference: Literal["first", "mean", "none"] = "first"
    stitch: Literal["later-half", "mean"] = "later-half"
    negatives: Rate = 4.0
    moving: bool = True

    @model_validator(mode="after")
    def _covers(self) -> Windows:
        """Refuse what leaves samples without a score."""
        if self.stitch == "later-half" and self.hop > 0.5:
            raise ValueError("stitch: later-half needs a hop of at most 0.5: the first half of a window is not used")
        return self


class Augmentation(StrictModel):
    """How windows are varied while training.

    Attributes:
        scale: All displacements of a window are multiplied by a factor between 1 - scale and 1 + scale (ME-TST: .1).
        mirror: Share of windows in which left and right change places.
        noise: Spread of the noise added to each value, as a share of the channel's own spread.
    """

    scale: Annotated[float, Field(ge=0, lt=1)] = 0.1
    mirror: Share = 0.5
    noise: Rate = 0.0


class Training(StrictModel):
    """The training loop.

    Attributes:
        epochs: Passes over the windows; the weights of the last one are kept.
        batch: Windows in a step.
        rate: Highest learning rate.
        schedule: ``one-cycle`` (Smith and Topin, arXiv 1708.07120: up in the first 30 %, then down by a cosine),
            ``exponential`` (times ``factor`` after each epoch) or ``constant``.
        factor: Of ``exponential``.
        optimizer: ``adam`` or ``adamw``.
        decay: Weight decay.
        max_norm: Gradients are scaled down to this norm; 0: never.
        windows: How videos are cut.
        augmentation: How windows are varied.
    """

    epochs: Positive = 30
    batch: Positive = 32
    rate: Above = 1e-4
    schedule: Literal["one-cycle", "exponential", "constant"] = "one-cycle"
    factor: Annotated[float, Field(gt=0, le=1)] = 0.96
    optimizer: Literal["adam", "adamw"] = "adam"
    decay: Rate = 0.0
    max_norm: Rate = 1.0
    windows: Windows = Windows()
    augmentation: Augmentation = Augmentation()


class Decoding(StrictModel):
    """How score curves become expressions.

    Attributes:
        name: Decoder (``mevqa list decoders``), or ``own`` for that of the system.
        threshold: A fixed threshold; None: chosen on training subjects.
        folds: Groups of training subjects: each is scored by a network that learned from the others, and the threshold
            is the best one on these scores. 0: chosen on the scores of what was trained on, which is quick and takes
            them for surer than they are. Without effect where the threshold is fixed.
        most_false_alarms: Of thresholds only those are chosen from that find at most so many expressions where there
            are none in a minute in which the lips of training subjects talk; None: the one of the best F1, however
            often it fires. Without effect where nobody talks.
        false_alarm_confidence: With which that holds for other people: the upper limit of the rate that training
            subjects show (of a Poisson count, one-sided) is compared; None: the rate itself.
        synergy: How spotting and recognition help one another (ME-TST): ``none``; ``recognition`` drops an expression
            whose samples are mostly neutral; ``spotting`` names the likeliest class that is not neutral.
    """

    name: str = "absolute-peaks"
    threshold: float | None = None
    folds: Annotated[int, Field(ge=0)] = 3
    most_false_alarms: Rate | None = 0.5
    false_alarm_confidence: Annotated[float, Field(gt=0, lt=1)] | None = 0.95
    synergy: Literal["none", "recognition", "spotting"] = "spotting"

    @model_validator(mode="after")
    def _folds(self) -> Decoding:
        """Refuse a single group."""
        if self.folds == 1:
            raise ValueError("folds: one group leaves nobody to learn from; give 2 or more, or 0")
        return self


class SystemConfig(StrictModel):
    """Everything that decides what is learned and how it is applied.

    Attributes:
        kinds: Kinds of expressions that are learned; others count as background.
        classes: Emotion classes: ``coarse``, ``fine`` or ``none``.
        rule: How micro- and macro-expressions are told apart.
        network: Sizes of the network and weights of its loss; every system has keys of its own.
        training: The training loop.
        decoder: How scores become expressions.
        seed: Decides first weights and every draw.
    """

    kinds: tuple[Kind, ...] = ("micro",)
    classes: Literal["coarse", "fine", "none"] = "coarse"
    rule: Rule = "half-second"
    network: StrictModel = StrictModel()
    training: Training = Training()
    decoder: Decoding = Decoding()
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0

    @model_validator(mode="after")
    def _some_kind(self) -> SystemConfig:
        """Refuse nothing to learn."""
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError("kinds: name micro, macro or both, each once")
        return self
