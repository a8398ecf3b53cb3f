"""Accuracy against spikes and time, of networks of several codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bioscnn.plots.style import PALETTE, WIDE, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CODES = {"rate": ("rates", "o"), "time": ("spike times", "D")}


@themed
def front_of_codes(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw accuracy against spikes per image and against the end of the trial.

    Parameters
    ----------
    table : DataFrame
        With columns ``code``, ``price``, ``time_ms``, ``spikes``, ``accuracy``, ``low``, ``high`` (0 to 1),
        and ``on_front_of_spikes`` and ``on_front_of_time``: which points are filled.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    from matplotlib.figure import Figure

    beside = width >= 5
    figure = Figure(figsize=(width, 3.3 if beside else 5.8), layout="constrained")
    panels = figure.subplots(*((1, 2) if beside else (2, 1)), sharey=True)
    costs = (
        ("spikes", "on_front_of_spikes", "spikes per image, input included"),
        ("time_ms", "on_front_of_time", "read after (ms)"),
    )
    prices = sorted(table["price"].unique())
    for axes, (cost, front, label) in zip(panels, costs, strict=True):
        for (code, price), rows in table.groupby(["code", "price"], sort=False):
            color, (name, marker) = PALETTE[prices.index(price) % len(PALETTE)], CODES[code]
            y = 100 * rows["accuracy"]
            axes.plot(rows[cost], y, color=color, linewidth=0.9, zorder=1)
            axes.vlines(rows[cost], 100 * rows["low"], 100 * rows["high"], color=color, linewidth=1)
            named = f"{name}, price {price:g}"
            for filled, some in ((True, rows[rows[front]]), (False, rows[~rows[front]])):
                axes.plot(
                    some[cost],
                    100 * some["accuracy"],
                    marker,
                    color=color,
                    markerfacecolor=color if filled else "white",
                    markersize=5,
                    label=named if filled == bool(rows[front].any()) else None,
                )
        axes.set(xlabel=label)
    panels[0].set(ylabel="accuracy (%)", xscale="log")
    if not beside:
        panels[1].set(ylabel="accuracy (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3 if beside else 2)
    return figure
