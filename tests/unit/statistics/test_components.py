"""The variance of a mean over trials and seeds, against its definition and against simulation."""

import numpy as np
import pytest

from bioscnn.seeds import stream
from bioscnn.statistics import evidence, variance_of_mean

SEEDS, TRIALS = 4, 30


def crossed(shape, seed_sd, trial_sd, rng, trials=None):
    """Values with effects of seeds, of trials (by identity, if given), and of chance."""
    repetitions, groups, seeds, n = shape
    every = rng.normal(size=(repetitions, 1, 1, n if trials is None else trials.max() + 1)) * trial_sd
    of_trials = every if trials is None else every[:, :, 0, trials]
    return rng.normal(size=(repetitions, groups, seeds, 1)) * seed_sd + of_trials + rng.normal(size=shape)


def mean_squares(y):
    """Mean squares of seeds, trials and interaction, from the definition."""
    seeds, n = y.shape
    of_seeds = sum(n * (row.mean() - y.mean()) ** 2 for row in y) / (seeds - 1)
    of_trials = sum(seeds * (column.mean() - y.mean()) ** 2 for column in y.T) / (n - 1)
    rest = sum(
        (y[s, t] - y[s].mean() - y[:, t].mean() + y.mean()) ** 2 for s in range(seeds) for t in range(n)
    )
    return of_seeds, of_trials, rest / ((seeds - 1) * (n - 1))


def test_it_is_that_of_the_analysis_of_variance():
    y = crossed((1, 1, SEEDS, TRIALS), 1.0, 1.0, stream(1, "anova"))
    of_seeds, of_trials, rest = mean_squares(y[0, 0])
    assert of_seeds > rest and of_trials > rest, "no part is at its bound here"
    expected = (of_seeds + of_trials - rest) / (SEEDS * TRIALS)
    variance, df = variance_of_mean(y)
    assert variance == pytest.approx([expected])
    squares = of_seeds**2 / (SEEDS - 1) + of_trials**2 / (TRIALS - 1)
    squares += rest**2 / ((SEEDS - 1) * (TRIALS - 1))
    assert df == pytest.approx([(expected * SEEDS * TRIALS) ** 2 / squares])


def test_seeds_that_agree_by_chance_do_not_narrow_it():
    y = crossed((1, 1, SEEDS, TRIALS), 0.0, 1.0, stream(2, "anova"))
    y += y.mean() - y.mean(axis=-1, keepdims=True)
    of_seeds, of_trials, _ = mean_squares(y[0, 0])
    assert of_seeds == pytest.approx(0)
    assert variance_of_mean(y).variance == pytest.approx([of_trials / (SEEDS * TRIALS)])


def test_with_one_seed_it_is_that_of_student():
    y = stream(3, "anova").normal(size=(1, 1, 1, TRIALS))
    assert variance_of_mean(y) == (pytest.approx([y.var(ddof=1) / TRIALS]), TRIALS - 1)


def test_trials_of_their_own_make_seeds_independent():
    y = crossed((1, 1, SEEDS, TRIALS), 1.0, 0.0, stream(4, "anova"))
    own = np.arange(SEEDS * TRIALS).reshape(SEEDS, TRIALS)
    variance, df = variance_of_mean(y, own)
    assert variance == pytest.approx([y.mean(axis=-1).var(ddof=1) / SEEDS], rel=0.01)
    assert df[0] == pytest.approx(SEEDS - 1, abs=0.05)


def test_the_order_of_trials_does_not_matter_if_they_are_named():
    rng = stream(5, "anova")
    y = crossed((1, 1, SEEDS, TRIALS), 1.0, 1.0, rng)
    order = np.argsort(rng.random((SEEDS, TRIALS)), axis=1)
    shuffled = np.take_along_axis(y, order[None, None], axis=-1)
    assert np.allclose(variance_of_mean(shuffled, order), variance_of_mean(y))
    assert not np.allclose(variance_of_mean(shuffled), variance_of_mean(y))


PARTLY_SHARED = np.array([np.arange(20) + 8 * seed for seed in range(6)])
DESIGNS = {
    "crossed": ((1, 6, 20), None),
    "partly shared trials": ((1, 6, 20), PARTLY_SHARED),
    "groups with seeds of their own": ((3, 6, 20), None),
    "groups, partly shared trials": ((3, 6, 20), PARTLY_SHARED),
    "groups of one seed": ((3, 1, 20), None),
}


@pytest.mark.parametrize(("shape", "trials"), DESIGNS.values(), ids=DESIGNS)
def test_it_is_the_variance_of_the_means_of_repeated_experiments(shape, trials):
    seed_sd = 1.0 if shape[1] > 1 else 0.0
    y = crossed((4000, *shape), seed_sd, 2.0, stream(6, "repeated", str(shape)), trials)
    estimated = variance_of_mean(y, trials).variance.mean()
    assert estimated == pytest.approx(y.mean(axis=(1, 2, 3)).var(), rel=0.06)


def test_identical_seeds_are_worth_one_and_independent_answers_all():
    answers = (stream(7, "evidence").random((300, 1, 5, 400)) < 0.8).astype(float)
    assert 0.8 * 2000 < np.median(evidence(answers).trials) <= 2000
    assert np.array_equal(evidence(answers).df, variance_of_mean(answers).df)
    identical = np.broadcast_to(answers[:, :, :1], answers.shape)
    assert evidence(identical).trials == pytest.approx(400, rel=0.01)


def test_answers_that_are_all_equal_count_as_those_of_one_seed():
    mean, square, trials, df = evidence(np.ones((1, 1, 5, 40)))
    assert (mean, square, trials, df) == (1, 1, 40, np.inf)
