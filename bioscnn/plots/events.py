"""A recording of an event camera in space, time and polarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.raster import MOST_VECTOR_SPIKES
from bioscnn.plots.style import PALETTE, WIDE, mark_times, milliseconds, opacity, themed
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = PALETTE[:2]
"""Of polarity 0 and 1."""

RATE_WINDOW_MS = 5.0


@themed
def events(
    spikes: SpikeTrains,
    trial: int,
    shape: tuple[int, int, int],
    *,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw the input spikes of one recording: where they are, by polarity, and when, by column and by row.

    Parameters
    ----------
    spikes : SpikeTrains
        Of the input population.
    trial : int
        Which of its trials.
    shape : (int, int, int)
        Polarities, rows and columns.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches; below 5 the maps stand above the courses in time.
    """
    from matplotlib.figure import Figure

    one = spikes[trial : trial + 1]
    time = milliseconds(one.step, one.dt)
    polarity, row, column = np.unravel_index(one.neuron, shape)
    counts = one.counts().reshape(shape)
    beside = width >= 5
    figure = Figure(figsize=(width, 4.6 if beside else 6.2), layout="constrained")
    if beside:
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 2.9))
    else:
        parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 2.7))
    maps, courses = parts.flat
    places = maps.subplots(*(2, 1) if beside else (1, 2))
    image = None
    for p, axes in enumerate(places):
        image = axes.imshow(counts[p], cmap="magma_r", vmin=0, vmax=max(1, counts.max()))
        axes.set_title(f"polarity {p}: {counts[p].sum():,}", color=COLOURS[p])
        axes.set(xticks=(0, shape[2] - 1), yticks=(0, shape[1] - 1))
    assert image is not None
    bar = maps.colorbar(image, ax=list(places), location="bottom", shrink=0.8, aspect=30)
    bar.set_label("spikes of a pixel")
    across, down, course = courses.subplots(3, 1, sharex=True, height_ratios=(1.3, 1.3, 1))
    for axes, place, size, name in ((across, column, shape[2], "column"), (down, row, shape[1], "row")):
        _draw_places(axes, time, place, polarity, size)
        axes.set_ylabel(name)
    _draw_course(course, time, polarity, spikes.n_steps * spikes.dt * 1e3)
    course.set(xlabel="time (ms)", ylabel="spikes (1/ms)", xlim=(0, spikes.n_steps * spikes.dt * 1e3))
    for axes in (across, down, course):
        mark_times(axes, ends)
    return figure


def _draw_places(
    axes: Axes,
    time: NDArray[np.float64],
    place: NDArray[np.int64],
    polarity: NDArray[np.int64],
    size: int,
) -> None:
    # Polarities alternate in the order of time, so that neither covers the other.
    axes.scatter(
        time,
        place + np.where(polarity == 1, 0.2, -0.2),
        s=1.6,
        linewidths=0,
        color=np.array(COLOURS)[polarity],
        alpha=opacity(len(time)),
        rasterized=len(time) > MOST_VECTOR_SPIKES,
    )
    axes.set_ylim(size - 0.5, -0.5)


def _draw_course(axes: Axes, time: NDArray[np.float64], polarity: NDArray[np.int64], duration: float) -> None:
    edges = np.linspace(0, duration, max(1, round(duration / RATE_WINDOW_MS)) + 1)
    for p, colour in enumerate(COLOURS):
        count, _ = np.histogram(time[polarity == p], edges)
        axes.stairs(count / np.diff(edges), edges, color=colour, label=f"polarity {p}")
    axes.set_ylim(0)
