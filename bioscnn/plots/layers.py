"""One trial inside a network: currents into a layer, spikes of its channels over time, single neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.raster import show_image
from bioscnn.plots.style import MUTED, PALE, PALETTE, TRUE, WIDE, WRONG, new_figure, step_ends, themed
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPIKE = 1.4
"""How high a spike is drawn, in thresholds; the model has no shape of a spike, only its time."""


@dataclass(frozen=True, eq=False)
class NeuronTrace:
    """What a neuron did in one trial.

    Parameters
    ----------
    potential : ndarray of float, shape (n_steps,)
        At the end of each step, after a reset, as deviation from rest, V.
    current : ndarray of float, shape (n_steps,)
        All that flows into the neuron at the end of each step, A.
    spikes : ndarray of int
        Steps in which it fired.
    """

    potential: NDArray[np.floating]
    current: NDArray[np.floating]
    spikes: NDArray[np.integer]


@themed
def current_maps(
    image: NDArray[np.uint8], currents: NDArray[np.floating], rheobase: float, *, width: float = WIDE
) -> Figure:
    """Draw the constant current into each neuron of a layer, channel by channel, beside the image.

    White is the rheobase: neurons in red fire sooner or later, those in blue never.

    Parameters
    ----------
    image : ndarray of uint8, shape (channels, height, width)
        What is shown.
    currents : ndarray of float, shape (n_channels, height, width)
        Into the neurons, A.
    rheobase : float
        The smallest constant current that makes one fire, A.
    width : float
        Width in inches; a row has as many panels as fit.
    """
    from matplotlib.colors import CenteredNorm

    n_panels = 1 + len(currents)
    columns = min(n_panels, max(3, int(width / 1.4)))
    rows = -(-n_panels // columns)
    panel = width / columns * currents.shape[1] / currents.shape[2]
    figure = new_figure(width, rows * (panel + 0.2) + 0.7)
    first, *panels = figure.subplots(rows, columns, squeeze=False).ravel()
    show_image(first, image)
    first.set_anchor("C")
    first.set_title("image", pad=3)
    nA, middle = 1e9 * currents, 1e9 * rheobase
    norm = CenteredNorm(middle, float(np.abs(nA - middle).max()) or 1.0)
    for axes in panels[len(nA) :]:
        axes.set_axis_off()
    for k, (axes, current) in enumerate(zip(panels, nA, strict=False)):
        current_map = axes.imshow(current, cmap="RdBu_r", norm=norm, interpolation="nearest")
        axes.set_title(f"channel {k}", pad=3)
        _frame(axes)
    bar = figure.colorbar(current_map, ax=[first, *panels], location="bottom", shrink=0.6, aspect=40)
    bar.set_label("current (nA)")
    bar.ax.annotate(
        f"rheobase, {middle:g} nA", (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
        textcoords="offset points", ha="center", va="bottom", size=8, color=MUTED,
    )  # fmt: skip
    bar.outline.set_linewidth(0)
    return figure


@themed
def spike_maps(
    populations: Mapping[str, SpikeTrains],
    shapes: Mapping[str, tuple[int, ...]],
    trial: int,
    window: float,
    *,
    most: int = 2,
    width: float = WIDE,
) -> Figure:
    """Draw where the neurons of one trial fire, window after window, as images.

    A row is a channel: of each population those that fire most in the trial.

    Parameters
    ----------
    populations : mapping of SpikeTrains
        By name, from the first layer on.
    shapes : mapping of (int, int, int)
        Channels, rows and columns of each of them.
    trial : int
        Which of the trials.
    window : float
        Duration of a window, s; the last one is cut off by the end of the trial.
    most : int
        Channels of a population that are drawn.
    width : float
        Width in inches.
    """
    rows: list[tuple[str, NDArray[np.int64]]] = []
    for name, trains in populations.items():
        counts = _window_counts(trains[trial : trial + 1], window).reshape(-1, *shapes[name])
        busiest = np.argsort(-counts.sum(axis=(0, 2, 3)), kind="stable")[:most]
        rows += [(f"{name}\nchannel {channel}", counts[:, channel]) for channel in busiest]
    trains = next(iter(populations.values()))
    ends = np.minimum(np.arange(1, len(rows[0][1]) + 1) * window, trains.n_steps * trains.dt)
    largest = max(1, *(int(counts.max()) for _, counts in rows))
    heights = [counts.shape[1] / counts.shape[2] for _, counts in rows]
    side = (width - 0.75) / len(ends)
    figure = new_figure(width, side * sum(heights) + 0.9, layout="compressed")
    panels = figure.subplots(len(rows), len(ends), squeeze=False, height_ratios=heights)
    for line, (name, counts) in zip(panels, rows, strict=True):
        for axes, count in zip(line, counts, strict=True):
            count_map = axes.imshow(count, cmap="Blues", vmin=0, vmax=largest, interpolation="nearest")
            _frame(axes)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", size=8)
    starts = np.concatenate([[0.0], ends[:-1]])
    for axes, start, end in zip(panels[0], starts, ends, strict=True):
        unit = " ms" if width >= 5 else ""
        axes.set_title(f"{1e3 * start:g}\N{EN DASH}{1e3 * end:g}{unit}", loc="center", size=8, pad=3)
    bar = figure.colorbar(
        count_map, ax=panels, location="bottom", shrink=0.5, aspect=40, ticks=range(largest + 1)
    )
    bar.set_label("spikes of a neuron" if width >= 5 else "spikes of a neuron; times in ms")
    return figure


@themed
def neuron_traces(
    neurons: Mapping[str, NeuronTrace],
    V_th: float,
    rheobase: float,
    dt: float,
    *,
    width: float = WIDE,
) -> Figure:
    """Draw the potential of single neurons beside the current that drives it.

    Vertical lines are spikes; dashed, the threshold and the rheobase, the weakest constant current that
    reaches it.

    Parameters
    ----------
    neurons : mapping of NeuronTrace
        By name.
    V_th : float
        Threshold above rest, V.
    rheobase : float
        Smallest constant current that makes the neurons fire, A.
    dt : float
        Duration of a step, s.
    width : float
        Width in inches; below 5 the current stands below the potential.
    """
    beside, n = width >= 5, len(neurons)
    figure = new_figure(width, 1.35 * n + 0.4 if beside else 2.5 * n + 0.3)
    panels = figure.subplots(*(n, 2) if beside else (2 * n, 1), sharex=True, squeeze=False).reshape(n, 2)
    for (name, trace), (voltage, current) in zip(neurons.items(), panels, strict=True):
        time = step_ends(len(trace.potential), dt)
        fired = time[np.asarray(trace.spikes, np.int64)]
        voltage.plot(np.append(0, time), 1e3 * np.append(0, trace.potential), color=TRUE)
        voltage.vlines(fired, 1e3 * V_th, SPIKE * 1e3 * V_th, color=TRUE, linewidth=1.2)
        voltage.axhline(1e3 * V_th, color=MUTED, linewidth=0.8, linestyle="--", zorder=1)
        voltage.set_ylim(min(-1.0, 1.1e3 * trace.potential.min()), SPIKE * 1e3 * V_th + 1)
        voltage.set_ylabel("potential (mV)")
        voltage.set_title(f"{name}: {len(fired)} spike{'' if len(fired) == 1 else 's'}", pad=4)
        current.axhline(0, color=PALE, linewidth=0.6, zorder=0)
        current.axhline(1e9 * rheobase, color=MUTED, linewidth=0.8, linestyle="--", zorder=1)
        current.plot(time, 1e9 * trace.current, color=WRONG)
        current.set_ylabel("current (nA)")
        current.set_xlim(0, time[-1])
    for axes in panels[-1] if beside else panels[-1, 1:]:
        axes.set_xlabel("time (ms)")
    return figure


def _window_counts(trial: SpikeTrains, window: float) -> NDArray[np.int64]:
    """Return the spikes of each neuron in each window of a single trial, shape (n_windows, size)."""
    stride = round(window / trial.dt)
    n_windows = -(-trial.n_steps // stride)
    index = trial.step.astype(np.int64) // stride * trial.size + trial.neuron
    return np.bincount(index, minlength=n_windows * trial.size).reshape(n_windows, trial.size)


def _frame(axes: Axes) -> None:
    axes.set(xticks=(), yticks=())
    axes.spines[:].set(visible=True, color=PALE)


@themed
def image_over_steps(
    image: NDArray[np.uint8], currents: NDArray[np.floating], n_steps: int, dt: float, *, width: float = WIDE
) -> Figure:
    """Draw how an image becomes a stimulus in time: the same frame, and so the same currents, in every step.

    Parameters
    ----------
    image : ndarray of uint8, shape (channels, height, width)
        Pixels from 0 to 255; of several channels, their mean is drawn.
    currents : ndarray of float, shape (size,)
        Current of each pixel, A.
    n_steps : int
        Steps of a trial, more than 5.
    dt : float
        Duration of a step, s.
    width : float
        Width in inches.
    """
    steps = (1, 2, 3, None, n_steps - 1, n_steps)
    figure = new_figure(width, 2.9)
    grid = figure.add_gridspec(2, len(steps), height_ratios=(1.1, 1))
    for k, step in enumerate(steps):
        axes = figure.add_subplot(grid[0, k])
        axes.set_axis_off()
        if step is None:
            axes.text(0.5, 0.5, "...", ha="center", va="center", transform=axes.transAxes)
            continue
        axes.imshow(image.mean(axis=0), cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"step {step}", loc="center")
    axes = figure.add_subplot(grid[1, :])
    time = 1e3 * dt * np.arange(n_steps + 1)
    levels = 1e9 * np.quantile(currents[currents > 0], (1, 0.5, 0.1))
    for colour, name, level in zip(PALETTE, ("brightest", "middling", "dim"), levels, strict=False):
        axes.stairs(
            np.full(n_steps, level), time, baseline=None, color=colour, label=f"{name} pixel, {level:.2f} nA"
        )
    axes.set(xlabel="time (ms)", ylabel="current (nA)", xlim=(0, time[-1]), ylim=(0, 1.6 * levels[0]))
    axes.legend(loc="upper center", ncols=3)
    return figure
