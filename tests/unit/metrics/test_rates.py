"""What each of the three rates sees, and what it is blind to."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import population_rate, time_averaged_rate, trial_averaged_rate
from bioscnn.seeds import stream
from tests.unit.test_spikes import from_raster

N, TRIALS, STEPS, WINDOW = 120, 100, 200, 10e-3
TRIAL = STEPS * 1e-3


def poisson(rate):
    """Independent spikes at a rate in Hz, which broadcasts to (trial, step, neuron)."""
    return from_raster(stream(1, "poisson").random((TRIALS, STEPS, N)) < np.asarray(rate) * 1e-3)


def test_the_three_rates_agree_for_stationary_input_within_their_sampling_errors():
    trains, rate = poisson(50.0), 50.0
    rates_and_seconds = [
        (time_averaged_rate(trains), TRIAL),
        (population_rate(trains, WINDOW), N * WINDOW),
        (trial_averaged_rate(trains, WINDOW), TRIALS * WINDOW),
    ]
    for estimate, seconds in rates_and_seconds:
        error = np.sqrt(rate * (1 - rate * 1e-3) / seconds)
        assert estimate.mean() == pytest.approx(rate, abs=4 * np.sqrt(rate / (N * TRIALS * TRIAL)))
        assert estimate.std() == pytest.approx(error, rel=5 / np.sqrt(2 * estimate.size))


def test_only_the_time_average_is_blind_to_a_step_of_the_rate():
    rate = np.where(np.arange(STEPS) < STEPS // 2, 20.0, 80.0)[:, None]
    stepped, steady = poisson(rate), poisson(50.0)
    assert time_averaged_rate(stepped).mean() == pytest.approx(time_averaged_rate(steady).mean(), rel=0.02)
    for seen in (population_rate(stepped, WINDOW), trial_averaged_rate(stepped, WINDOW)):
        early, late = np.split(seen.mean(axis=0), 2)
        assert early == pytest.approx(20.0, abs=5) and late == pytest.approx(80.0, abs=5)


def test_the_population_rate_is_blind_to_who_fires():
    uneven = poisson(np.repeat([10.0, 90.0], N // 2))
    assert population_rate(uneven, WINDOW).mean(axis=0) == pytest.approx(50.0, abs=5)
    for seen in (time_averaged_rate(uneven).mean(axis=0), trial_averaged_rate(uneven, WINDOW).mean(axis=1)):
        quiet, loud = np.split(seen, 2)
        assert quiet.mean() == pytest.approx(10.0, abs=1) and loud.mean() == pytest.approx(90.0, abs=2)


def test_an_oscillation_that_is_not_locked_to_the_stimulus_is_lost_in_the_trial_average():
    phase = stream(1, "phase").random((TRIALS, 1, 1))
    time = np.arange(STEPS)[:, None] * 1e-3

    def depth(rate):
        return rate.std(axis=-1).mean() / rate.mean()

    locked = poisson(50 * (1 + np.sin(2 * np.pi * 20 * time)))
    random = poisson(50 * (1 + np.sin(2 * np.pi * (20 * time + phase))))
    for trains in (locked, random):
        assert depth(population_rate(trains, WINDOW)) == pytest.approx(np.sqrt(0.5), rel=0.1)
    assert depth(trial_averaged_rate(locked, WINDOW)) == pytest.approx(np.sqrt(0.5), rel=0.1)
    assert depth(trial_averaged_rate(random, WINDOW)) < 0.25


def test_each_spike_counts_in_one_window_once():
    trains = from_raster(stream(2, "raster").random((5, 12, 7)) < 0.3)
    for window in (1e-3, 3e-3, 4e-3, 12e-3):
        total = population_rate(trains, window).sum() * 7 * window
        assert total == pytest.approx(trains.n_spikes)
        assert trial_averaged_rate(trains, window).sum() * 5 * window == pytest.approx(trains.n_spikes)


@pytest.mark.parametrize(
    ("window", "why"),
    [(2.5e-3, "a multiple of 0.001 s"), (0.0, "a multiple of 0.001 s"), (5e-3, "this window has 5")],
)
def test_a_window_that_does_not_fit_is_refused_with_the_reason(window, why):
    trains = from_raster(np.ones((1, 12, 1), bool))
    for rate in (population_rate, trial_averaged_rate):
        with pytest.raises(UserError, match=why) as refused:
            rate(trains, window)
        assert refused.value.key == "window"
