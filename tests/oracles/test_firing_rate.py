"""The simulated firing rate under a constant current against its closed form, for any time step."""

import numpy as np
import pytest

from bioscnn.encoding import Currents
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF
from bioscnn.simulation import Device, simulate

pytestmark = pytest.mark.slow

J = np.linspace(0.9, 12, 50)  # in units of the rheobase
SECONDS = 20
CPP = Device("cpp_standalone", "float64")


def rates(neurons, dt):
    """Simulated rates in Hz by name, shape (50,), of neurons under currents of J times the LIF's rheobase."""
    source = Population("input", (50,))
    populations = [Population(name, (50,), neuron) for name, neuron in neurons.items()]
    wires = [Projection("input", name, Dense((50,), (50,), np.eye(50)), None) for name in neurons]
    stimulus = Currents((J * LIF().rheobase)[None].astype(np.float32), round(SECONDS / dt), dt)
    recording = simulate(SpikingNetwork((source, *populations), tuple(wires)), stimulus, CPP)
    return {name: recording[name].counts_by_neuron / SECONDS for name in neurons}


def first_crossing(dt, start=0.0):
    """Steps until V passes the threshold from `start` (in units of V_th), for currents above the rheobase."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = -20e-3 / dt * np.log((J - 1) / (J - start))
    return np.floor(exact) + 1


@pytest.mark.parametrize("dt", [1e-3, 0.5e-3, 0.1e-3])
def test_firing_rate_matches_the_closed_form_at_any_time_step(dt):
    refractory = {f"ref{round(1e3 * t)}": t for t in (0.0, 1e-3, 2e-3, 5e-3)}
    simulated = rates({name: LIF(t_ref=t_ref) for name, t_ref in refractory.items()}, dt)
    for name, t_ref in refractory.items():
        closed = LIF(t_ref=t_ref).rate(J * LIF().rheobase)
        fires = (closed > 0) & (closed < 1 / (t_ref + dt))
        assert fires.sum() >= 40
        error = np.abs(simulated[name][fires] / closed[fires] - 1)
        assert error.max() <= 0.005, f"{name}: J = {J[fires][error.argmax()]:.2f}"
        assert np.all(simulated[name][closed == 0] == 0)


@pytest.mark.parametrize("dt", [1e-3, 0.5e-3])
def test_the_other_reset_rules_lose_what_they_are_known_to_lose(dt):
    t_ref, above = 2e-3, J > 1.02
    neurons = {rule: LIF(t_ref=t_ref, reset=rule) for rule in ("exact", "subtract", "zero")}
    simulated = rates(neurons | {"leakless": IF(t_ref=t_ref, reset="subtract")}, dt)

    # zero: every interval is a whole number of steps, from rest to the first step above threshold.
    interval = first_crossing(dt)[above] * dt + t_ref
    assert np.allclose(simulated["zero"][above], 1 / interval, rtol=0.005, atol=1 / SECONDS)

    # subtract: forgets what leaked since the crossing, V_th dt / (2 tau_m) on average, which the drive
    # J V_th / tau_m makes good in dt / (2 J).
    expected = 1 / (1 / LIF(t_ref=t_ref).rate(J[above] * LIF().rheobase) + dt / (2 * J[above]))
    assert np.allclose(simulated["subtract"][above], expected, rtol=0.02)

    # The order is that of the charge kept.
    assert np.all(simulated["zero"] <= simulated["subtract"] + 1 / SECONDS)
    assert np.all(simulated["subtract"] <= simulated["exact"] + 1 / SECONDS)

    # Without a leak there is nothing to forget, and subtraction is exact.
    closed = IF(t_ref=t_ref).rate(J * LIF().rheobase)
    assert np.allclose(simulated["leakless"], closed, rtol=0.005)
