import pytest
from pydantic import ValidationError

from mevqa.video.motion.evidence import MotionEvidence, RegionMotion
from mevqa.video.views.evidence import EvidenceWording, Timing, evidence_text, evidence_wording

TIMING = Timing(100.0, 263.0, 475.0)


def test_the_text_names_regions_directions_sizes_side_and_times():
    moved = (
        RegionMotion("left mouth corner", 0.012, -0.016),
        RegionMotion("right mouth corner", 0.008, 0.0),
        RegionMotion("chin", -0.001, 0.005),
    )
    assert evidence_text(MotionEvidence(moved), TIMING) == (
        "Measured motion of the face from onset to apex, in percent of the distance between the eyes, the strongest "
        "first: left mouth corner 2.0 % up and outwards, right mouth corner 0.8 % inwards, chin 0.5 % down. Both sides "
        "of the face take part. Rise from onset to apex 160 ms, fall from apex to offset 210 ms, 380 ms in all."
    )
    assert "on the subject's left side" in evidence_text(MotionEvidence(moved[:1], side="left"), TIMING)


def test_what_did_not_move_and_what_was_not_measured_is_said_so():
    assert "no region moved" in evidence_text(MotionEvidence(), TIMING)
    assert evidence_text(MotionEvidence(unmeasured=("chin",)), TIMING).endswith("Not measured: chin.")
    assert evidence_text(MotionEvidence(failure="no face was found"), TIMING) == (
        "The motion of the face was not measured: no face was found."
    )


def test_numbers_and_length_are_bounded():
    names = [f"left {'very ' * 8}long name {number}" for number in range(30)]
    moved = tuple(RegionMotion(name, 0.9, 0.9) for name in names)
    text = evidence_text(MotionEvidence(moved, tuple(names), "left"), Timing(0.0, 60_000.0, 99_999.0))
    words = evidence_wording()
    assert len(text) <= words.most_characters
    assert "over 12 %" in text and "over 5000 ms" in text


def test_a_wording_that_lacks_a_slot_is_refused():
    good = evidence_wording().model_dump()
    for changed in ({"region": "{name} moved"}, {"still": "nothing {regions}"}, {"most_percent": 0}, {"new": "x"}):
        with pytest.raises(ValidationError):
            EvidenceWording(**{**good, **changed})
