from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError, MevqaError
from mevqa.inference.shards import parse_shard
from mevqa.training import splits
from mevqa.training.splits import (
    Fold,
    LeakError,
    assert_disjoint,
    k_folds,
    leave_one_dataset_out,
    leave_one_subject_out,
    person,
    shard,
    validation_split,
)
from mevqa.types import Clip


def clips_of(**subjects: str) -> dict[str, Clip]:
    """Clips by id from ``id="dataset subject"``."""
    return {name: Clip(name, *description.split(" ", 1)) for name, description in subjects.items()}


SMALL = clips_of(a="casme2 sub01", b="casme2 sub01", c="casme2 sub02", d="casme2 sub10", e="smic s01", f="smic s02")


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Clip]:
    """Return clips of two to three data sets with at least two persons in ``casme2``, spelt in several ways."""
    seen = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["casme2", "smic", "samm"]),
                st.integers(1, 6),
                st.sampled_from(["{}", "s{:02}", "sub{:03}"]),
            ),
            max_size=25,
        )
    )
    seen += [("casme2", 1, "sub{:02}"), ("casme2", 2, "sub{:02}")]
    clips = [
        Clip(f"clip{number}", dataset, spelling.format(subject))
        for number, (dataset, subject, spelling) in enumerate(seen)
    ]
    return {clip.id: clip for clip in draw(st.permutations(clips))}


def shuffled(clips: dict[str, Clip]) -> dict[str, Clip]:
    names = list(clips)
    random.Random(0).shuffle(names)
    return {name: clips[name] for name in names}


def check_folds(folds: tuple[Fold, ...], clips: dict[str, Clip], tested: set[str]) -> None:
    """Check the properties of every way to make folds."""
    assert Counter(name for fold in folds for name in fold.test) == Counter(tested)
    for fold in folds:
        assert fold.test
        assert fold.train
        assert sorted(fold.train + fold.test) == sorted(clips)
        assert not {person(clips[name]) for name in fold.train} & {person(clips[name]) for name in fold.test}
        assert re.fullmatch(r"[a-z0-9_-]+", fold.name)
    assert len({fold.name for fold in folds}) == len(folds)


@given(collections(), st.sampled_from([None, (), ("casme2",)]))
def test_leaving_one_subject_out_tests_every_clip_once_and_nobody_twice(clips, of):
    folds = leave_one_subject_out(clips, of=of)
    tested = {name for name, clip in clips.items() if not of or clip.dataset in of}
    check_folds(folds, clips, tested)
    assert len(folds) == len({person(clips[name]) for name in tested})
    assert leave_one_subject_out(shuffled(clips), of=of) == folds


@given(collections(), st.integers(0, 5), st.sampled_from([None, ("casme2",)]), st.data())
def test_groups_of_subjects_test_every_clip_once_and_are_balanced(clips, seed, of, data):
    tested = {name for name, clip in clips.items() if of is None or clip.dataset in of}
    sizes = Counter(person(clips[name]) for name in tested)
    k = data.draw(st.integers(2, len(sizes)))
    folds = k_folds(clips, k, seed, of=of)
    assert len(folds) == k
    check_folds(folds, clips, tested)
    lengths = [len(fold.test) for fold in folds]
    assert max(lengths) - min(lengths) <= max(sizes.values())
    assert k_folds(shuffled(clips), k, seed, of=of) == folds


@given(collections())
def test_leaving_one_data_set_out_tests_every_clip_once(clips):
    clips["elsewhere"] = Clip("elsewhere", "samm", "9")
    folds = leave_one_dataset_out(clips)
    check_folds(folds, clips, set(clips))
    for fold in folds:
        assert len({clips[name].dataset for name in fold.test}) == 1
    assert leave_one_dataset_out(shuffled(clips)) == folds


@given(collections(), st.floats(0.05, 0.95), st.integers(0, 5), st.data())
def test_validation_takes_whole_persons_and_leaves_some(clips, share, seed, data):
    labels = data.draw(st.sampled_from([None, {name: data.draw(st.sampled_from("pns")) for name in clips}]))
    train, validation = validation_split(clips, share, seed, labels=labels)
    assert train
    assert validation
    assert sorted(train + validation) == sorted(clips)
    assert_disjoint(train, validation, clips)
    assert validation_split(shuffled(clips), share, seed, labels=labels) == (train, validation)


@given(collections(), st.integers(1, 9))
def test_the_shards_together_are_all_folds(clips, count):
    folds = leave_one_subject_out(clips)
    parts = [shard(folds, *parse_shard(f"{number}/{count}")) for number in range(1, count + 1)]
    assert sorted((fold for part in parts for fold in part), key=lambda fold: fold.name) == sorted(
        folds, key=lambda fold: fold.name
    )
    assert all(fold in parts[at % count] for at, fold in enumerate(folds))


