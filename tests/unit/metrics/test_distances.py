"""Distances between spike trains, against hand-computed values and a slow evaluation by the definition."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import (
    isi_distance,
    spike_distance,
    spike_time_tiling,
    van_rossum_distance,
    victor_purpura_distance,
)
from bioscnn.seeds import stream
from tests.unit.test_spikes import from_raster

DISTANCES = {
    "victor-purpura": partial(victor_purpura_distance, cost=200.0),
    "van rossum": partial(van_rossum_distance, tau=5e-3),
    "isi": isi_distance,
    "spike": spike_distance,
}
each_distance = pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)


def trials(*times, end):
    """Trials of one neuron that spikes at these times in ms."""
    raster = np.zeros((len(times), end, 1), bool)
    for row, its_times in zip(raster, times, strict=True):
        row[np.array(its_times, int) - 1] = True
    return from_raster(raster)


def random_raster(n=6, steps=40, size=4, rate=0.15):
    raster = stream(5, "trains").random((n, steps, size)) < rate
    raster[0, :, 0] = False
    raster[:, :, -1] = False
    raster[1, :, 1] = raster[2, :, 1]
    return raster


@each_distance
def test_distances_are_symmetric_positive_and_zero_between_equal_trains(distance):
    raster = random_raster()
    raster[4] = raster[3]
    matrix = distance(from_raster(raster))
    assert matrix.shape == (6, 6) and matrix.dtype == np.float64
    assert np.array_equal(matrix, matrix.T)
    assert np.all(np.diag(matrix) == 0) and matrix[3, 4] == 0
    different = ~np.eye(6, dtype=bool)
    different[3, 4] = different[4, 3] = False
    assert np.all(matrix[different] > 0)


@each_distance
def test_distances_are_means_over_neurons(distance):
    raster = random_raster()
    alone = [distance(from_raster(raster[:, :, [k]])) for k in range(raster.shape[2])]
    assert distance(from_raster(raster)) == pytest.approx(np.mean(alone, axis=0))


@each_distance
def test_trials_of_one_recording_are_compared_with_those_of_another(distance):
    trains = from_raster(random_raster())
    whole = distance(trains)
    assert distance(trains[:2], other=trains[2:]) == pytest.approx(whole[:2, 2:])
    assert spike_time_tiling(trains[:2], 3e-3, trains[2:]) == pytest.approx(
        spike_time_tiling(trains, 3e-3)[:2, 2:], nan_ok=True
    )


@pytest.mark.parametrize("distance", [*DISTANCES.values(), partial(spike_time_tiling, window=5e-3)])
@pytest.mark.parametrize(("key", "value"), [("dt", 1e-4), ("n_steps", 41), ("size", 5)])
def test_trains_that_cannot_be_compared_are_refused(distance, key, value):
    trains = from_raster(random_raster())
    with pytest.raises(UserError, match="cannot be compared") as refused:
        distance(trains, other=replace(trains, **{key: value}))
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (partial(victor_purpura_distance, cost=-1.0), "cost"),
        (partial(victor_purpura_distance, cost=np.inf), "cost"),
        (partial(van_rossum_distance, tau=0.0), "tau"),
        (partial(spike_time_tiling, window=0.0), "window"),
    ],
)
def test_impossible_time_scales_are_refused(call, key):
    with pytest.raises(UserError) as refused:
        call(from_raster(random_raster()))
    assert refused.value.key == key


@each_distance
def test_silent_and_empty_populations_are_at_distance_zero(distance):
    assert distance(from_raster(np.zeros((3, 5, 2), bool))).tolist() == [[0.0] * 3] * 3
    assert distance(from_raster(np.zeros((0, 5, 2), bool))).shape == (0, 0)
    assert np.all(distance(from_raster(np.ones((2, 1, 3), bool))) == 0)


def test_moving_a_spike_is_cheaper_than_replacing_it_only_when_it_is_near():
    trains = trials([10, 50], [14, 50], [90], [], end=100)
    expected = [[0, 0.4, 3, 2], [0.4, 0, 3, 2], [3, 3, 0, 1], [2, 2, 1, 0]]
    assert victor_purpura_distance(trains, cost=100.0) == pytest.approx(np.array(expected))
    counts = np.array([2, 2, 1, 0])
    assert victor_purpura_distance(trains, cost=0.0) == pytest.approx(np.abs(counts[:, None] - counts))


def test_van_rossum_is_the_difference_of_counts_for_long_and_of_spikes_for_short_time_constants():
    trains = trials([10, 50], [14, 50], [90], [], end=100)
    counts = np.array([2, 2, 1, 0])
    assert van_rossum_distance(trains, 1e6) == pytest.approx(np.abs(counts[:, None] - counts), abs=0.01)
    unshared = np.array([[0, 2, 3, 2], [2, 0, 3, 2], [3, 3, 0, 1], [2, 2, 1, 0]])
    assert van_rossum_distance(trains, 1e-5) == pytest.approx(np.sqrt(unshared))
    assert van_rossum_distance(trains, 4e-3)[0, 1] == pytest.approx(np.sqrt(2 - 2 * np.exp(-1)))


def test_tiling_is_one_for_equal_trains_nan_for_silence_and_near_zero_for_independent_ones():
    raster = stream(3, "tiling").random((20, 300, 30)) < 0.02
    raster[0] = False
    tiling = spike_time_tiling(from_raster(raster), 5.5e-3)
    assert np.isnan(tiling[0]).all() and np.isnan(tiling[:, 0]).all()
    assert np.diag(tiling)[1:] == pytest.approx(1)
    independent = tiling[1:, 1:][~np.eye(19, dtype=bool)]
    assert abs(independent.mean()) < 0.01
    assert np.array_equal(tiling, tiling.T, equal_nan=True)


def test_isi_distance_of_five_against_four_spikes_by_hand():
    distance = isi_distance(trials([4, 8, 12, 14], [6, 9, 16, 18, 19], end=20))[0, 1]
    pieces = [
        (4, 2 / 6), (2, 2 / 6), (2, 1 / 4), (1, 1 / 4), (3, 3 / 7),
        (2, 5 / 7), (2, 1 / 7), (2, 4 / 6), (1, 5 / 6), (1, 5 / 6),
    ]  # fmt: skip
    assert distance == pytest.approx(sum(length * value for length, value in pieces) / 20)


def test_isi_and_spike_distance_of_single_spikes_by_hand():
    """Spikes at 4 and 6 of 10 ms: both S are 2 ms throughout, and the intervals 4 or 6 ms."""
    trains = trials([4], [6], end=10)
    assert isi_distance(trains)[0, 1] == pytest.approx((4 / 3 + 0 + 4 / 3) / 10)
    assert spike_distance(trains)[0, 1] == pytest.approx((4 * 4 / 10 + 2 * 4 / 12 + 4 * 4 / 10) / 10)


def test_spike_distance_against_silence_by_hand():
    """Silence counts as spikes at 0 and 10; the spike at 4 is 4 from one, and these are 0 from its edges.

    S of the spike is 4 throughout; S of silence is 0, as auxiliary spikes lie at both borders.
    """
    left, right = 2 * 4 * 10 / (4 + 10) ** 2, 2 * 4 * 10 / (6 + 10) ** 2
    assert spike_distance(trials([4], [], end=10))[0, 1] == pytest.approx((4 * left + 6 * right) / 10)


def slow_profiles(a, b, end):
    """Return ISI- and SPIKE-profile of two lists of times in the middle of each ms, by the definitions."""

    def around(spikes, t):
        before, after = [s for s in spikes if s <= t], [s for s in spikes if s > t]
        first, last = spikes[0], spikes[-1]
        gap = len(spikes) > 1
        start = min(0, first - (spikes[1] - first)) if gap else 0
        stop = max(end, last + (last - spikes[-2])) if gap else end
        return (before or [start])[-1], (after or [stop])[0], (before or [first])[-1], (after or [last])[0]

    def with_borders(spikes):
        start, *_ = around(spikes, spikes[0] - 0.5)
        _, stop, *_ = around(spikes, spikes[-1] + 0.5)
        return [start, *spikes, stop]

    a, b = a or [0, end], b or [0, end]
    isi, spike = [], []
    for t in np.arange(end) + 0.5:
        nu, s = [], []
        for spikes, others in ((a, b), (b, a)):
            before, after, previous, following = around(spikes, t)
            to_previous, to_following = (
                min(abs(spike - other) for other in with_borders(others)) for spike in (previous, following)
            )
            nu.append(after - before)
            s.append((to_previous * (after - t) + to_following * (t - before)) / nu[-1])
        isi.append(abs(nu[0] - nu[1]) / max(nu))
        spike.append((s[0] * nu[1] + s[1] * nu[0]) / (2 * np.mean(nu) ** 2))
    return np.mean(isi), np.mean(spike)


@pytest.mark.parametrize("rate", [0.03, 0.15, 0.6])
def test_isi_and_spike_distance_are_the_means_of_their_profiles(rate):
    raster = stream(7, "profiles").random((12, 25, 1)) < rate
    raster[0], raster[1], raster[2] = False, np.arange(25)[:, None] == 24, np.arange(25)[:, None] == 0
    trains = from_raster(raster)
    times = [(np.flatnonzero(row) + 1).tolist() for row in raster[:, :, 0]]
    slow = np.array([[slow_profiles(a, b, 25) for b in times] for a in times])
    assert isi_distance(trains) == pytest.approx(slow[..., 0])
    assert spike_distance(trains) == pytest.approx(slow[..., 1])


def test_blocks_of_trials_give_what_all_trials_at_once_give(monkeypatch):
    trains = from_raster(random_raster())
    before = [DISTANCES[name](trains) for name in ("victor-purpura", "isi", "spike")]
    for room in ("distances", "profiles"):
        monkeypatch.setattr(f"bioscnn.metrics.{room}._BLOCK", 1)
    after = [DISTANCES[name](trains) for name in ("victor-purpura", "isi", "spike")]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
