"""Currents that are fitted to the rates that neurons show."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bioscnn.conversion import rate_matching
from bioscnn.conversion.rate_matching import GAMMA, linear_current, matched_currents, observed_rate
from bioscnn.neurons import IF, LIF, AdaptiveLIF
from bioscnn.seeds import stream

NEURONS = [LIF(), IF(t_ref=3e-3), AdaptiveLIF()]
NAMES = [type(neuron).__name__ for neuron in NEURONS]


@pytest.mark.parametrize("neuron", NEURONS, ids=NAMES)
def test_a_window_misses_half_a_spike_and_spikes_reach_neurons_below_the_rheobase(neuron):
    current = np.linspace(-0.1e-9, 1e-9, 50)
    for window in (20e-3, 0.1):
        steady = neuron.mean_rate(current, window) - 0.5 / window
        np.testing.assert_array_equal(observed_rate(neuron, current, window), np.maximum(steady, 0))
    np.testing.assert_array_equal(observed_rate(neuron, current), neuron.rate(current))
    soft = observed_rate(neuron, current, fluctuating=True)
    if neuron.rheobase == 0:
        np.testing.assert_array_equal(soft, neuron.rate(current))
        return
    above = GAMMA * np.log1p(np.exp((current / neuron.rheobase - 1) / GAMMA))
    np.testing.assert_allclose(soft, neuron.rate(neuron.rheobase * (1 + above)), rtol=1e-9)
    assert soft[current < 0.9 * neuron.rheobase].max() > 1


def test_the_linear_current_gives_no_spike_at_0_and_the_highest_rate_at_1():
    for neuron in NEURONS:
        offset, slope = linear_current(neuron, 150.0)
        assert neuron.rate(offset) == 0 and neuron.rate(offset + slope) == pytest.approx(150, rel=1e-5)


@pytest.mark.parametrize("neuron", NEURONS, ids=NAMES)
@pytest.mark.parametrize(("window", "fluctuating"), [(np.inf, True), (50e-3, False), (50e-3, True)])
def test_no_other_currents_show_nearer_rates(neuron, window, fluctuating):
    """SciPy's simplex finds none but at a kink, where rates begin, and then hardly better ones."""
    rng, max_rate = stream(1, "pairs"), 150.0
    x = rng.gamma(0.7, 0.3, (3, 40)) - 0.1
    y = np.maximum(x + rng.normal(0, 0.05, x.shape), 0)
    found = matched_currents(neuron, x, y, max_rate, window, fluctuating=fluctuating)
    top = neuron.current(max_rate)

    def error(fit, own, wanted):
        if fit[0] > neuron.rheobase / top or fit[1] < 0:
            return np.inf
        rates = observed_rate(neuron, top * (fit[0] + fit[1] * own), window, fluctuating=fluctuating)
        return np.mean((rates / max_rate - wanted) ** 2)

    assert np.all(found[:, 0] <= neuron.rheobase * (1 + 1e-12)) and np.all(found[:, 1] >= 0)
    for fit, own, wanted in zip(found / top, x, y, strict=True):
        for start in (fit, np.array(linear_current(neuron, max_rate)) / top):
            other = minimize(error, start, (own, wanted), method="Nelder-Mead", options={"xatol": 1e-6})
            assert error(fit, own, wanted) <= other.fun * 1.02 + 1e-12


@pytest.mark.parametrize("neuron", NEURONS, ids=NAMES)
def test_a_fit_ends_by_itself(neuron, monkeypatch):
    """Of two searches of 200 steps each, three rates in a step, most steps are never taken."""
    counted = []

    def count(*arguments, **keys):
        counted.append(arguments)
        return observed_rate(*arguments, **keys)

    monkeypatch.setattr(rate_matching, "observed_rate", count)
    x = stream(1, "pairs").gamma(0.7, 0.3, (3, 40)) - 0.1
    for window, fluctuating in ((np.inf, True), (50e-3, True), (50e-3, False)):
        counted.clear()
        matched_currents(neuron, x, np.maximum(x, 0), 150.0, window, fluctuating=fluctuating)
        assert 36 < len(counted) < 400


def test_channels_are_fitted_by_themselves_and_the_order_of_their_pairs_says_nothing():
    rng = stream(2, "pairs")
    x = rng.gamma(0.7, 0.3, (4, 500)) * np.array([0.5, 1, 2, 3])[:, None]
    y = np.maximum(x - 0.1, 0)
    together = matched_currents(LIF(), x, y, 100.0, 0.1)
    for row in range(4):
        order = rng.permutation(500)
        alone = matched_currents(LIF(), x[row : row + 1, order], y[row : row + 1, order], 100.0, 0.1)
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-6)


def test_a_rare_activation_is_seen_among_many_that_are_silent():
    """As many groups are made of what is active as of what is not."""
    x = np.concatenate([np.full(20_000, -1.0), np.linspace(0.05, 1, 40)])[None]
    y = np.maximum(x, 0)
    (offset, slope), max_rate = matched_currents(IF(), x, y, 200.0)[0], 200.0
    np.testing.assert_allclose(IF().rate(offset + slope * x[0, -40:]), max_rate * y[0, -40:], rtol=1e-4)


def test_what_arrives_and_is_not_wanted_is_seen_among_many_that_are_silent():
    """Half of what arrives stands for an activation, half for none: the line between is the nearest."""
    arriving = np.linspace(0.05, 1, 40)
    x = np.concatenate([np.full(20_000, -1.0), arriving, arriving])[None]
    y = np.concatenate([np.zeros(20_000), arriving, 0 * arriving])[None]
    ((offset, slope),) = matched_currents(IF(), x, y, 200.0)
    np.testing.assert_allclose(IF().rate(offset + slope * arriving), 100 * arriving, rtol=0.02, atol=0.5)


def test_pairs_of_which_none_is_active_are_silent():
    x = np.linspace(-2, -0.5, 30)[None]
    ((offset, slope),) = matched_currents(LIF(), x, 0 * x, 100.0)
    assert np.all(LIF().rate(offset + slope * x) == 0)