def test_folds_are_named_after_who_is_held_out():
    assert [fold.name for fold in leave_one_subject_out(SMALL)] == [
        "casme2-sub01",
        "casme2-sub02",
        "casme2-sub10",
        "smic-s01",
        "smic-s02",
    ]
    assert [fold.name for fold in k_folds(SMALL, 3, 0)] == ["fold-1-of-3", "fold-2-of-3", "fold-3-of-3"]
    assert [fold.name for fold in leave_one_dataset_out(SMALL)] == ["without-casme2", "without-smic"]


def test_folds_come_in_the_order_of_the_persons_not_of_the_clips():
    clips = clips_of(z="casme2 2", y="casme2 10", x="casme2 9", w="smic 1", v="casme2 b", u="casme2 a")
    names = [fold.name for fold in leave_one_subject_out(clips)]
    assert names == ["casme2-2", "casme2-9", "casme2-10", "casme2-a", "casme2-b", "smic-1"]


def test_names_of_folds_are_safe_and_unique_whatever_the_subjects_are_called():
    odd = ["../x", ".. x", "x", "X?", "李", "y" * 300, "con."]
    clips = {str(at): Clip(str(at), "my set", subject) for at, subject in enumerate(odd)}
    names = [fold.name for fold in leave_one_subject_out(clips)]
    assert len({name.lower() for name in names}) == len(set(map(str.casefold, odd)))
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,99}", name) for name in names)


def test_persons_of_other_data_sets_are_always_trained_on():
    for folds in (leave_one_subject_out(SMALL, of=["CASME II"]), k_folds(SMALL, 2, 0, of=["casme2"])):
        assert all({"e", "f"} <= set(fold.train) for fold in folds)
    (fold,) = leave_one_dataset_out(SMALL, of=["smic"])
    assert fold == Fold("without-smic", ("a", "b", "c", "d"), ("e", "f"))


def test_the_spelling_of_a_subject_makes_no_second_person():
    clips = clips_of(a="casme2 sub01", b="casme2 1", c="casme2 S001.0", d="casme2 sub02", e="smic s01")
    assert person(clips["a"]) == person(clips["b"]) == person(clips["c"]) != person(clips["d"])
    assert person(clips["a"]) != person(clips["e"])
    assert leave_one_subject_out(clips)[0].test == ("a", "b", "c")


def test_the_largest_persons_are_dealt_first():
    sizes = {"a": 5, "b": 4, "c": 3, "d": 3, "e": 3}
    clips = {f"{who}{at}": Clip(f"{who}{at}", "casme2", who) for who, size in sizes.items() for at in range(size)}
    assert sorted(len(fold.test) for fold in k_folds(clips, 2, 0)) == [8, 10]
    assert sorted(len(fold.test) for fold in k_folds(clips, 3, 0)) == [5, 6, 7]


def test_the_seed_decides_between_equal_persons():
    clips = {str(at): Clip(str(at), "casme2", f"p{at}") for at in range(12)}
    assert len({k_folds(clips, 3, seed) for seed in range(5)}) > 1
    assert len({validation_split(clips, 0.25, seed) for seed in range(5)}) > 1


def test_clips_without_a_subject_are_refused_by_name():
    clips = SMALL | {"lone": Clip("lone", "casme2"), "blank": Clip("blank", "casme2", " ")}
    for make in (
        lambda: leave_one_subject_out(clips),
        lambda: k_folds(clips, 2, 0),
        lambda: validation_split(clips, 0.2, 0),
        lambda: assert_disjoint(["a"], ["lone", "blank"], clips),
    ):
        with pytest.raises(InputError, match=r"subject of 2 clips is not known \(blank, lone\)"):
            make()


def test_clips_without_a_subject_are_persons_of_their_own_when_the_caller_says_so():
    clips = SMALL | {"x": Clip("x", "casme2"), "y": Clip("y", "casme2")}
    assert person(clips["x"]) != person(clips["y"])
    assert_disjoint(["x"], ["y"], clips, unknown_as_own=True)


