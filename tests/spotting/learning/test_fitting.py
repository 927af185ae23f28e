from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_videos import series, settings, system, video, videos

from mevqa.errors import InputError, ModelError
from mevqa.spotting.learning.decode import propose
from mevqa.spotting.learning.network_scores import network_outputs
from mevqa.spotting.learning.priors import learn_priors
from mevqa.spotting.learning.training.batches import TrainingWindows
from mevqa.spotting.learning.training.fitting import fit_system
from mevqa.spotting.learning.training.loop import learning_rate, train_network
from mevqa.spotting.learning.training.thresholds import choose_thresholds, subject_groups
from mevqa.spotting.learning.types import Mark


def weights(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(first, second):
    return set(first) == set(second) and all(torch.equal(first[name], second[name]) for name in first)


def proposed_events(fitted, example, **changes):
    config = settings(**changes)
    outputs = network_outputs(system(), fitted.network, example.series, config, fitted.priors)
    return propose(system(), config, fitted.priors, example.series, outputs, rule="half-second")


def test_a_system_learns_to_spot_and_to_name(fitted):
    assert fitted.f1["micro"] > 0.8 and fitted.losses[-1] < 0.5 * fitted.losses[0]
    new = video("new", "s9", (30, 100), seed=77)
    proposals = proposed_events(fitted, new)
    assert [abs(event.apex - mark.apex) <= 3 for event, mark in zip(proposals, new.marks, strict=True)] == [True, True]
    assert [(event.kind, event.label) for event in proposals] == [("micro", "positive"), ("micro", "negative")]
    for event in proposals:
        assert sum(event.probabilities.values()) == pytest.approx(1) and set(event.probabilities) == {
            "negative",
            "positive",
        }


def test_head_and_tail_of_a_video_are_scored(fitted):
    new = video("new", "s9", (1, 138), seed=78)
    assert [round(event.apex, -1) for event in proposed_events(fitted, new)] == [10, 140] or len(
        proposed_events(fitted, new)
    ) == 2


def test_a_still_video_has_no_expression(fitted):
    assert proposed_events(fitted, video("still", "s9", (), seed=79)) == []


def test_synergy_of_recognition_drops_what_is_mostly_neutral(fitted):
    new = video("new", "s9", (30, 100), seed=77)
    outputs = network_outputs(system(), fitted.network, new.series, settings(), fitted.priors)
    neutral = {**outputs, "classes": outputs["classes"] + np.array([50, 0, 0])}
    for synergy, count, label in (("recognition", 0, None), ("none", 2, None), ("spotting", 2, "positive")):
        config = settings(decoder={"synergy": synergy})
        own = propose(system(), config, fitted.priors, new.series, neutral, rule="half-second")
        assert len(own) == count and (not own or own[0].label == label)


def test_training_is_deterministic_and_another_seed_is_another_training(accelerator):
    config = settings(training={"epochs": 2})
    priors = learn_priors(videos(), config, {})
    first, again = (train_network(system(), config, videos(), priors, accelerator=accelerator) for _ in range(2))
    assert same(weights(first.network), weights(again.network)) and first.losses == again.losses
    other = train_network(system(), settings(training={"epochs": 2}, seed=1), videos(), priors, accelerator=accelerator)
    assert not same(weights(first.network), weights(other.network))


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(accelerator, tmp_path):
    config = settings(training={"epochs": 3})
    whole = fit_system(system(), config, videos(), accelerator=accelerator)

    def stop(name):
        def at(done, total, loss):
            if name == "all subjects" and done == 2:
                raise KeyboardInterrupt

        return at

    with pytest.raises(KeyboardInterrupt):
        fit_system(system(), config, videos(), accelerator=accelerator, checkpoints=tmp_path, progress=stop)
    epochs = []
    resumed = fit_system(
        system(),
        config,
        videos(),
        accelerator=accelerator,
        checkpoints=tmp_path,
        progress=lambda name: lambda done, total, loss: epochs.append((name, done)),
    )
    assert epochs == [("all subjects", 3)]
    assert same(weights(whole.network), weights(resumed.network)) and whole.losses == resumed.losses
    assert whole.priors == resumed.priors


def test_a_damaged_checkpoint_is_one_line(accelerator, tmp_path):
    (tmp_path / "all-subjects.safetensors").write_bytes(b"nothing")
    config = settings(training={"epochs": 1}, decoder={"threshold": 0.5})
    with pytest.raises(InputError, match="all-subjects.safetensors: cannot be read as safetensors"):
        fit_system(system(), config, videos(), accelerator=accelerator, checkpoints=tmp_path)


def test_a_loss_that_is_no_number_ends_the_training(accelerator):
    broken = replace(videos()[0], series=series(np.full((150, 10), np.nan)))
    config = settings(training={"epochs": 1})
    with pytest.raises(ModelError, match="epoch 1: the loss is not finite; lower training.rate"):
        train_network(system(), config, [broken], learn_priors(videos(), config, {}), accelerator=accelerator)


def test_outputs_for_a_window_do_not_depend_on_its_batch(fitted):
    torch.manual_seed(0)
    values, counts = torch.randn(3, 30, 10), torch.ones(3, 30, dtype=torch.bool)
    counts[1, 20:] = False
    values[1, 20:] = 0
    with torch.inference_mode():
        together = system().forward(fitted.network, values, counts)
        for place in range(3):
            alone = system().forward(fitted.network, values[place : place + 1], counts[place : place + 1])
            for name in together:
                assert together[name][place] == pytest.approx(alone[name][0], abs=1e-5)


def test_windows_with_expressions_come_each_epoch_and_others_in_proportion(accelerator):
    config = settings(training={"windows": {"negatives": 0.5}})
    own = TrainingWindows(system(), config, videos(), learn_priors(videos(), config, {}))
    first, second = own.epoch(0), own.epoch(1)
    assert own.epoch(0) == first != second
    marks = [mark for example in videos() for mark in example.marks]
    holds = [
        any(mark.onset < begin + 30 and mark.offset >= begin for mark in videos()[place].marks)
        for place, begin in first
    ]
    assert sum(holds) >= len(marks) and len(holds) - sum(holds) == round(0.5 * sum(holds))


def test_mirrored_windows_swap_sides_and_turn_across(accelerator):
    config = settings(training={"augmentation": {"scale": 0, "mirror": 1}, "windows": {"reference": "none"}})
    values = np.tile(np.arange(1.0, 11.0), (40, 1))
    mirrored = replace(videos()[0], series=series(values), marks=(Mark(5, 8, 12, "micro", "positive"),))
    priors = learn_priors([mirrored], config, {}).model_copy(update={"scale": (1.0,) * 10})
    batch, _, _ = next(TrainingWindows(system(), config, [mirrored], priors).batches(0))
    # Brows change places, the mouth stays, motion to the right changes its sign.
    assert batch[0, 0].tolist() == [-3, 4, -1, 2, -5, 6, -9, 10, -7, 8]


def test_what_coders_saw_in_part_is_not_learned(accelerator):
    unjudged = np.zeros(150, bool)
    unjudged[20:40] = True
    own = TrainingWindows(
        system(), settings(), [replace(videos()[0], unjudged=unjudged)], learn_priors(videos(), settings(), {})
    )
    learned = torch.cat([targets["learned"].flatten() for _, _, targets in own.batches(0)])
    assert 0 < int((~learned).sum()) < len(learned)


def test_priors_are_those_of_the_given_videos():
    config = settings()
    priors = learn_priors(videos(), config, {})
    assert priors.classes == ("negative", "positive") and priors.half_lengths == {"micro": 5, "any": 5}
    assert priors.class_weights[0] < priors.class_weights[1] == priors.class_weights[2]
    macro = learn_priors([*videos(), video("m", "s7", (30,), kind="macro", labels=("surprise",))], config, {})
    # What is not learned has no part in what is known of it.
    assert macro.classes == priors.classes and "macro" not in macro.half_lengths


def test_groups_of_subjects_share_nobody():
    own = [*videos(), replace(videos()[0], id="v9")]
    groups = subject_groups(own, 3, 0)
    assert sorted(example.id for group in groups for example in group) == sorted(example.id for example in own)
    people = [{example.subject for example in group} for group in groups]
    assert len(groups) == 3 and not set.intersection(*people) and sum(map(len, people)) == 4
    with pytest.raises(InputError, match="one training subject"):
        subject_groups(own[:1], 3, 0)


def test_schedules():
    training = settings().training
    shares = [learning_rate(training, share, 0) for share in (0, 0.3, 1)]
    assert shares == pytest.approx([0.02 / 25, 0.02, 0.02 / 25e4])
    falling = training.model_copy(update={"schedule": "exponential", "factor": 0.5})
    assert [learning_rate(falling, 0.5, epoch) for epoch in (0, 2)] == [0.02, 0.005]


@pytest.mark.parametrize(
    ("most", "confidence", "higher"), [(0.5, None, True), (None, None, False), (100, None, False), (100, 0.95, True)]
)
def test_thresholds_spare_the_talk_of_training_subjects(most, confidence, higher):
    config = settings(decoder={"most_false_alarms": most, "false_alarm_confidence": confidence})
    priors = learn_priors(videos(), config, {})
    scored = []
    for example in videos():
        place = 130 if example.marks[1].onset < 120 else 100
        scores = np.full(150, 0.02)
        for at, height in ((example.marks[0].onset + 5, 0.4), (example.marks[1].onset + 5, 0.9), (place, 0.6)):
            scores += height * np.exp(-(((np.arange(150) - at) / 4) ** 2))
        talking = np.abs(np.arange(150) - place) < 10
        scored.append((replace(example, talking=talking), {"score": scores}))
    thresholds, f1 = choose_thresholds(system(), config, priors, scored)
    assert (thresholds["micro"] > 0.45) is higher and (f1["micro"] < 0.75) is higher
