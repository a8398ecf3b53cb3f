"""The measured rate curve of a neuron of the user's own, where what its cells do is known."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.neurons import Definition, EquationNeuron, equation_neuron
from bioscnn.neurons.cells import Cells
from bioscnn.neurons.definition import Parameter
from bioscnn.neurons.equation_neuron import COARSE

RHEOBASE, SLOPE = 0.3e-9, 400e9
"""A, and Hz/A."""
SECONDS = equation_neuron.SECONDS
LINEAR = Definition(
    "linear", "dV/dt = (I_syn + I_stim)/C_m : volt", "V > V_th", "V = 0*volt", refractory="t_ref",
    parameters=(Parameter("C_m", 200e-12, "capacitance"), Parameter("t_ref", 2e-3, "time"),
                Parameter("V_th", 20e-3, "voltage")),
)  # fmt: skip


def of_rate(rate):
    """Cells that fire regularly, from the first interval on, at a rate; their V is I times 50 Mohm."""

    def train(f, seconds):
        return np.arange(1, int(seconds * f + 1e-9) + 1) / f if f else np.zeros(0)

    def cells(definition, currents, seconds, dt, parts=()):
        V = 50e6 * currents
        return Cells(tuple(train(f, seconds) for f in rate(currents)), V, V)

    return cells


def saturating(currents, top=200):
    return np.clip(SLOPE * (np.asarray(currents) - RHEOBASE), 0, top)


@pytest.fixture
def measured(monkeypatch):
    def neuron(rate):
        equation_neuron._measured.cache_clear()
        equation_neuron._curve.cache_clear()
        monkeypatch.setattr(equation_neuron, "cells", of_rate(rate))
        return EquationNeuron(LINEAR)

    yield neuron
    equation_neuron._measured.cache_clear()
    equation_neuron._curve.cache_clear()


def test_the_rheobase_is_the_largest_current_without_a_spike(measured):
    # A first spike within the second that is simulated takes 1 Hz.
    first = RHEOBASE + 1 / SECONDS / SLOPE
    neuron = measured(saturating)
    rheobase = neuron.rheobase
    assert first - 1e-3 * first < rheobase < first
    assert neuron.rate(rheobase) == 0 < neuron.rate(rheobase * (1 + 1e-4))


def test_some_five_hundred_cells_are_simulated_for_a_second(measured, monkeypatch):
    """From 1 pA to 1 uA first, then between silence and firing, then up to the top of the curve."""
    neuron, asked = measured(saturating), []
    simulate = equation_neuron.cells

    def told(definition, currents, seconds, dt):
        asked.append((len(currents), seconds, dt, currents[0], currents[-1]))
        return simulate(definition, currents, seconds, dt)

    monkeypatch.setattr(equation_neuron, "cells", told)
    neuron.rate(1e-9)
    assert [one[:3] for one in asked] == [(n, 1.0, neuron.dt) for n in (98, 50, 50, 300)]
    assert asked[0][3:] == (0, pytest.approx(1e-6)) and COARSE[1] == pytest.approx(1e-12)
    assert asked[-1][3] == neuron.rheobase and neuron.dt == 1e-3


def test_the_curve_is_that_of_its_cells_up_to_nine_tenths_of_its_top(measured):
    neuron = measured(saturating)
    currents = np.linspace(RHEOBASE + 0.02e-9, RHEOBASE + 0.44e-9, 30)
    np.testing.assert_allclose(neuron.rate(currents), saturating(currents), rtol=0.02)
    assert neuron.rate([0.0, RHEOBASE]).tolist() == [0, 0]
    top = neuron.rate(1e-6)
    assert 0.9 * 200 <= top <= 200
    for rate in (20.0, 100.0, 170.0):
        assert neuron.current(rate) == pytest.approx(RHEOBASE + rate / SLOPE, rel=0.01)
        assert neuron.rate(neuron.current(rate)) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, -1.0, 200.1, 1000.0])
def test_a_rate_outside_of_the_curve_has_no_current(measured, rate):
    neuron = measured(saturating)
    with pytest.raises(ValueError, match=f"linear fires at up to 200 Hz, not at {rate:g} Hz"):
        neuron.current(rate)
    assert neuron.current(float(neuron.rate(1e-6))) > RHEOBASE


def test_the_curve_ends_before_currents_that_take_a_cell_to_infinity(measured):
    neuron = measured(lambda I: np.where(I < 1.5e-9, saturating(I, 480), 0))
    assert 0.8 * 480 < neuron.rate(1e-6) <= 480
    assert neuron.rate(0.8e-9) == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize(
    ("rate", "problem"),
    [(lambda I: np.full(len(I), 10.0), "fires without input"), (lambda I: 0 * I, "no current makes")],
)
def test_a_neuron_that_always_or_never_fires_is_refused(measured, rate, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        measured(rate).rate(1e-9)
    assert (refusal.value.key, refusal.value.value) == ("neuron.model", "linear")


def test_a_short_window_counts_parts_of_intervals(measured):
    neuron, window = measured(saturating), 25e-3
    currents = RHEOBASE + np.array([10.0, 50.0, 130.0, 170.0]) / SLOPE
    # From the first interval on they fire at one rate: whatever the window, it is that rate.
    np.testing.assert_allclose(neuron.mean_rate(currents, window), saturating(currents), rtol=0.03)
    np.testing.assert_allclose(neuron.mean_rate(currents, np.inf), neuron.rate(currents))
    np.testing.assert_allclose(neuron.mean_rate(currents, SECONDS), neuron.rate(currents))


def adapting(definition, currents, seconds, dt, parts=()):
    """Cells that fire three spikes at 200 Hz and then at 50 Hz; above a current alone."""
    fast = np.concatenate([[5e-3, 10e-3, 15e-3], 15e-3 + 20e-3 * np.arange(1, 49)])
    trains = tuple(fast if current > RHEOBASE else np.zeros(0) for current in currents)
    return Cells(trains, 0 * currents, 0 * currents)


@pytest.mark.parametrize(
    ("window", "spikes"), [(2.5e-3, 0.5), (5e-3, 1), (12e-3, 2.4), (15e-3, 3), (25e-3, 3.5), (55e-3, 5)]
)
def test_the_first_spikes_decide_the_rate_of_a_short_window(measured, monkeypatch, window, spikes):
    neuron = measured(saturating)
    monkeypatch.setattr(equation_neuron, "cells", adapting)
    assert neuron.mean_rate(1e-6, window) == pytest.approx(spikes / window)
    assert neuron.rate(1e-6) == pytest.approx(50)


def test_a_few_spikes_make_a_rate_too(measured):
    """One spike in the second that is simulated, and two."""
    for rate in (1.0, 2.0):
        neuron = measured(lambda I, rate=rate: np.where(I > RHEOBASE, rate, 0.0))
        assert neuron.rate(1e-6) == pytest.approx(rate)


def test_the_working_potential_is_the_mean_one_of_cells_up_to_100_hz(measured):
    V = [
        measured(lambda I, f=f: np.where(I > RHEOBASE, f + saturating(I), 0)).working_potential
        for f in (1, 300)
    ]
    lowest, highest = 50e6 * RHEOBASE, 50e6 * (RHEOBASE + 99 / SLOPE)
    # Currents lie densest near the rheobase, as squares do: their mean is a third of the way up.
    assert V[0] == pytest.approx(lowest + (highest - lowest) / 3, rel=0.01)
    assert V[1] == pytest.approx(lowest, rel=0.001), "the slowest of them"
    once = measured(lambda I: np.where(I > 2 * RHEOBASE, 150, np.where(I > RHEOBASE, 1, 0)))
    assert 1.1 * lowest < once.working_potential < 1.9 * lowest, "those that fire once a second"


@pytest.mark.parametrize(("dt", "t_ref"), [(1e-3, 2e-3), (0.8e-3, 2.4e-3), (4e-3, 4e-3), (5e-3, 0.0)])
def test_a_refractory_period_becomes_the_nearest_whole_number_of_steps(dt, t_ref):
    neuron = EquationNeuron(LINEAR).in_whole_steps(dt)
    assert neuron.t_ref == pytest.approx(t_ref) and neuron.dt == dt
    assert neuron.parameters == {"C_m": 200e-12, "t_ref": neuron.t_ref, "V_th": 20e-3}
    assert [p.name for p in neuron.definition.parameters] == ["C_m", "t_ref", "V_th"]


def test_a_neuron_without_refractory_period_has_none():
    free = Definition("free", LINEAR.equations, "V > 20*mV", "V = 0*volt", parameters=LINEAR.parameters[:1])
    assert EquationNeuron(free).t_ref == 0 and EquationNeuron(free).refractory == "0*second + dt"
    assert EquationNeuron(LINEAR).t_ref == 2e-3 and EquationNeuron(LINEAR).refractory == "t_ref + dt"
