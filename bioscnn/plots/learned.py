"""What networks have learned without labels: receptive fields, and accuracy while they learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


GREYS = 12
"""Levels of grey of a receptive field."""


@themed
def receptive_fields(
    fields: NDArray[np.floating], *, columns: int = 25, signed: bool = False, width: float = WIDE
) -> Figure:
    """Draw the weights onto each of some neurons as a picture of their own.

    Parameters
    ----------
    fields : ndarray, shape (n, height, width)
        Weights, 0 or more; each picture is as dark as its largest weight.
    columns : int
        Pictures side by side.
    signed : bool
        Weights of either sign: light excites where a picture is light, dark where it is dark.
    width : float
        Width in inches; below 5 about half as many stand side by side.
    """
    columns = min(columns if width >= 5 else -(-columns // 2), len(fields))
    rows = -(-len(fields) // columns)
    _, high, wide = fields.shape
    largest = np.maximum(np.abs(fields).max(axis=(1, 2), keepdims=True), 1e-12)
    gap = 2
    mosaic = np.full((rows * (high + gap), columns * (wide + gap)), np.nan)
    # So few levels of grey pack well, and no eye tells more of them apart.
    for k, field in enumerate(np.rint(fields / largest * GREYS) / GREYS):
        top, left = k // columns * (high + gap), k % columns * (wide + gap)
        mosaic[top : top + high, left : left + wide] = field
    figure = new_figure(width, width * mosaic.shape[0] / mosaic.shape[1])
    axes = figure.subplots()
    colours, lowest = ("gray", -1) if signed else ("Greys", 0)
    axes.imshow(mosaic, cmap=colours, vmin=lowest, vmax=1, interpolation="none")
    axes.axis("off")
    return figure


@themed
def accuracy_while_learning(curve: Sequence[tuple[float, float]], *, width: float = WIDE) -> Figure:
    """Draw accuracy against the images that a network has seen.

    Parameters
    ----------
    curve : sequence of (float, float)
        Images seen, and accuracy from 0 to 1.
    width : float
        Width in inches.
    """
    seen, share = np.array(curve, np.float64).T
    figure = new_figure(min(width, 6.4), 2.9)
    axes = figure.subplots()
    axes.plot(seen, 100 * share, color=PALETTE[0], marker=".")
    axes.set(xlabel="images seen", ylabel="accuracy (%)", xlim=(0, None))
    return figure


@themed
def spikes_of_neurons(
    times: NDArray[np.floating],
    neuron: NDArray[np.integer],
    n_neurons: int,
    duration: float,
    picture: NDArray[np.uint8],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw an image beside the spikes that it gave.

    Parameters
    ----------
    times : ndarray, shape (n_spikes,)
        Of each spike, ms.
    neuron : ndarray of int, shape (n_spikes,)
        Who fired it.
    n_neurons : int
        Size of the population.
    duration : float
        Of the presentation, ms.
    picture : ndarray of uint8, shape (channels, height, width)
        The image.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 2.8)
    left, right = figure.subplots(1, 2, width_ratios=(1, 3.2 if width >= 5 else 2))
    left.imshow(
        picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=255
    )
    left.axis("off")
    right.plot(times, neuron, "|", color=PALETTE[0], markersize=7)
    right.set(xlim=(0, duration), ylim=(-1, n_neurons), xlabel="time (ms)", ylabel="neuron")
    return figure


@themed
def accuracy_by_time(times: Sequence[float], accuracy: Sequence[float], *, width: float = WIDE) -> Figure:
    """Draw how often a class is right that is read after some time.

    Parameters
    ----------
    times : sequence of float
        Since the image appeared, ms.
    accuracy : sequence of float
        0 to 1.
    width : float
        Width in inches.
    """
    figure = new_figure(min(width, 6.4), 2.9)
    axes = figure.subplots()
    axes.plot(times, 100 * np.asarray(accuracy), color=PALETTE[0], marker=".")
    axes.set(xlabel="time (ms)", ylabel="accuracy (%)", xlim=(0, None), ylim=(0, 100))
    return figure
