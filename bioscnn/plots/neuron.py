"""What one neuron does: its answer to a spike, its potential, its firing rate against the current."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, PALE, PALETTE, WIDE, new_figure, step_ends, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Curves = Mapping[str, NDArray[np.float64]]

DASHES = ("-", (0, (5, 1.5)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "^", "s", "D", "v")
SPIKE = 0.35
"""Height of the line that marks a spike, in thresholds; the model has no shape of a spike."""


@themed
def postsynaptic_potentials(
    simulated: Curves, dt: float, time: NDArray[np.float64], closed: Curves, *, width: float = WIDE
) -> Figure:
    """Draw what one spike through a synapse does to the potential: simulated (dots), in closed form (lines).

    Parameters
    ----------
    simulated : mapping of ndarray of float, shape (n_steps,)
        Potential at the end of each step after the spike, V, by what is varied.
    dt : float
        Duration of a step, s.
    time : ndarray of float64, shape (n,)
        Time since the spike, s.
    closed : mapping of ndarray of float64, shape (n,)
        Potential at `time`, V, for the same names.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 2.8)
    axes = figure.subplots()
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    looks = zip(PALETTE, MARKERS, closed.items(), strict=False)
    for colour, marker, (name, potential) in looks:
        axes.plot(1e3 * time, 1e3 * potential, color=colour)
        peak = int(np.argmax(np.abs(potential)))
        text = f"{name}  peak {1e3 * potential[peak]:.2f} mV after {1e3 * time[peak]:.1f} ms"
        axes.plot(
            step_ends(len(simulated[name]), dt), 1e3 * simulated[name],
            color=colour, linestyle="", marker=marker, markersize=3.2, label=text,
        )  # fmt: skip
    axes.set(xlabel="time since the spike (ms)", ylabel="potential above rest (mV)")
    axes.set_xlim(1e3 * time[0], 1e3 * time[-1])
    axes.legend(loc="upper right", handletextpad=0.3)
    return figure


