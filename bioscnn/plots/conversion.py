"""What a trained network becomes: weights in nA, and the rates that stand for activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, PALETTE, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 40
DASHES = ("-", (0, (5, 1.5)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))


@themed
def weight_histograms(
    weights: Mapping[str, NDArray[np.float64]], *, to_fire: float | None = None, width: float = WIDE
) -> Figure:
    """Draw the distribution of the weights of each projection, inhibitory and excitatory ones.

    Parameters
    ----------
    weights : mapping of ndarray of float64, shape (n_weights,)
        Jump of the synaptic current at a spike, A, by projection.
    to_fire : float, optional
        Weight with which a single spike fires a neuron at rest, A; marked by a dotted line where it lies in
        the range.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside, n = width >= 5, len(weights)
    figure = new_figure(width, 2.4 if beside else 1.8 * n + 0.3)
    panels = figure.subplots(*(1, n) if beside else (n, 1), squeeze=False).ravel()
    for axes, (name, values) in zip(panels, weights.items(), strict=True):
        values = 1e9 * np.asarray(values, np.float64)
        most = float(np.abs(values).max()) or 1.0
        edges = np.linspace(-most, most, BINS + 1)
        middles = (edges[1:] + edges[:-1]) / 2
        share = 100 * np.histogram(values, edges)[0] / values.size
        axes.bar(
            middles, share, width=edges[1] - edges[0], color=np.where(middles > 0, TRUE, WRONG), linewidth=0
        )
        if to_fire is not None and 1e9 * to_fire < most:
            axes.axvline(1e9 * to_fire, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.set_title(f"{name}\n{values.size:,} weights, {100 * np.mean(values > 0):.0f} % excite")
        axes.set(xlabel="weight (nA)", xlim=(-most, most), ylim=(0, None))
        axes.set_ylabel("weights (%)")
    return figure


@themed
def activation_rates(
    activation: NDArray[np.float64],
    rates: Mapping[str, NDArray[np.float64]],
    expected: NDArray[np.float64],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw the rates that neurons have where they stand for activations, and those they should have.

    Parameters
    ----------
    activation : ndarray of float64, shape (n,)
        Over the largest one, 0 to 1.
    rates : mapping of ndarray of float64, shape (n,)
        Firing rate of a neuron for each, Hz, by the method that chose its current.
    expected : ndarray of float64, shape (n,)
        The rate that would be right, Hz; dashed.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside = width >= 5
    figure = new_figure(width, 3.1 if beside else 5.4)
    curves, errors = figure.subplots(*(1, 2) if beside else (2, 1), sharex=True)
    curves.plot(100 * activation, expected, color=INK, linestyle="--", linewidth=1, label="wanted")
    errors.axhline(0, color=INK, linestyle="--", linewidth=1)
    for colour, dashes, (name, rate) in zip(PALETTE, DASHES, rates.items(), strict=False):
        curves.plot(100 * activation, rate, color=colour, linestyle=dashes, label=name)
        errors.plot(100 * activation, rate - expected, color=colour, linestyle=dashes)
    curves.set(ylabel="firing rate (Hz)", ylim=(0, None))
    errors.set(ylabel="error of the rate (Hz)")
    for axes in (curves, errors):
        axes.set_xlim(0, 100 * activation[-1])
        if beside or axes is errors:
            axes.set_xlabel("activation, of the largest (%)")
    figure.legend(loc="outside lower center", ncols=4 if beside else 2, handlelength=1.8)
    return figure