def test_data_sets_can_be_left_out_without_subjects_but_not_without_names():
    clips = {"a": Clip("a", "casme2"), "b": Clip("b", "smic")}
    assert [fold.test for fold in leave_one_dataset_out(clips)] == [("a",), ("b",)]
    with pytest.raises(InputError, match=r"data set of 1 clips is not known.*\(c\)"):
        leave_one_dataset_out(clips | {"c": Clip("c", subject="s1")})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: leave_one_subject_out({}), "no clips"),
        (
            lambda: leave_one_subject_out(SMALL, of=["samm"]),
            r"no clips of samm, which are to be held out; .* casme2, smic: give folds\.of=casme2,smic$",
        ),
        (
            lambda: leave_one_subject_out(clips_of(a="smic s1", b="smic s1")),
            "nothing is left to train on.*two subjects",
        ),
        (lambda: leave_one_dataset_out(clips_of(a="smic s1", b="smic s2")), "nothing is left to train on"),
        (lambda: k_folds(SMALL, 6, 0), r"^folds\.k: 5 persons cannot be divided into 6 folds"),
        (lambda: k_folds(SMALL, 6, 0, named="--folds"), "^--folds: 5 persons .*; ask for 2 to 5$"),
        (lambda: k_folds(clips_of(a="smic s1"), 2, 0), "1 person cannot be divided into 2 folds; give clips of two"),
        (lambda: k_folds(SMALL, 4, 0, of=["casme2"]), "3 persons cannot be divided into 4 folds"),
        (lambda: k_folds(SMALL, 1, 0), "into 1 folds"),
        (lambda: validation_split(SMALL, 0.0, 0), "share is 0"),
        (lambda: validation_split(SMALL, 1.0, 0), "share is 1"),
        (lambda: validation_split(clips_of(a="smic s1", b="smic s1"), 0.5, 0), r"^validation\.share: .* two persons"),
    ],
)
def test_what_cannot_be_divided_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_validation_represents_the_classes_as_training_has_them():
    labels, clips = {}, {}
    for number in range(20):
        for at, label in enumerate(("negative", "negative", "positive" if number % 2 else "surprise")):
            name = f"{number}-{at}"
            clips[name], labels[name] = Clip(name, "casme2", f"p{number}"), label
    _, validation = validation_split(clips, 0.2, 0, labels=labels)
    assert Counter(labels[name] for name in validation) == {"negative": 8, "positive": 2, "surprise": 2}


def test_validation_has_a_rare_class_that_several_persons_show_and_leaves_the_only_one_of_another():
    clips = {f"p{number}": Clip(f"p{number}", "casme2", f"p{number}") for number in range(12)}
    labels = dict.fromkeys(clips, "common") | {"p3": "rare", "p7": "rare", "p9": "single"}
    for seed in range(4):
        _, validation = validation_split(clips, 0.2, seed, labels=labels)
        assert Counter(labels[name] for name in validation) == {"common": 2, "rare": 1}


def test_validation_takes_one_person_where_all_have_more_than_the_share():
    clips = {f"{who}{at}": Clip(f"{who}{at}", "casme2", who) for who in "ab" for at in range(10)}
    assert len(validation_split(clips, 0.05, 0)[1]) == 10
    assert len(validation_split(clips, 0.95, 0)[1]) == 10


def test_a_leak_names_the_person_or_the_clip():
    with pytest.raises(LeakError, match=r"subject sub01 of casme2 .* trained on a; tested on b"):
        assert_disjoint(["a", "c"], ["b", "d"], SMALL)
    with pytest.raises(LeakError, match="same clips: c"):
        assert_disjoint(["a", "c"], ["c", "d"], SMALL)
    assert issubclass(LeakError, MevqaError)
    assert_disjoint(["a", "b", "e"], ["c", "f"], SMALL)


@pytest.mark.parametrize(
    "make",
    [
        lambda: leave_one_subject_out(SMALL),
        lambda: k_folds(SMALL, 2, 0),
        lambda: leave_one_dataset_out(SMALL),
        lambda: validation_split(SMALL, 0.3, 0),
    ],
)
def test_every_split_is_checked_for_leaks(make, monkeypatch):
    def refuse(*args: object, **options: object) -> None:
        raise LeakError("checked")

    monkeypatch.setattr(splits, "assert_disjoint", refuse)
    with pytest.raises(LeakError, match="checked"):
        make()


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1.0/3", "a/b", "1/2/3", "²/3"])
def test_what_is_no_shard_is_refused_with_the_form_that_is_meant(text):
    with pytest.raises(InputError, match=r"--shard: .* is no shard; write i/n"):
        parse_shard(text)


def test_shards_are_counted_from_one_and_checked():
    folds = leave_one_subject_out(SMALL)
    assert parse_shard(" 2 / 3 ") == (1, 3)
    assert shard(folds, 1, 3) == (folds[1], folds[4])
    assert shard(folds, 6, 7) == ()
    with pytest.raises(ValueError, match="no shard 3 of 3"):
        shard(folds, 3, 3)


def test_the_real_subjects_are_divided(shared_data):
    clips = {}
    for dataset in ("casme2", "smic"):
        for row in (shared_data / "motion" / f"{dataset}.csv").read_text().splitlines()[1:]:
            name, subject, _ = row.split(",")
            clips[name] = Clip(name, dataset, subject)
    folds = leave_one_subject_out(clips, of=["casme2"])
    check_folds(folds, clips, {name for name, clip in clips.items() if clip.dataset == "casme2"})
    assert len(folds) == 24
    assert all(28 <= len(fold.test) <= 31 for fold in k_folds(clips, 5, 0, of=["casme2"])), "a fifth of 145 is 29"
