"""Poisson input: counts, chance, and what is refused."""

import numpy as np
import pytest

from bioscnn.encoding import poisson
from bioscnn.errors import UserError
from bioscnn.seeds import stream

RATES = np.array([0.0, 5.0, 100.0, 700.0])
N_TRIALS, STEPS, DT = 4000, 51, 1e-3


def drawn(seed=1, rates=RATES):
    return poisson(np.tile(rates, (N_TRIALS, 1)), STEPS, DT, stream(seed, "poisson"))


def test_counts_have_the_mean_and_variance_of_the_process_in_steps():
    counts = drawn().counts()
    p = 1 - np.exp(-RATES * DT)
    mean, variance = (STEPS - 1) * p, (STEPS - 1) * p * (1 - p)
    assert np.all(np.abs(counts.mean(axis=0) - mean) <= 4 * np.sqrt(variance / N_TRIALS))
    np.testing.assert_allclose(counts.var(axis=0), variance, rtol=0.1)


def test_spikes_are_as_likely_in_every_step_but_the_last():
    spikes = drawn()
    by_step = np.bincount(spikes.step, minlength=STEPS)
    expected = spikes.n_spikes / (STEPS - 1)
    assert by_step[-1] == 0
    assert np.all(np.abs(by_step[:-1] - expected) < 5 * np.sqrt(expected))


def test_neurons_do_not_know_of_each_other():
    counts = drawn(rates=np.full(20, 100.0)).counts()
    off_diagonal = np.corrcoef(counts.T)[~np.eye(20, dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(N_TRIALS)


def test_the_same_seed_draws_the_same_spikes():
    assert drawn() == drawn()
    assert drawn() != drawn(seed=2)


@pytest.mark.parametrize("rate", [-1.0, np.nan, np.inf])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(UserError, match="rates"):
        poisson(np.array([[1.0, rate]]), STEPS, DT, stream(1, "poisson"))
