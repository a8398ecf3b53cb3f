"""How a neuron of the time code turns its potential into a spike time, and what each time says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bioscnn.neurons import TimeCode
from bioscnn.plots.style import INK, MUTED, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = (1.0, 0.7, 0.4, 0.2, 0.1)
"""Values whose potentials are drawn."""


@themed
def spike_times(code: TimeCode, V_th: float, *, width: float = WIDE) -> Figure:
    """Draw the falling threshold that decaying potentials cross, and the value that each spike time says.

    Parameters
    ----------
    code : TimeCode
        Time constants and time step.
    V_th : float
        Potential that stands for a value of 1, V.
    width : float
        Width in inches; below 5 the panels stand one below the other.
    """
    steps, dt_ms = code.window_steps, 1e3 * code.dt
    # In step j of its window, a neuron fires a spike that will be W - j steps old when the window closes.
    time, ages = dt_ms * np.arange(steps), np.arange(steps, 0, -1)
    decay = np.exp(-code.dt * np.arange(steps) / code.tau_m)
    threshold = 1e3 * V_th * decay * code.borders[ages - 1]
    beside = width >= 5
    figure = new_figure(width, 2.6 if beside else 5.2)
    crossing, coded = figure.subplots(*((1, 2) if beside else (2, 1)))
    for value, colour in zip(SHOWN, PALETTE, strict=False):
        potential, age = 1e3 * V_th * value * decay, int(code.ages_of(value))
        fired = steps - age if age else steps - 1
        crossing.plot(time[: fired + 1], potential[: fired + 1], color=colour)
        if age:
            crossing.plot(time[fired], potential[fired], "o", color=colour, markersize=4)
            coded.plot(time[fired], value, "o", color=colour, markersize=4, zorder=3)
        crossing.annotate(f"{value:g}", (0, potential[0]), xytext=(-3, 0), textcoords="offset points",
                          ha="right", va="center", size=7, color=colour)  # fmt: skip
    crossing.plot(time, threshold, color=INK, drawstyle="steps-mid", label="threshold")
    crossing.set(xlabel="time since the window opened (ms)", ylabel="potential (mV)")
    crossing.set_xlim(-0.12 * time[-1], time[-1] + dt_ms / 2)
    crossing.set_ylim(0)
    crossing.legend()
    coded.plot(time, code.values[ages - 1], color=MUTED, drawstyle="steps-mid", linewidth=1)
    coded.set(xlabel="time of the spike in its window (ms)", ylabel="value (of the scale)", ylim=(0, 1.05))
    return figure
