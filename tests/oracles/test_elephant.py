"""The metrics of spike trains against elephant, on random trains and on edge cases."""

import numpy as np
import pytest
import quantities as pq
from elephant import spike_train_correlation, spike_train_dissimilarity, statistics
from neo import SpikeTrain

from bioscnn.metrics import (
    fano_factor,
    interval_statistics,
    intervals,
    population_rate,
    spike_time_tiling,
    time_averaged_rate,
    to_neo,
    trial_averaged_rate,
    van_rossum_distance,
    victor_purpura_distance,
)
from bioscnn.seeds import stream
from tests.unit.test_spikes import from_raster

# elephant 1.2 calls quantities in a way that quantities 0.16 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")

N, STEPS = 7, 60


def edge_cases():
    """Silence, one spike first and last, the same one twice, a spike in every step, and a random train."""
    raster = np.zeros((N, STEPS, 1), bool)
    raster[1, 0] = raster[2, -1] = raster[3, 20] = raster[4, 20] = raster[5] = True
    raster[6] = stream(1, "edge").random((STEPS, 1)) < 0.3
    return raster


RASTERS = {
    "edge cases": edge_cases(),
    "sparse": stream(1, "sparse").random((N, STEPS, 3)) < 0.05,
    "dense": stream(1, "dense").random((N, STEPS, 3)) < 0.4,
}
each_raster = pytest.mark.parametrize("raster", RASTERS.values(), ids=RASTERS)


def mean_over_neurons(trains, measure):
    """Average a matrix over the neurons; elephant gets all trials of one of them."""
    by_neuron = [
        measure([to_neo(trains, trial, [neuron])[0] for trial in range(trains.n_trials)])
        for neuron in range(trains.size)
    ]
    known = ~np.isnan(by_neuron)
    return np.where(known, by_neuron, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


@each_raster
def test_rates(raster):
    trains = from_raster(raster)
    for trial, rates in enumerate(time_averaged_rate(trains)):
        theirs = [statistics.mean_firing_rate(t).rescale(pq.Hz).item() for t in to_neo(trains, trial)]
        assert rates == pytest.approx(np.array(theirs))

    def histogram(rows):
        """Spikes in the middle of their steps, clear of the edges of elephant's half-open bins."""
        spikes = [SpikeTrain(np.flatnonzero(row) + 0.5, units="ms", t_stop=STEPS) for row in rows]
        rate = statistics.time_histogram(spikes, 5 * pq.ms, output="rate")
        return rate.rescale(pq.Hz).magnitude[:, 0]

    assert population_rate(trains, 5e-3) == pytest.approx(np.array([histogram(trial.T) for trial in raster]))
    by_neuron = np.array([histogram(raster[:, :, neuron]) for neuron in range(trains.size)])
    assert trial_averaged_rate(trains, 5e-3) == pytest.approx(by_neuron)


@each_raster
def test_intervals_and_their_variability(raster):
    trains = from_raster(raster)
    rows = interval_statistics(trains, t_ref=2e-3).set_index(["trial", "neuron"])
    every = []
    for trial in range(trains.n_trials):
        for neuron, train in enumerate(to_neo(trains, trial)):
            if len(train) < 2:
                assert (trial, neuron) not in rows.index
                continue
            isi, row = statistics.isi(train), rows.loc[trial, neuron]
            every.append(isi.rescale(pq.s).magnitude)
            assert (row.n_spikes, row.mean_isi) == pytest.approx((len(train), every[-1].mean()))
            if len(train) < 3:
                assert row[["cv", "cv2", "lv", "lvr"]].isna().all()
                continue
            theirs = [f(isi.magnitude) for f in (statistics.cv, statistics.cv2, statistics.lv)]
            theirs.append(statistics.lvr(isi, R=2 * pq.ms))
            assert [row.cv, row.cv2, row.lv, row.lvr] == pytest.approx(theirs, abs=1e-12)
    assert intervals(trains) == pytest.approx(np.concatenate(every))


@each_raster
def test_fano_factors(raster):
    trains = from_raster(raster)
    theirs = [
        statistics.fanofactor([to_neo(trains, trial, [neuron])[0] for trial in range(N)])
        for neuron in range(trains.size)
    ]
    assert fano_factor(trains) == pytest.approx(np.array(theirs), nan_ok=True)


@each_raster
@pytest.mark.parametrize("cost", [0.0, 30.0, 300.0, 5000.0])
def test_victor_purpura_distances(raster, cost):
    trains = from_raster(raster)
    theirs = mean_over_neurons(
        trains, lambda t: spike_train_dissimilarity.victor_purpura_distance(t, cost * pq.Hz)
    )
    assert victor_purpura_distance(trains, cost) == pytest.approx(theirs)


@each_raster
@pytest.mark.parametrize("tau", [1e-3, 10e-3, 1.0])
@pytest.mark.filterwarnings("ignore:van_rossum_distance. very small negative values:RuntimeWarning")
def test_van_rossum_distances(raster, tau):
    trains = from_raster(raster)
    theirs = mean_over_neurons(trains, lambda t: spike_train_dissimilarity.van_rossum_distance(t, tau * pq.s))
    assert van_rossum_distance(trains, tau) == pytest.approx(theirs, abs=1e-6)


@each_raster
@pytest.mark.parametrize("window", [0.4e-3, 2e-3, 5.5e-3, 70e-3])
def test_spike_time_tiling(raster, window):
    trains = from_raster(raster)

    def theirs(spikes):
        pairs = [[(a, b) for b in spikes] for a in spikes]
        tiling = spike_train_correlation.spike_time_tiling_coefficient
        return np.array([[tiling(a, b, window * pq.s) for a, b in row] for row in pairs])

    expected = mean_over_neurons(trains, theirs)
    assert spike_time_tiling(trains, window) == pytest.approx(expected, nan_ok=True)
