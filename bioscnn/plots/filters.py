"""Accuracy of front ends, clean and in noise: the figures of a filter study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.encoding import FOVEAL_PIT
from bioscnn.plots.style import INK, MUTED, PALE, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PIXELS = "pixels"
"""The front end without cells."""

NOISES = {
    "none": "clean",
    "gaussian-noise": "Gaussian noise",
    "salt-and-pepper": "salt and pepper",
    "contrast": "contrast",
}
"""Names of noises for people, in the order of the figures."""

MARKERS = "osD^vP"


@themed
def front_end_accuracies(means: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw the accuracy of every front end in every condition as numbers and colours.

    A row is a set of cells, named by its dots. Bold: the highest of a condition.

    Parameters
    ----------
    means : DataFrame
        One row per front end and condition: columns ``cells`` (such as ``"off-midget + on-midget"``, or
        ``"pixels"``), ``noise`` (a key of `NOISES`), ``severity``, ``accuracy`` (0 to 1).
    width : float
        Width in inches; below 5 the numbers have no decimals.
    """
    table = 100 * means.pivot(index="cells", columns=["noise", "severity"], values="accuracy")
    table = table[sorted(table, key=lambda condition: (list(NOISES).index(condition[0]), condition[1]))]
    rows = table.reindex(list(dict.fromkeys(means["cells"])))
    figure = new_figure(width, 0.215 * len(rows) + 1.72)
    names, grid = figure.subplots(1, 2, sharey="row", width_ratios=(1, 6.5 if width >= 5 else 3.6))
    _draw_sets(names, list(rows.index))
    mesh = grid.pcolormesh(
        rows, cmap="YlGnBu", vmin=np.nanmin(table), vmax=np.nanmax(table), edgecolors="white", linewidths=0.6
    )
    _write_numbers(grid, rows, table.max(), mesh, decimals=1 if width >= 5 else 0)
    _name_conditions(grid, list(table), roomy=width >= 5)
    bar = figure.colorbar(mesh, ax=[names, grid], location="bottom", shrink=0.5, aspect=40)
    bar.set_label("accuracy (%)")
    bar.outline.set_linewidth(0)
    return figure


def _draw_sets(axes: Axes, sets: Sequence[str]) -> None:
    """Draw a dot for each cell of each set."""
    for row, cells in enumerate(sets):
        if cells == PIXELS:
            axes.text(1.5, row + 0.5, PIXELS, ha="center", va="center", size=7)
            continue
        used = [k for k, name in enumerate(FOVEAL_PIT) if name in cells.split(" + ")]
        axes.plot(range(len(FOVEAL_PIT)), [row + 0.5] * len(FOVEAL_PIT), "o", color=PALE, markersize=3.2)
        axes.plot(used, [row + 0.5] * len(used), "o-", color=INK, markersize=4.2, linewidth=1)
    axes.set(xlim=(-0.6, len(FOVEAL_PIT) - 0.4), ylim=(len(sets), 0), yticks=())
    axes.set_xticks(range(len(FOVEAL_PIT)), list(FOVEAL_PIT), rotation=90, size=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _write_numbers(
    axes: Axes, rows: pd.DataFrame, highest: pd.Series, mesh: object, *, decimals: int
) -> None:
    for (row, column), value in np.ndenumerate(rows.to_numpy()):
        if np.isnan(value):
            continue
        red, green, blue, _ = mesh.cmap(mesh.norm(value))  # type: ignore[attr-defined]
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        axes.text(
            column + 0.5, row + 0.5, f"{value:.{decimals}f}", ha="center", va="center", size=6.8,
            color="white" if dark else INK, weight="bold" if value >= highest.iloc[column] else "normal",
        )  # fmt: skip


def _name_conditions(axes: Axes, conditions: Sequence[tuple[str, int]], *, roomy: bool) -> None:
    """Name severities below, noises above, and part the noises."""
    names = [str(int(severity)) for _, severity in conditions]
    axes.set_xticks(np.arange(len(names)) + 0.5, names)
    axes.tick_params(length=0, labelleft=False)
    axes.set_xlabel("severity of the noise")
    axes.spines[:].set_visible(False)
    noises = [noise for noise, _ in conditions]
    for noise in dict.fromkeys(noises):
        first, count = noises.index(noise), noises.count(noise)
        axes.axvline(first, color="white", linewidth=3)
        # Short of space, the one column of clean images has its name to the left.
        where, align = (first + count / 2, "center") if count > 1 or roomy else (first + 1, "right")
        axes.annotate(
            NOISES[noise], (where, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", ha=align, size=8,
        )  # fmt: skip


@themed
def accuracy_in_noise(means: pd.DataFrame, labels: Sequence[str], *, width: float = WIDE) -> Figure:
    """Draw the accuracy of some front ends against the severity of the noise, one panel per noise.

    Parameters
    ----------
    means : DataFrame
        One row per front end and condition: columns ``front_end``, ``noise``, ``severity``,
        ``accuracy``, ``low``, ``high`` (0 to 1). Clean images, noise ``"none"``, begin every line.
    labels : sequence of str
        Front ends to draw, six at most.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    noises = [noise for noise in NOISES if noise != "none" and noise in set(means["noise"])]
    beside = width >= 5
    legend = 0.2 * len(labels) + 0.1
    shape = (1, len(noises)) if beside else (len(noises), 1)
    figure = new_figure(width, legend + (2.7 if beside else 2.3 * len(noises)))
    panels = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, noise in zip(panels, noises, strict=True):
        for label, colour, marker in zip(labels, PALETTE, MARKERS, strict=False):
            rows = means[(means["front_end"] == label) & means["noise"].isin(("none", noise))]
            rows = rows.sort_values("severity")
            low, middle, high = (100 * rows[name] for name in ("low", "accuracy", "high"))
            axes.fill_between(rows["severity"], low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(rows["severity"], middle, color=colour, marker=marker, markersize=4, label=label)
        axes.set(title=NOISES[noise], xlabel="severity", ylabel="accuracy (%)")
        axes.set_xticks(sorted(means["severity"].unique()))
        axes.label_outer()
        axes.grid(axis="y", color=MUTED, alpha=0.15)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", handlelength=1.6)
    return figure
