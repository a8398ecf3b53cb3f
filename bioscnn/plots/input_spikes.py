"""The spikes that come in, in space and time: by polarity, by cell, or by channel of colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.raster import MOST_VECTOR_SPIKES
from bioscnn.plots.style import PALETTE, WIDE, mark_times, milliseconds, new_figure, opacity, themed
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

POLARITIES = ("polarity 0", "polarity 1")
COLOURS = ("red", "green", "blue")

_OF_COLOURS = (PALETTE[1], PALETTE[2], PALETTE[0])
"""What maps of these names are drawn in."""

RATE_WINDOW_MS = 5.0


@themed
def input_spikes(
    spikes: SpikeTrains,
    trial: int,
    shape: tuple[int, int, int],
    *,
    names: Sequence[str] = POLARITIES,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw the input spikes of one trial: where they are, map by map, and when, by column and by row.

    Parameters
    ----------
    spikes : SpikeTrains
        Of the input population.
    trial : int
        Which of its trials.
    shape : (int, int, int)
        Maps, rows and columns.
    names : sequence of str
        What each map is of.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches; below 5 the maps stand above the courses in time.
    """
    of_trial = spikes[trial : trial + 1]
    time = milliseconds(of_trial.step, of_trial.dt)
    of_map, row, column = np.unravel_index(of_trial.neuron, shape)
    beside = width >= 5
    columns = 1 if beside and len(names) <= 3 else min(2, len(names))
    figure = new_figure(width, 4.6 if beside else 6.2)
    if beside:
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1 if columns == 1 else 1.7, 2.9))
    else:
        parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(1 if len(names) < 3 else 1.7, 2.7))
    maps, courses = parts.flat
    colours = _OF_COLOURS if tuple(names) == COLOURS else PALETTE
    _draw_maps(maps, columns, of_trial.counts().reshape(shape), names, colours)
    across, down, course = courses.subplots(3, 1, sharex=True, height_ratios=(1.3, 1.3, 1))
    for axes, place, size, name in ((across, column, shape[2], "column"), (down, row, shape[1], "row")):
        _draw_places(axes, time, place, of_map, colours[: shape[0]])
        axes.set(ylabel=name, ylim=(size - 0.5, -0.5))
    duration = spikes.n_steps * spikes.dt * 1e3
    _draw_course(course, time, of_map, names, colours, duration)
    course.set(xlabel="time (ms)", ylabel="spikes (1/ms)", xlim=(0, duration))
    for axes in (across, down, course):
        mark_times(axes, ends)
    return figure


def _draw_maps(
    part: SubFigure, columns: int, counts: NDArray[np.int64], names: Sequence[str], colours: Sequence[str]
) -> None:
    places = part.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for axes in places[len(names) :]:
        axes.set_axis_off()
    for k, (axes, name) in enumerate(zip(places, names, strict=False)):
        image = axes.imshow(counts[k], cmap="magma_r", vmin=0, vmax=max(1, counts.max()))
        axes.set_title(f"{name}: {counts[k].sum():,}", color=colours[k])
        axes.set(xticks=(0, counts.shape[2] - 1), yticks=(0, counts.shape[1] - 1))
    bar = part.colorbar(image, ax=list(places), location="bottom", shrink=0.8, aspect=30)
    bar.set_label("spikes of a pixel")


def _draw_places(
    axes: Axes,
    time: NDArray[np.float64],
    place: NDArray[np.int64],
    of_map: NDArray[np.int64],
    colours: Sequence[str],
) -> None:
    # Maps alternate in the order of time and lie beside each other, so that none covers another.
    n_maps = len(colours)
    beside = 0.4 * (of_map - (n_maps - 1) / 2) / max(1, n_maps - 1)
    axes.scatter(
        time,
        place + beside,
        s=1.6,
        linewidths=0,
        color=np.array(colours)[of_map],
        alpha=opacity(len(time)),
        rasterized=len(time) > MOST_VECTOR_SPIKES,
    )


def _draw_course(
    axes: Axes,
    time: NDArray[np.float64],
    of_map: NDArray[np.int64],
    names: Sequence[str],
    colours: Sequence[str],
    duration: float,
) -> None:
    edges = np.linspace(0, duration, max(1, round(duration / RATE_WINDOW_MS)) + 1)
    for k, name in enumerate(names):
        count, _ = np.histogram(time[of_map == k], edges)
        axes.stairs(count / np.diff(edges), edges, color=colours[k], label=name)
    axes.set_ylim(0)
