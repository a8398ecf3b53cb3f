"""Families of tests: Holm's p values, and intervals that agree with them."""

import numpy as np
import pytest

from bioscnn.seeds import stream
from bioscnn.statistics import Estimate, Sampling, corrected, difference, holm, proportion


def estimate(z):
    """An estimate that is z standard errors from zero."""
    sampling = Sampling(z, 1.0)
    return Estimate(z, *sampling.interval(0.05), 100, 1, ("trials",), sampling.p(), sampling=sampling)


def test_holm_of_a_worked_example():
    """0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not fall below the one before."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_was_not_tested_and_stays_a_probability():
    assert holm(np.array([np.nan, 0.9, 0.02, 0.6])) == pytest.approx([np.nan, 1.0, 0.06, 1.0], nan_ok=True)
    assert holm(np.array([])).shape == (0,)


def test_intervals_are_those_of_bonferroni_except_where_holm_alone_rejects():
    """Of 5, 2.3 and 1 standard errors, p is 6e-7, 0.021 and 0.32. Holm's second level is 0.025."""
    sure, near, far = corrected([estimate(5.0), estimate(2.3), estimate(1.0)])
    bonferroni = 2.3940  # standard errors at 0.05 / 3
    assert (sure.low_holm, sure.high_holm) == pytest.approx((5 - bonferroni, 5 + bonferroni), abs=1e-3)
    assert (far.low_holm, far.high_holm) == pytest.approx((1 - bonferroni, 1 + bonferroni), abs=1e-3)
    assert near.p_holm == pytest.approx(2 * 0.021448, abs=1e-5)
    assert near.low_holm == pytest.approx(2.3 - 2.2414, abs=1e-3), "the level 0.05 / 2"
    assert (sure.significant, near.significant, far.significant) == (True, True, False)


def test_p_and_interval_never_disagree():
    rng, kinds = stream(1, "families"), set()
    for _ in range(200):
        shape = ((60,), (3, 60))[int(rng.integers(2))]
        levels = rng.uniform(0.4, 1, size=(6, 2))
        family = corrected([difference(rng.random(shape) < a, rng.random(shape) < b) for a, b in levels])
        for one in family:
            excluded = one.low_holm > 0 or one.high_holm < 0
            assert one.significant == (one.p_holm < 0.05) == excluded
            assert one.low_holm <= one.low and one.high <= one.high_holm
            kinds.add((one.significant, one.p < 0.05))
    assert kinds == {(True, True), (False, True), (False, False)}


def test_one_test_alone_is_not_changed():
    (one,) = corrected([estimate(2.0)])
    assert (one.p_holm, one.low_holm, one.high_holm) == (one.p, one.low, one.high)
    assert one.significant and not estimate(2.0).significant, "not before it was corrected"


def test_a_family_keeps_its_names_and_what_is_not_tested():
    share = proportion(np.ones(10))
    family = corrected({"accuracy": share, "difference": estimate(2.0)})
    assert family["accuracy"] is share
    assert family["difference"].p_holm == family["difference"].p
    assert corrected([]) == []


def test_equal_tests_have_equal_intervals():
    """Three times p = 0.0143: 4 p is above 0.05, 3 p below; Holm alone rejects them."""
    same = corrected([estimate(5.0)] + [estimate(2.45)] * 3)[1:]
    assert len(set(same)) == 1
    assert same[0].significant and 0 < same[0].low_holm < 0.1
