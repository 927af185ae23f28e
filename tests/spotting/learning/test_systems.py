"""Properties of every trained system: it learns, it is the same twice, and nobody else decides about a video."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_curves import f1_of_decoding, random_videos
from made_videos import STEP

from mevqa.errors import InputError
from mevqa.files.strict_yaml import read_yaml
from mevqa.spotting.base import SpotOptions
from mevqa.spotting.decoding import choose_threshold, nested
from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning import spotter as learned_spotter
from mevqa.spotting.learning.decode import propose
from mevqa.spotting.learning.network_scores import network_outputs
from mevqa.spotting.learning.priors import learn_priors
from mevqa.spotting.learning.spotter import LearnedSpotter
from mevqa.spotting.learning.system import config_schema
from mevqa.spotting.learning.training.fitting import fit_system
from mevqa.spotting.learning.types import Mark, TrainingVideo
from mevqa.spotting.registry import find_spotter

MAMBA = {"width": 8, "depth": 1, "states": 4, "drop": 0.0, "recognition": 0.5, "neutral": 1}
QUICK = {"rate": 0.02, "epochs": 12, "windows": {"negatives": 1}}
WHOLE = {"length_ms": 6000, "reference": "none", "stitch": "mean", "negatives": 1}
PICTURES = {"reference": "none", "negatives": 1}
#: Sizes that learn made-up videos in seconds, and the channels that each system reads.
SYSTEMS = {
    "me-tst": (10, 1, {"network": MAMBA, "training": QUICK}),
    "me-tst-plus": (
        36,
        1,
        {"network": MAMBA | {"exchange": True}, "training": QUICK},
    ),
    "boosting-vrme": (
        36,
        1,
        {
            "network": MAMBA,
            "training": QUICK,
            "decoder": {"name": "scalable-absolute"},
        },
    ),
    "pesformer": (
        108,
        2,
        {
            "network": {"width": 16, "depth": 1, "heads": 2, "dropout": 0.0},
            "training": {"rate": 0.01, "epochs": 120, "windows": WHOLE},
            "decoder": {"name": "point-to-interval"},
        },
    ),
    "causal-ex": (
        24,
        1,
        {
            "classes": "none",
            "network": {"graph": "co-occurrence"},
            "training": {"rate": 0.01, "windows": WHOLE},
            "decoder": {"name": "own"},
        },
    ),
    "mean": (
        (3, 42, 42),
        2,
        {"network": {"recognition": 0.5, "neutral": 1}, "training": {"rate": 0.01, "epochs": 10, "windows": PICTURES}},
    ),
    "child-cnn": (
        (2, 48, 48),
        2,
        {
            "network": {"recognition": 0.5, "neutral": 1, "dropout": 0.0, "filters": [4, 8]},
            "training": QUICK | {"epochs": 25},
        },
    ),
    "child-graph": (
        36,
        1,
        {"network": {"recognition": 0.5, "neutral": 1, "widths": [8, 8]}, "training": QUICK | {"epochs": 30}},
    ),
    "child-lbp": (
        (3, 25, 59),
        2,
        {"network": {"recognition": 0.5, "reach": 1}, "training": {"rate": 0.01, "windows": PICTURES}},
    ),
    "meldae": (
        37,
        1,
        {
            "network": {"width": 16, "suppress_speech": True},
            "training": {"rate": 0.01, "windows": WHOLE},
            "decoder": {"name": "own"},
        },
    ),
}
LABELS = ("positive", "negative")


def settings(name, **changes):
    blocks = {"training": {}, "decoder": {}, "network": {}} | SYSTEMS[name][2]
    training = {"epochs": 30, "batch": 4, "augmentation": {"mirror": 0.0}} | blocks["training"]
    given = blocks | {"training": training | changes.pop("training", {}), "decoder": {"folds": 0} | blocks["decoder"]}
    return config_schema(find_spotter(name)).model_validate(given | changes)


def made(name, place, seed, subject="a"):
    """A video with two expressions of twelve samples of a thirtieth of a second, whose class says what moves."""
    channels, every, _ = SYSTEMS[name]
    if isinstance(channels, tuple):
        return made_pictures(name, place, seed, subject)
    samples = 160
    values = np.random.default_rng(seed).normal(0, 0.0004, (samples, channels))
    if name == "meldae":
        values[:, -1] = 0.1  # Nobody talks.
    marks = []
    for label, onset in zip(LABELS, (place, place + 70), strict=True):
        moving = slice(0, 4) if label == "positive" else slice(4, 8)
        values[onset : onset + 13, moving] += 0.012 * np.hanning(13)[:, None]
        marks.append(Mark(onset / every, (onset + 6) / every, (onset + 12) / every, "micro", label))
    kept = values[::every].astype(np.float32)
    times = np.arange(len(kept)) * STEP * every
    series = FeatureSeries(STEP * every, times, np.arange(len(kept)) * every, kept, np.ones(len(kept), bool))
    return TrainingVideo(f"v{seed}", subject, series, tuple(marks))


def made_pictures(name, place, seed, subject):
    """The same in pictures, 15 a second: the class says which half changes."""
    shape, every, _ = SYSTEMS[name]
    samples = 80
    values = np.random.default_rng(seed).normal(20 if name == "child-lbp" else 0, 3, (samples, *shape))
    marks = []
    for label, at in zip(LABELS, (place, place + 70), strict=True):
        onset, half = round(at / every), shape[1] // 2
        values[onset : onset + 7, :, slice(half) if label == "positive" else slice(half, None)] += 30
        marks.append(Mark(onset, onset + 3, onset + 6, "micro", label))
    kept = values.clip(-127, 127).astype(np.uint8 if name == "child-lbp" else np.int8)
    times = np.arange(samples) * STEP * every
    series = FeatureSeries(STEP * every, times, np.arange(samples) * every, kept, np.ones(samples, bool))
    return TrainingVideo(f"v{seed}", subject, series, tuple(marks))


def videos(name):
    return [made(name, place, seed, f"s{seed}") for seed, place in enumerate((20, 35, 55, 70))]


@pytest.fixture(scope="module", params=list(SYSTEMS))
def trained(request):
    from accelerate import Accelerator

    name = request.param
    config = settings(name)
    return name, config, fit_system(find_spotter(name), config, videos(name), accelerator=Accelerator(cpu=True))


def spotted(name, config, fitted, video):
    system = find_spotter(name)
    outputs = network_outputs(system, fitted.network, video.series, config, fitted.priors)
    return propose(system, config, fitted.priors, video.series, outputs, rule="half-second")


def test_it_learns_to_spot_and_to_name(trained):
    name, config, fitted = trained
    assert fitted.f1["micro"] > 0.8
    # Four videos do not teach a transformer that the place in a video says nothing.
    video = videos(name)[1] if name == "pesformer" else made(name, 42, 9)
    events = spotted(name, config, fitted, video)
    assert len(events) == 2
    for event, mark in zip(events, video.marks, strict=True):
        shared = min(event.offset, mark.offset) - max(event.onset, mark.onset)
        assert shared / (max(event.offset, mark.offset) - min(event.onset, mark.onset)) > 0.4
        assert config.classes == "none" or (event.label, event.kind) == (mark.label, "micro")


def test_outputs_for_a_video_do_not_depend_on_others_in_the_batch(trained):
    name, config, fitted = trained
    system, network = find_spotter(name), fitted.network.eval()
    shape = SYSTEMS[name][0]
    values = torch.randn(3, 40, *(shape if isinstance(shape, tuple) else (shape,)))
    counts = torch.ones(3, 40, dtype=torch.bool)
    counts[1, 25:] = False
    with torch.inference_mode():
        together = system.forward(network, values, counts)
        for number in range(3):
            alone = system.forward(network, values[number : number + 1], counts[number : number + 1])
            for key, output in alone.items():
                count = counts[number]
                torch.testing.assert_close(together[key][number, count], output[0, count], rtol=1e-4, atol=1e-4)


def test_two_trainings_are_the_same(trained):
    from accelerate import Accelerator

    name, _, _ = trained
    config = settings(name, training={"epochs": 2})
    first, again = (
        fit_system(find_spotter(name), config, videos(name), accelerator=Accelerator(cpu=True)) for _ in range(2)
    )
    weights, others = first.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(weights[key], others[key]) for key in weights) and first.priors == again.priors


def test_priors_and_graphs_are_those_of_the_subjects_given(trained):
    """The graph of a fold is that of its training subjects: somebody else's expressions change it, none of theirs."""
    name, config, _ = trained
    system, own = find_spotter(name), videos(name)
    priors = learn_priors(own, config, system.learn(own, config))
    other_subject = replace(made(name, 30, 11, "s9"), marks=made(name, 30, 11).marks[:1])
    joined = learn_priors([*own, other_subject], config, system.learn([*own, other_subject], config))
    assert joined != priors
    assert learn_priors(own, config, system.learn(own, config)) == priors


