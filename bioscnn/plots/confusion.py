"""Which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.labels import shortened
from bioscnn.plots.style import INK, MUTED, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_ANNOTATED = 20
MOST_LETTERS_IN_A_ROW = 30
RIGHT = "#ececec"


@themed
def confusion(matrix: NDArray[np.int64], classes: Sequence[str], *, width: float = WIDE) -> Figure:
    """Draw a confusion matrix: trials as numbers, errors as colours.

    The right answers stay grey; they would outshine every error.

    Parameters
    ----------
    matrix : ndarray of int64, shape (n_classes, n_classes)
        Trials by true class (rows) and chosen class (columns).
    classes : sequence of str
        Names of the classes.
    width : float
        Width in inches.
    """
    n_classes = len(classes)
    side = min(width, 5.2)
    figure = new_figure(side, 0.86 * side)
    axes = figure.subplots()
    share = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(n_classes, dtype=bool)
    highest = max(1.0, float(share[~right].max(initial=0)))
    axes.set_facecolor(RIGHT)
    mesh = axes.pcolormesh(
        np.where(right, np.nan, share),
        cmap="Oranges",
        vmin=0,
        vmax=highest,
        edgecolors="white",
        linewidths=0.5 if n_classes <= 50 else 0,
    )
    bar = figure.colorbar(mesh, ax=axes, label="share of the true class (%)", shrink=0.75, aspect=30)
    bar.outline.set_linewidth(0)
    axes.spines[:].set_visible(False)
    ticks = np.arange(0, n_classes, -(-n_classes // LARGEST_ANNOTATED))
    names = [shortened(classes[tick]) for tick in ticks.tolist()]
    axes.set_xticks(ticks + 0.5, names)
    axes.set_yticks(ticks + 0.5, names, va="center")
    axes.set(aspect="equal", ylim=(n_classes, 0))
    if n_classes <= LARGEST_ANNOTATED:
        _annotate(axes, matrix, share / highest, size=8 if width >= 5 or n_classes <= 6 else 6.5)
    axes.set(xlabel="class chosen by the network", ylabel="true class")
    axes.tick_params(length=0)
    axes.tick_params(axis="x", rotation=90 if sum(map(len, names)) > MOST_LETTERS_IN_A_ROW else 0)
    axes.tick_params(axis="y", rotation=0)
    return figure


def _annotate(axes: Axes, matrix: NDArray[np.int64], depth: NDArray[np.float64], size: float) -> None:
    """Write each number into its cell, in white where the cell's colour is deep (0 to 1)."""
    for row, column in zip(*np.nonzero(matrix), strict=True):
        colour = MUTED if row == column else "white" if depth[row, column] > 0.6 else INK
        text = str(matrix[row, column])
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", size=size, color=colour)
