"""The detail ladder: accuracy, latency, spikes, SynOps and time, rung by rung."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.plots.style import INK, MUTED, PALE, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Panel:
    """An outcome: its column, what its axis says, its unit on the axis, and whether more of it is better."""

    name: str
    label: str
    scale: float = 1.0
    decimals: int = 0
    more_is_better: bool = False


PANELS = (
    Panel("accuracy", "accuracy\n(%)", 100, 1, more_is_better=True),
    Panel("latency_ms", "median latency\n(ms)"),
    Panel("spikes", "spikes per trial\n(thousands)", 1e-3, 2),
    Panel("synops", "SynOps per trial\n(thousands)", 1e-3),
    Panel("time", "simulation time\n(that of {first} = 1)", 1, 2),
)

LOOKS = {
    "buys": (TRUE, "o", "better than without"),
    "costs": (WRONG, "D", "worse than without"),
    "same": (MUTED, "o", "no significant change"),
    "first": (INK, "s", "not compared"),
}
"""Colour, marker and meaning of what a rung does to an outcome."""


@themed
def detail_ladder(
    rows: pd.DataFrame, changes: pd.DataFrame, *, ann: float | None = None, width: float = WIDE
) -> Figure:
    """Draw every outcome rung by rung, from the least biology at the top to the most, one panel per outcome.

    Parameters
    ----------
    rows : DataFrame
        One row per rung: columns ``rung``, ``own`` (whether it stands beside the ladder), ``time`` (of a
        simulation, in units of the first rung), and ``accuracy`` (0 to 1), ``latency_ms``, ``spikes`` and
        ``synops``, each with the ends of its interval, ``accuracy_low``, ``accuracy_high``, and so on.
    changes : DataFrame
        One row per rung and outcome that were compared with the rung below: columns ``rung``, ``outcome``,
        ``difference``, ``significant``.
    ann : float, optional
        Accuracy of the trained network, a dotted line.
    width : float
        Width in inches; below 5 two panels stand side by side, else five.
    """
    from matplotlib.lines import Line2D

    beside = width >= 5
    lines, columns = (1, len(PANELS)) if beside else (3, 2)
    height, below = 0.31 * len(rows) + 0.65, 0.25 if beside else 0.8
    figure = new_figure(width, lines * height + below)
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for k, (axes, panel) in enumerate(zip(panels.flat, PANELS, strict=False)):
        _draw(axes, panel, rows, changes)
        if panel.name == "accuracy" and ann is not None:
            axes.axvline(100 * ann, color=MUTED, linestyle=":", linewidth=1, zorder=0)
            axes.annotate("ANN", (100 * ann, 1), (0, 2), xycoords=axes.get_xaxis_transform(),
                          textcoords="offset points", ha="center", size=7, color=MUTED)  # fmt: skip
        axes.tick_params(axis="y", length=0, labelleft=k % columns == 0)
    names = list(rows["rung"]) if beside else [textwrap.fill(name, 18) for name in rows["rung"]]
    panels[0, 0].set_yticks(range(len(rows)), names, size=8 if beside else 7)
    panels[0, 0].set_ylim(len(rows) - 0.45, -0.7)
    for empty in panels.flat[len(PANELS) :]:
        empty.set_axis_off()
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=4.5, label=label,
               markerfacecolor="white" if colour == MUTED else colour)
        for colour, marker, label in LOOKS.values()
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="outside lower left", ncols=4 if beside else 1, columnspacing=1.4,
        handletextpad=0.2,
    )  # fmt: skip
    return figure


def _draw(axes: Axes, panel: Panel, rows: pd.DataFrame, changes: pd.DataFrame) -> None:
    value = panel.scale * rows[panel.name].to_numpy(float)
    low, high = (
        panel.scale * rows.get(f"{panel.name}_{end}", rows[panel.name]).to_numpy(float)
        for end in ("low", "high")
    )
    place = np.arange(len(rows))
    climbed = ~rows["own"].to_numpy(bool)
    axes.plot(value[climbed], place[climbed], color=PALE, linewidth=1, zorder=1)
    if not climbed.all():
        axes.axhline(climbed.sum() - 0.5, color=PALE, linewidth=0.6)
    for k, rung in enumerate(rows["rung"]):
        colour, marker, _ = LOOKS[_look(panel, rung, changes)]
        axes.hlines(k, low[k], high[k], color=colour, linewidth=1.3, zorder=2)
        axes.plot(value[k], k, marker, color=colour, markersize=4.5, zorder=3,
                  markerfacecolor="white" if colour == MUTED else colour)  # fmt: skip
        axes.annotate(f"{value[k]:,.{panel.decimals}f}", (value[k], k), (0, 4), textcoords="offset points",
                      ha="center", size=6.5, zorder=2,
                      bbox={"facecolor": "white", "linewidth": 0, "pad": 0.3, "alpha": 0.8})  # fmt: skip
    room = 0.2 * max(high.max() - low.min(), 1e-3 * abs(high.max()))
    axes.set_xlim(low.min() - room, high.max() + room)
    axes.set_xlabel(panel.label.format(first=rows["rung"].iloc[0]), size=8)
    axes.locator_params(axis="x", nbins=3)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=MUTED, alpha=0.15)
    axes.set_axisbelow(True)


def _look(panel: Panel, rung: str, changes: pd.DataFrame) -> str:
    """Return the key of `LOOKS` for an outcome of a rung."""
    change = changes[(changes["rung"] == rung) & (changes["outcome"] == panel.name)]
    if change.empty:
        return "first"
    if not bool(change["significant"].iloc[0]):
        return "same"
    return "buys" if (change["difference"].iloc[0] > 0) == panel.more_is_better else "costs"
