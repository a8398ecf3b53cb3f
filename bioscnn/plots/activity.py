"""Histograms of firing rates by population, of spikes per trial, and of latencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, NARROW, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 60


@themed
def rates_by_population(rates: Mapping[str, NDArray[np.float64]], *, width: float = WIDE) -> Figure:
    """Draw the distribution of the neurons' firing rates in each population.

    Box: median and quartiles; whiskers: 5 % and 95 %; diamond: mean; beside it, the share that never fires.

    Parameters
    ----------
    rates : mapping of ndarray of float64, shape (size,)
        Firing rate of each neuron in Hz, by population, from the input to the output.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 0.42 * len(rates) + 0.75)
    axes = figure.subplots()
    rows = np.arange(len(rates))
    low, first, median, third, high = np.array(
        [np.percentile(r, (5, 25, 50, 75, 95)) for r in rates.values()]
    ).T
    axes.hlines(rows, low, high, color=TRUE, linewidth=1)
    axes.barh(rows, third - first, left=first, height=0.55, color="#cfe3f1", edgecolor=TRUE, linewidth=1)
    axes.vlines(median, rows - 0.275, rows + 0.275, color=TRUE, linewidth=2)
    axes.plot([r.mean() for r in rates.values()], rows, "D", color=INK, markersize=3.5)
    for row, values in enumerate(rates.values()):
        axes.text(
            1.01, row, f"{100 * np.mean(values == 0):.0f} % silent", transform=axes.get_yaxis_transform(),
            va="center", size=8, color=MUTED,
        )  # fmt: skip
    axes.set_yticks(rows, list(rates))
    axes.set(xlabel="firing rate (Hz)", ylabel="population", ylim=(len(rates) - 0.5, -0.5))
    axes.set_xlim(0, None if any(r.max() > 0 for r in rates.values()) else 1)
    return figure


@themed
def spikes_histogram(spikes: NDArray[np.int64], *, width: float = NARROW) -> Figure:
    """Draw how many spikes a trial takes.

    Parameters
    ----------
    spikes : ndarray of int64, shape (n_trials,)
        Spikes of all populations together in each trial.
    width : float
        Width in inches.
    """
    figure, axes = _small(width)
    axes.hist(spikes, bins=list(_edges(spikes)), color=TRUE)
    _mark(axes, float(np.mean(spikes)), f"mean {np.mean(spikes):,.0f}")
    axes.set(xlabel="spikes in a trial", ylabel="trials")
    return figure


@themed
def latency_histogram(
    latency: NDArray[np.float64], correct: NDArray[np.bool_], dt: float, *, width: float = NARROW
) -> Figure:
    """Draw from which moment the decision stays what it is at the end.

    Parameters
    ----------
    latency : ndarray of float64, shape (n_trials,)
        Latency of each trial, s; see `bioscnn.metrics.decision_latency`.
    correct : ndarray of bool, shape (n_trials,)
        Whether that decision is right.
    dt : float
        Duration of a step, s.
    width : float
        Width in inches.
    """
    figure, axes = _small(width)
    steps = np.rint(latency / dt).astype(int)
    edges = _edges(steps) * dt * 1e3
    groups = [1e3 * latency[correct], 1e3 * latency[~correct]]
    axes.hist(groups, bins=list(edges), stacked=True, color=[TRUE, WRONG], label=["right", "wrong"])
    _mark(axes, 1e3 * float(np.median(latency)), f"median {1e3 * np.median(latency):.3g} ms")
    axes.set(xlabel="latency (ms)", ylabel="trials")
    axes.legend(loc="center right")
    return figure


def _edges(values: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the borders of at most `MOST_BARS` bins that hold equally many integers each."""
    first, last = int(values.min()), int(values.max())
    stride = -(-(last - first + 1) // MOST_BARS)
    return np.arange(first, last + stride + 1, stride, dtype=np.float64) - 0.5


def _small(width: float) -> tuple[Figure, Axes]:
    figure = new_figure(width, 2.5)
    return figure, figure.subplots()


def _mark(axes: Axes, x: float, text: str) -> None:
    axes.axvline(x, color=INK, linewidth=1, linestyle="--")
    axes.set_title(text, size=8, color=MUTED)
