"""Accuracy against time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.plots.style import INK, PALE, PALETTE, WIDE, mark_times, new_figure, step_ends, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bioscnn.statistics import Estimate

    Curves = Mapping[str, Sequence[Estimate]]


DASHES = ("-", "-", (0, (4, 2)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
"""Gaps let a line show the one that it covers: readouts often agree."""

LEVEL = 0.98
"""A pale line marks this accuracy, so that the time at which it is reached can be read off."""


@themed
def accuracy_over_time(
    curves: Curves,
    dt: float,
    *,
    reference: Estimate | None = None,
    chosen: str | None = None,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw how accurate each readout would be if the trial ended at each moment: whole, and near the top.

    Parameters
    ----------
    curves : mapping of sequence of Estimate
        By readout: accuracy after each step.
    dt : float
        Duration of a step, s.
    reference : Estimate, optional
        Accuracy of the network that was converted, a dashed line.
    chosen : str, optional
        Readout to stress.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside = width >= 5
    figure = new_figure(width, 3.2 if beside else 5.6)
    panels = figure.subplots(*(1, 2) if beside else (2, 1))
    for axes in panels:
        _draw_curves(axes, curves, dt, chosen)
        mark_times(axes, ends)
        if reference is not None:
            axes.axhspan(100 * reference.low, 100 * reference.high, color=INK, alpha=0.08, linewidth=0)
            label = f"ANN  {100 * reference.value:.2f} %"
            axes.axhline(100 * reference.value, color=INK, linestyle="--", linewidth=1, label=label)
        axes.axhline(100 * LEVEL, color=PALE, linewidth=0.8, zorder=0)
        axes.set(xlabel="simulated time (ms)", ylabel="accuracy (%)")
    whole, top = panels
    whole.set(ylim=(0, 101), title="whole range")
    top.set(ylim=_near_the_top(curves, reference), title="near the top")
    # Best first: the legend reads in the order in which the lines end.
    named = [line for line in whole.lines if not str(line.get_label()).startswith("_")]
    lines = sorted(named, key=lambda line: -float(np.asarray(line.get_ydata())[-1]))
    columns = 3 if beside else 2 if max(map(len, curves)) < 16 else 1
    figure.legend(handles=lines, loc="outside lower center", ncols=columns, handlelength=1.6)
    return figure


def _draw_curves(axes: Axes, curves: Curves, dt: float, chosen: str | None) -> None:
    looks = zip(cycle(PALETTE), cycle(DASHES), curves.items(), strict=False)
    for colour, dashes, (rule, curve) in looks:
        time = step_ends(len(curve), dt)
        value, low, high = 100 * np.array([(p.value, p.low, p.high) for p in curve]).T
        axes.fill_between(time, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(
            time,
            value,
            color=colour,
            linestyle="-" if rule == chosen else dashes,
            linewidth=2.2 if rule == chosen else 1.4,
            marker="o" if len(curve) == 1 else "",
            label=f"{rule}  {value[-1]:.2f} %",
            zorder=3 if rule == chosen else 2,
        )
        axes.set_xlim(0, time[-1])


def _near_the_top(curves: Curves, reference: Estimate | None) -> tuple[float, float]:
    ends = [curve[-1] for curve in curves.values()] + ([] if reference is None else [reference])
    best = max(end.value for end in ends)
    near = [end for end in ends if end.value > best - 0.05]
    low, high = min(end.low for end in near), max(end.high for end in near)
    room = max(high - low, 0.01)
    return max(0.0, 100 * (low - 1.5 * room)), min(100.5, 100 * (high + 0.2 * room))
