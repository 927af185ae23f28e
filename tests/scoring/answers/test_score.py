import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.scoring.answers.items import make_items
from mevqa.scoring.answers.presets import answer_preset
from mevqa.scoring.answers.score import score_answers, score_items
from mevqa.scoring.catalogue import known_metrics

DEFAULT = answer_preset("megc2026-vqa")
COMBINED = (
    "The action unit present is: {}. Therefore, the fine-grained expression class is {}, and the coarse expression "
    "class is {}."
)
DESCRIBED = (
    "The 2nd expression event is a macro-expression from frame 80 to frame 140 with its apex at frame 100. The action "
    "unit present is: brow lowerer. Therefore, the fine-grained expression class is anger, and the coarse expression "
    "class is negative."
)
SUMMARY = (
    "This video shows 2 expression events: 0 micro-expressions and 2 macro-expressions. Event 1, from 0.40 s to 1.00 "
    "s, is a macro-expression with the action unit brow lowerer. Event 2, from 2.67 s to 4.67 s, is a "
    "macro-expression. The only action unit that appears is brow lowerer. Therefore, no coarse expression class "
    "prevails, because none is known."
)
RIGHT = [
    ("coarse", "negative"),
    ("fine", "fear"),
    ("units", "brow lowerer, dimpler"),
    ("presence", "yes"),
    ("side", "left"),
    ("combined", COMBINED.format("brow lowerer", "fear", "negative")),
    ("count", "7"),
    ("micro", "3"),
    ("inventory", "brow lowerer, jaw drop"),
    ("nth", "micro-expression"),
    ("localise", "frames 12-30 (micro-expression), frames 80-140 (macro-expression)"),
    ("localise_micro", "frames 12-30"),
    ("describe", DESCRIBED),
    ("is_there", "yes"),
    ("order", "micro-expression"),
    ("longest", "frames 80-140"),
    ("between", "1"),
    ("summary", SUMMARY),
]
WRONG = {
    "coarse": "positive",
    "fine": "happiness",
    "units": "cheek raiser",
    "presence": "no",
    "side": "right",
    "combined": "Happy.",
    "count": "70",
    "micro": "9",
    "inventory": "cheek raiser",
    "nth": "macro-expression",
    "localise": "frames 31-70 (micro-expression)",
    "localise_micro": "none",
    "describe": "The 2nd expression event is a micro-expression from frame 1 to frame 9. The action unit present is: "
    "dimpler. Therefore, the fine-grained expression class is happiness, and the coarse expression class is positive.",
    "is_there": "no",
    "order": "macro-expression",
    "longest": "frames 0-9",
    "between": "4",
    "summary": "This video shows 9 expression events: 8 micro-expressions and 1 macro-expression.",
}
#: Metrics that a right answer does not bring to 1, because of what they are.
NOT_ONE = ("majority", "chance", "sentence_bleu", "bleu_ceiling", "majority_f1", "_vocabulary")
#: Texts share words with others.
TEXTS_OF = ("text", *(f"summary.{measure}" for measure in ("rouge1", "bleu", "corpus_bleu", "sentence_bleu")))
ERRORS = (".mae", ".rmse", ".ece", ".brier", ".median_mae")


def score(pairs, switches=DEFAULT, **more):
    return score_items(make_items(pairs, switches), switches, **{"draws": 0, **more})


def all_right(make_pair, clips=4):
    return [
        make_pair(kind, text, text, clip=f"c{clip}", subject=f"s{clip % 2}")
        for clip in range(clips)
        for kind, text in RIGHT
    ]


def test_right_answers_score_one_everywhere_and_have_no_error(make_pair):
    result = score(all_right(make_pair), draws=50)
    for key, value in result.metrics.items():
        if key.endswith(ERRORS):
            assert value == 0, key
        elif not key.endswith(NOT_ONE):
            assert value == pytest.approx(1), key
    assert result.counts["unusable"] == 0
    assert result.intervals["coarse.uf1"] == (1, 1)


def test_wrong_answers_score_zero_everywhere(make_pair):
    pairs = [make_pair(kind, text, WRONG[kind], clip=f"c{clip}") for clip in range(3) for kind, text in RIGHT]
    result = score(pairs)
    for key, value in result.metrics.items():
        if key.endswith(ERRORS):
            assert value > 0 or key.endswith(".median_mae"), key
        elif not key.endswith(NOT_ONE) and not key.startswith(TEXTS_OF):
            assert value == 0, key


def test_every_metric_is_documented(make_pair):
    options = {"yes": 0.9, "no": 0.1}
    pairs = [*all_right(make_pair), make_pair("presence", "yes", "yes", clip="o", options=options)]
    assert score(pairs).metrics.keys() <= known_metrics().keys()


RANDOM = st.lists(
    st.tuples(st.sampled_from(RIGHT), st.sampled_from([*WRONG.values(), "", "brow lowerer", "who knows", "negative"])),
    min_size=1,
    max_size=12,
)


