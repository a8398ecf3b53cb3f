"""The figure of docs/camera.md: what the real and the simulated camera recorded of the same digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.camera.maps import count_recordings, intervals
from bioscnn.datasets import EventSet
from bioscnn.plots.style import PALETTE, WIDE, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

LOOKS = {"real": (PALETTE[0], "-"), "simulated": (PALETTE[1], "--")}
POLARITIES = ("OFF", "ON")


@themed
def cameras(real: EventSet, simulated: EventSet) -> Figure:
    """Draw numbers, intervals, course in time and maps of the events of both cameras."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDE, 6.6), layout="constrained")
    top, middle, bottom = figure.subfigures(3, height_ratios=[1, 1, 1.1])
    numbers = top.subplots(1, 3)
    courses = middle.subplots(1, 2)
    sets = {"real": real, "simulated": simulated}
    for polarity in range(2):
        _numbers(numbers[polarity], sets, polarity)
        _time_course(courses[polarity], sets, polarity)
    _intervals(numbers[2], sets)
    courses[0].legend(loc="upper right", ncols=2)
    _maps(bottom, sets)
    return figure


def _numbers(axes: Axes, sets: dict[str, EventSet], polarity: int) -> None:
    import seaborn as sns

    for name, (colour, dashes) in LOOKS.items():
        number = [np.sum(stream.p == polarity) for stream in sets[name]]
        sns.kdeplot(x=number, ax=axes, color=colour, linestyle=dashes, cut=0)
    axes.set(xlabel="events", ylabel="", yticks=[], title=f"{POLARITIES[polarity]} events a recording")
    axes.spines["left"].set_visible(False)


def _intervals(axes: Axes, sets: dict[str, EventSet]) -> None:
    bins = np.geomspace(0.5, 300, 60)
    for name, (colour, dashes) in LOOKS.items():
        times = np.concatenate([intervals(stream) for stream in sets[name]])
        share = 100 * np.histogram(times, bins)[0] / len(times)
        axes.plot(np.sqrt(bins[1:] * bins[:-1]), share, color=colour, linestyle=dashes)
    axes.set(xscale="log", xlabel="ms", ylabel="% of intervals", ylim=(0, None), title="interval in a pixel")
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])


def _time_course(axes: Axes, sets: dict[str, EventSet], polarity: int) -> None:
    bins = np.arange(0, 321, 2)
    for name, (colour, dashes) in LOOKS.items():
        t_ms = np.concatenate([stream.t_us[stream.p == polarity] for stream in sets[name]]) / 1e3
        rate = np.histogram(t_ms, bins)[0] / (2 * len(sets[name]))
        axes.plot(bins[:-1] + 1, rate, color=colour, linestyle=dashes, label=name)
    word = POLARITIES[polarity]
    axes.set(
        xlabel="time (ms)", ylabel="events/ms", xlim=(0, 320), ylim=(0, 20), title=f"{word} events in time"
    )


def _maps(figure: SubFigure, sets: dict[str, EventSet]) -> None:
    means = {name: count_recordings(recordings).sum(1).mean(0) for name, recordings in sets.items()}
    most = max(mean.max() for mean in means.values())
    panels = figure.subplots(1, 4)
    panels_of = [(word, polarity, name) for polarity, word in enumerate(POLARITIES) for name in sets]
    for axes, (word, polarity, name) in zip(panels, panels_of, strict=True):
        image = axes.imshow(means[name][polarity], cmap="cividis", vmin=0, vmax=most)
        axes.set(xticks=[0, 33], yticks=[0, 33], title=f"{word}, {name}")
    figure.colorbar(image, ax=panels, shrink=0.7, label="events a recording")
