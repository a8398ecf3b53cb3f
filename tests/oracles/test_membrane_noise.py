"""Noise that is drawn by counter obeys the law of Brian2's own white noise, xi."""

import numpy as np
import pytest

from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import Dense, MembraneNoise, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF
from bioscnn.simulation import Device, simulate

CELLS, TRIALS, STEPS, SETTLED = 400, 4, 300, 150
SD = 3e-3
DRIVE = 0.15e-9  # three quarters of the rheobase: without noise no cell ever fires


def noisy_cells(noise, V_th):
    cells = Population("cells", (CELLS,), LIF(V_th=V_th), np.full(CELLS, DRIVE), noise=noise)
    no_input = Projection("input", "cells", Dense((1,), (CELLS,), np.zeros((CELLS, 1))), None)
    network = SpikingNetwork((Population("input", (1,)), cells), (no_input,))
    return simulate(network, Currents(np.zeros((TRIALS, 1)), STEPS, 1e-3), Device("numpy"), record=["cells"])[
        "cells"
    ]


def potentials_of(noise):
    return noisy_cells(noise, V_th=1.0).potentials[:, SETTLED:].astype(np.float64) - LIF().R_m * DRIVE


@pytest.mark.parametrize("xi", [False, True])
def test_potentials_follow_an_ornstein_uhlenbeck_process(xi):
    V = potentials_of(MembraneNoise(SD, 5, xi))
    assert abs(V.mean()) < 0.05 * SD
    assert V.std() == pytest.approx(SD, rel=0.03)
    for lag in (1, 5, 20):
        correlation = np.corrcoef(V[:, :-lag].ravel(), V[:, lag:].ravel())[0, 1]
        assert correlation == pytest.approx(np.exp(-lag / 20), abs=0.03)
    assert abs(np.corrcoef(V[:, :, ::2].ravel(), V[:, :, 1::2].ravel())[0, 1]) < 0.03


def test_cells_below_rheobase_fire_as_often_with_either():
    counter, xi = (noisy_cells(MembraneNoise(SD, 5, drawn), V_th=20e-3) for drawn in (False, True))
    assert noisy_cells(None, V_th=20e-3).counts_by_trial.sum() == 0
    assert counter.counts_by_trial.sum() == pytest.approx(xi.counts_by_trial.sum(), rel=0.1)


def test_xi_is_refused_where_every_part_of_a_run_would_draw_the_same():
    cells = Population("cells", (1,), LIF(), noise=MembraneNoise(SD, 5, xi=True))
    projection = Projection("input", "cells", Dense((1,), (1,), np.zeros((1, 1))), None)
    network = SpikingNetwork((Population("input", (1,)), cells), (projection,))
    with pytest.raises(UserError, match="xi is drawn where it is needed"):
        simulate(network, Currents(np.zeros((1, 1)), 3, 1e-3), Device("cpp_standalone"))
