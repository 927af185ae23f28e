import pytest

from mevqa.errors import InputError
from mevqa.scoring.comparison import compare_answers

CLIPS = [f"s{n}-a" for n in range(12)]


def rows(right):
    answers = ["negative" if n < right else "positive" for n in range(len(CLIPS))]
    return [(clip, "coarse", answer) for clip, answer in zip(CLIPS, answers, strict=True)]


def test_the_difference_is_second_less_first_and_sure_when_it_is_large(write_rows):
    reference = write_rows("r.jsonl", rows(12), layout="train")
    poor, good = (write_rows(f"{n}.jsonl", rows(n), layout="train") for n in (1, 11))
    result = compare_answers(poor, good, reference, draws=300)
    assert result.metrics["coarse.accuracy"] == pytest.approx(10 / 12)
    assert result.differs("coarse.accuracy") is True
    assert result.details["p"]["coarse.accuracy"] < 0.01
    assert result.groups["answers"]["first"].metrics["coarse.accuracy"] == pytest.approx(1 / 12)
    assert "coarse.majority" not in result.metrics
    assert result.differs("coarse.majority") is None


def test_the_same_answers_do_not_differ(write_rows):
    reference = write_rows("r.jsonl", rows(12), layout="train")
    answers = write_rows("p.jsonl", rows(6), layout="train")
    result = compare_answers(answers, answers, reference, draws=100)
    assert set(result.metrics.values()) == {0.0}
    assert result.differs("coarse.accuracy") is False
    assert result.details["p"]["coarse.accuracy"] == 1.0


def test_the_paired_interval_is_narrower_than_that_of_single_scores(write_rows):
    reference = write_rows("r.jsonl", rows(12), layout="train")
    first, second = (write_rows(f"{n}.jsonl", rows(n), layout="train") for n in (6, 7))
    result = compare_answers(first, second, reference, draws=500)
    low, high = result.intervals["coarse.accuracy"]
    single = result.groups["answers"]["first"].intervals["coarse.accuracy"]
    assert high - low < single[1] - single[0]


def test_the_order_of_the_rows_does_not_matter(write_rows, tmp_path):
    reference = write_rows("r.jsonl", rows(12))
    first, second = write_rows("one.jsonl", rows(3)), write_rows("two.jsonl", rows(9))
    straight = compare_answers(first, second, reference, draws=50)
    second.write_text("".join(reversed(second.read_text().splitlines(keepends=True))))
    assert compare_answers(first, second, reference, draws=50).intervals == straight.intervals


def test_problems_of_both_files_are_reported_together(write_rows, tmp_path):
    reference = write_rows("r.jsonl", rows(12))
    strange = [write_rows(f"{n}.jsonl", [("else", "fine", "fear")]) for n in "ab"]
    with pytest.raises(InputError) as raised:
        compare_answers(*strange, reference)
    assert {problem.path for problem in raised.value.problems} == set(strange)
