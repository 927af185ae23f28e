"""Annotated videos with made-up candidates: real ones are stronger than false ones, by a known rule."""

from __future__ import annotations

import numpy as np
from spotted_events import spotted

from mevqa.events import Event
from mevqa.spotting.motion.features import FEATURES
from mevqa.spotting.motion.fitting import Example

#: Weight of each feature in the log-odds of the made-up truth; the others say nothing.
WEIGHTS = {"strength": 3.0, "fit": 1.5, "unlike": -1.0}


def event(onset, offset, kind="micro", clear=True, **values):
    """A candidate at 30 frames a second; features that are not given are 0."""
    frames = (onset, (onset + offset) // 2, offset)
    features = dict.fromkeys(FEATURES, 0.0) | values
    return spotted(frames, (frame * 1000 / 30 for frame in frames), kind, 0.5, features=features, clear=clear)


def made_examples(subjects=4, videos=2, candidates=40, seed=0):
    """Videos of several people."""
    rng = np.random.default_rng(seed)
    made = []
    for subject in range(subjects):
        for video in range(videos):
            coded, events = [], []
            for place in range(candidates):
                features = dict(zip(FEATURES, rng.standard_normal(len(FEATURES)), strict=True))
                log_odds = sum(weight * features[name] for name, weight in WEIGHTS.items())
                onset, kind = 60 * place, ("micro", "macro")[place % 2]
                events.append(event(onset, onset + 20, kind, clear=features["strength"] > 1, **features))
                if rng.uniform() < 1 / (1 + np.exp(-log_odds)):
                    coded.append(Event(onset + 1, None, onset + 21, kind=kind))
            made.append(Example(f"v{subject}_{video}", f"s{subject}", tuple(coded), tuple(events)))
    return made
