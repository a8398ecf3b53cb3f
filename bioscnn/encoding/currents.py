"""Constant currents as stimulus: one value a channel of input and trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.large_arrays import large_array
from bioscnn.spikes import SpikeTrains, check_clock

FULL_INTENSITY = 1e-9
"""Current, in A, of a pixel of intensity 1."""

_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Currents:
    """Currents that are constant during each trial.

    Parameters
    ----------
    values : ndarray of float32, shape (n_trials, size)
        Current of each channel of the source, A.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.
    """

    values: NDArray[np.float32]
    n_steps: int
    dt: float

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise ValueError(f"currents have shape (n_trials, size), not {self.values.shape}")
        if not all(np.isfinite(self.values[part]).all() for part in _parts(len(self.values))):
            raise ValueError("currents must be finite")
        check_clock(self.n_steps, self.dt)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.values)

    @property
    def size(self) -> int:
        """Number of channels."""
        return int(self.values.shape[1])

    def __getitem__(self, trials: slice) -> Self:
        return type(self)(self.values[trials], self.n_steps, self.dt)

    def scaled(self, gain: float) -> Self:
        """Return the currents times a factor."""
        if gain == 1:
            return self
        return type(self)(self.values * np.float32(gain), self.n_steps, self.dt)

    def take(self, trials: NDArray[np.int64]) -> Self:
        """Return some trials, in the order given."""
        return type(self)(self.values[trials], self.n_steps, self.dt)


def _parts(n: int) -> Iterator[slice]:
    """Yield slices of n rows that are looked at one after the other, to hold little in memory."""
    return (slice(first, first + _AT_ONCE) for first in range(0, n, _AT_ONCE))


Stimulus = Currents | SpikeTrains
"""What a simulation is given, one entry per trial."""


def pixel_currents(intensities: NDArray[np.float32], n_steps: int, dt: float) -> Currents:
    """Turn images into currents proportional to their intensity.

    Parameters
    ----------
    intensities : ndarray of float32, shape (n_trials, channels, height, width)
        0 is no current, 1 is `FULL_INTENSITY`.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.

    Returns
    -------
    Currents
        Of shape (n_trials, channels * height * width).

    Examples
    --------
    >>> pixel_currents(np.ones((1, 1, 2, 2), np.float32), n_steps=30, dt=1e-3).values.round(12)
    array([[1.e-09, 1.e-09, 1.e-09, 1.e-09]], dtype=float32)
    """
    flat = np.asarray(intensities, np.float32).reshape(len(intensities), -1)
    values = np.multiply(flat, np.float32(FULL_INTENSITY), out=large_array(flat.shape, np.float32))
    return Currents(values, n_steps, dt)
