"""A spotter that learns is a network and a class: python examples/own_learned_spotter.py labels.csv videos/ OUT."""

import sys
from pathlib import Path

from torch import nn

import mevqa
from mevqa.spotting.learning import TwoHeads

RECIPE = "{spotter: convolution, kinds: [micro, macro], training: {epochs: 5, rate: 0.01}, decoder: {folds: 2}}"


@mevqa.register_spotter("convolution")
class ConvolutionSpotter(TwoHeads):
    """Ten channels of motion in; targets, loss and decoder are those of ME-TST unless a method says otherwise."""

    view = "me-tst"

    @classmethod
    def build(cls, config, channels, priors):
        """Return the network, which sees a third of a second around each sample."""
        outputs = 2 + len(priors.classes)  # the score, the neutral class and the others
        return nn.Sequential(nn.Conv1d(channels, 32, 11, padding=5), nn.ReLU(), nn.Conv1d(32, outputs, 1))

    @classmethod
    def forward(cls, network, values, counts):
        """Return a score and class logits of every sample."""
        outputs = network(values.transpose(1, 2)).transpose(1, 2)
        return {"score": outputs[..., 0].sigmoid(), "classes": outputs[..., 1:]}


if __name__ == "__main__":
    labels, videos, out = sys.argv[1:]
    Path(f"{out}.yaml").write_text(RECIPE)
    print(*mevqa.finetune(f"{out}.yaml", annotations=labels, media=videos, output=out).lines(), sep="\n")
    for event in mevqa.spot(next(Path(videos).glob("*.mp4")), weights=out).events:
        print(event.kind, event.onset, event.apex, event.offset, event.coarse, f"{event.score:.2f}")