def test_a_causal_graph_is_stored_with_the_priors():
    config = settings("causal-ex", network={"graph": "causal", "search": "pc"})
    system, own = find_spotter("causal-ex"), videos("causal-ex")
    learned = system.learn(own, config)
    causal, together = np.array(learned["causal"]), np.array(learned["co_occurrence"])
    assert causal.shape == together.shape == (12, 12)
    assert set(np.unique(causal)) <= {0.0, 1.0} and np.diag(together).tolist() == [1.0] * 12
    network = system.build(config.network, 24, learn_priors(own, config, learned))
    rows = (causal + together).sum(axis=1, keepdims=True)
    assert network.graphs[0].numpy() == pytest.approx((causal + together) / rows, abs=1e-6)
    nobody = [replace(video, marks=()) for video in own]
    with pytest.raises(InputError, match="no expression of the training subjects"):
        system.learn(nobody, config)


@pytest.mark.parametrize("name", ["me-tst", "pesformer", "meldae"])
def test_errors_beside_a_boundary_weigh_more_where_a_recipe_says_so(name):
    system = find_spotter(name)
    target = torch.zeros(1, 20)
    target[0, 8:13] = 1
    targets = {"score": target, "classes": target.long(), "distances": torch.zeros(1, 20, 2)}
    counts, losses = torch.ones(1, 20, dtype=torch.bool), {}
    for place in (8, 3):
        score = (target * 0.98 + 0.01).clone()
        score[0, place] = 0.5
        outputs = {"score": score, "classes": torch.zeros(1, 20, 3), "distances": torch.zeros(1, 20, 2)}
        for boundary in (0.0, 4.0):
            config = settings(
                name,
                network={**SYSTEMS[name][2]["network"], "boundary": boundary, "foreground": 1.0}
                if name == "pesformer"
                else {**SYSTEMS[name][2]["network"], "boundary": boundary},
            )
            priors = learn_priors(videos(name), config, {})
            losses[place, boundary] = float(system.loss(outputs, targets, counts, config.network, priors))
    assert losses[8, 0.0] == pytest.approx(losses[3, 0.0], rel=1e-4)
    assert losses[8, 4.0] - losses[8, 0.0] > 2 * (losses[3, 4.0] - losses[3, 0.0])


