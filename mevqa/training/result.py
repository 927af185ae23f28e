"""Result of a training: where the weights are, its losses, and how much the pictures matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FineTuningResult:
    """Result of a fine-tuning.

    Attributes:
        folder: The adapter, or the whole model.
        steps: Steps that were trained.
        seconds: Wall time of the steps of this call; None for a training that was finished before.
        loss: Training loss at the last report; None when there was nothing left to train.
        validation: Best loss on the validation side; None without one.
        probe: Loss with the right and with other pictures; None when it was not measured.
        parameters: Trained weights of each part, and ``all``.
        checkpoints: Checkpoints that were compared by their score on the validation side, by step; empty where the
            loss decided.
        stages: What each stage did; empty where there was one.
        rewards: Mean reward in the first and in the last tenth of the steps; None where answers were learned and not
            rewarded.
        pushed_to: Where it was pushed to; None where it was not.
    """

    folder: Path
    steps: int
    seconds: float | None = field(compare=False)
    loss: float | None
    validation: float | None
    probe: PictureProbe | None
    parameters: dict[str, int]
    checkpoints: tuple[CheckpointScore, ...] = ()
    stages: tuple[StageResult, ...] = ()
    rewards: tuple[float, float] | None = None
    pushed_to: str | None = field(default=None, compare=False)

    def lines(self) -> list[str]:
        """Return a summary for the user, a line a fact."""
        trained = ", ".join(f"{part} {count:,}" for part, count in self.parameters.items() if part != "all")
        time = "" if self.seconds is None else f" in {self.seconds:.0f} s"
        lines = [f"pushed to {self.pushed_to}"] if self.pushed_to is not None else []
        lines += [f"trained {trained} of {self.parameters['all']:,} weights, {self.steps} steps{time}"]
        if self.loss is not None:
            lines.append(f"loss at the end {self.loss:.4f} nats a token")
        if self.validation is not None:
            lines.append(f"best on other subjects {self.validation:.4f}")
        lines += checkpoint_lines(self.checkpoints) + stage_lines(self.stages)
        if self.probe is not None:
            own, other = self.probe.loss, self.probe.shuffled
            lines.append(f"picture probe, {self.probe.clips} clips: own pictures {own:.4f}, another clip's {other:.4f}")
        return [*lines, f"saved to {self.folder}"]

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for the manifest: the same after an interruption as without one, thus no times."""
        return {name: value for name, value in asdict(self).items() if name not in ("folder", "seconds", "pushed_to")}

    @classmethod
    def from_record(cls, folder: Path, record: dict[str, Any]) -> FineTuningResult:
        """Read what ``as_record`` returned."""
        probe = record["probe"]
        checkpoints = tuple(CheckpointScore(**entry) for entry in record.get("checkpoints", ()))
        values = {**record, "seconds": None, "probe": PictureProbe(**probe) if probe else None}
        stages = tuple(StageResult(**entry) for entry in record.get("stages", ()))
        rewards = tuple(record["rewards"]) if record.get("rewards") else None
        return cls(folder, **{**values, "checkpoints": checkpoints, "stages": stages, "rewards": rewards})


@dataclass(frozen=True, slots=True)
class CheckpointScore:
    """A checkpoint, and how it answered the questions of the validation side.

    Attributes:
        step: Its step.
        score: Mean of the main official scores, 0 to 1.
        scores: The scores, by key of the catalogue.
        chosen: Whether its weights were kept.
    """

    step: int
    score: float
    scores: dict[str, float]
    chosen: bool = False


def checkpoint_lines(checkpoints: Sequence[CheckpointScore]) -> list[str]:
    """Return a line a checkpoint: its score on the validation side, and which was kept."""
    lines = []
    for checkpoint in checkpoints:
        parts = ", ".join(f"{key} {value:.3f}" for key, value in checkpoint.scores.items())
        mark = " (kept)" if checkpoint.chosen else ""
        lines.append(f"checkpoint at step {checkpoint.step}: {checkpoint.score:.3f} on other subjects ({parts}){mark}")
    return lines


#: Below this share of the loss the pictures are taken not to matter.
_MATTERS = 0.01


