"""What noise does before it costs accuracy: rates of single cells, spikes that are left in each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELLS = (5, 95)
"""Percentiles of the cells between which a band lies."""

EXAMPLES = (10, 50, 90)
"""Percentiles of the cells that have lines of their own: a slow one, one in the middle, a fast one."""


@themed
def rates_in_noise(
    current: NDArray[np.float64],
    noises: Mapping[str, Mapping[str, NDArray[np.float64]]],
    expected: NDArray[np.float64],
    rheobase: float,
    *,
    width: float = WIDE,
) -> Figure:
    """Draw the firing rates of noisy cells against the current, one panel per kind of noise.

    A line is the mean of the cells, the band around it holds 90 % of them; thin lines are a slow
    cell, one in the middle and a fast one under the last setting; dashed: the cell without noise.

    Parameters
    ----------
    current : ndarray of float64, shape (n_currents,)
        Constant currents, A.
    noises : mapping of mapping of ndarray of float64, shape (n_currents, n_cells)
        Rates in Hz, by kind of noise and by its setting.
    expected : ndarray of float64, shape (n_currents,)
        Rate of the cell without noise, Hz.
    rheobase : float
        Smallest constant current that makes that cell fire, A; marked.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside, n = width >= 5, len(noises)
    figure = new_figure(width, 3.0 if beside else 2.7 * n + 0.1)
    panels = figure.subplots(*(1, n) if beside else (n, 1), sharex=True, sharey=True, squeeze=False).ravel()
    nA = 1e9 * current
    for axes, (kind, settings) in zip(panels, noises.items(), strict=True):
        for colour, (setting, rates) in zip(cycle(PALETTE), settings.items(), strict=False):
            low, high = np.percentile(rates, CELLS, axis=1)
            axes.fill_between(nA, low, high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(nA, rates.mean(axis=1), color=colour, label=setting)
        slowest_first = np.argsort(rates.mean(axis=0), kind="stable")
        some = slowest_first[np.percentile(np.arange(len(slowest_first)), EXAMPLES).astype(int)]
        axes.plot(nA, rates[:, some], color=colour, linewidth=0.6, alpha=0.8)
        axes.plot(nA, expected, color=INK, linestyle="--", linewidth=1.1, label="no noise")
        axes.axvline(1e9 * rheobase, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        axes.set_title(kind)
        axes.legend(loc="upper left", handlelength=1.5)
        if axes is panels[0] or not beside:
            axes.set_ylabel("firing rate (Hz)")
        if beside or axes is panels[-1]:
            axes.set_xlabel("current (nA)")
    panels[0].set(xlim=(nA[0], nA[-1]), ylim=(0, None))
    return figure


@themed
def spikes_left(
    amounts: Sequence[float],
    spikes: Mapping[str, Sequence[float]],
    *,
    name: str,
    width: float = WIDE,
) -> Figure:
    """Draw how many spikes each population has left in noise, as a share of those without it.

    Parameters
    ----------
    amounts : sequence of float
        Of the noise, shares of 1; the first one is 0, no noise.
    spikes : mapping of sequence of float
        Spikes at each amount, by population from the first to the last.
    name : str
        What the amounts are.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 2.7)
    axes = figure.subplots()
    percent = 100 * np.asarray(amounts)
    axes.plot(percent, 100 - percent, color=MUTED, linestyle="--", linewidth=1, label="those that arrive")
    for colour, marker, (population, counts) in zip(
        cycle(PALETTE), cycle("osD^v"), spikes.items(), strict=False
    ):
        share = 100 * np.asarray(counts, np.float64) / counts[0]
        axes.plot(percent, share, color=colour, marker=marker, markersize=4, label=population, clip_on=False)
    axes.set(xlabel=f"{name} (%)", ylabel="spikes left (%)", ylim=(0, None))
    axes.set_xlim(percent[0], percent[-1])
    figure.legend(
        loc="outside right upper" if width >= 5 else "outside lower center", ncols=1 if width >= 5 else 3
    )
    return figure
