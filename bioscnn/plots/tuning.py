"""What the cells of the retina answer to, and the spikes that become of their coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import DifferenceOfGaussians
from bioscnn.plots.style import MUTED, PALETTE, WIDE, new_figure, opacity, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PERIODS = np.geomspace(2, 400, 300)
"""Pixels, from the finest grating that an image can show."""


@themed
def spatial_tuning(
    cells: Sequence[DifferenceOfGaussians], image_size: int | None = None, *, width: float = WIDE
) -> Figure:
    """Draw how strongly cells answer to gratings, over the period of the grating.

    The answer is that of a cell whose centre lies on a bright bar (ON) or a dark one (OFF), over the largest
    over all periods, which the legend names. Answers in the opposite sense are not drawn.

    Parameters
    ----------
    cells : sequence of DifferenceOfGaussians
        Kinds of cells.
    image_size : int, optional
        Width of an image, px; marked by a dotted line.
    width : float
        Width in inches.
    """
    from matplotlib.ticker import NullLocator

    figure = new_figure(width, 2.8)
    axes = figure.subplots()
    for colour, cell in zip(PALETTE, cells, strict=False):
        place = np.arange(cell.size) - cell.size // 2
        gain = np.cos(2 * np.pi * place / PERIODS[:, None]) @ (cell.sign * cell.kernel.sum(axis=0))
        best = PERIODS[gain.argmax()]
        dashes = "-" if cell.sign > 0 else "--"
        label = f"{cell.name}  {best:.0f} px"
        axes.plot(PERIODS, 100 * gain / gain.max(), color=colour, linestyle=dashes, label=label)
    if image_size is not None:
        axes.axvline(image_size, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    ticks = (2, 5, 10, 20, 50, 100, 200)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="period of the grating (px)", ylabel="answer, of the largest (%)")
    axes.set(xlim=(PERIODS[0], PERIODS[-1]), ylim=(0, 104))
    figure.legend(loc="outside lower center", ncols=4 if width >= 6 else 2, handlelength=1.6)
    figure.set_figheight(3.1)
    return figure


@themed
def spikes_of_coefficients(
    coefficients: NDArray[np.float64],
    first_spikes: Mapping[str, NDArray[np.float64]],
    counts: Mapping[str, NDArray[np.integer]],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw when the cells fire first, and how often, against what excites them; the silent are left out.

    Parameters
    ----------
    coefficients : ndarray of float, shape (size,)
        Of each cell, over the largest of its kind, 0 to 1.
    first_spikes : mapping of ndarray of float64, shape (size,)
        Time of the first spike of each cell, s, NaN for the silent, by the code.
    counts : mapping of ndarray of int, shape (size,)
        Spikes of each cell, by the same names.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside = width >= 5
    figure = new_figure(width, 3.0 if beside else 5.4)
    panels = figure.subplots(*(1, 2) if beside else (2, 1), sharex=True)
    for colour, (name, latency) in zip(PALETTE, first_spikes.items(), strict=False):
        fires = counts[name] > 0
        for axes, values in zip(panels, (1e3 * latency, counts[name]), strict=True):
            _draw_dots(axes, 100 * coefficients[fires], values[fires], colour, name)
    for axes, label in zip(panels, ("first spike (ms)", "spikes in a trial"), strict=True):
        axes.set(ylabel=label, xlim=(0, 102), ylim=(0, None))
        if beside or axes is panels[-1]:
            axes.set_xlabel("coefficient, of the largest of its kind (%)")
    legend = figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, handletextpad=0.3
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
    return figure


def _draw_dots(axes: Axes, x: NDArray[np.float64], y: NDArray[np.number], colour: str, name: str) -> None:
    axes.plot(
        x, y, color=colour, linestyle="", marker="o", markersize=3, markeredgewidth=0, label=name,
        alpha=max(0.35, opacity(10 * len(x))), rasterized=len(x) > 1000,
    )  # fmt: skip
