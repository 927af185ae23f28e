"""Seed and place alone decide a row of the training stream; its prompt is that of answering."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from map_clips import write_maps
from PIL import Image

from mevqa.events import Event
from mevqa.inference.engine import answer_clip
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.models.registry import load_model
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.examples.balance import ClipStream, type_weights
from mevqa.training.examples.clips import TrainingClip, read_clips, training_clips
from mevqa.training.examples.mirror import mirror_note
from mevqa.training.examples.stream import RowMaker, TrainingStream
from mevqa.training.examples.synthetic import SyntheticClips
from mevqa.training.nano.dialogues import VARIANT
from mevqa.training.packing.rows import IGNORED, Turn, encode_row
from mevqa.training.recipes.recipe import Augmentation, Balance, Lora, Rates, Recipe, Synthetic
from mevqa.types import Clip, Reply

VIEWS = ("motion-centred",)
PROMPTS = PromptLibrary.load(variant=VARIANT)


@pytest.fixture(scope="module")
def nano():
    return load_model("nano")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    file = write_maps(tmp_path_factory.mktemp("data"), subjects=4, each=2)
    work = read_clips(recipe(questions=(str(file),), precomputed={"flow": (str(file.parent / "maps"),)}))
    return training_clips(work, PROMPTS)


def recipe(**settings) -> Recipe:
    settings = {"model": "nano", "lora": Lora(), "rates": Rates(adapter=1e-3), "steps": 1} | settings
    return Recipe.model_validate(settings)


def row_maker(nano, view_config=None, **options) -> RowMaker:
    return RowMaker(nano.prompter, PROMPTS, view_config or ViewConfig(VIEWS), **options)


def stream(nano, clips, length=40, view_config=None, **settings) -> TrainingStream:
    given = recipe(**settings)
    drawn = SyntheticClips(given.synthetic, VIEWS, VARIANT, given.seed) if given.synthetic else None
    return TrainingStream(clips, row_maker(nano, view_config), given, length, drawn)


def same(first, second) -> bool:
    """Whether two rows are the same in tokens, labels, weights, key and pictures."""
    lists = ("prefix", "ids", "positions", "groups", "labels", "weights", "key")
    return all(getattr(first, name) == getattr(second, name) for name in lists) and all(
        torch.equal(value, second.inputs[name]) for name, value in first.inputs.items()
    )


def pixels(row) -> torch.Tensor:
    return row.inputs["pixel_values"]


ALL_KINDS = {
    "augmentation": Augmentation(mirror=0.5, shift=0.1, scale=0.1),
    "balance": Balance(classes="coarse", questions=2),
    "synthetic": Synthetic(share=0.4),
}


def test_a_clip_is_trained_with_the_very_prompts_that_it_is_asked_with(nano, clips):
    """The engine asks; what it hands to the model is what the row is made of."""
    heard = []

    class Listener:
        name, revision, preferences = "listener", "none", Preferences()

        def ask(self, system, views, requests):
            heard.append((system, views, requests))
            return [Reply("yes") for _ in requests]

    for clip in clips[:2]:
        answer_clip(clip.clip, clip.questions, Listener(), PROMPTS, ViewConfig(VIEWS), consistency=False)
        system, views, requests = heard[-1]
        turns = [Turn(r.text, q.reference) for r, q in zip(requests, clip.questions, strict=True)]
        plain = row_maker(nano).plain_row(clip)
        expected = encode_row(nano.prompter, system, views, turns, key=plain.key)
        assert same(plain, expected)
        place = next(p for p in range(8) if stream(nano, clips)[p].key == plain.key)
        assert same(stream(nano, clips)[place], expected)


def test_a_place_holds_the_same_row_in_whatever_order_and_process_it_is_asked(nano, clips):
    first, second = stream(nano, clips, **ALL_KINDS), stream(nano, clips, **ALL_KINDS)
    rows = [first[place] for place in range(24)]
    for place in np.random.default_rng(0).permutation(24):
        assert same(rows[place], second[int(place)])
    assert len({tuple(row.ids) for row in rows}) > 12
    another = stream(nano, clips, seed=1, **ALL_KINDS)
    assert not any(same(rows[place], another[place]) for place in range(24))


def test_a_longer_stream_begins_as_a_shorter_one(nano, clips):
    short, long = (stream(nano, clips, length=length, **ALL_KINDS) for length in (3, 30))
    assert (len(short), len(long)) == (3, 30)
    assert all(same(short[place], long[place]) for place in range(3))


def test_real_clips_come_in_the_order_of_the_clip_stream(nano, clips):
    labels = [clip.label("coarse") for clip in clips]
    assert len(set(labels)) > 1
    order = ClipStream(labels, balance=True, seed=3)
    rows = stream(nano, clips, seed=3, balance=Balance(classes="coarse"))
    assert [rows[place].key[0] for place in range(20)] == [clips[order.index(p)].clip.id for p in range(20)]
    # Synthetic clips take places and do not take clips.
    mixed = stream(nano, clips, seed=3, balance=Balance(classes="coarse"), synthetic=Synthetic(share=0.5))
    real = [row.key[0] for row in (mixed[place] for place in range(20)) if row.key is not None]
    assert real == [clips[order.index(p)].clip.id for p in range(10)]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.35, 0.9])
def test_synthetic_clips_have_their_share_of_every_stretch_and_come_in_their_order(nano, clips, share):
    training_rows = stream(nano, clips, synthetic=Synthetic(share=share), augmentation=Augmentation(versions=3))
    drawn = SyntheticClips(Synthetic(share=share), VIEWS, VARIANT, 0)
    rows = [training_rows[place] for place in range(40)]
    synthetic = [row for row in rows if row.key is None]
    assert len(synthetic) == int(40 * share)
    for start in range(0, 40, 10):
        assert abs(sum(row.key is None for row in rows[start : start + 10]) - 10 * share) <= 1
    maker = row_maker(nano)
    for number, row in enumerate(synthetic[:6]):
        assert same(row, maker.synthetic_row(drawn[number]))


def test_a_stream_of_synthetic_clips_alone_needs_no_other(nano):
    training_rows = stream(nano, [], synthetic=Synthetic(share=1.0))
    assert all(training_rows[place].key is None for place in range(5))
    assert not same(training_rows[0], training_rows[1])


def test_versions_of_a_clip_are_few_and_each_is_always_the_same(nano, clips):
    """So that features of a frozen vision tower can be kept, each under its own key."""
    training_rows = stream(nano, clips[:2], augmentation=Augmentation(versions=3, mirror=0.5, shift=0.1, scale=0.1))
    seen: dict[object, torch.Tensor] = {}
    for place in range(60):
        row = training_rows[place]
        assert torch.equal(seen.setdefault(row.key, pixels(row)), pixels(row))
    assert len(seen) == 6
    pictures = list(seen.values())
    assert not any(torch.equal(a, b) for i, a in enumerate(pictures) for b in pictures[:i])


def test_a_clip_as_it_is_never_shares_a_key_with_a_version_of_it(nano, clips):
    """The picture probe looks at clips as they are after a training has remembered features of their versions."""
    training_rows = stream(nano, clips[:1], augmentation=Augmentation(versions=2, mirror=1.0, shift=0.1))
    plain = row_maker(nano).plain_row(clips[0])
    for place in range(10):
        row = training_rows[place]
        assert row.key != plain.key or torch.equal(pixels(row), pixels(plain))


def test_without_versions_a_varied_clip_is_new_every_time_and_an_unvaried_one_is_not(nano, clips):
    training_rows = stream(nano, clips[:1], augmentation=Augmentation(mirror=0.5))
    plain = row_maker(nano).plain_row(clips[0])
    keys = set()
    for place in range(20):
        row = training_rows[place]
        keys.add(row.key)
        assert (row.key is None) == (not torch.equal(pixels(row), pixels(plain)))
    assert keys == {None, plain.key}


def test_mirrored_pictures_come_with_mirrored_answers(nano, clips):
    clip = clips[0]
    side = replace(
        clip.questions[0],
        text="Is the action unit dimpler located on the left or right face?",
        type="au_side",
        action_unit="dimpler",
        reference="left",
    )
    sided = [TrainingClip(clip.clip, (side,))]
    training_rows = stream(nano, sided, augmentation=Augmentation(mirror=0.5))
    plain = pixels(row_maker(nano).plain_row(sided[0]))
    answers = set()
    for place in range(12):
        row = training_rows[place]
        answer = nano.processor.tokenizer.decode([i for i in row.labels if i != IGNORED], skip_special_tokens=True)
        assert (answer.strip() == "right") == (not torch.equal(pixels(row), plain))
        answers.add(answer.strip())
    assert answers == {"left", "right"}


def test_answers_weigh_as_their_types_do(nano, clips):
    thinned = [replace(clip, questions=clip.questions if not n else clip.questions[:1]) for n, clip in enumerate(clips)]
    weights = type_weights([question for clip in thinned for question in clip.questions], True)
    assert len(set(weights.values())) > 1
    training_rows = stream(nano, thinned, balance=Balance(types=True))
    for place in range(8):
        row = training_rows[place]
        clip = next(c for c in thinned if c.clip.id == row.key[0])
        for group, question in enumerate(clip.questions, start=1):
            own = [
                w
                for w, g, label in zip(row.weights, row.groups, row.labels, strict=True)
                if g == group and label != IGNORED
            ]
            assert set(own) == {weights[question.type]}
    plain = stream(nano, thinned)
    assert {weight for place in range(8) for weight in plain[place].weights} == {0.0, 1.0}


def test_no_more_questions_are_drawn_than_asked_for(nano, clips):
    training_rows = stream(nano, clips[:1], balance=Balance(questions=2))
    rows = [training_rows[place] for place in range(8)]
    assert {len(set(row.groups)) for row in rows} == {2}
    assert len({tuple(row.ids) for row in rows}) > 1


def test_blank_targets_stand_beside_synthetic_ones(nano, clips):
    given = recipe(synthetic=Synthetic(share=0.5, seeing_weight=0.1))
    drawn = SyntheticClips(given.synthetic, VIEWS, VARIANT, 0)
    mixed = TrainingStream(clips, row_maker(nano, targets=True), given, 10, drawn)
    rows = [mixed[place] for place in range(10)]
    assert all(set(row.extras) == {"units", "fine", "coarse"} for row in rows)
    for row in rows:
        real = row.key is not None
        assert (int(row.extras["fine"]) == -1) == real and (row.extras["units"] == -1).all() == real
    plain = TrainingStream(clips, row_maker(nano), given, 10, drawn)
    assert not any(plain[place].extras for place in range(4))


@pytest.fixture
def filmed(tmp_path):
    """A clip of frames, each of which differs from the others."""
    for frame in range(30):
        grey = np.full((40, 40, 3), 8 * frame, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"img{frame:03}.png")
    annotation = Event(onset=6, apex=15, offset=24)
    return Clip("filmed", "synthetic", "s1", media=tmp_path, fps=30.0, annotation=annotation)


def test_jittered_moments_are_other_frames_with_a_key_of_their_own(nano, clips, filmed):
    view_config = ViewConfig(("onset", "apex", "offset"), face="none")
    clip = TrainingClip(filmed, tuple(replace(q, clip_id="filmed") for q in clips[0].questions[:1]))
    training_rows = stream(nano, [clip], view_config=view_config, augmentation=Augmentation(jitter=4))
    plain = row_maker(nano, view_config).plain_row(clip)
    different = 0
    for place in range(12):
        row = training_rows[place]
        moved = not torch.equal(pixels(row), pixels(plain))
        assert (row.key is None) == moved or not moved
        assert row.key in (None, plain.key)
        different += moved
        assert same(row, training_rows[place])
    assert different > 6
    few = stream(nano, [clip], view_config=view_config, augmentation=Augmentation(jitter=4, versions=2))
    pictures: dict[object, torch.Tensor] = {}
    for place in range(12):
        row = few[place]
        assert torch.equal(pictures.setdefault(row.key, pixels(row)), pixels(row))
    assert len(pictures) == 2


def test_synthetic_clips_can_be_handed_to_other_processes(nano, clips):
    """Where worker processes are started anew instead of forked, what they work on is sent to them."""
    training_rows = stream(nano, clips, **ALL_KINDS)
    sent = pickle.loads(pickle.dumps(training_rows))
    assert all(same(training_rows[place], sent[place]) for place in range(6))


def test_a_clip_that_shows_no_motion_gives_one_warning(nano, clips, tmp_path, capsys):
    Image.new("RGB", (28, 28)).save(tmp_path / "blank.png")
    blank = replace(clips[0], clip=replace(clips[0].clip, pictures={"motion": tmp_path / "blank.png"}))
    maker = row_maker(nano)
    for annotation in (None, Event(1, 2, 3)):
        maker.views_of(blank, annotation)
    maker.views_of(clips[1])
    warning = f"warning: clip {blank.clip.id}: no motion to see: the ready-made picture is uniform\n"
    assert capsys.readouterr().err == warning


def test_notes_stand_in_the_prompt_and_are_mirrored_with_the_pictures(nano, clips, monkeypatch):
    note = "left cheek up."
    library = PromptLibrary.load()
    made = RowMaker(nano.prompter, library, ViewConfig(VIEWS))
    seen = replace(made.views_of(clips[0]), notes=(note,))
    monkeypatch.setattr(made, "views_of", lambda clip, annotation=None: seen)
    training_rows = TrainingStream(clips[:1], made, recipe(augmentation=Augmentation(mirror=0.5)), 12)
    plain = pixels(made.plain_row(clips[0]))
    for place in range(12):
        text = nano.processor.tokenizer.decode(training_rows[place].inputs["input_ids"][0])
        mirrored = not torch.equal(pixels(training_rows[place]), plain)
        assert (mirror_note(note) in text) == mirrored and (note in text) != mirrored
