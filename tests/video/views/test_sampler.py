from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.types import Moment
from mevqa.video.views.sampler import needs_moments, register_sampler, sample, sampler_names


@st.composite
def spans(draw: st.DrawFn) -> dict[str, int]:
    length = draw(st.integers(1, 400))
    onset, apex, offset = sorted(draw(st.lists(st.integers(0, length - 1), min_size=3, max_size=3)))
    return {"length": length, "onset": onset, "apex": apex, "offset": offset}


@given(span=spans(), strategy=st.sampled_from(sampler_names()), frames=st.integers(1, 40), stride=st.integers(1, 9))
def test_moments_are_unique_ordered_and_inside(span, strategy, frames, stride):
    moments = sample(strategy, **span, frames=frames, stride=stride)
    places = [moment.frame for moment in moments]
    assert places
    assert places == sorted(set(places))
    assert places[0] >= 0 and places[-1] < span["length"]
    assert len({moment.role for moment in moments}) == len(moments)


@pytest.mark.parametrize("strategy", sampler_names())
@pytest.mark.parametrize("length", range(1, 9))
def test_every_short_clip_has_a_moment(strategy, length):
    for onset in range(length):
        for apex in range(onset, length):
            for offset in range(apex, length):
                assert sample(strategy, length=length, onset=onset, apex=apex, offset=offset)


@given(span=spans())
def test_oao_is_the_key_frames(span):
    moments = sample("oao", **span)
    assert {moment.frame for moment in moments} == {span["onset"], span["apex"], span["offset"]}
    assert Moment(span["apex"], "apex") in moments
    assert all(span[moment.role] == moment.frame for moment in moments)


@given(span=spans(), frames=st.integers(1, 15), stride=st.integers(1, 4))
def test_oao_k_is_the_union_of_three_clamped_windows(span, frames, stride):
    places = {moment.frame for moment in sample("oao-k", **span, frames=frames, stride=stride)}
    before, after = (frames - 1) // 2, frames // 2
    wanted = {
        centre + stride * step
        for centre in (span["onset"], span["apex"], span["offset"])
        for step in range(-before, after + 1)
    }
    assert places == {place for place in wanted if 0 <= place < span["length"]}


def test_oao_k_names_a_frame_after_the_nearest_key_frame():
    moments = sample("oao-k", length=20, onset=3, apex=6, offset=15, frames=5)
    roles = {moment.frame: moment.role for moment in moments}
    assert roles[4] == "onset+1" and roles[5] == "apex-1" and roles[8] == "apex+2" and roles[13] == "offset-2"


@given(length=st.integers(1, 400), frames=st.integers(1, 60))
def test_uniform_gives_as_many_as_asked_and_spans_the_clip(length, frames):
    places = [m.frame for m in sample("uniform", length=length, onset=0, apex=0, offset=0, frames=frames)]
    assert len(places) == min(length, frames)
    if len(places) > 1:
        steps = [after - before for before, after in zip(places, places[1:], strict=False)]
        assert places[0] == 0 and places[-1] == length - 1 and max(steps) - min(steps) <= 1


def test_apex_window_is_centred_and_strided():
    places = [m.frame for m in sample("apex-window", length=50, onset=5, apex=20, offset=40, frames=5, stride=3)]
    assert places == [14, 17, 20, 23, 26]


def test_onset_apex_is_the_pair():
    assert sample("onset-apex", length=9, onset=1, apex=4, offset=8) == [Moment(1, "onset"), Moment(4, "apex")]
    assert sample("onset-apex", length=9, onset=4, apex=4, offset=8) == [Moment(4, "apex")]


@pytest.mark.parametrize(
    "span",
    [
        {"length": 0, "onset": 0, "apex": 0, "offset": 0},
        {"length": 5, "onset": 3, "apex": 2, "offset": 4},
        {"length": 5, "onset": 0, "apex": 2, "offset": 5},
        {"length": 5, "onset": -1, "apex": 2, "offset": 4},
        {"length": 5, "onset": 0, "apex": 2, "offset": 4, "frames": 0},
        {"length": 5, "onset": 0, "apex": 2, "offset": 4, "stride": 0},
    ],
)
def test_impossible_spans_are_refused(span):
    with pytest.raises(ValueError):
        sample("oao", **span)


def test_unknown_strategy_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'apex-window'"):
        sample("apex-windw", length=3, onset=0, apex=1, offset=2)


def test_only_uniform_works_without_moments():
    assert [name for name in sampler_names() if not needs_moments(name)] == ["uniform"]


def test_a_new_strategy_is_a_function_and_a_line():
    @register_sampler("ends")
    def _ends(span):
        yield Moment(span.length, "outside")
        yield Moment(span.length - 1, "last")
        yield Moment(0, "first")

    assert sample("ends", length=4, onset=0, apex=0, offset=0) == [Moment(0, "first"), Moment(3, "last")]
    with pytest.raises(ValueError, match="registered already"):
        register_sampler("ends")(_ends)


def test_onset_to_offset_is_even_in_time_at_any_frame_rate():
    moments = sample("onset-offset", length=30, onset=2, apex=9, offset=22, frames=5)
    assert [moment.frame for moment in moments] == [2, 7, 12, 17, 22]
    # The second half of the expression was recorded at half the rate.
    times = np.concatenate([np.arange(12) * 10.0, 110 + np.arange(1, 19) * 20.0])
    uneven = sample("onset-offset", length=30, onset=2, apex=9, offset=22, frames=5, times_ms=times)
    assert [times[moment.frame] for moment in uneven] == pytest.approx(np.linspace(times[2], times[22], 5), abs=10)
    assert [moment.frame for moment in uneven] != [moment.frame for moment in moments]


def test_a_short_expression_gives_each_of_its_frames_once():
    moments = sample("onset-offset", length=9, onset=3, apex=4, offset=6, frames=12)
    assert [moment.frame for moment in moments] == [3, 4, 5, 6]
