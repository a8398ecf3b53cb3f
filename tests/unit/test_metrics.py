import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from bioscnn.metrics import accuracy, confusion_matrix, decision_latency, wilson


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_interval_is_scipys_wilson_interval(n, share):
    successes = round(share * n)
    ours, theirs = wilson(successes, n), binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.low <= ours.value <= ours.high


def test_accuracy_and_confusions_count_the_same_trials():
    labels, chosen = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    matrix = confusion_matrix(chosen, labels, 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert accuracy(chosen, labels).value == np.trace(matrix) / matrix.sum()


def test_latency_is_the_time_of_the_last_change_of_mind():
    decided = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [1, 0, 1, 1], [0, 1, 0, 1]])
    assert decision_latency(decided, dt=1e-3).tolist() == pytest.approx([1e-3, 4e-3, 3e-3, 4e-3])