@given(RANDOM, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_changes_nothing(make_pair, rows, random):
    pairs = [make_pair(kind, right, text, number=n) for n, ((kind, right), text) in enumerate(rows)]
    shuffled = list(pairs)
    random.shuffle(shuffled)
    first, second = score(pairs).metrics, score(shuffled).metrics
    assert first.keys() == second.keys()
    assert all(first[key] == pytest.approx(second[key]) for key in first)


@given(RANDOM)
def test_every_answer_twice_changes_nothing(make_pair, rows):
    pairs = [make_pair(kind, right, text, number=n) for n, ((kind, right), text) in enumerate(rows)]
    again = [replace(p, question=replace(p.question, id=p.question.id + "b")) for p in pairs]
    first, second = score(pairs).metrics, score([*pairs, *again]).metrics
    assert all(first[key] == pytest.approx(second[key]) for key in first)


def test_labels_that_no_table_knows_are_compared_as_they_are(make_pair):
    pairs = [make_pair("fine", "Helpless", "helpless."), make_pair("fine", "pain", "anger", number=1)]
    result = score(pairs)
    assert result.metrics["fine.accuracy"] == 0.5
    assert result.details["confusion"]["fine"]["references"] == ["helpless", "pain"]


def test_what_cannot_be_used_is_counted_listed_and_wrong(make_pair):
    pairs = [
        make_pair("coarse", "negative", "negative"),
        make_pair("coarse", "negative", "positive or negative", number=1),
        make_pair("coarse", "negative", "", number=2),
        make_pair("coarse", "negative", None, number=3, missing=True),
        replace(make_pair("coarse", "negative", None, number=4), error="no face"),
    ]
    result = score(pairs)
    assert result.metrics["coarse.accuracy"] == pytest.approx(0.2)
    assert result.metrics["coarse.uf1"] == pytest.approx(2 / 6)
    assert [result.counts[key] for key in ("ambiguous", "empty", "missing", "failed", "unusable")] == [1, 1, 1, 1, 4]
    assert [entry["why"] for entry in result.details["unusable"]] == ["ambiguous", "empty", "missing", "failed"]


def test_the_entrants_preset_skips_missing_answers_and_takes_wrong_labels_for_classes(make_pair):
    pairs = [
        make_pair("fine", "fear", "fear"),
        make_pair("fine", "anger", "terror", number=1),
        make_pair("fine", "anger", None, number=2, missing=True),
    ]
    assert score(pairs).metrics["fine.uf1"] == pytest.approx(1 / 2)
    assert score(pairs).metrics["fine.accuracy"] == pytest.approx(1 / 3)
    entrant = score(pairs, answer_preset("megc2025-hfips"))
    assert entrant.metrics["fine.uf1"] == pytest.approx(1 / 3)
    assert entrant.metrics["fine.accuracy"] == pytest.approx(1 / 2)
    assert any("left out of the classes" in note for note in entrant.notes)


def test_a_count_without_a_number_is_left_out_with_a_note_or_zero_under_strict(make_pair):
    pairs = [make_pair("count", "5", "6"), make_pair("count", "5", "many", number=1)]
    result = score(pairs)
    assert result.metrics["count_all.mae"] == 1
    assert result.metrics["count_all.accuracy"] == 0
    assert any("1 of 2 answers hold no number" in note for note in result.notes)
    strict = score(pairs, answer_preset("megc2026-lvqa", ["count=zero"]))
    assert strict.metrics["count_all.mae"] == 3


def test_units_of_a_list_are_a_set_and_unknown_names_count(make_pair):
    right = "brow lowerer, dimpler"
    reversed_order = score([make_pair("units", right, "dimpler, brow lowerer")]).metrics
    assert (reversed_order["au.f1"], reversed_order["au.jaccard"]) == (1, 1)
    invented = score([make_pair("units", right, "brow lowerer, cheek wobbler")]).metrics
    assert (invented["au.f1"], invented["au.jaccard"]) == (0.5, pytest.approx(1 / 3))


def test_baselines_by_hand(make_pair):
    pairs = [
        make_pair("coarse", label, "negative", number=n) for n, label in enumerate(["negative"] * 3 + ["positive"])
    ]
    metrics = score(pairs).metrics
    assert (metrics["coarse.majority"], metrics["coarse.chance"]) == (0.75, 0.5)
    assert metrics["coarse.accuracy"] == metrics["coarse.majority"]


def test_intervals_are_drawn_by_subject_or_else_by_clip(make_pair):
    by_subject = score(all_right(make_pair), draws=20)
    assert by_subject.protocol["resampled"] == "subject" and by_subject.counts["subjects"] == 2
    by_clip = score([make_pair("coarse", "negative", "negative", clip=f"c{n}") for n in range(3)], draws=20)
    assert by_clip.protocol["resampled"] == "clip" and "subjects" not in by_clip.counts
    alone = score([make_pair("coarse", "negative", "negative")], draws=20)
    assert not alone.intervals and any("no intervals" in note for note in alone.notes)


def test_subjects_of_two_data_sets_with_one_name_are_two(make_pair):
    pairs = [make_pair("coarse", "negative", "negative", subject="1", dataset=name) for name in ("samm", "smic")]
    assert score(pairs).counts["subjects"] == 2
    assert set(score(pairs, by=["subject"]).groups["subject"]) == {"samm/1", "smic/1"}


def test_parts_are_scored_by_themselves(make_pair):
    pairs = [
        make_pair("coarse", "negative", "negative", dataset="samm"),
        make_pair("coarse", "negative", "positive", dataset="casme3", number=1),
    ]
    groups = score(pairs, by=["dataset"]).groups["dataset"]
    assert groups["samm"].metrics["coarse.accuracy"] == 1
    assert groups["casme3"].metrics["coarse.accuracy"] == 0


@pytest.mark.parametrize(
    "options", [{"yes": float("nan"), "no": 0.5}, {"yes": 0.9, "no": 0.9}, {"yes": -0.2, "no": 1.2}]
)
def test_probabilities_that_are_none_are_refused_with_their_line(make_pair, options):
    pair = replace(make_pair("presence", "yes", "yes", options=options), line=12)
    with pytest.raises(InputError) as raised:
        make_items([pair], DEFAULT)
    assert raised.value.problems[0].line == 12


@pytest.mark.parametrize("reference", ["nan", "-3", "3.5", "many"])
def test_a_reference_that_is_no_number_of_events_is_refused(make_pair, reference):
    with pytest.raises(InputError) as raised:
        make_items([make_pair("count", reference, "3")], DEFAULT)
    assert "is not a number of events" in str(raised.value)


def test_groupings_that_do_not_exist_are_refused(write_rows):
    path = write_rows("r.jsonl", [("a", "coarse", "negative")])
    with pytest.raises(InputError, match="dataset, subject, type"):
        score_answers(path, path, by=["video"])


@pytest.mark.data
@pytest.mark.parametrize("name", ["me_vqa_casme3_test_pred.jsonl", "me_vqa_casme2_train.jsonl"])
def test_real_answers_against_themselves_score_one(shared_data, name):
    path = shared_data / "megc" / name
    result = score_answers(path, path, draws=20)
    perfect = {k: v for k, v in result.metrics.items() if not k.endswith(NOT_ONE) and not k.endswith(ERRORS)}
    assert len(perfect) > 15 and all(value == pytest.approx(1) for value in perfect.values())
    assert result.counts["unusable"] == 0


@pytest.mark.data
def test_the_majority_of_the_real_coarse_classes(shared_data):
    path = shared_data / "megc" / "me_vqa_casme2_train.jsonl"
    metrics = score_answers(path, path, draws=0).metrics
    assert metrics["coarse.majority"] == pytest.approx(88 / 145)
    assert metrics["fine.majority"] == pytest.approx(61 / 145)


def test_thoughts_are_taken_off_before_texts_are_compared(make_pair):
    thought = "<think>The brows, the lids, the whole face.</think>"
    bare = score([make_pair("combined", COMBINED.format("dimpler", "fear", "negative"), None, missing=True)])
    right = make_pair("combined", COMBINED.format("dimpler", "fear", "negative"), "x")
    same = score([replace(right, text=thought + right.question.reference)])
    assert same.metrics["text.rouge1"] == same.metrics["text.bleu"] == pytest.approx(1)
    for lost in (
        replace(right, text=right.question.reference, truncated=True),
        replace(right, text="<think>" + right.question.reference),
    ):
        result = score([lost])
        assert result.metrics["text.rouge1"] == bare.metrics["text.rouge1"] == 0
        assert result.metrics["combined.au_f1"] == 0
        assert result.counts["truncated"] + result.counts["open_thought"] == 1


@pytest.mark.parametrize("row", [{"truncated": True}, {"finish_reason": "length"}, {"stop_reason": "max_tokens"}])
def test_files_say_that_an_answer_was_cut_off(tmp_path, row):
    question = {
        "id": "1",
        "dataset": "casme2",
        "image_id": "c",
        "subject": "1",
        "question": "What is the coarse expression class?",
    }
    (tmp_path / "ref.jsonl").write_text(json.dumps({**question, "answer": "negative"}) + "\n")
    (tmp_path / "pred.jsonl").write_text(json.dumps({**question, "answer": "negative", **row}) + "\n")
    result = score_answers(tmp_path / "pred.jsonl", tmp_path / "ref.jsonl", draws=0)
    assert (result.counts["truncated"], result.metrics["coarse.accuracy"]) == (1, 0)
    assert result.details["unusable"][0]["text"] == "negative"


def test_intervals_are_over_people_and_not_over_spellings(make_pair):
    subjects = ["01", "1", "1.0", "s2", "2", "3"]
    pairs = [make_pair("coarse", "negative", "negative", clip=f"c{i}", subject=s) for i, s in enumerate(subjects)]
    items = make_items(pairs, answer_preset("megc2026-vqa"))
    assert len({item.unit for item in items}) == 3
    assert {item.unit for item in items} == {("samm", "01"), ("samm", "s2"), ("samm", "3")}
