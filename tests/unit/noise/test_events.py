"""Noise of event cameras, measured: rates, shares, times; and what a recording remains."""

import numpy as np
import pytest

from bioscnn.datasets import EventSet, EventStream
from bioscnn.noise import NOISES, BackgroundActivity, EventJitter, EventLoss, HotPixels
from bioscnn.seeds import stream

WIDTH, HEIGHT = 40, 30
each_kind = pytest.mark.parametrize(
    "kind", [kind for kind in NOISES.values() if kind.acts_on == "events"], ids=lambda kind: kind.name
)


def recordings(n=20, n_events=3000, last_us=300_000):
    rng = stream(1, "recordings")
    streams = []
    for _ in range(n):
        t_us = np.sort(rng.integers(0, last_us, n_events))
        t_us[-1:] = last_us
        p = rng.random(n_events) < 0.5
        x, y = rng.integers(0, WIDTH, n_events), rng.integers(0, HEIGHT, n_events)
        streams.append(EventStream(x, y, t_us, p, (WIDTH, HEIGHT)))
    labels = np.zeros(n, int)
    return EventSet(tuple(streams), labels, ("0",), (WIDTH, HEIGHT), "any", "test", "a test", False)


@each_kind
def test_a_noisy_recording_is_in_order_on_the_sensor_and_no_longer(kind):
    clean = recordings(5)
    for one in kind.at(5).apply(clean, stream(1, "noise")):  # EventStream checks the sensor and the order
        assert len(one) and one.t_us[-1] <= 300_000 and one.sensor_size == (WIDTH, HEIGHT)


@each_kind
def test_a_noisy_recording_reads_the_same_every_time_and_whatever_comes_after_it(kind):
    noisy = kind.at(5).apply(recordings(5), stream(1, "noise"))
    few = kind.at(5).apply(recordings(5).take(2), stream(1, "noise"))
    assert noisy[1] == noisy[1] == few[1] and noisy.sha256 == noisy.sha256
    assert noisy[0] != noisy[1]


@each_kind
def test_a_recording_without_events_stays_without(kind):
    nothing = recordings(2, n_events=0)
    assert [len(one) for one in kind.at(5).apply(nothing, stream(1, "noise"))] == [0, 0]


def test_background_activity_has_its_rate_on_every_pixel_at_all_times_in_both_polarities():
    clean = recordings()
    noisy = BackgroundActivity(5.0).apply(clean, stream(1, "noise"))
    added = sum(map(len, noisy)) - sum(map(len, clean))
    expected = 5.0 * WIDTH * HEIGHT * 0.3 * len(clean)  # 36,000
    assert added == pytest.approx(expected, abs=4 * np.sqrt(expected))
    alone = BackgroundActivity(1000.0).apply(recordings(1, n_events=1), stream(2, "noise"))[0]
    counts = np.bincount(alone.y.astype(int) * WIDTH + alone.x, minlength=WIDTH * HEIGHT)
    assert len(counts) == WIDTH * HEIGHT
    assert counts.mean() == pytest.approx(300, rel=0.01) and counts.std() == pytest.approx(17.3, rel=0.1)
    assert np.mean(alone.p) == pytest.approx(0.5, abs=0.005)
    assert np.histogram(alone.t_us, 10)[0] == pytest.approx(len(alone) / 10, rel=0.03)


def test_the_events_of_the_recording_are_still_there_in_background_activity():
    clean = recordings(2)
    for one, other in zip(clean, BackgroundActivity(5.0).apply(clean, stream(1, "noise")), strict=True):
        found = set(
            zip(other.t_us.tolist(), other.x.tolist(), other.y.tolist(), other.p.tolist(), strict=True)
        )
        assert found >= set(
            zip(one.t_us.tolist(), one.x.tolist(), one.y.tolist(), one.p.tolist(), strict=True)
        )


def test_hot_pixels_are_as_many_as_asked_the_same_ones_in_all_recordings_and_fire_at_100_hz():
    noisy = HotPixels(0.01).apply(recordings(20, n_events=1), stream(1, "noise"))
    counts = [np.bincount(one.y.astype(int) * WIDTH + one.x, minlength=WIDTH * HEIGHT) for one in noisy]
    hot = np.flatnonzero(np.sum(counts, axis=0) > 20)
    assert len(hot) == 12  # 1 % of 1,200
    assert np.mean([c[hot] for c in counts]) / 0.3 == pytest.approx(100, rel=0.03)
    assert np.mean(np.concatenate([one.p for one in noisy])) == pytest.approx(0.5, abs=0.03)


def test_lost_events_are_the_share_asked_and_the_others_are_as_they_were():
    clean = recordings()
    noisy = EventLoss(0.3).apply(clean, stream(1, "noise"))
    assert sum(map(len, noisy)) / sum(map(len, clean)) == pytest.approx(0.7, abs=0.01)
    one, other = clean[0], noisy[0]
    assert set(zip(other.t_us, other.x, other.y, other.p, strict=True)) <= set(
        zip(one.t_us, one.x, one.y, one.p, strict=True)
    )
    assert [len(lost) for lost in EventLoss(1.0).apply(recordings(2), stream(1, "noise"))] == [0, 0]


def test_jittered_events_keep_place_and_polarity_and_move_by_the_standard_deviation():
    n = 20_000
    x, y = np.arange(n) % WIDTH, np.arange(n) // WIDTH % HEIGHT
    t_us = np.append(np.full(n - 1, 150_000), 300_000)
    one = EventStream(x, y, t_us, np.arange(n) % 3 == 0, (WIDTH, HEIGHT))
    clean = EventSet((one,), np.zeros(1, int), ("0",), (WIDTH, HEIGHT), "any", "test", "a test", False)
    noisy = EventJitter(5e-3).apply(clean, stream(1, "noise"))[0]
    moved = noisy.t_us[:-1] - 150_000
    assert moved.std() == pytest.approx(5000, rel=0.02) and abs(moved.mean()) < 150
    columns = [np.sort(s.x.astype(int) * 100 + s.y * 10_000 + s.p) for s in (one, noisy)]
    assert np.array_equal(*columns)
