"""An estimate: value, 95 % interval, test, and what varied."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

LEVEL = 0.05
"""Intervals miss the true value, and tests reject a true hypothesis, with this probability."""


@dataclass(frozen=True)
class Sampling:
    """Distribution from which intervals and p values are made: Student's t around a centre.

    Parameters
    ----------
    centre : float
        Centre of every interval, which may differ a little from the estimate: see
        `bioscnn.statistics.difference`.
    error : float
        Standard error.
    df : float
        Degrees of freedom; infinite for the normal distribution.
    lowest, highest : float
        No interval reaches beyond these.
    exact_p : float or None
        An exact p value of the same hypothesis, where there is one.

    Examples
    --------
    >>> [round(end, 2) for end in Sampling(1.0, 0.5).interval(0.05)]
    [0.02, 1.98]
    """

    centre: float
    error: float
    df: float = inf
    lowest: float = -inf
    highest: float = inf
    exact_p: float | None = None

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval that misses the true value with probability `level`.

        It contains zero exactly if `p` is at least `level`. An exact p value that is larger than that of
        Student's t therefore stretches the interval to zero.
        """
        from scipy.special import stdtrit

        half = float(-stdtrit(self.df, level / 2)) * self.error if self.error else 0.0
        low, high = max(self.centre - half, self.lowest), min(self.centre + half, self.highest)
        return (low, high) if self.p() < level else (min(low, 0.0), max(high, 0.0))

    def p(self) -> float:
        """Return the two-sided p value of a true value of zero: never below the exact one."""
        from scipy.special import stdtr

        if self.error == 0:
            p = float(self.centre == 0)
        else:
            p = float(2 * stdtr(self.df, -abs(self.centre) / self.error))
        return p if self.exact_p is None else max(p, self.exact_p)


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval.
    trials, seeds : int
        How many trials, and how many seeds in each group, it rests on.
    varied : tuple of str
        What varied by chance, and is allowed for by the interval: ``"trials"``, and what the seeds stand for.
    p : float or None
        Two-sided p value of a true value of zero; None if that was not tested.
    p_holm, low_holm, high_holm : float or None
        p value and interval, corrected for all tests of a family by `bioscnn.statistics.corrected`; None
        before.
    sampling : Sampling or None
        What the interval and p are made from; None if nothing is tested.

    Examples
    --------
    >>> str(Estimate(0.5, 0.25, 0.75, trials=100, seeds=1, varied=("trials",)))
    '0.5 [0.25, 0.75]'
    """

    value: float
    low: float
    high: float
    trials: int
    seeds: int
    varied: tuple[str, ...]
    p: float | None = None
    p_holm: float | None = None
    low_holm: float | None = None
    high_holm: float | None = None
    sampling: Sampling | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"

    @property
    def interval(self) -> tuple[float, float]:
        """The corrected interval, which agrees with `significant`; the own one of what is not corrected."""
        if self.low_holm is None or self.high_holm is None:
            return self.low, self.high
        return self.low_holm, self.high_holm

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below 0.05 and the corrected interval leaves zero out.

        The two always agree. An estimate that was not tested, or not yet corrected, is not significant.
        """
        if self.p_holm is None or self.low_holm is None or self.high_holm is None:
            return False
        return self.p_holm < LEVEL and (self.low_holm > 0 or self.high_holm < 0)