@dataclass(frozen=True)
class StageResult:
    """Result of one stage of a training.

    Attributes:
        name: ``sft``, ``rft`` or ``grpo``.
        steps: Steps that were trained.
        loss: Training loss at the last report.
        validation: Best loss on the validation side; None without one.
        samples: Answers drawn to each question before the stage; 0: none.
        rates: Number of questions, pass@1 and pass@``samples``, by question type and of ``all``: of the questions that
            were trained on before ``rft``, and of those about other subjects before ``grpo``.
        right: Drawn answers that are right.
        kept: Different ones among those of each question, which ``rft`` trains on.
        rewards: Mean reward in the first and in the last tenth of the steps of ``grpo``.
    """

    name: str
    steps: int
    loss: float | None
    validation: float | None
    samples: int = 0
    rates: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    right: int = 0
    kept: int = 0
    rewards: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Bring what was read from JSON to tuples."""
        object.__setattr__(self, "rates", {name: tuple(numbers) for name, numbers in self.rates.items()})
        object.__setattr__(self, "rewards", None if self.rewards is None else tuple(self.rewards))


def stage_lines(stages: Sequence[StageResult]) -> list[str]:
    """Return what each stage did: steps and losses, pass@1 and pass@k of the answers that it drew."""
    lines = []
    for stage in stages:
        if stage.samples:
            count = stage.rates["all"][0]
            which = "about other subjects" if stage.name == "grpo" else "that were trained on"
            kept_note = f", {stage.kept} different ones kept" if stage.kept else ""
            lines.append(
                f"stage {stage.name}: {stage.samples} answers drawn to each of {count} questions {which}: "
                f"{stage.right} of {stage.samples * count} right{kept_note}"
            )
            pass_rates = (f"{name} {at_1:.3f} to {at_k:.3f}" for name, (_, at_1, at_k) in stage.rates.items())
            lines.append(f"stage {stage.name}: pass@1 to pass@{stage.samples}: {', '.join(pass_rates)}")
        facts = [f"{stage.steps} steps"]
        facts += [f"loss at the end {stage.loss:.4f}"] if stage.loss is not None else []
        if stage.rewards is not None:
            first, last = stage.rewards
            facts.append(f"mean reward {first:.3f} in the first, {last:.3f} in the last tenth of the steps")
        facts += [f"best on other subjects {stage.validation:.4f}"] if stage.validation is not None else []
        lines.append(f"stage {stage.name}: {', '.join(facts)}")
    return lines


@dataclass(frozen=True, slots=True)
class PictureProbe:
    """Picture probe of a trained model: its loss with each clip's own pictures and with another clip's.

    Attributes:
        clips: Number of clips looked at.
        loss: Mean loss of an answer's token with each clip's own pictures, nats.
        shuffled: The same with another clip's pictures.
    """

    clips: int
    loss: float
    shuffled: float

    @property
    def matters(self) -> bool:
        """Whether the loss depends on the pictures."""
        return self.shuffled - self.loss > _MATTERS * max(self.loss, 1e-3)


@dataclass(frozen=True)
class RecogniserResult:
    """Result of the training of a recogniser.

    Attributes:
        folder: The recogniser.
        recogniser: Its name.
        parameters: Trained weights.
        clips: Clips that were learned.
        rest: Moments of rest beside them.
        subjects: Persons in them.
        accuracy: Share of these very clips that it names rightly, by level.
        seconds: Wall time; None for a training that was finished before.
    """

    folder: Path
    recogniser: str
    parameters: int
    clips: int
    rest: int
    subjects: int
    accuracy: dict[str, float]
    seconds: float | None = field(default=None, compare=False)

    def lines(self) -> list[str]:
        """Return a summary for the user, a line a fact."""
        time = "" if self.seconds is None else f" in {self.seconds:.0f} s"
        rest = f" and {self.rest} moments of rest" if self.rest else ""
        right = ", ".join(f"{level} {value:.3f}" for level, value in self.accuracy.items())
        return [
            f"trained {self.parameters:,} weights on {self.clips} clips of {self.subjects} subjects{rest}{time}",
            f"right on these very clips: {right}",
            f"saved to {self.folder}; to ask it: --model {self.recogniser}:{self.folder}",
        ]

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for the manifest: the same after an interruption as without one, thus no times."""
        return {name: value for name, value in asdict(self).items() if name not in ("folder", "seconds")}

    @classmethod
    def from_record(cls, folder: Path, record: Mapping[str, Any]) -> RecogniserResult:
        """Read what ``as_record`` returned."""
        return cls(folder, **record)
