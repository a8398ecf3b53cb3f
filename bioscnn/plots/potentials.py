"""The potentials from which the class is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.labels import shortened
from bioscnn.plots.raster import show_in_corner
from bioscnn.plots.style import INK, MUTED, PALE, TRUE, WIDE, WRONG, mark_times, new_figure, step_ends, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORT_NAME = 3
"""Letters of a class's name beyond which the panels must be wider."""

MOST_PALE_POINTS = 100
"""Of the lines in the background; thousands of lines of all points would make a page of megabytes."""


@themed
def output_potentials(
    potentials: NDArray[np.float32],
    dt: float,
    label: NDArray[np.int64],
    chosen: NDArray[np.int64],
    classes: Sequence[str],
    *,
    images: NDArray[np.uint8] | None = None,
    decided: NDArray[np.float64] | None = None,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw the potential of each class over the simulated time, one panel a trial.

    The line of the true class stands out; where another was chosen, so does that one.

    Parameters
    ----------
    potentials : ndarray of float32, shape (n_trials, n_steps, n_classes)
        Deviation from rest at the end of each step, V.
    dt : float
        Duration of a step, s.
    label, chosen : ndarray of int64, shape (n_trials,)
        True class, and class that the network chose.
    classes : sequence of str
        Names of the classes.
    images : ndarray of uint8, shape (n_trials, channels, height, width), optional
        What the network saw.
    decided : ndarray of float64, shape (n_trials,), optional
        When each decision had become what it is at the end, s; marked by a dashed line.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches.
    """
    n_trials, n_steps, _ = potentials.shape
    short = max(map(len, classes)) <= SHORT_NAME
    columns = min(n_trials, (5 if short else 3) if width >= 5 else (2 if short else 1))
    rows = -(-n_trials // columns)
    figure = new_figure(width, 1.55 * rows + 0.35)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    time = step_ends(n_steps, dt)
    for i, axes in enumerate(panels.flat):
        if i >= n_trials:
            axes.set_axis_off()
            continue
        draw_potentials(axes, time, 1e3 * potentials[i], int(label[i]), int(chosen[i]), classes)
        mark_times(axes, ends)
        if decided is not None:
            axes.axvline(1e3 * decided[i], color=INK, linewidth=0.9, linestyle="--", zorder=1)
        if images is not None:
            show_in_corner(axes, images[i])
        if i + columns >= n_trials:
            axes.tick_params(axis="x", labelbottom=True)
            axes.set_xlabel("time (ms)")
        if i % columns == 0:
            axes.set_ylabel("potential (mV)")
    return figure


def draw_potentials(
    axes: Axes,
    time: NDArray[np.float64],
    mV: NDArray[np.float64],
    label: int,
    chosen: int,
    classes: Sequence[str],
) -> None:
    """Draw one line per class, the true and the chosen one stressed; shape (n_steps, n_classes).

    Of two classes, both lines have their names.
    """
    others = {1 - label: MUTED} if len(classes) == 2 else {}
    stressed = others | ({label: TRUE} if chosen == label else {chosen: WRONG, label: TRUE})
    axes.axhline(0, color=PALE, linewidth=0.6, zorder=0)
    few = np.unique(np.linspace(0, len(time) - 1, MOST_PALE_POINTS).round().astype(int))
    # All pale lines are one, with gaps: a line each would be most of the time that a page takes.
    pale = [np.append(mV[few, i], np.nan) for i in range(mV.shape[1]) if i not in stressed]
    if pale:
        times = np.tile(np.append(time[few], np.nan), len(pale))
        axes.plot(times, np.concatenate(pale), color=PALE, linewidth=0.7, zorder=2)
    for i, colour in stressed.items():
        axes.plot(time, mV[:, i], color=colour, linewidth=1.8, zorder=3)
    # Where two lines end close together, their labels lean away from each other.
    above = max(stressed, key=lambda i: mV[-1, i])
    for i, colour in stressed.items():
        lean = "center" if len(stressed) == 1 else "bottom" if i == above else "top"
        axes.annotate(
            shortened(classes[i]), (time[-1], mV[-1, i]), xytext=(3, 0), textcoords="offset points",
            color=colour, weight="bold", va=lean, annotation_clip=False,
        )  # fmt: skip
    right = chosen == label
    true, taken = shortened(classes[label]), shortened(classes[chosen])
    title = true if right else f"{true} taken for {taken}"
    axes.set_title(title, color=INK if right else WRONG, pad=3)
    axes.set_xlim(0, time[-1])
