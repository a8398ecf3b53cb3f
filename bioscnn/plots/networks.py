"""Several networks side by side: accuracy against time, activity, what the time step changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.plots.accuracy import LEVEL
from bioscnn.plots.style import MUTED, PALE, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIRST_MS = 5.0
"""Accuracy is drawn from here on, ms: before it, no spike has reached the readout."""


@themed
def networks_over_time(
    over_time: Sequence[Mapping[str, Any]], networks: Sequence[Mapping[str, Any]], *, width: float = WIDE
) -> Figure:
    """Draw the accuracy of every network against time, and beside it what an image costs it.

    Parameters
    ----------
    over_time : sequence of mapping
        For each network and step: ``network``, ``time_ms``, ``accuracy`` and its interval, ``accuracy_low``,
        ``accuracy_high``.
    networks : sequence of mapping
        For each network in the same order: ``network``, ``duration_ms``, ``spikes``, ``synops``.
    width : float
        Width in inches; below 5 the panels stand one below the other.
    """
    import seaborn as sns
    from matplotlib.ticker import EngFormatter

    beside = width >= 5
    rows = max(1.4, 0.24 * len(networks) + 0.75)
    figure = new_figure(width, max(3.2, 2 * rows) if beside else 3 + 2 * rows)
    if beside:
        panels = figure.subplot_mosaic("AS;AO", width_ratios=(1.5, 1))
    else:
        panels = figure.subplot_mosaic("A;S;O", height_ratios=(3, rows, rows))
    names = [row["network"] for row in networks]
    colours = dict(zip(names, cycle(PALETTE), strict=False))
    for name in names:
        curve = [row for row in over_time if row["network"] == name]
        time = np.array([row["time_ms"] for row in curve])
        value, low, high = 100 * np.array(
            [[row[f"accuracy{end}"] for row in curve] for end in ("", "_low", "_high")]
        )
        panels["A"].fill_between(time, low, high, color=colours[name], alpha=0.18, linewidth=0)
        label = f"{name}  {value[-1]:.2f} %"
        sns.lineplot(x=time, y=value, color=colours[name], label=label, ax=panels["A"], errorbar=None)
    panels["A"].axhline(100 * LEVEL, color=PALE, linewidth=0.8, zorder=0)
    panels["A"].set(
        xlabel="simulated time (ms)", ylabel="accuracy (%)", xlim=(FIRST_MS, time[-1]), ylim=(90, 100)
    )
    lines, labels = panels["A"].get_legend_handles_labels()
    panels["A"].legend().remove()
    figure.legend(lines, labels, loc="outside lower center", ncols=3 if beside else 1, handlelength=1.6)
    for panel, key, noun in (("S", "spikes", "spikes"), ("O", "synops", "synaptic operations")):
        axes, counts = panels[panel], [row[key] for row in networks]
        sns.barplot(x=counts, y=names, hue=names, palette=colours, saturation=1, legend=False, ax=axes)
        for row, count in enumerate(counts):
            axes.text(count, row, f" {count:,.0f}", va="center", size=8, color=MUTED)
        axes.set(
            xlabel=f"{noun} in {networks[0]['duration_ms']:g} ms",
            ylabel="",
            xlim=(0, max(1, 1.35 * max(counts))),
        )
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    return figure


@themed
def time_steps(rows: Sequence[Mapping[str, Any]], *, width: float = WIDE) -> Figure:
    """Draw how far reset rules and time steps move the accuracy, one panel per network.

    Parameters
    ----------
    rows : sequence of mapping
        For each network, reset rule and time step: ``network``, ``reset``, ``dt_ms`` (ms), and the accuracy
        less that of the reference, ``difference``, ``low``, ``high`` (-1 to 1).
    width : float
        Width in inches.
    """
    networks, resets, steps = (
        list(dict.fromkeys(r[key] for r in rows)) for key in ("network", "reset", "dt_ms")
    )
    columns = min(len(networks), 3 if width >= 5 else 1)
    lines = -(-len(networks) // columns)
    figure = new_figure(width, 2.3 * lines + 0.5)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, network in zip(panels, networks, strict=False):
        axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
        for k, (reset, colour) in enumerate(zip(resets, cycle(PALETTE), strict=False)):
            chosen = [row for row in rows if (row["network"], row["reset"]) == (network, reset)]
            place = [steps.index(row["dt_ms"]) + 0.14 * (k - (len(resets) - 1) / 2) for row in chosen]
            value, low, high = 100 * np.array(
                [[row[key] for row in chosen] for key in ("difference", "low", "high")]
            )
            spread = np.maximum([value - low, high - value], 0)
            axes.errorbar(
                place, value, spread, fmt="o", color=colour, markersize=4, linewidth=1.2, label=reset
            )
        axes.set_xticks(range(len(steps)), [f"{step:g}" for step in steps])
        axes.set(title=network, xlim=(-0.5, len(steps) - 0.5))
        axes.set(xlabel="time step (ms)", ylabel="difference (points)")
        axes.label_outer()
    for axes in panels[len(networks) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, title="reset", loc="outside right upper")
    return figure
