"""Training settings of networks: the ``settings`` block of a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mevqa.recognition.base import Settings


class NetworkSettings(Settings):
    """Training settings of a network: epochs, batch, learning rate, regularisation.

    Attributes:
        epochs: Passes over the examples.
        batch: Examples in a step.
        rate: Learning rate of Adam.
        decay: Weight decay, decoupled from the gradient (AdamW).
        smoothing: Label smoothing.
        mirror: Share of the examples that are shown mirrored; an expression keeps its class.
        dropout: Before the output layers.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    batch: Annotated[int, Field(ge=1)] = 32
    rate: Annotated[float, Field(gt=0)] = 5e-4
    decay: Annotated[float, Field(ge=0)] = 0.0
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mirror: Annotated[float, Field(ge=0, le=1)] = 0.5
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
