"""The three firing rates of one population, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, TRUE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHARES = np.arange(1, 100)
"""Percentiles of the neurons that are drawn; the busiest one in a hundred would set the scale."""


@themed
def three_rates(
    time_averaged: NDArray[np.float64],
    population: NDArray[np.float64],
    trial_averaged: NDArray[np.float64],
    window: float,
    *,
    width: float = WIDE,
) -> Figure:
    """Draw the time-averaged, the population and the trial-averaged rate of one population on one scale.

    The mean over all that each of them keeps apart is the same number, the dashed line; what they differ in
    is what they average away. The first one is drawn neuron by neuron, from the most silent to the busiest;
    the other two against time, with bands that hold half and 90 % of the trials or of the neurons, and the
    first trial or neuron in grey.

    Parameters
    ----------
    time_averaged : ndarray of float64, shape (n_trials, size)
        Spikes of a neuron in a trial over the trial's duration, Hz.
    population : ndarray of float64, shape (n_trials, n_windows)
        Spikes of all neurons in a window of a trial, over their number and the window, Hz.
    trial_averaged : ndarray of float64, shape (size, n_windows)
        Spikes of a neuron in a window, mean over the trials, over the window, Hz.
    window : float
        Duration of a window, s.
    width : float
        Width in inches; below 5 the panels stand one above the other.

    References
    ----------
    Gerstner et al. (2014), Neuronal Dynamics, section 7.2, Cambridge University Press.
    """
    beside = width >= 5
    figure = new_figure(width, 2.7 if beside else 6.2)
    panels = figure.subplots(*(1, 3) if beside else (3, 1), sharey=True)
    by_neuron, by_trial, by_both = panels
    _draw_neurons(by_neuron, time_averaged)
    by_neuron.set(title="time-averaged", xlabel="neurons (%)", xlim=(0, 100))
    for axes, rates, title in (
        (by_trial, population, "of the population"),
        (by_both, trial_averaged, "trial-averaged"),
    ):
        _draw_course(axes, rates, 1e3 * window)
        axes.set(title=title, xlabel="time (ms)")
    mean = float(time_averaged.mean())
    for axes in panels:
        axes.axhline(mean, color=INK, linestyle="--", linewidth=1, label=f"mean  {mean:.3g} Hz", zorder=4)
        axes.set_ylabel("firing rate (Hz)")
        if beside:
            axes.label_outer()
    by_neuron.set_ylim(0, None if by_neuron.get_ylim()[1] > 0.1 else 1)
    by_neuron.legend(loc="upper left")
    return figure


def _draw_neurons(axes: Axes, rates: NDArray[np.float64]) -> None:
    """Draw the mean of each neuron over the trials as a line, and what half of all trials hold as a band."""
    low, high = (np.percentile(rates, q, axis=0) for q in (25, 75))
    axes.fill_between(
        SHARES, np.percentile(low, SHARES), np.percentile(high, SHARES), color=TRUE, alpha=0.25, linewidth=0
    )
    axes.plot(SHARES, np.percentile(rates.mean(axis=0), SHARES), color=TRUE, linewidth=1.8)


def _draw_course(axes: Axes, rates: NDArray[np.float64], window_ms: float) -> None:
    edges = window_ms * np.arange(rates.shape[1] + 1)
    least, low, high, most = np.percentile(rates, (5, 25, 75, 95), axis=0)
    for below, above, alpha in ((least, most, 0.15), (low, high, 0.25)):
        axes.fill_between(
            edges,
            np.append(below, below[-1]),
            np.append(above, above[-1]),
            step="post",
            color=TRUE,
            alpha=alpha,
            linewidth=0,
        )
    axes.stairs(rates[0], edges, baseline=None, color=MUTED, linewidth=0.6)
    axes.stairs(rates.mean(axis=0), edges, baseline=None, color=TRUE, linewidth=1.8)
    axes.set_xlim(0, edges[-1])
