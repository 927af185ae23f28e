"""The folder of a trained spotter: weights, settings and priors, and a card. Nothing of it is ever executed.

``model.safetensors`` holds the weights, ``spotter.json`` everything else that decides what the spotter finds, and
``README.md`` says the same to a reader.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError
from safetensors.torch import save as tensors_as_bytes
from torch import nn

from mevqa import __version__
from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.strict_yaml import StrictModel, YamlFile, describe
from mevqa.files.whole import make_folder, write_whole
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.saved_tensors import load_weights, read_tensors
from mevqa.spotting.learning.system import LearnedSystem, config_schema
from mevqa.spotting.weights_folder import SETTINGS_FILE, WEIGHTS_FILE

_CARD = "README.md"

_CARD_TEXT = """---
library_name: mevqa
tags:
- micro-expressions
- spotting
---

# {system}: a spotter of {kinds}-expressions

Trained with `mevqa finetune` on annotated videos of {subjects} subjects.

    mevqa spot VIDEO --weights THIS_FOLDER

## Training

{facts}

`spotter.json` holds the settings and everything that was taken from the training subjects: {priors}.

## Limits

Trained on the people named in `spotter.json` and on nobody else: scores on them say nothing. Micro-expressions are weak
evidence of what a person feels: do not use what is spotted to judge people. Weights that were trained on licensed data
are bound by its licence.
"""


class TrainedOn(StrictModel):
    """Annotations, subjects and videos that a spotter was trained on.

    Attributes:
        annotations: Name of the label file.
        digest: Hash of the annotations and of the measured channels of all training videos.
        subjects: Who was seen; nobody else may be tested with the same people among them.
        videos: Names of the videos.
    """

    annotations: str
    digest: str
    subjects: tuple[str, ...]
    videos: tuple[str, ...]


class Outcome(StrictModel):
    """Size, loss and F1 of a training.

    Attributes:
        parameters: Trained weights.
        epochs: Passes over the windows.
        loss: Mean loss of the last one.
        f1: F1 of each curve on training subjects, by networks that had not seen them, with the threshold of the priors.
    """

    parameters: int
    epochs: int
    loss: float
    f1: dict[str, float]


class _Settings(StrictModel):
    """The settings file but for the config, whose keys depend on the system."""

    format: Literal[1]
    mevqa: str
    system: str
    view: str
    channels: int
    priors: Priors
    trained_on: TrainedOn
    outcome: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class SpotterWeights:
    """A trained spotter.

    Attributes:
        system: Its name.
        view: Name of its channels.
        channels: How many they are.
        config: Its settings.
        priors: Scale, classes, lengths and thresholds that training subjects give.
        trained_on: Whom and what it was trained on.
        outcome: How the training went.
        network: The network, on the processor.
    """

    system: str
    view: str
    channels: int
    config: SystemConfig
    priors: Priors
    trained_on: TrainedOn
    outcome: Outcome
    network: nn.Module

    def digest(self) -> str:
        """Return a hash of everything that decides what is spotted."""
        state = hashlib.sha256(json.dumps(_fingerprint(self), sort_keys=True).encode())
        state.update(self._tensors())
        return f"sha256:{state.hexdigest()[:16]}"

    def save(self, path: Path) -> None:
        """Write the folder; the settings last, without which it is not complete.

        Raises:
            InputError: It cannot be written.
        """
        make_folder(path)
        write_whole(path / WEIGHTS_FILE, self._tensors())
        write_whole(path / _CARD, _card(self))
        settings = _Settings(
            format=1,
            mevqa=__version__,
            system=self.system,
            view=self.view,
            channels=self.channels,
            priors=self.priors,
            trained_on=self.trained_on,
            outcome=self.outcome,
        )
        content = settings.model_dump(mode="json") | {"config": self.config.model_dump(mode="json")}
        write_whole(path / SETTINGS_FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _tensors(self) -> bytes:
        state = self.network.state_dict()
        return tensors_as_bytes({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})


def _fingerprint(weights: SpotterWeights) -> dict[str, Any]:
    """Return everything beside the tensors that decides what is spotted."""
    return {
        "system": weights.system,
        "view": weights.view,
        "config": weights.config.model_dump(mode="json"),
        "priors": weights.priors.model_dump(mode="json"),
    }


def read_spotter_weights(path: Path, name: str, system: type[LearnedSystem]) -> SpotterWeights:
    """Read the folder of a trained spotter.

    Args:
        path: The folder.
        name: Name of the system that is to read it.
        system: That system.

    Raises:
        InputError: It is no such folder, is damaged, or is of another system.
    """
    file = path / SETTINGS_FILE
    if not file.is_file():
        message = f"holds no trained spotter (no {SETTINGS_FILE}); mevqa finetune makes one"
        raise InputError([Problem(path, message if path.is_dir() else "there is no such folder of a trained spotter")])
    content = read_json_object(file)
    if content.get("system") != name:
        raise InputError([Problem(file, f"is of the spotter {content.get('system')}, not of {name}")])
    settings: dict[str, Any] = {}
    schema = config_schema(system)
    for part, section in (
        (_Settings, {k: v for k, v in content.items() if k != "config"}),
        (schema, content.get("config")),
    ):
        try:
            settings[part.__name__] = part.model_validate(section)
        except ValidationError as error:
            raise InputError(describe([YamlFile(file, None, section)], part, error)) from error
    facts, config = settings[_Settings.__name__], settings[schema.__name__]
    random = torch.random.get_rng_state()
    network = system.build(config.network, facts.channels, facts.priors)
    torch.random.set_rng_state(random)
    tensors, _ = read_tensors(path / WEIGHTS_FILE)
    load_weights(network, tensors, path / WEIGHTS_FILE)
    return SpotterWeights(
        name,
        facts.view,
        facts.channels,
        config,
        facts.priors,
        facts.trained_on,
        facts.outcome,
        network.eval(),
    )


def _card(weights: SpotterWeights) -> str:
    """Return the card as Markdown."""
    priors, outcome, step = weights.priors, weights.outcome, weights.priors.step_ms
    facts = [
        f"annotations: {weights.trained_on.annotations}, {len(weights.trained_on.videos)} videos",
        f"channels: {weights.view} ({weights.channels}), a sample every {step:.1f} ms",
        f"weights: {outcome.parameters:,}; epochs: {outcome.epochs}; seed {weights.config.seed}",
        f"loss at the end: {outcome.loss:.4f}",
        *(f"F1 of {kind} on training subjects that were held out: {f1:.3f}" for kind, f1 in outcome.f1.items()),
        f"made with mevqa {__version__}, torch {torch.__version__}",
    ]
    lengths = ", ".join(f"{kind} {2 * half * step:.0f} ms" for kind, half in priors.half_lengths.items())
    thresholds = ", ".join(f"{kind} {threshold:.2f}" for kind, threshold in priors.thresholds.items())
    return _CARD_TEXT.format(
        system=weights.system,
        kinds=" and ".join(weights.config.kinds),
        subjects=len(weights.trained_on.subjects),
        facts="\n".join(f"- {fact}" for fact in facts),
        priors=f"lengths ({lengths}), thresholds ({thresholds}), classes ({', '.join(priors.classes) or 'none'})",
    )
