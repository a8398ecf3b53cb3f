"""One trial on one picture: what was seen, the spikes of every layer, and how the class came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.potentials import draw_potentials
from bioscnn.plots.raster import draw_spikes, show_image
from bioscnn.plots.style import INK, WIDE, new_figure, step_ends, themed
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@themed
def trial(
    populations: Mapping[str, SpikeTrains],
    potentials: NDArray[np.float32],
    image: NDArray[np.uint8],
    classes: Sequence[str],
    *,
    label: int,
    chosen: int,
    decided: float,
    width: float = WIDE,
) -> Figure:
    """Draw the image, the spikes of every population, and the potentials from which the class is read.

    Parameters
    ----------
    populations : mapping of SpikeTrains
        Of one trial, by name, from the first layer to the output.
    potentials : ndarray of float32, shape (n_steps, n_classes)
        Of the readout, deviation from rest at the end of each step, V.
    image : ndarray of uint8, shape (channels, height, width)
        What the network saw.
    classes : sequence of str
        Names of the classes.
    label, chosen : int
        True class, and class that the network chose.
    decided : float
        When the decision had become what it is at the end, s; a dashed line.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 3.4)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(3, 2))[0]
    panels = left.subplots(len(populations), 1, sharex=True)
    for axes, (name, trains) in zip(panels, populations.items(), strict=True):
        draw_spikes(axes, trains, label if name == [*populations][-1] else None)
        axes.set_title(f"{name}: {trains.n_spikes:,} spikes of {trains.size:,} neurons", pad=3)
        axes.set(xlim=(0, trains.n_steps * trains.dt * 1e3), yticks=[])
    panels[-1].set_xlabel("time (ms)")
    top, bottom = right.subplots(2, 1, height_ratios=(2, 3))
    show_image(top, image)
    n_steps, dt = next((trains.n_steps, trains.dt) for trains in populations.values())
    draw_potentials(
        bottom, step_ends(n_steps, dt), 1e3 * potentials.astype(np.float64), label, chosen, classes
    )
    bottom.axvline(1e3 * decided, color=INK, linewidth=0.9, linestyle="--")
    bottom.set_title(f"decided after {1e3 * decided:.0f} ms", pad=3)
    bottom.set(xlabel="time (ms)", ylabel="potential (mV)")
    return figure
