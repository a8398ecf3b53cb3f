"""When neurons fire: intervals, latencies, and how far trials lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.labels import shortened
from bioscnn.plots.style import MUTED, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 25
MOST_NAMED = 20
"""With more classes than this, only some of them are named."""


@themed
def intervals_histogram(
    intervals: Mapping[str, NDArray[np.float64]], dt: float, *, width: float = WIDE
) -> Figure:
    """Draw the distribution of inter-spike intervals in each population on a logarithmic axis.

    Each bin holds whole steps. Its height is the share of intervals per decade, so that equal areas stand for
    equally many intervals whatever the width of the bin.

    Parameters
    ----------
    intervals : mapping of ndarray of float64, shape (n_intervals,)
        Intervals in s, by population.
    dt : float
        Duration of a step, s.
    width : float
        Width in inches.
    """
    from matplotlib.ticker import StrMethodFormatter

    steps = {name: np.rint(values / dt) for name, values in intervals.items()}
    longest = max((float(values.max()) for values in steps.values() if len(values)), default=1.0)
    edges = np.unique(np.rint(np.geomspace(1, max(longest, 9) + 1, BINS))) - 0.5
    figure = new_figure(width, 2.8)
    axes = figure.subplots()
    for colour, (name, values) in zip(cycle(PALETTE), steps.items(), strict=False):
        count, _ = np.histogram(values, edges)
        share = 100 * count / max(len(values), 1) / np.diff(np.log10(edges))
        middle = f"median {1e3 * dt * np.median(values):.3g} ms" if len(values) else "none"
        axes.stairs(share, 1e3 * dt * edges, color=colour, linewidth=1.4, label=f"{name}  {middle}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set(xlabel="inter-spike interval (ms)", ylabel="intervals per decade (%)", ylim=(0, None))
    axes.set_xlim(1e3 * dt * edges[0], 1e3 * dt * edges[-1])
    _legend(figure, axes, width)
    return figure


@themed
def latency_distribution(
    latencies: Mapping[str, NDArray[np.float64]], duration: float, *, width: float = WIDE
) -> Figure:
    """Draw which share of the neurons of each population has fired by each moment of a trial.

    A curve ends at the share that fires at all.

    Parameters
    ----------
    latencies : mapping of ndarray of float64, any shape
        Time of each neuron's first spike in each trial, s, by population; NaN where it stays silent.
    duration : float
        Of a trial, s.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 2.8)
    axes = figure.subplots()
    for colour, (name, values) in zip(cycle(PALETTE), latencies.items(), strict=False):
        fired = values[np.isfinite(values)]
        time, count = np.unique(fired, return_counts=True)
        share = 100 * np.cumsum(count) / max(values.size, 1)
        last = share[-1] if len(share) else 0.0
        middle = f"median {1e3 * np.median(fired):.3g} ms, " if len(fired) else ""
        axes.plot(
            1e3 * np.concatenate([[0], time, [duration]]),
            np.concatenate([[0], share, [last]]),
            drawstyle="steps-post",
            color=colour,
            label=f"{name}  {middle}{100 - last:.0f} % silent",
        )
    axes.set(xlabel="time of the first spike (ms)", ylabel="neurons that have fired (%)")
    axes.set(xlim=(0, 1e3 * duration), ylim=(0, 101))
    _legend(figure, axes, width)
    return figure


def _legend(figure: Figure, axes: Axes, width: float) -> None:
    lines, labels = axes.get_legend_handles_labels()
    figure.set_figheight(figure.get_figheight() + 0.18 * -(-len(lines) // (3 if width >= 5 else 1)))
    figure.legend(lines, labels, loc="outside lower center", ncols=3 if width >= 5 else 1, handlelength=1.4)


@themed
def distance_matrix(
    distances: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    *,
    name: str,
    unit: str = "",
    width: float = WIDE,
) -> Figure:
    """Draw the distances between trials, sorted by class, with a line between classes.

    The colours span the distances of different trials; the diagonal, always 0, does not set their scale.

    Parameters
    ----------
    distances : ndarray of float64, shape (n_trials, n_trials)
        Distance of each trial to each other one.
    labels : ndarray of int64, shape (n_trials,)
        Class of each trial.
    classes : sequence of str
        Names of the classes.
    name, unit : str
        What the distance is called, and its unit; empty where it has none.
    width : float
        Width in inches.
    """
    order = np.argsort(labels, kind="stable")
    present, first, count = np.unique(labels[order], return_index=True, return_counts=True)
    side = min(width, 5.2)
    figure = new_figure(side, 0.86 * side)
    axes = figure.subplots()
    image = axes.imshow(distances[np.ix_(order, order)], cmap="cividis", interpolation="nearest")
    between = distances[~np.eye(len(distances), dtype=bool)]
    if np.isfinite(between).any():
        image.set_clim(np.nanmin(between), np.nanmax(between))
    bar = figure.colorbar(image, ax=axes, label=f"{name} ({unit})" if unit else name, shrink=0.75, aspect=30)
    bar.outline.set_linewidth(0)
    for border in first[1:] - 0.5:
        axes.axhline(border, color="white", linewidth=0.7)
        axes.axvline(border, color="white", linewidth=0.7)
    some = slice(None, None, -(-len(present) // MOST_NAMED))
    middle, names = (first + (count - 1) / 2)[some], [shortened(classes[k]) for k in present[some]]
    axes.set_xticks(middle, names, rotation=90 if max(map(len, names)) > 2 else 0)
    axes.set_yticks(middle, names)
    axes.set(xlabel="class of the trial", ylabel="class of the trial")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


@themed
def separation_by_scale(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw how well a distance tells classes apart, against the time scale on which it compares spikes.

    On the left, the mean distance between classes over that within them; on the right, how often a trial of
    another class is further away than one of the same class, with bands that are intervals.

    Parameters
    ----------
    table : DataFrame
        With columns ``spikes`` (whose they are), ``scale`` (s), ``within``, ``between`` (mean distances),
        ``share``, ``low``, ``high`` (0 to 1).
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    from matplotlib.ticker import NullLocator

    beside = width >= 5
    figure = new_figure(width, 2.8 if beside else 5.0)
    ratios, shares = figure.subplots(*(1, 2) if beside else (2, 1), sharex=True)
    for colour, (name, rows) in zip(cycle(PALETTE), table.groupby("spikes", sort=False), strict=False):
        rows = rows.sort_values("scale")
        scale = 1e3 * rows["scale"]
        ratios.plot(scale, rows["between"] / rows["within"], ".-", color=colour, label=str(name))
        low, high = 100 * rows["low"], 100 * rows["high"]
        shares.fill_between(scale, low, high, color=colour, alpha=0.15, linewidth=0)
        shares.plot(scale, 100 * rows["share"], ".-", color=colour)
    ratios.axhline(1, color=MUTED, linestyle=":", linewidth=1, label="chance")
    shares.axhline(50, color=MUTED, linestyle=":", linewidth=1)
    ratios.set(ylabel="distance between / within classes", xscale="log")
    shares.set(ylabel="other class is further (%)", xlabel="time scale (ms)", ylim=(None, 101))
    if beside:
        ratios.set_xlabel("time scale (ms)")
    scales = 1e3 * np.unique(table["scale"])
    ratios.xaxis.set_minor_locator(NullLocator())
    ratios.set_xticks(scales, [f"{scale:g}" for scale in scales])
    _legend(figure, ratios, width)
    return figure
