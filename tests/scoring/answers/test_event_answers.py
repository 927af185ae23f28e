"""Scores of answers about the events of a long video, counted by hand where it is small."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.questions.reading.numbers import stated_number
from mevqa.scoring.answers.grading import read_value
from mevqa.scoring.answers.items import make_items
from mevqa.scoring.answers.presets import answer_preset, answer_presets
from mevqa.scoring.answers.score import score_answers, score_items
from mevqa.scoring.tables import score_tables
from mevqa.synthetic.clip_plan import plan_clips
from mevqa.synthetic.official_rows import extension_questions, long_questions, test_rows

test_rows.__test__ = False

DEFAULT = answer_preset("megc2026-lvqa")
DESCRIBED = (
    "The 2nd expression event is a macro-expression from frame 80 to frame 140 with its apex at frame 100. The action "
    "units present are: brow lowerer, dimpler. Therefore, the fine-grained expression class is anger, and the coarse "
    "expression class is negative."
)


def score(pairs, switches=DEFAULT, **more):
    return score_items(make_items(pairs, switches), switches, **{"draws": 0, **more})


def test_intervals_are_matched_one_to_one_and_pooled_by_what_was_asked(make_pair):
    coded = "frames 0-9 (micro-expression), frames 20-29 (macro-expression), frames 50-59 (micro-expression)"
    metrics = score(
        [
            # Two answers on one event count once; the second event is found with the wrong kind.
            make_pair(
                "localise",
                coded,
                "frames 0-9 (micro-expression), frames 1-9 (micro-expression), frames 20-27 (micro-expression)",
            ),
            make_pair("localise_micro", "frames 0-9, frames 50-59", "frames 51-59"),
            make_pair("localise_micro", "none", "none", clip="c2"),
            make_pair("localise_micro", "none", "frames 5-9", clip="c3"),
        ]
    ).metrics
    assert (metrics["localise.any.precision"], metrics["localise.any.recall"]) == (2 / 3, 2 / 3)
    assert (metrics["localise.micro.precision"], metrics["localise.micro.recall"]) == (1 / 2, 1 / 2)
    assert metrics["localise.precision"] == 3 / 5 and metrics["localise.recall"] == 3 / 5
    assert metrics["localise.f1"] == pytest.approx(6 / 10)
    assert metrics["localise.kind_accuracy"] == 1 / 2
    assert metrics["localise.mean_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1 + 0) / 4)
    assert "localise.macro.f1" not in metrics


def test_half_an_overlap_is_enough_and_less_is_not(make_pair):
    for offset, right in ((4, 1), (3, 0)):
        metrics = score([make_pair("longest", "frames 0-9", f"frames 0-{offset}")]).metrics
        assert metrics["longest.iou50"] == right
        assert metrics["longest.iou"] == pytest.approx((offset + 1) / 10)
        assert score([make_pair("localise_micro", "frames 0-9", f"frames 0-{offset}")]).metrics["localise.f1"] == right


def test_no_usable_answer_finds_nothing(make_pair):
    pairs = [
        make_pair("localise", "frames 0-9 (micro-expression)", "somewhere"),
        make_pair("localise_micro", "none", "", number=1),
        make_pair("longest", "frames 0-9", None, missing=True),
        replace(make_pair("describe", DESCRIBED, None), error="no face"),
        make_pair("summary", "This video shows 2 expression events.", "I cannot tell."),
    ]
    result = score(pairs)
    assert (result.metrics["localise.recall"], result.metrics["localise.mean_f1"]) == (0, 0)
    assert (result.metrics["longest.iou"], result.metrics["describe.iou50"], result.metrics["describe.au_f1"]) == (
        0,
        0,
        0,
    )
    assert (result.metrics["summary.count_accuracy"], result.metrics["summary.au_f1"]) == (0, 0)
    assert [entry["why"] for entry in result.details["unusable"]] == [
        "unreadable",
        "empty",
        "missing",
        "failed",
        "unreadable",
    ]


def test_each_part_of_a_description_counts_where_the_reference_tells_it(make_pair):
    partial = "The 2nd expression event is a micro-expression from frame 0 to frame 9."
    metrics = score(
        [
            make_pair("describe", DESCRIBED, "A micro-expression, frames 90 to 140, with AU4: anger, negative"),
            make_pair("describe", partial, partial, clip="c2"),
        ]
    ).metrics
    assert metrics["describe.kind_accuracy"] == 1 / 2
    assert metrics["describe.iou"] == pytest.approx((51 / 61 + 1) / 2)
    assert (metrics["describe.iou50"], metrics["describe.fine_accuracy"], metrics["describe.coarse_accuracy"]) == (
        1,
        1,
        1,
    )
    assert metrics["describe.au_f1"] == pytest.approx(2 / 3)


def test_a_summary_is_scored_by_its_words_its_units_and_its_numbers(make_pair):
    reference = "This video shows 3 expression events: 2 micro-expressions and 1 macro-expression, with brow lowerer."
    metrics = score(
        [make_pair("summary", reference, "Three events, two micro and two macro: brow lowerer and dimpler.")]
    ).metrics
    assert metrics["summary.count_accuracy"] == pytest.approx(2 / 3)
    assert metrics["summary.au_f1"] == pytest.approx(2 / 3)
    assert 0 < metrics["summary.rouge1"] == metrics["summary.rouge1_recall"] < 1
    assert metrics["summary.bleu"] == metrics["summary.corpus_bleu"]


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (None, "5 expression events: 3 micro-expressions and 2 macro-expressions", 5),
        ("micro", "5 expression events: three micro-expressions and 2 macro-expressions", 3),
        ("macro", "There is no macro-expression.", 0),
        ("micro", "5 events", None),
        ("micro", "3 micro, later 4 micro", None),
    ],
)
def test_the_numbers_that_a_text_states(kind, text, number):
    assert stated_number(kind, text) == number


@pytest.mark.parametrize(
    ("kind", "reference"), [("localise", "at the start"), ("longest", "none"), ("describe", "It is short.")]
)
def test_a_reference_that_tells_nothing_is_refused_with_its_line(make_pair, kind, reference):
    with pytest.raises(InputError) as raised:
        make_items([make_pair(kind, reference, reference)], DEFAULT)
    assert "tells no frames" in str(raised.value) and raised.value.problems[0].line == 1


BEYOND = [
    ("localise", "frames 0-9 (micro-expression)", "none"),
    ("describe", DESCRIBED, "frames 80-90"),
    ("is_there", "yes", "no"),
    ("order", "micro-expression", "macro-expression"),
    ("longest", "frames 0-9", "frames 0-5"),
    ("between", "3", "1"),
    ("summary", "This video shows 1 expression event.", "No event."),
]


@pytest.mark.parametrize("preset", answer_presets())
def test_what_no_official_file_asks_changes_no_number_of_the_official_questions(make_pair, preset):
    options = {"micro-expression": 0.8, "macro-expression": 0.2}
    official = [
        make_pair("count", "5", "6"),
        make_pair("inventory", "brow lowerer", "dimpler"),
        make_pair("nth", "micro-expression", "micro-expression", options=options),
        make_pair("presence", "yes", "yes"),
    ]
    beyond = [make_pair(*row, options=options if row[0] == "order" else None) for row in BEYOND]
    switches = answer_preset(preset)
    alone, together = score(official, switches).metrics, score([*official, *beyond], switches).metrics
    assert {key: together[key] for key in alone} == alone
    assert {key.split(".")[0] for key in together.keys() - alone.keys()} == {
        *("localise", "describe", "event_presence", "order", "longest", "count_between", "summary")
    }


def test_intervals_of_the_scores_and_tables_have_the_new_numbers(make_pair):
    pairs = [make_pair(*row, clip=f"c{clip}") for row in BEYOND for clip in range(3)]
    result = score(pairs, draws=30)
    for key in ("localise.f1", "describe.iou", "longest.iou50", "count_between.mae", "summary.rouge1", "order.uf1"):
        assert key in result.intervals
    titles = {table.title: table for table in score_tables(result)}
    assert [row[0] for row in titles["events localised"].rows] == ["all questions", "every expression"]
    assert [row[0] for row in titles["one event"].rows] == ["n-th event", "longest event"]
    assert titles["summaries"].rows[0][1] == "3"
    assert {row[0] for row in titles["classes"].rows} == {"event presence", "first kind"}
    assert titles["numbers of events"].rows[0][0] == "between two times"


SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=6)


@given(SPANS, SPANS)
def test_found_events_are_never_more_than_there_are(make_pair, answered, coded):
    def written(spans):
        return ", ".join(f"frames {onset}-{onset + length}" for onset, length in dict.fromkeys(spans)) or "none"

    metrics = score([make_pair("localise_micro", written(coded), written(answered))]).metrics
    assert all(0 <= metrics[key] <= 1 for key in metrics if key.startswith("localise"))
    itself = score([make_pair("localise_micro", written(coded), written(coded))]).metrics
    assert itself["localise.mean_f1"] == 1 and itself.get("localise.f1", 1.0) == 1


def test_the_answers_of_synthetic_videos_score_perfectly_against_themselves(tmp_path):
    path = tmp_path / "me_lvqa_synthetic_ext_test_reference.jsonl"
    plans = plan_clips(6, 3, subjects=3, fps=(30.0, 200.0), classes="balanced", long_seconds=30.0)
    rows = [
        row
        for plan in plans
        for name, questions in (("test", long_questions), ("ext_test", extension_questions))
        for row in test_rows(plan, list(questions(plan, 3)), answered=True, name=name)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = score_answers(path, path, draws=10)
    assert result.counts["unusable"] == 0 and len(result.metrics) > 60
    for key, value in result.metrics.items():
        if key.endswith((".mae", ".rmse")):
            assert value == 0, key
        elif not key.endswith(("majority", "chance", "majority_f1", "median_mae", "_vocabulary")):
            assert value == pytest.approx(1), key


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader_of_events(make_pair, text):
    for kind, reference, _ in BEYOND:
        read_value(make_pair(kind, reference, text).question, text)
        score([make_pair(kind, reference, text)])
