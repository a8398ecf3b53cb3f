"""Accuracy, latency and spikes against the time step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bioscnn.plots.style import MUTED, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PANELS = {
    "accuracy": ("accuracy (%)", 100.0, ("low", "high")),
    "latency_ms": ("median latency (ms)", 1.0, ("latency_ms_low", "latency_ms_high")),
    "spikes": ("spikes per trial", 1.0, ("spikes_low", "spikes_high")),
}
"""Label, scale and ends of the interval of each panel."""


@themed
def against_time_step(steps: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw what a network does against the time step that it is simulated in, on a logarithmic axis.

    Parameters
    ----------
    steps : DataFrame
        One row per time step: columns ``dt_ms`` and those of `PANELS`.
    width : float
        Width in inches; below 5 the panels stand one below the other.
    """
    beside = width >= 5
    figure = new_figure(width, 2.4 if beside else 6.0)
    panels = figure.subplots(*((1, 3) if beside else (3, 1)), sharex=True)
    for axes, colour, (name, (label, scale, ends)) in zip(panels, PALETTE, PANELS.items(), strict=False):
        value = scale * steps[name]
        below, above = (scale * steps[end] for end in ends)
        axes.errorbar(
            steps["dt_ms"], value, yerr=[(value - below).clip(0), (above - value).clip(0)],
            color=colour, marker="o", markersize=4, linewidth=1.4, elinewidth=1,
        )  # fmt: skip
        axes.set(xscale="log", ylabel=label)
        axes.set_xticks(steps["dt_ms"], [f"{dt:g}" for dt in steps["dt_ms"]])
        axes.minorticks_off()
        axes.grid(axis="y", color=MUTED, alpha=0.15)
    for axes in panels if beside else panels[-1:]:
        axes.set_xlabel("time step (ms)")
    return figure
