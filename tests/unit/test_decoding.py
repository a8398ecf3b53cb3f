"""Decoders see what they are told, and nothing else."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import decoding
from bioscnn.metrics.decoding import CODES, decode
from bioscnn.spikes import SpikeTrains

LABELS = np.arange(100) % 2


def trains(step, n_steps=120):
    """One spike of each neuron at the steps given, (n_trials, size); none where the step is negative."""
    trial, neuron = np.nonzero(step >= 0)
    return SpikeTrains.from_events(
        trial, step[trial, neuron], neuron, n_trials=len(step), size=step.shape[1], n_steps=n_steps, dt=1e-3
    )


def share(code, step, **options):
    return np.mean(decode(trains(step), LABELS, code, **options) == LABELS)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_whether_neurons_fire_is_seen_by_every_code(rng):
    step = np.where(LABELS[:, None] == np.arange(2), rng.integers(0, 119, (100, 2)), -1)
    assert all(share(code, step) > 0.95 for code in CODES)


def test_when_neurons_fire_is_seen_by_all_codes_but_counts(rng):
    early, late = rng.integers(0, 30, (100, 1)), rng.integers(60, 90, (100, 1))
    step = np.where(LABELS[:, None] == np.arange(2), early, late)
    shares = {code: share(code, step) for code in CODES}
    assert min(shares[code] for code in ("latencies", "ranks", "counts and times")) > 0.95
    assert shares["counts"] == 0.5  # every trial looks the same, so all get one class


def test_a_class_in_single_steps_is_seen_where_windows_of_four_steps_hold_nothing(rng):
    """All spikes of a neuron are in one window of 4 steps, the narrowest of 30; which step says the class."""
    step = 4 * rng.integers(0, 29, 20) + LABELS[:, None]
    assert share("counts and times", step) > 0.95 and share("counts", step) == 0.5


def test_narrow_windows_are_compared_as_wide_ones_are(rng, monkeypatch):
    spikes = trains(rng.integers(-20, 119, (100, 30)))
    sparse = decoding._windowed(spikes, 100)
    monkeypatch.setattr(decoding, "NARROW", 1000)
    assert np.allclose(sparse, decoding._windowed(spikes, 100), atol=1e-4)


def test_the_order_is_seen_by_ranks_where_times_are_shifted_together(rng):
    first = rng.integers(0, 90, (100, 1))
    step = first + np.where(LABELS[:, None] == np.arange(2), 0, 2)
    assert share("ranks", step) > 0.95


def test_a_decoder_is_tested_on_trials_that_it_has_not_seen(rng):
    """With labels that mean nothing, it is at chance, though it could learn every trial by heart."""
    step = rng.integers(0, 119, (100, 40))
    for code in CODES:
        assert 0.3 < share(code, step) < 0.7


def test_what_cannot_be_decoded_is_refused():
    one = trains(np.zeros((100, 1), int))
    with pytest.raises(UserError, match="unknown code") as refusal:
        decode(one, LABELS, "phases")
    assert "ranks" in str(refusal.value)
    with pytest.raises(UserError, match="too few trials"):
        decode(one, np.arange(100) // 3, "counts")
    with pytest.raises(UserError, match="too few trials"):  # one of a class is left to choose by
        decode(one, np.arange(100) % 33, "counts and times", folds=2)
    assert decode(one, np.arange(100) % 25, "counts and times", folds=2).shape == (100,), "four are enough"
