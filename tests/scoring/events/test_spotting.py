"""Spotting by hand: pooled counts, kinds, filters, errors in ms, and the traps of published code one by one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.scoring.events.score import score_events

HEADER = "subject,video,onset,apex,offset,kind,emotion,score,fps"


@pytest.fixture
def score(tmp_path):
    """Return a function that scores rows (subject, video, onset, apex, offset, kind, emotion, score, fps)."""

    def run(detections, coded, *changes, preset="strict", draws=0, **options):
        paths = []
        for name, rows in (("pred.csv", detections), ("ref.csv", coded)):
            path = tmp_path / name
            path.write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in rows)]) + "\n")
            paths.append(path)
        return score_events(*paths, preset, changes, draws=draws, **options)

    return run


def row(video, onset, offset, kind="", *, subject="s1", apex="", emotion="", score="", fps=""):
    return (subject, video, onset, apex, offset, kind, emotion, score, fps)


def test_counts_are_pooled_over_videos_and_kinds(score):
    coded = [row("a", 10, 20, "micro"), row("a", 50, 90, "macro"), row("b", 10, 20, "micro"), row("b", 60, 70, "micro")]
    detections = [
        row("a", 11, 20, "micro"),
        row("a", 50, 90, "macro"),
        row("b", 200, 210, "micro"),
        row("b", 5, 7, "macro"),
    ]
    result = score(detections, coded)
    assert result.metrics["spotting.overall.f1"] == pytest.approx(2 * 2 / (4 + 4))
    assert result.metrics["spotting.micro.precision"] == pytest.approx(1 / 2)
    assert result.metrics["spotting.micro.recall"] == pytest.approx(1 / 3)
    assert result.metrics["spotting.micro.f1"] == pytest.approx(2 / 5)
    assert result.metrics["spotting.macro.f1"] == pytest.approx(2 / 3)
    # Not the mean of the videos: .5 and 0 would give .25.
    assert result.counts["spotting.overall.true_positives"] == 2


@pytest.mark.parametrize(("form", "f1"), [("inclusive", 1.0), ("exclusive", 0.0)])
def test_the_offset_frame_decides_short_events(score, form, f1):
    coded, detections = [row("a", 100, 115)], [row("a", 104, 111)]
    assert score(detections, coded, f"iou={form}").metrics["spotting.overall.f1"] == f1


def test_sweep(score):
    result = score([row("a", 0, 9)], [row("a", 0, 19)])
    values = {key[-4:]: value for key, value in result.metrics.items() if key.startswith("spotting.overall.f1@")}
    assert values == {f"{step / 10:.2f}": float(step <= 5) for step in range(1, 10)}


def test_videos_without_events(score):
    coded = [row("a", 10, 20), row("b", "", "")]
    detections = [row("a", 10, 20), row("b", 30, 40), row("c", 5, 9)]
    everything = score(detections, coded)
    assert everything.metrics["spotting.overall.precision"] == pytest.approx(1 / 3)
    assert any("'s1 c'" in note and "line 4" in note and "not in the reference" in note for note in everything.notes)
    some = score(detections, coded, "videos=with-events")
    assert some.metrics["spotting.overall.f1"] == 1.0
    assert any("2 videos without accepted events are not scored, and 2 detections" in note for note in some.notes)


def test_finding_nothing_is_legal_and_a_dummy_is_not_the_default(score):
    coded = [row("a", 10, 20), row("b", 10, 20)]
    detections = [row("a", 10, 20)]
    assert score(detections, coded).metrics["spotting.overall.precision"] == 1.0
    with_dummy = score(detections, coded, "dummy=true")
    assert with_dummy.metrics["spotting.overall.precision"] == 0.5
    assert any("dummy=true" in note for note in with_dummy.notes)
    nothing = score([], coded)
    assert nothing.metrics["spotting.overall.f1"] == nothing.metrics["spotting.overall.precision"] == 0.0


def test_one_detection_for_two_references(score):
    coded, detections = [row("a", 10, 30), row("a", 12, 32)], [row("a", 11, 31)]
    one_to_one = score(detections, coded)
    assert one_to_one.metrics["spotting.overall.f1"] == pytest.approx(2 / 3)
    many = score(detections, coded, "matching=many")
    assert many.metrics["spotting.overall.recall"] == 1.0
    assert any("precision above 1" in note for note in many.notes)


def test_in_time_a_second_detection_does_not_try_its_second_reference(score):
    coded = [row("a", 10, 30), row("a", 24, 44)]
    detections = [row("a", 10, 30, score=0.2), row("a", 16, 36, score=0.9)]
    assert score(detections, coded, "matching=temporal").counts["spotting.overall.true_positives"] == 1
    assert score(detections, coded, "matching=hungarian").counts["spotting.overall.true_positives"] == 1
    coded[1] = row("a", 22, 43)
    assert score(detections, coded, "matching=temporal").counts["spotting.overall.true_positives"] == 1
    assert score(detections, coded, "matching=hungarian").counts["spotting.overall.true_positives"] == 2


def test_the_surer_detection_chooses_first(score):
    coded = [row("a", 10, 30)]
    detections = [row("a", 10, 30, score=0.2), row("a", 12, 32, score=0.9)]
    result = score(detections, coded)
    assert result.details["videos"][0]["references"][0]["detection"] == 3
    assert score(detections, coded, "matching=temporal").details["videos"][0]["references"][0]["detection"] == 2


def test_kinds_by_head_label_and_length(score):
    coded = [row("a", 100, 140, "macro", fps=30)]
    wrong = [row("a", 100, 140, "micro")]
    head = score(wrong, coded)
    assert head.metrics["spotting.overall.f1"] == 0.0
    label = score(wrong, coded, "kinds=label")
    assert (label.metrics["spotting.overall.f1"], label.metrics["spotting.macro.f1"]) == (1.0, 1.0)
    length = score(wrong, coded, "kinds=length")
    assert length.metrics["spotting.macro.f1"] == 1.0
    assert "spotting.micro.f1" not in length.metrics


def test_detections_without_kind_count_under_the_kind_of_their_reference_or_length(score):
    coded = [row("a", 100, 112, "micro", fps=30), row("a", 200, 260, "macro", fps=30)]
    detections = [row("a", 100, 112), row("a", 200, 260), row("a", 300, 310), row("a", 400, 480)]
    result = score(detections, coded)
    assert result.counts["spotting.micro.detections"] == result.counts["spotting.macro.detections"] == 2
    unknown = score(detections, [row("a", 100, 112, "micro"), row("a", 200, 260, "macro")])
    assert "spotting.overall.f1" in unknown.metrics
    assert "spotting.micro.f1" not in unknown.metrics
    assert any("2 detections name no kind" in note and "--fps" in note for note in unknown.notes)


def test_half_a_second_is_a_micro_expression(score):
    detections = [row("a", 0, 15), row("b", 0, 16)]
    result = score(detections, [row("a", 0, 15), row("b", 0, 16)], "kinds=length", fps=30)
    assert (result.counts["spotting.micro.references"], result.counts["spotting.macro.references"]) == (1, 1)
    with pytest.raises(InputError, match="kinds=length needs frames per second"):
        score(detections, [row("a", 0, 15)], "kinds=length")
    assert (
        score(detections, [row("a", 0, 16)], "kinds=length", "micro_frames=16").counts["spotting.micro.references"] == 1
    )


def test_reference_filters(score):
    coded = [
        row("a", 0, 15, "micro", apex=5, fps=30),
        row("b", 0, 16, "micro", apex=8, fps=30),
        row("c", 0, 16, "micro", apex=7, fps=30),
        row("d", 0, 121, "macro", apex=7, fps=30),
    ]
    accepted = {}
    for name in ("none", "half-second", "quarter-second-apex", "lgsnet-reduced"):
        result = score([row("a", 0, 15)], coded, f"filter={name}")
        accepted[name] = [v["video"] for v in result.details["videos"] if v["references"]]
        assert any("not comparable with the whole" in note for note in result.notes) == (name != "none")
    assert accepted == {
        "none": ["s1 a", "s1 b", "s1 c", "s1 d"],
        "half-second": ["s1 a", "s1 d"],
        "quarter-second-apex": ["s1 a", "s1 c", "s1 d"],
        "lgsnet-reduced": ["s1 a"],
    }
    with pytest.raises(InputError, match="filter=half-second needs frames per second"):
        score([row("a", 0, 15)], [row("a", 0, 15)], "filter=half-second")


def test_errors_in_ms(score):
    coded = [row("a", 100, 140, apex=120, fps=200), row("b", 10, 20, apex=14, fps=25)]
    detections = [row("a", 102, 140, apex=130), row("b", 10, 21, apex=20), row("b", 90, 95, apex=91)]
    result = score(detections, coded)
    assert result.metrics["spotting.onset_mae_ms"] == pytest.approx((10 + 0) / 2)
    assert result.metrics["spotting.offset_mae_ms"] == pytest.approx((0 + 40) / 2)
    assert result.metrics["spotting.boundary_mae_ms"] == pytest.approx(50 / 4)
    assert result.metrics["spotting.apex_mae_ms"] == pytest.approx((50 + 240) / 2)
    # The apex at the offset frame is not inside (onset, offset).
    assert result.metrics["spotting.apex_inside"] == 0.5


def test_without_fps_or_apex_there_are_no_errors_in_ms(score):
    result = score([row("a", 1, 9)], [row("a", 1, 9, apex=4)])
    assert not any(key.endswith("_ms") for key in result.metrics)
    assert any("no errors in ms" in note for note in result.notes)
    assert any("tell no apex" in note for note in result.notes)


def test_frames_that_count_from_one(score):
    result = score([row("a", 0, 0)], [row("a", 1, 1)], "reference_frame_base=1")
    assert result.metrics["spotting.overall.f1"] == 1.0
    assert result.protocol["reference_frame_base"] == 1


def test_only_micro(score):
    coded = [row("a", 10, 20, "micro"), row("a", 50, 90, "macro")]
    detections = [row("a", 10, 20), row("a", 52, 90), row("a", 50, 91, "macro")]
    result = score(detections, coded, "evaluate=micro")
    assert result.counts["spotting.overall.references"] == 1
    assert result.counts["spotting.overall.detections"] == 2
    assert result.counts["detections_left_out"] == 1
    assert result.metrics["spotting.micro.f1"] == result.metrics["spotting.overall.f1"]


def test_only_macro(score):
    coded = [row("a", 10, 20, "micro"), row("a", 50, 90, "macro"), row("a", 100, 190)]
    detections = [row("a", 10, 20, "micro"), row("a", 52, 90), row("a", 100, 191, "macro"), row("a", 10, 21)]
    result = score(detections, coded, "evaluate=macro")
    assert result.counts["spotting.overall.references"] == result.counts["spotting.macro.references"] == 2
    assert result.counts["spotting.overall.detections"] == result.counts["spotting.macro.detections"] == 3
    assert result.counts["spotting.macro.true_positives"] == 2
    assert result.metrics["spotting.macro.f1"] == result.metrics["spotting.overall.f1"]
    assert "1 reference events are micro-expressions (evaluate=macro); what detects them is a false positive" in (
        result.notes
    )
    assert "1 reference events name no kind and count as macro-expressions" in result.notes


def test_without_detections_the_dummy_is_of_the_kind_that_is_evaluated(score):
    coded = [row("a", 50, 90, "macro"), row("b", 50, 90, "macro")]
    result = score([row("a", 50, 90, "macro")], coded, "evaluate=macro", "dummy=true")
    assert result.counts["spotting.macro.detections"] == result.counts["spotting.overall.detections"] == 2


def test_detections_dropped_by_threshold_and_by_number_are_noted(score):
    detections = [row("a", 10, 20, score=0.9), row("a", 30, 40, score=0.6), row("a", 50, 60, score=0.5)]
    result = score(detections, [row("a", 10, 20)], "score_above=0.5", "most_per_video=1")
    assert result.metrics["spotting.overall.precision"] == 1.0
    assert any("1 detections have no score above 0.5" in note for note in result.notes)
    assert any("1 detections are not among the first 1" in note for note in result.notes)


def test_choosing_on_the_test_subjects_is_flagged(score):
    result = score([row("a", 10, 20)], [row("a", 10, 20)], "selection=test")
    assert "optimistic" in result.notes[0]
    assert not any("optimistic" in note for note in score([row("a", 10, 20)], [row("a", 10, 20)]).notes)


def test_a_subject_on_both_sides_of_a_split(tmp_path):
    detections, coded = tmp_path / "pred.csv", tmp_path / "ref.csv"
    detections.write_text("subject,video,onset,offset,fold\ns1,a,1,9,0\ns1,b,1,9,1\ns2,c,1,9,1\n")
    coded.write_text("subject,video,onset,offset\ns1,a,1,9\n")
    with pytest.raises(InputError, match=r"pred.csv:3: the subject '1' is in the folds 0, 1") as caught:
        score_events(detections, coded)
    assert len(caught.value.problems) == 1
    flagged = score_events(detections, coded, changes=["split_subjects=flag"], draws=0)
    assert any("several folds" in note for note in flagged.notes)


def test_lgsnet_counts_kinds_by_length_and_lets_detections_serve_twice(score):
    coded = [row("a", 10, 25, "micro"), row("a", 100, 130, "macro"), row("a", 104, 134, "macro")]
    detections = [row("a", 8.9, 26.2, score=0.9), row("a", 102.7, 132.1, score=0.8), row("a", 500.2, 510.9, score=0.7)]
    result = score(detections, coded, preset="lgsnet")
    assert result.counts["spotting.overall.true_positives"] == 3
    assert result.counts["spotting.micro.detections"] == 1
    assert result.counts["spotting.macro.detections"] == 2
    assert result.metrics["spotting.overall.f1"] == pytest.approx(2 * 3 / (3 + 3))
    by_score = score(detections, coded, "matching=score", preset="lgsnet")
    assert by_score.metrics["spotting.overall.f1"] == pytest.approx(2 * 2 / (3 + 3))


events = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(0, 12), st.sampled_from(["micro", "macro"])),
    unique_by=lambda event: event[:3],
    max_size=8,
)
switches = st.sampled_from(
    ["matching=score", "matching=temporal", "matching=hungarian", "iou=exclusive", "kinds=label"]
)


def rows_of(drawn, prefix=""):
    return [row(f"{prefix}{v}", on, on + length, kind, score=on % 5 / 5) for v, on, length, kind in drawn]


def score_in(folder: Path, detections, coded, *changes):
    paths = [folder / "pred.csv", folder / "ref.csv"]
    for path, rows in zip(paths, (detections, coded), strict=True):
        path.write_text("\n".join([HEADER, *(",".join(map(str, item)) for item in rows)]) + "\n")
    return score_events(*paths, "strict", changes, draws=0)


@given(events, events.filter(bool), switches, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_videos_decides_nothing(tmp_path_factory, detections, coded, switch, random):
    folder = tmp_path_factory.mktemp("order")
    # One video in common, so that the files belong together.
    detections, coded = (
        [*rows_of(detections), row("z", 1, 2, "micro", score=1)],
        [*rows_of(coded), row("z", 1, 2, "micro")],
    )
    before = score_in(folder, detections, coded, switch).metrics
    random.shuffle(detections)
    random.shuffle(coded)
    assert score_in(folder, detections, coded, switch).metrics == before


@given(events, events.filter(bool), switches)
def test_every_video_twice_gives_the_same_scores(tmp_path_factory, detections, coded, switch):
    folder = tmp_path_factory.mktemp("twice")
    detections, coded = (
        [*rows_of(detections), row("z", 1, 2, "micro", score=1)],
        [*rows_of(coded), row("z", 1, 2, "micro")],
    )
    once = score_in(folder, detections, coded, switch)
    again = (
        [(("s2", f"copy{item[1]}", *item[2:])) for item in detections],
        [("s2", f"copy{i[1]}", *i[2:]) for i in coded],
    )
    twice = score_in(folder, [*detections, *again[0]], [*coded, *again[1]], switch)
    assert twice.metrics == pytest.approx(once.metrics)
    assert twice.counts["spotting.overall.detections"] == 2 * once.counts["spotting.overall.detections"]


@given(events.filter(bool), switches)
def test_perfect_and_worst_detections(tmp_path_factory, coded, switch):
    folder = tmp_path_factory.mktemp("ends")
    rows = rows_of(coded)
    perfect = score_in(folder, rows, rows, switch)
    if switch != "matching=temporal":
        assert all(value == 1.0 for key, value in perfect.metrics.items() if ".f1" in key)
    far = [row(item[1], 1000 + item[2], 1000 + item[4], item[5], score=0.5) for item in rows]
    worst = score_in(folder, far, rows, switch)
    assert all(value == 0.0 for key, value in worst.metrics.items() if key.startswith("spotting."))
