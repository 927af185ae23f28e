"""Features recover the known responses of synthetic signals, and say what is missing."""

import math

import numpy as np
import pytest

pytest.importorskip("mne", reason="the extra physiology is not installed")
pytest.importorskip("neurokit2", reason="the extra physiology is not installed")

from dataclasses import replace

from mevqa.physiology import Response, extract_features, synthetic_signals
from mevqa.physiology.features.definition import GROUPS, feature_groups

ONSETS = [40.0, 85.0, 130.0]
RESPONSE = Response(heart_rate=9, pulse=-0.4, respiration=4, scr=0.4, temperature=-0.02, alpha=-8)
QUIET = 20.0


@pytest.fixture(scope="module")
def signals():
    return synthetic_signals("p", 160, ONSETS, [RESPONSE] * 3, seed=5, rate=250)


@pytest.fixture(scope="module")
def measured(signals):
    return extract_features(signals, [*ONSETS, QUIET], phase=True)


def test_heart_rate_is_found_to_two_beats_a_minute_by_ecg_and_by_ppg(signals, measured):
    by_ppg = extract_features(signals.without(["ecg"]), [*ONSETS, QUIET])
    for events in (measured, by_ppg):
        changes = [event.values["heart_rate_change"] for event in events]
        assert changes[:3] == pytest.approx([9, 9, 9], abs=2) and abs(changes[3]) < 4
        assert [event.values["pulse_amplitude_change"] for event in events[:3]] == pytest.approx([-0.4] * 3, abs=0.05)


def test_skin_conductance_responses_are_at_the_events(measured):
    assert [event.values["scr_count"] for event in measured] == [1, 1, 1, 0]
    assert [event.values["scr_amplitude"] for event in measured[:3]] == pytest.approx([0.4] * 3, abs=0.05)


def test_breathing_temperature_and_alpha_change_as_they_were_made_to(measured):
    rates = [event.values["respiration_rate_change"] for event in measured[:3]]
    assert rates == pytest.approx([4, 4, 4], abs=1.5)
    slopes = [event.values["skin_temperature_slope"] for event in measured[:3]]
    assert slopes == pytest.approx([-1.2] * 3, abs=0.1)
    alpha, gamma = (np.mean([event.values[f"eeg_{band}"] for event in measured[:3]]) for band in ("alpha", "gamma"))
    assert alpha == pytest.approx(-6, abs=2.5) and abs(gamma) < 2
    assert all(math.isfinite(event.values["eeg_plv_alpha"]) for event in measured)


def test_what_was_not_recorded_is_missing_and_never_zero(signals):
    (none,) = extract_features(replace(signals, channels=()), [40.0])
    assert all(math.isnan(value) for value in none.values.values())
    assert none.measured == () and none.flags == dict.fromkeys(GROUPS, "no channel")


def test_a_missing_modality_changes_nothing_of_the_others(signals, measured):
    (features,) = extract_features(signals.without(["eda", "eeg"]), [40.0])
    for name, group in feature_groups().items():
        expected = math.nan if group in ("eda", "eeg") else measured[0].values[name]
        assert features.values[name] == pytest.approx(expected, nan_ok=True), name


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(lambda values: np.full_like(values, np.nan), "not recorded"), (lambda values: np.ones_like(values), "flat")],
)
def test_signals_that_have_come_off_are_missing_with_the_reason(signals, spoil, why):
    channels = [replace(channel, values=spoil(channel.values)) for channel in signals.channels]
    (features,) = extract_features(replace(signals, channels=tuple(channels)), [40.0])
    assert all(math.isnan(value) for value in features.values.values()) and features.measured == ()
    assert why in features.flags["eda"] and why in features.flags["skt"] and why in features.flags["eeg"]


def test_events_at_the_ends_of_a_recording_have_no_baseline_or_no_response(signals):
    first, last = extract_features(signals, [0.5, 159.5])
    for features in (first, last):
        assert features.measured == () and set(features.flags.values()) == {"outside the recording"} | {
            f for f in features.flags.values() if "electrodes" in f
        }


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    ("rate", "missing", "why"),
    [
        (60, ("beta", "gamma"), "beta needs more than 60 Hz, not 60 Hz, gamma needs more than 90 Hz, not 60 Hz"),
        (60.0001, ("beta", "gamma"), "beta needs more than 60 Hz, not 60 Hz"),
        (20, ("alpha", "beta", "gamma"), "alpha needs more than 26 Hz, not 20 Hz"),
        (91, (), ""),
    ],
)
def test_bands_above_half_the_rate_of_the_eeg_are_missing_with_the_reason(rate, missing, why):
    signals = synthetic_signals("p", 12, [6.0], [RESPONSE], seed=5, rate=int(rate), modalities=["eeg"])
    channels = tuple(replace(channel, rate=rate) for channel in signals.channels)
    (features,) = extract_features(replace(signals, channels=channels), [6.0], phase=True)
    names = [name for name, group in feature_groups().items() if group == "eeg"]
    unmeasured = [name for name in names if math.isnan(features.values[name])]
    assert unmeasured == [name for name in names if name.rpartition("_")[2] in missing]
    assert features.flags.get("eeg", "").startswith(why) and ("eeg" in features.flags) == bool(missing)


@pytest.mark.parametrize("rate", [1, 4, 8])
def test_eeg_that_is_sampled_too_slowly_for_every_band_is_not_measured(rate):
    signals = synthetic_signals("p", 12, [6.0], [RESPONSE], seed=5, rate=100, modalities=["eeg"])
    slow = [replace(channel, values=channel.values[:: 100 // rate], rate=float(rate)) for channel in signals.channels]
    (features,) = extract_features(replace(signals, channels=tuple(slow)), [6.0], phase=True)
    assert features.measured == ()
    assert features.flags["eeg"] == f"sampled at {rate} Hz, too slowly for every band"


def test_phase_locking_at_the_ends_of_a_recording_is_missing_and_band_powers_are_not():
    signals = synthetic_signals("p", 12, [6.0], [RESPONSE], seed=5, rate=100, modalities=["eeg"])
    for onset in (2.5, 9.5):
        (features,) = extract_features(signals, [onset], phase=True)
        assert math.isfinite(features.values["eeg_alpha"]) and math.isnan(features.values["eeg_plv_alpha"])
        assert features.flags["eeg"] == "phase locking outside the recording"


def test_short_gaps_are_bridged(signals):
    def gap(channel):
        values = np.array(channel.values)
        values[int(38 * channel.rate) : int(38.3 * channel.rate)] = np.nan
        return replace(channel, values=values)

    (features,) = extract_features(replace(signals, channels=tuple(map(gap, signals.of("eda")))), [40.0])
    assert features.values["scr_count"] == 1


def test_the_same_seed_gives_the_same_signals_whatever_else_is_recorded(signals):
    alone = synthetic_signals("p", 160, ONSETS, [RESPONSE] * 3, seed=5, rate=250, modalities=["eda"])
    assert np.array_equal(alone.channels[0].values, signals.of("eda")[0].values)
    assert not np.array_equal(
        synthetic_signals("p", 20, seed=6, rate=50, modalities=["eda"]).channels[0].values,
        synthetic_signals("p", 20, seed=7, rate=50, modalities=["eda"]).channels[0].values,
    )
