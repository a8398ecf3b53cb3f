"""Some of what `python -m analysis.coverage` measures: how often the intervals hold the true value."""

import numpy as np
import pytest

from analysis.coverage.answers import Setting, answers
from analysis.coverage.measure import coverage_rows
from bioscnn.seeds import stream
from bioscnn.statistics import difference

REPETITIONS = 1000
ROUNDING = 2.1
"""Three standard errors of a coverage of 95 % that so many repetitions measure, in %."""


@pytest.mark.parametrize("effects", ["normal", "skewed"])
def test_simulated_answers_have_the_accuracy_and_the_variance_between_seeds_that_they_state(effects):
    setting = Setting(0.93, 0.90, effects, 4, 400, 10.0)
    first, second = answers(setting, 1500, stream(1, "model"))
    assert first.mean() == pytest.approx(0.93, abs=0.004)
    assert second.mean() == pytest.approx(0.90, abs=0.004)
    seeds, trials = first.mean(axis=2), second.mean(axis=2)
    between = seeds.var(axis=1, ddof=1).mean() - trials.var(axis=1, ddof=1).mean()
    one_seed = (first[:, 0] ^ second[:, 0]).mean() / 400
    assert between == pytest.approx(10 * one_seed, rel=0.35)


@pytest.mark.parametrize("ratio", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(("seeds", "least"), [(2, 86), (5, 92), (10, 92)])
def test_intervals_hold_the_true_value_as_often_as_the_docs_say(seeds, least, ratio):
    rows = coverage_rows(Setting(0.72, 0.70, "normal", seeds, 200, ratio), REPETITIONS)
    for row in rows:
        assert least - ROUNDING < row["coverage"] < 98.5 + ROUNDING, row["outcome"]


def test_the_bootstrap_misses_most_where_two_seeds_differ():
    row = coverage_rows(Setting(0.72, 0.70, "normal", 2, 200, 10.0), REPETITIONS)[0]
    assert row["bootstrap coverage"] < 86 < row["coverage"]


def test_near_the_ceiling_intervals_are_too_wide_and_not_too_narrow():
    for row in coverage_rows(Setting(0.99, 0.985, "skewed", 5, 50, 1.0), REPETITIONS):
        assert row["coverage"] > 95
        assert row["outcome"] == "proportion" or row["satterthwaite coverage"] < 93


@pytest.mark.parametrize("seeds", [1, 5])
def test_equal_classifiers_are_called_different_no_more_often_than_the_level(seeds):
    setting = Setting(0.9, 0.9, "normal", seeds, 200, 1.0 if seeds > 1 else 0.0)
    first, second = answers(setting, 600, stream(2, "size"))
    p = np.array([difference(a, b).p for a, b in zip(first, second, strict=True)])
    assert np.mean(p < 0.05) < 0.05 + 0.027
    assert np.mean(p < 0.5) > 0.3, "p values are not all large"