@pytest.mark.parametrize(("width", "heads"), [(50, 4), (63, 3), (1, 1)])
def test_a_width_that_the_heads_cannot_share_is_one_line(tmp_path, width, heads):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"network:\n  width: {width}\n  heads: {heads}\n", encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        read_yaml(recipe, config_schema(find_spotter("pesformer")))
    reason = f"network: width must be even and a multiple of heads ({heads}), not {width}"
    assert str(refusal.value) == f"{recipe}:1: {reason}"


@pytest.mark.parametrize(("name", "values"), [("meldae", 3), ("causal-ex", 10)])
def test_the_curve_of_a_result_is_the_score_and_nothing_else(name, values, monkeypatch):
    outputs = np.random.default_rng(0).normal(0, 1, (40, values))
    if name == "meldae":
        outputs = {"score": np.full(40, 0.1), "distances": np.full((40, 2), 200.0)}
        expected = np.full(40, 0.1)
    else:
        expected, outputs = 1 / (1 + np.exp(-outputs[:, 6])), {"logits": outputs}
    weights = SimpleNamespace(network=torch.nn.Linear(1, 1), config=settings(name), priors=None, view=None)
    series = SimpleNamespace(times_ms=np.arange(40.0))
    for function, result in (
        ("video_series", (None, series)),
        ("network_outputs", outputs),
        ("propose", []),
    ):
        monkeypatch.setattr(learned_spotter, function, lambda *args, result=result, **named: result)
    monkeypatch.setattr(learned_spotter, "finish", lambda *args, scores, rule: scores)
    monkeypatch.setattr(LearnedSpotter, "_weights", lambda self: weights)
    times, curve = zip(*find_spotter(name)(SpotOptions(spotter=name)).spot(None), strict=True)
    assert times == tuple(range(40))
    np.testing.assert_allclose(curve, expected)


@pytest.mark.parametrize("name", ["meldae", "causal-ex"])
def test_the_f1_of_a_chosen_threshold_is_that_of_the_own_decoder(name, monkeypatch):
    monkeypatch.setattr(nested, "_THRESHOLDS", np.arange(4, 100, 8) / 100)
    decoder, rng = find_spotter(name).decoder(settings(name, decoder={"name": "own"})), np.random.default_rng(5)
    for half in (3, 6):
        videos = random_videos(rng, channels=3)
        for video in videos if name == "meldae" else ():
            video.curve.scores[:, 1:] /= 10  # Intervals of two seconds at most.
        threshold, f1 = choose_threshold(videos, decoder, half)
        assert f1 == pytest.approx(f1_of_decoding(videos, decoder, half, threshold))


def test_speech_weakens_lips_only():
    system = find_spotter("meldae")
    config = settings("meldae")
    own = videos("meldae")
    network = system.build(config.network, 37, learn_priors(own, config, {})).eval()
    values = torch.randn(1, 30, 37)
    quiet, loud = values.clone(), values.clone()
    quiet[..., -1], loud[..., -1] = 0, 1 / network.unit
    changed = loud.clone()
    changed[..., network.lips] += 1
    assert len(network.lips) == 12
    with torch.inference_mode():
        assert torch.equal(network(loud).score, network(changed).score)
        assert not torch.equal(network(quiet).score, network(loud).score)
