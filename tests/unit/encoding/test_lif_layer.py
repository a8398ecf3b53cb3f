"""Spikes of a LIF layer in closed form, against the simulating oracle and the firing rate."""

import sys

import numpy as np
import pytest

from bioscnn.encoding import Currents, lif_layer
from bioscnn.errors import UserError
from bioscnn.network import Convolution, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF
from bioscnn.seeds import stream
from bioscnn.simulation.reference import simulate_reference

DT = 1e-3
NEURONS = [LIF(), LIF(t_ref=0.0), LIF(tau_m=8e-3, t_ref=3e-3, V_th=15e-3)]


def layer(neuron, shape):
    """A population into which currents flow, one a neuron."""
    one_to_one = Convolution(shape, shape, (1, 1), (0, 0, 0, 0), np.ones((shape[0], 1, 1, 1)), shape[0])
    populations = (Population("input", shape), Population("cells", shape, neuron))
    return SpikingNetwork(populations, (Projection("input", "cells", one_to_one, None),))


def currents(n_trials=20, size=200, n_steps=60, dt=DT, largest=3e-9):
    """Most between silence and the highest rates, as many near the rheobase as far above."""
    values = largest * stream(1, "currents").random((n_trials, size)) ** 3 - 0.05e-9
    return Currents(values.astype(np.float32), n_steps, dt)


@pytest.mark.parametrize("largest", [0.5e-9, 3e-9, 50e-9])
@pytest.mark.parametrize("neuron", NEURONS)
def test_its_spikes_are_those_of_the_simulated_layer(neuron, largest):
    given = currents(largest=largest)
    simulated = simulate_reference(layer(neuron, (1, 1, given.size)), given)["cells"].spikes
    assert lif_layer(given, neuron) == simulated
    assert simulated.n_spikes > 1000


@pytest.mark.parametrize("neuron", NEURONS)
def test_counts_follow_the_firing_rate_and_its_ceiling(neuron):
    given = currents(n_trials=2, n_steps=2000)
    rate = np.minimum(neuron.rate(given.values), 1 / (neuron.t_ref + DT))
    counts = lif_layer(given, neuron).counts()
    assert np.all(np.abs(counts - rate * 2000 * DT) <= 1.01 + DT * rate)


def test_spikes_do_not_depend_on_the_time_step_below_the_ceiling():
    coarse, fine = currents(largest=1e-9), currents(largest=1e-9, n_steps=600, dt=DT / 10)
    assert LIF().rate(coarse.values).max() < 1 / (LIF().t_ref + DT)
    found = [lif_layer(given, LIF()) for given in (coarse, fine)]
    steps = [
        np.stack([s.trial(), s.neuron, s.step // unit], 1) for s, unit in zip(found, (1, 10), strict=True)
    ]
    early = steps[1][:, 2] < 59
    assert np.array_equal(np.unique(steps[1][early], axis=0), np.unique(steps[0], axis=0))
    assert np.count_nonzero(early) == found[0].n_spikes > 3000


def test_neurons_at_the_rheobase_and_below_are_silent():
    rheobase = np.float32(LIF().rheobase)
    values = np.float32([[-1e-9, 0, 0.5 * rheobase, np.nextafter(rheobase, np.float32(0))]])
    assert lif_layer(Currents(values, 10_000, DT), LIF()).n_spikes == 0


def test_nothing_fires_in_the_last_step():
    spikes = lif_layer(currents(largest=50e-9), LIF(t_ref=0.0))
    assert spikes.step.max() == 58


def test_trials_in_parts_are_the_same_trials(monkeypatch):
    whole = lif_layer(currents(), LIF())
    monkeypatch.setattr(sys.modules[lif_layer.__module__], "_RASTER", 3 * 60 * 200)
    assert lif_layer(currents(), LIF()) == whole


def test_no_trials_make_no_spikes():
    spikes = lif_layer(currents()[:0], LIF())
    assert (spikes.n_trials, spikes.n_spikes, spikes.size) == (0, 0, 200)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_reset_without_closed_form_is_refused(reset):
    with pytest.raises(UserError, match=r"neuron\.reset"):
        lif_layer(currents(), LIF(reset=reset))


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((1, 2, 3)), np.array([[0.0, np.nan]])])
def test_currents_are_finite_and_one_row_per_trial(values):
    with pytest.raises(ValueError, match="currents"):
        Currents(values.astype(np.float32), 5, 1e-3)
