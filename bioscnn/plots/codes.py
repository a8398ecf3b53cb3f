"""Accuracy against spikes and time, of networks of several codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bioscnn.plots.style import PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MARKERS = {"rate": "o", "time": "D"}
REACH = 0.04
COSTS = {"spikes": "spikes per image, input included", "time_ms": "read after (ms)"}


@themed
def front_of_codes(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw accuracy against spikes per image and against the end of the trial, one line per network.

    What is more than `REACH` below the best is left out.

    Parameters
    ----------
    table : DataFrame
        With columns ``name`` of the network, ``code``, ``time_ms``, ``spikes``, ``accuracy``, ``low``,
        ``high`` (0 to 1), and, if some points are to be hollow, ``on_front_of_spikes`` and
        ``on_front_of_time``.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside, best = width >= 5, table["accuracy"].max()
    table = table[table["accuracy"] > best - REACH]
    figure = new_figure(width, 3.6 if beside else 6.2)
    panels = figure.subplots(*((1, 2) if beside else (2, 1)), sharey=True)
    names = list(table["name"].unique())
    for axes, (cost, label) in zip(panels, COSTS.items(), strict=True):
        for k, name in enumerate(names):
            rows = table[table["name"] == name]
            color, dashed = PALETTE[k % len(PALETTE)], k >= len(PALETTE)
            style = {"color": color, "linestyle": "--" if dashed else "-", "linewidth": 0.9}
            marker, y = MARKERS[rows["code"].iloc[0]], 100 * rows["accuracy"]
            axes.vlines(rows[cost], 100 * rows["low"], 100 * rows["high"], color=color, linewidth=0.9)
            axes.plot(rows[cost], y, marker=marker, markersize=4.5, label=name, **style)
            front = rows.get(f"on_front_of_{cost.removesuffix('_ms')}")
            if front is not None:
                hollow = rows[~front]
                axes.plot(
                    hollow[cost], 100 * hollow["accuracy"], marker, color=color, mfc="white", markersize=4.5
                )
        axes.set(xlabel=label)
    panels[0].set(ylabel="accuracy (%)", xscale="log")
    if not beside:
        panels[1].set(ylabel="accuracy (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2 if beside else 1)
    return figure