@themed
def membrane_traces(
    potentials: Curves,
    spikes: Curves,
    duration: float,
    V_th: float,
    *,
    t_ref: Mapping[str, float] | None = None,
    current: NDArray[np.float64] | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw potentials of neurons over time, a panel each, with their spikes and refractory periods.

    Traces begin at rest. A spike is a line above the threshold (dashed). Grey: the neuron is held, and
    integrates nothing.

    Parameters
    ----------
    potentials : mapping of ndarray of float, shape (n_steps,)
        Potential at the end of each step, V, by name; the number of steps may differ.
    spikes : mapping of ndarray of float64, shape (n_spikes,)
        Times of the spikes, s, by the same names.
    duration : float
        Of the traces, s.
    V_th : float
        Threshold above rest, V.
    t_ref : mapping of float, optional
        Refractory period, s, by the same names; none is marked if left out.
    current : ndarray of float, shape (n_steps,), optional
        Current at the end of each step that drives all of them, A, drawn in a panel above.
    width : float
        Width in inches.
    """
    above = 0 if current is None else 1
    n_panels = above + len(potentials)
    figure = new_figure(width, 1.15 * n_panels + 0.45)
    panels = figure.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0]
    if current is not None:
        panels[0].plot(
            _from_onset(current, duration), 1e9 * np.append(0.0, current), color=INK, linewidth=1.2
        )
        panels[0].set(ylabel="current (nA)", ylim=(min(0.0, 1.1e9 * current.min()), 1.1e9 * current.max()))
        panels[0].set_title("what comes in")
    lowest = min(0.0, *(float(potential.min()) for potential in potentials.values()))
    for axes, colour, (name, potential) in zip(
        panels[above:], cycle(PALETTE), potentials.items(), strict=False
    ):
        axes.axhline(1e3 * V_th, color=MUTED, linestyle="--", linewidth=0.8)
        axes.plot(_from_onset(potential, duration), 1e3 * np.append(0.0, potential), color=colour)
        axes.vlines(1e3 * spikes[name], 1e3 * V_th, (1 + SPIKE) * 1e3 * V_th, color=colour, linewidth=1.4)
        for time in spikes[name] if t_ref else ():
            held = 1e3 * (time + (t_ref or {})[name])
            axes.axvspan(1e3 * time, held, color=MUTED, alpha=0.22, linewidth=0)
        n = len(spikes[name])
        axes.set_title(f"{name}: {n} spike{'' if n == 1 else 's'}")
        axes.set(ylabel="potential (mV)", ylim=(1.05e3 * lowest - 0.05e3 * V_th, (1.08 + SPIKE) * 1e3 * V_th))
    panels[-1].set(xlabel="time (ms)", xlim=(0, 1e3 * duration))
    return figure


@themed
def rate_curves(
    current: NDArray[np.float64],
    closed: Curves,
    at: NDArray[np.float64],
    simulated: Curves,
    *,
    rheobase: float | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw firing rates against a constant current: closed forms (lines), simulations (markers).

    Parameters
    ----------
    current : ndarray of float64, shape (n,)
        Currents of the lines, A.
    closed : mapping of ndarray of float64, shape (n,)
        Rates, Hz, by name.
    at : ndarray of float64, shape (m,)
        Currents of the markers, A.
    simulated : mapping of ndarray of float64, shape (m,)
        Rates, Hz, by name; markers have the colour of the line of the same name, if there is one.
    rheobase : float, optional
        Marked by a dotted line, A.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 3.2)
    axes = figure.subplots()
    together = bool(set(closed) & set(simulated))
    colours = dict(zip(closed if together else simulated, cycle(PALETTE), strict=False))
    greys, dashes = cycle((INK, MUTED)), cycle(("-",) if together else DASHES)
    handles: dict[str, Any] = {}
    for name, rates in closed.items():
        colour = colours.get(name) or next(greys)
        handles[name] = tuple(axes.plot(1e9 * current, rates, color=colour, linestyle=next(dashes)))
    for marker, (name, rates) in zip(cycle(MARKERS), simulated.items(), strict=False):
        look: dict[str, Any] = {"marker": marker, "markersize": 4, "markerfacecolor": "none", "linestyle": ""}
        drawn = axes.plot(1e9 * at, rates, color=colours.get(name, INK), zorder=3, **look)
        handles[name] = (*handles.get(name, ()), *drawn)
    _mark_rheobase(axes, rheobase)
    axes.set(xlabel="current (nA)", ylabel="firing rate (Hz)", ylim=(0, None))
    axes.set_xlim(1e9 * current[0], 1e9 * current[-1])
    figure.legend([*handles.values()], [*handles], loc="outside lower center", ncols=4 if width >= 5 else 2)
    return figure


@themed
def rate_errors(
    at: NDArray[np.float64],
    errors: Curves,
    *,
    expected: Curves | None = None,
    rheobase: float | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw by how much simulated rates miss a closed form, against the current.

    Parameters
    ----------
    at : ndarray of float64, shape (n,)
        Currents, A.
    errors : mapping of ndarray of float64, shape (n,)
        Simulated over true rate, less 1, by what is compared; NaN where the true one is 0.
    expected : mapping of ndarray of float64, shape (n,), optional
        The same as theory says, a line for each marker of the same name.
    rheobase : float, optional
        Marked by a dotted line, A.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 2.8)
    axes = figure.subplots()
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    for colour, marker, (name, error) in zip(cycle(PALETTE), cycle(MARKERS), errors.items(), strict=False):
        if expected and name in expected:
            axes.plot(1e9 * at, 100 * expected[name], color=colour, linewidth=1)
        axes.plot(
            1e9 * at, 100 * error, color=colour, linestyle="", marker=marker, markersize=3.5, label=name
        )
    _mark_rheobase(axes, rheobase)
    axes.set(xlabel="current (nA)", ylabel="error of the rate (%)")
    axes.set_xlim(0, 1e9 * at[-1] * 1.02)
    figure.set_figheight(3.1)
    figure.legend(loc="outside lower center", ncols=4 if width >= 5 else 2, handletextpad=0.3)
    return figure


def _from_onset(values: NDArray[np.float64], duration: float) -> NDArray[np.float64]:
    """Return 0, and the end of each step, in ms."""
    return np.append(0.0, step_ends(len(values), duration / len(values)))


def _mark_rheobase(axes: Axes, rheobase: float | None) -> None:
    if rheobase is not None:
        axes.axvline(1e9 * rheobase, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
