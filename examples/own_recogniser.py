"""A recogniser of one's own is a class and a line: python examples/own_recogniser.py QUESTIONS CLIPS OUT."""

import sys
from pathlib import Path

import numpy as np
from torch import nn

import mevqa
from mevqa.recognition import Look, NetworkRecogniser, NetworkSettings, register_recogniser


@register_recogniser("change")
class Change(NetworkRecogniser):
    """One hidden layer on the change of the face from onset to apex, 16 x 16 pixels."""

    schema = NetworkSettings
    look = Look(("onset", "apex"))

    def measure(self, views):
        """Return the change in grey levels [1, 16, 16]."""
        onset, apex = (np.asarray(view.image.convert("L").resize((16, 16)), np.float32) for view in views)
        return (apex - onset)[None]

    def body(self, shape):
        """Return the untrained layer, and how many features it gives to the output layers."""
        return nn.Sequential(nn.Flatten(), nn.Linear(256, 32), nn.ReLU()), 32


if __name__ == "__main__":
    questions, media, out = sys.argv[1:]
    Path(f"{out}.yaml").write_text("recogniser: change\nnone: true\nsettings: {epochs: 20}\n")
    mevqa.finetune(f"{out}.yaml", questions=questions, media=media, output=out)
    run = mevqa.evaluate(questions, f"change:{out}", media=media, out=f"{out}-run")
    print(sum(answer.error is None for answer in run.answers.values()), "answers")
