"""Where the accuracy goes, and how well rates stand for activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.plots.style import INK, MUTED, PALE, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bioscnn.ledger import LayerComparison
    from bioscnn.statistics import Estimate


@themed
def waterfall(start: float, parts: Mapping[str, Estimate], end: float, *, width: float = WIDE) -> Figure:
    """Draw how parts lead from one accuracy down to another, one row per part.

    Parameters
    ----------
    start, end : float
        Accuracy of the trained and of the spiking network, 0 to 1; their difference is the sum of the parts.
    parts : mapping of Estimate
        What each cause takes, 0 to 1; negative if it gives. The whisker is its 95 % interval,
        corrected if it was; a part that is not significant is pale.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 0.3 * len(parts) + 1.15)
    axes = figure.subplots()
    level, reached = 100 * start, [100 * start, 100 * end]
    for row, part in enumerate(parts.values(), start=1):
        after = level - 100 * part.value
        colour = PALE if not part.significant else WRONG if part.value > 0 else TRUE
        axes.barh(row, after - level, left=level, height=0.62, color=colour, linewidth=0)
        axes.vlines(level, row - 1.31, row + 0.31, color=MUTED, linewidth=0.7)
        whisker = level - 100 * np.array(part.interval[::-1])
        axes.hlines(row, *whisker, color=INK, linewidth=1)
        axes.vlines(whisker, row - 0.12, row + 0.12, color=INK, linewidth=1)
        text = f"{0.0 + 100 * part.value:+.2f}".replace("-", "\N{MINUS SIGN}")
        axes.text(1.01, row, text, transform=axes.get_yaxis_transform(), va="center", size=8,
                  color=INK if part.significant else MUTED)  # fmt: skip
        reached += [*whisker, after]
        level = after
    last = len(parts) + 1
    axes.vlines(level, last - 1.31, last + 0.31, color=MUTED, linewidth=0.7)
    for row, value in ((0, 100 * start), (last, 100 * end)):
        axes.plot(value, row, "o", color=INK, markersize=6)
        axes.text(1.01, row, f"{value:.2f} %", transform=axes.get_yaxis_transform(), va="center", size=8)
    room = 0.06 * max(max(reached) - min(reached), 0.1)
    axes.set_xlim(min(reached) - room, max(reached) + room)
    axes.set_xticks([tick for tick in axes.get_xticks() if min(reached) - room <= tick <= 100])
    if parts:  # what the numbers beside the bars are, as in the table
        axes.text(1.01, 0.5, "part (points)", transform=axes.get_yaxis_transform(), va="center", size=6,
                  color=MUTED)  # fmt: skip
    axes.set_yticks(range(last + 1), ["trained network", *parts, "spiking network"])
    axes.set(xlabel="accuracy (%)", ylim=(last + 0.6, -0.6))
    return figure


@themed
def rates_against_activations(layers: Sequence[LayerComparison], *, width: float = WIDE) -> Figure:
    """Draw, layer by layer, the spike rates of neurons against the rates that their activations stand for.

    Colour: neurons and trials, logarithmic; line: mean spike rate; dashed: where the two are equal.

    Parameters
    ----------
    layers : sequence of LayerComparison
        Spiking populations, from the input to the output.
    width : float
        Width in inches.
    """
    columns = 2 if width < 5 else min(4, max(2, len(layers)))
    rows = -(-len(layers) // columns)
    side = width / columns
    figure = new_figure(width, rows * (0.98 * side + 0.15) + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, layer in zip(panels, layers, strict=False):
        _draw_layer(axes, layer)
    for axes in panels[len(layers) :]:
        axes.set_axis_off()
    quantity = "rate (Hz)" if layers[0].unit == "Hz" else f"value ({layers[0].unit})"
    figure.supxlabel(f"expected {quantity}", size=9)
    figure.supylabel(f"spike {quantity}", size=9)
    return figure


def _draw_layer(axes: Axes, layer: LayerComparison) -> None:
    from matplotlib.colors import LogNorm

    counts = np.array(layer.counts)
    x, y = np.array(layer.expected_edges), np.array(layer.measured_edges)
    norm = LogNorm(1, max(2, int(counts.max())))
    axes.pcolormesh(x, y, np.where(counts > 0, counts, np.nan), norm=norm, cmap="Blues", rasterized=True)
    most = max(x[-1], y[-1])
    axes.plot([0, most], [0, most], color=INK, linestyle="--", linewidth=0.8)
    centres = (y[:-1] + y[1:]) / 2
    seen = counts.sum(axis=0)
    mean = (centres[:, None] * counts).sum(axis=0)[seen > 0] / seen[seen > 0]
    axes.plot(((x[:-1] + x[1:]) / 2)[seen > 0], mean, color=WRONG, linewidth=1.4)
    axes.set(xlim=(0, most), ylim=(min(0.0, y[0]), most), title=f"{layer.name}  r = {layer.correlation:.3f}")
    axes.locator_params(nbins=4)
