"""Correction of a family of tests: Holm's p values, and intervals that agree with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from bioscnn.statistics.estimate import LEVEL, Estimate

Key = TypeVar("Key")


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p values so that the chance of any false rejection among them stays below the level.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_tests,)
        NaN where a test was not possible: it stays NaN and does not count.

    Returns
    -------
    ndarray of float64, shape (n_tests,)
        At most 1, in the order of the p values; reject where below the level.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scand J Statist 6:65.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = p_values.copy()
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return adjusted


@overload
def corrected(family: Mapping[Key, Estimate]) -> dict[Key, Estimate]: ...
@overload
def corrected(family: Sequence[Estimate]) -> list[Estimate]: ...
def corrected(
    family: Mapping[Key, Estimate] | Sequence[Estimate],
) -> dict[Key, Estimate] | list[Estimate]:
    r"""Return the estimates of a family with p values and intervals that are corrected for all its tests.

    Estimates without p are returned as they are, and do not count.

    Parameters
    ----------
    family : mapping or sequence of Estimate
        All tests that are judged together.

    Returns
    -------
    dict or list of Estimate
        In the same order, with ``p_holm``, ``low_holm`` and ``high_holm``.

    Notes
    -----
    Of m tests, Holm's procedure judges the one with the k-th smallest p at the level
    :math:`\alpha_k = 0.05 / (m - k + 1)`, and stops at the first that it does not reject. The chance that any
    difference of the family is called significant although there is none is at most 5 %.

    An interval has the level of Bonferroni, :math:`0.05 / m`, at which all intervals of the family hold
    together with 95 % confidence. Where Holm's procedure rejects and Bonferroni's would not, it has the level
    at which Holm's rejects instead: 0.05 p, divided by the corrected p. So every interval leaves zero out
    exactly if Holm's procedure rejects. That costs little: docs/statistics.md says how often all hold
    together. Intervals that do so exactly, and agree with Holm's tests, would say of most significant
    differences only that they are above, or below, zero (Guilbaud 2008; Strassburger and Bretz 2008).

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scand J Statist 6:65. Guilbaud
    (2008), Simultaneous confidence regions corresponding to Holm's step-down procedure and other
    closed-testing procedures, Biometrical Journal 50:678. Strassburger and Bretz (2008), Compatible
    simultaneous lower confidence bounds for the Holm procedure and other Bonferroni-based closed tests,
    Statistics in Medicine 27:4914.
    """
    if isinstance(family, Mapping):
        return dict(zip(family, _corrected(list(family.values())), strict=True))
    return _corrected(list(family))


def _corrected(family: list[Estimate]) -> list[Estimate]:
    p = np.array([np.nan if estimate.p is None else estimate.p for estimate in family], dtype=np.float64)
    adjusted = holm(p)
    bonferroni = LEVEL / max(1, int(np.sum(~np.isnan(p))))
    levels = np.full(len(p), bonferroni)
    by_holm_alone = (adjusted < LEVEL) & (p >= bonferroni)
    levels[by_holm_alone] = LEVEL * p[by_holm_alone] / adjusted[by_holm_alone]
    return [
        estimate if np.isnan(p_holm) else _at(estimate, float(p_holm), float(level))
        for estimate, p_holm, level in zip(family, adjusted, levels, strict=True)
    ]


def _at(estimate: Estimate, p_holm: float, level: float) -> Estimate:
    assert estimate.sampling is not None, "a tested estimate knows its sampling distribution"
    low, high = estimate.sampling.interval(level)
    low, high = min(low, estimate.value), max(high, estimate.value)
    return replace(estimate, p_holm=p_holm, low_holm=low, high_holm=high)
