"""Normally distributed numbers that belong to a key, a trial and a step."""

import numpy as np
from scipy.stats import kstest

from bioscnn.draws import BLOCK, TABLE, normal_tables, normals
from bioscnn.encoding import Currents
from bioscnn.network import Dense, MembraneNoise, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF
from bioscnn.simulation.numbering import brian_index
from bioscnn.simulation.reference import simulate_reference

N = 3 * BLOCK + 7
STEPS = np.array([normals(5, trial, step, size=N) for trial in range(20) for step in range(50)])


def test_they_are_normal_to_the_tails():
    assert kstest(STEPS.ravel(), "norm").pvalue > 0.01
    share = np.mean(np.abs(STEPS) > 3.5)
    assert 0.5 < share / 4.65e-4 < 1.5


def test_steps_and_neurons_are_uncorrelated():
    between_steps = np.corrcoef(STEPS[:300])
    between_neurons = np.corrcoef(STEPS[:, ::7].T)
    for found, n in ((between_steps, N), (between_neurons, len(STEPS))):
        apart = found[np.triu_indices(len(found), 1)]
        assert abs(apart.mean()) < 5 / np.sqrt(n * len(apart))
        np.testing.assert_allclose(apart.std() * np.sqrt(n), 1, atol=0.03)


def test_neurons_of_one_step_have_no_part_in_common():
    first, second = (np.searchsorted(np.sort(table[:TABLE]), table[:TABLE]) for table in normal_tables())
    assert len(np.unique(first)) == len(np.unique(second)) == TABLE
    sums = normals(5, 2, 3, size=TABLE)
    # Every value of both tables is read once: the sums add up to those of the tables.
    np.testing.assert_allclose(sums.sum(), normal_tables()[:, :TABLE].sum(), atol=1e-9)
    np.testing.assert_allclose(np.square(sums).mean(), 1, atol=0.05)
    one, other = np.array([normals(5, 0, step, size=2 * BLOCK) for step in range(4000)]).reshape(2, -1, BLOCK)
    assert abs(np.mean(one * other)) < 5 / np.sqrt(one.size)


def test_a_number_depends_on_what_it_is_for_and_not_on_how_many_there_are():
    np.testing.assert_array_equal(normals(5, 2, 3, size=10), normals(5, 2, 3, size=N)[:10])
    assert len(np.unique([normals(*what, size=1)[0] for what in ((5, 2, 3), (5, 3, 2), (6, 2, 3))])) == 3


def test_a_membrane_without_input_is_what_the_independent_simulator_draws():
    """Their noise relaxes with the membrane, and begins at rest; three blocks of numbers."""
    shape, noise, n_steps = (2, 17, 20), MembraneNoise(1e-3, key=5), 3
    cells = Population("cells", shape, LIF(), noise=noise)
    silent = Projection("input", "cells", Dense((1,), shape, np.zeros((680, 1))), None)
    network = SpikingNetwork((Population("input", (1,)), cells), (silent,))
    found = simulate_reference(network, Currents(np.zeros((2, 1), np.float32), n_steps, 1e-3))["cells"]
    leak, place = np.exp(-1e-3 / LIF().tau_m), brian_index(np.arange(680, dtype=np.int32), shape)
    for trial in range(2):
        V = np.zeros(680)
        for step in range(n_steps):
            drawn = normals(5, trial, step, size=680)[place]
            V = leak * V + noise.sd * np.sqrt(1 - leak**2) * drawn
            np.testing.assert_allclose(found.potentials[trial, step], V, rtol=1e-5, atol=1e-9)
