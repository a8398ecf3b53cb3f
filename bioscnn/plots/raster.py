"""The spikes of one trial in every population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.labels import shortened
from bioscnn.plots.style import (
    INK,
    MUTED,
    PALETTE,
    TRUE,
    WIDE,
    mark_times,
    milliseconds,
    new_figure,
    opacity,
    themed,
)
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MOST_VECTOR_SPIKES = 1500
"""Above this, a panel's spikes become a bitmap: each would weigh some 60 bytes of SVG."""

FEW_NEURONS = 20


@themed
def raster(
    populations: Mapping[str, SpikeTrains],
    trial: int,
    *,
    image: NDArray[np.uint8] | None = None,
    classes: Sequence[str] = (),
    label: int | None = None,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw one trial's spikes, one panel a population, over the simulated time.

    Parameters
    ----------
    populations : mapping of SpikeTrains
        By name, from the input to the output.
    trial : int
        Which trial of the spike trains.
    image : ndarray of uint8, shape (channels, height, width), optional
        What the network saw.
    classes : sequence of str
        Names of the last population's neurons, if it has one a class.
    label : int, optional
        The true class, whose output neuron is coloured.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches; below 5 the image stands above the panels.
    """
    beside = width >= 5
    height = 1.15 * len(populations) + 0.5
    left, picture = (1.35, 0.0) if beside else (0.0, 1.5)
    figure = new_figure(width, height + (picture if image is not None else 0))
    target: Figure | SubFigure = figure
    if image is not None:
        if beside:
            parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(left, width - left))
        else:
            parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(picture, height))
        show_image(parts.flat[0].subplots(), image)
        target = parts.flat[1]
    panels = target.subplots(len(populations), 1, sharex=True, squeeze=False)[:, 0]
    last = list(populations)[-1]
    for axes, (name, trains) in zip(panels, populations.items(), strict=True):
        spikes = trains[trial : trial + 1]
        draw_spikes(axes, spikes, label if name == last else None)
        mark_times(axes, ends)
        plural = "" if spikes.n_spikes == 1 else "s"
        axes.set_title(f"{name}: {trains.size:,} neurons, {spikes.n_spikes:,} spike{plural}", pad=5)
        axes.set(xlim=(0, trains.n_steps * trains.dt * 1e3), ylabel="neuron")
        if name == last and len(classes) == trains.size <= FEW_NEURONS:
            axes.set_yticks(range(trains.size), list(map(shortened, classes)), size=6.5)
            axes.set_ylabel("class")
    panels[-1].set_xlabel("simulated time (ms)")
    return figure


def draw_spikes(axes: Axes, spikes: SpikeTrains, label: int | None) -> None:
    """Draw the spikes of a population in one trial, those of the neuron of the true class in its colour."""
    few = spikes.size <= FEW_NEURONS
    of_label = spikes.neuron == (-1 if label is None else label)
    # Dots of one colour are drawn as one mark at many places, which is five times as fast.
    for these, colour in ((~of_label, INK if few else PALETTE[0]), (of_label, TRUE)):
        axes.scatter(
            milliseconds(spikes.step[these], spikes.dt),
            spikes.neuron[these],
            s=22 if few else 2.5,
            marker="|" if few else "o",
            linewidths=1.3 if few else 0,
            color=colour,
            alpha=opacity(spikes.n_spikes),
            rasterized=spikes.n_spikes > MOST_VECTOR_SPIKES,
        )
    axes.set_ylim(spikes.size - 0.5, -0.5)
    if spikes.n_spikes == 0:
        axes.text(0.5, 0.5, "silent", transform=axes.transAxes, ha="center", va="center", color=MUTED)


def show_image(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Show an image of shape (channels, height, width): grey, colour, or the brightest channel."""
    axes.imshow(_picture(image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_anchor("NW")


def show_in_corner(axes: Axes, image: NDArray[np.uint8], share: float = 0.3) -> None:
    """Show an image as `show_image`, behind the lines of a panel, in its upper left corner."""
    from matplotlib.colors import Normalize
    from matplotlib.image import BboxImage
    from matplotlib.transforms import Bbox

    picture = _picture(image)
    rows, columns = picture.shape[:2]

    def place(_: object) -> Bbox:
        scale = share * min(axes.bbox.width / columns, axes.bbox.height / rows)
        left, top = axes.transAxes.transform((0.02, 0.98))
        return Bbox.from_bounds(left, top - scale * rows, scale * columns, scale * rows)

    corner_image = BboxImage(place, cmap="gray", norm=Normalize(0, 255), interpolation="nearest", zorder=0)
    corner_image.set_data(picture)
    corner_image.set_in_layout(False)
    axes.add_artist(corner_image)


def _picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image.transpose(1, 2, 0) if len(image) == 3 else image.max(axis=0)
