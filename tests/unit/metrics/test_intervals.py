import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioscnn.errors import UserError
from bioscnn.extras import how_to_install
from bioscnn.metrics import (
    fano_factor,
    first_spike_latency,
    first_spike_rank,
    interval_statistics,
    intervals,
    to_neo,
)
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from tests.processes import python
from tests.unit.test_spikes import RASTERS, from_raster


def one_train(*steps, n_steps):
    return SpikeTrains(np.zeros(len(steps)), np.array(steps), np.array([0, len(steps)]), 1, n_steps, 1e-3)


@given(RASTERS)
def test_intervals_are_those_of_each_trial_and_neuron_alone(raster):
    expected = [
        np.diff(np.flatnonzero(raster[trial, :, neuron])) * 1e-3
        for trial in range(raster.shape[0])
        for neuron in range(raster.shape[2])
    ]
    assert intervals(from_raster(raster)) == pytest.approx(np.concatenate(expected))


def test_a_clock_is_regular_and_a_poisson_train_is_not():
    clock = interval_statistics(one_train(*range(0, 1000, 10), n_steps=1000), t_ref=0.0).iloc[0]
    assert clock.mean_isi == pytest.approx(10e-3)
    assert clock[["cv", "cv2", "lv", "lvr"]].to_numpy(float) == pytest.approx(np.zeros(4))
    # Sparse enough for the time step not to matter: a mean interval of 1000 steps.
    steps = np.cumsum(np.ceil(stream(1, "poisson").exponential(1000, 20_000))).astype(int)
    poisson = interval_statistics(one_train(*steps, n_steps=steps[-1] + 1), t_ref=0.0).iloc[0]
    assert poisson[["cv", "cv2", "lv", "lvr"]].to_numpy(float) == pytest.approx(np.ones(4), abs=0.05)


def test_a_slow_change_of_the_rate_looks_irregular_to_cv_only():
    steps = np.cumsum(np.repeat([5, 50], 200))
    row = interval_statistics(one_train(*steps, n_steps=steps[-1] + 1), t_ref=0.0).iloc[0]
    assert row.cv > 0.7 and max(row.cv2, row.lv, row.lvr) < 0.02


def test_lvr_takes_the_irregularity_that_refractoriness_hides_back():
    rng = stream(1, "refractory")
    steps = np.cumsum(np.ceil(50 + rng.exponential(1000, 20_000))).astype(int)
    trains = one_train(*steps, n_steps=steps[-1] + 1)
    assert interval_statistics(trains, t_ref=0.0).lvr[0] < 0.9
    assert interval_statistics(trains, t_ref=50e-3).lvr[0] == pytest.approx(1, abs=0.05)


def test_trains_with_two_spikes_have_an_interval_and_no_variability():
    raster = np.zeros((2, 9, 3), bool)
    raster[0, [1, 5], 0] = raster[1, [0, 2, 8], 2] = raster[1, 4, 1] = True
    table = interval_statistics(from_raster(raster), t_ref=2e-3)
    assert table[["trial", "neuron", "n_spikes"]].to_numpy().tolist() == [[0, 0, 2], [1, 2, 3]]
    assert table.mean_isi.tolist() == pytest.approx([4e-3, 4e-3])
    assert table[["cv", "cv2", "lv", "lvr"]].isna().all(axis=1).tolist() == [True, False]
    assert interval_statistics(from_raster(raster[:, :1]), t_ref=2e-3).empty
    with pytest.raises(UserError, match="t_ref"):
        interval_statistics(from_raster(raster), t_ref=-1e-3)


def test_a_million_spikes_take_less_than_a_second():
    rng = stream(1, "million")
    flat = np.flatnonzero(rng.random(200 * 300 * 500, dtype=np.float32) < 1 / 30)
    trial, step, neuron = np.unravel_index(flat, (200, 300, 500))
    trains = SpikeTrains.from_events(trial, step, neuron, n_trials=200, size=500, n_steps=300, dt=1e-3)
    assert trains.n_spikes > 990_000
    interval_statistics(trains[:1], t_ref=2e-3)
    taken = []
    for _ in range(3):
        began = time.process_time()
        interval_statistics(trains, t_ref=2e-3)
        taken.append(time.process_time() - began)
    assert min(taken) < 1


def test_the_fano_factor_is_one_for_poisson_and_zero_for_equal_counts():
    raster = np.zeros((400, 200, 3), bool)
    raster[..., 0] = stream(1, "fano").random((400, 200)) < 0.01
    raster[:, ::20, 1] = True
    poisson, clock, silent = fano_factor(from_raster(raster))
    assert poisson == pytest.approx(0.99, abs=4 * np.sqrt(2 / 400))
    assert clock == 0 and np.isnan(silent)
    with pytest.raises(UserError, match="at least 2 trials"):
        fano_factor(from_raster(raster[:1]))


@settings(deadline=None)  # neo is imported
@given(RASTERS)
def test_the_first_spike_is_the_first_of_its_neo_train(raster):
    trains = from_raster(raster)
    latency = first_spike_latency(trains)
    for trial in range(trains.n_trials):
        firsts = [train[0].item() * 1e-3 if len(train) else np.nan for train in to_neo(trains, trial)]
        assert latency[trial] == pytest.approx(np.array(firsts), nan_ok=True)


@settings(deadline=None)  # neo is imported
@given(RASTERS)
def test_neo_trains_hold_all_spikes_of_the_chosen_neurons(raster):
    trains, last = from_raster(raster), raster.shape[2] - 1
    (train,) = to_neo(trains, 0, [last])
    assert train.times.magnitude == pytest.approx(np.flatnonzero(raster[0, :, last]) + 1)
    assert train.t_stop.item() == pytest.approx(raster.shape[1])
    with pytest.raises(IndexError):
        to_neo(trains, trains.n_trials)


def test_neo_trains_without_neo_say_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(UserError) as refused:
        to_neo(from_raster(np.ones((1, 2, 1), bool)), 0)
    assert refused.value.fix == how_to_install("export")


def test_the_package_is_imported_without_neo_and_elephant():
    code = (
        "import sys; sys.modules |= {'neo': None, 'elephant': None, 'quantities': None}; "
        "import bioscnn.metrics, bioscnn.report, bioscnn.studies.run, bioscnn.experiments.run, bioscnn.cli"
    )
    with python(code) as process:
        assert process.wait(timeout=120) == 0


@given(RASTERS, st.integers(1, 3))
def test_ranks_are_the_order_of_first_spikes_however_stretched(raster, stretch):
    stretched = np.zeros((raster.shape[0], raster.shape[1] * stretch, raster.shape[2]), bool)
    stretched[:, ::stretch] = raster
    rank = first_spike_rank(from_raster(raster))
    assert np.array_equal(rank, first_spike_rank(from_raster(stretched)), equal_nan=True)
    assert np.array_equal(np.isnan(rank), ~raster.any(axis=1))
    first = raster.argmax(axis=1)
    for trial in range(len(raster)):
        fires = np.flatnonzero(raster[trial].any(axis=0))
        assert rank[trial, fires].sum() == pytest.approx(len(fires) * (len(fires) - 1) / 2)
        for a in fires:
            earlier = (first[trial, fires] < first[trial, a]).sum()
            assert rank[trial, a] >= earlier
