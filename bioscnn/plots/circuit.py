"""The membrane as a circuit of a resistor and a capacitor, and what a pulse of current does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.style import INK, MUTED, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@themed
def rc_circuit(
    current: NDArray[np.float64],
    potential: NDArray[np.float64],
    dt: float,
    *,
    R_m: float,
    C_m: float,
    V_th: float | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw a membrane as a circuit, beside a pulse of current and the potential that was simulated.

    Parameters
    ----------
    current : ndarray of float, shape (n_steps,)
        Current during each step, A.
    potential : ndarray of float, shape (n_steps,)
        Potential above rest at the end of each step, V; it begins at rest.
    dt : float
        Duration of a step, s.
    R_m, C_m : float
        Resistance and capacitance of the membrane, ohm and F.
    V_th : float, optional
        Threshold above rest, V: a dashed line.
    width : float
        Width in inches.

    References
    ----------
    Lapicque (1907), Recherches quantitatives sur l'excitation electrique des nerfs traitee comme une
    polarisation, J Physiol Pathol Gen 9:620. Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics,
    section 1.3.
    """
    figure = new_figure(width, 2.7)
    drawing, pulse, trace = figure.subplot_mosaic(
        [["circuit", "pulse"], ["circuit", "trace"]], width_ratios=(1, 1.5), height_ratios=(1, 2)
    ).values()
    _draw_circuit(drawing, f"R_m\n{1e-6 * R_m:g} Mohm", f"C_m\n{1e12 * C_m:g} pF")
    time = 1e3 * dt * np.arange(len(current) + 1)
    pulse.stairs(1e9 * current, time, color=INK, linewidth=1.2)
    pulse.set(ylabel="current\n(nA)", ylim=(0, 1.2e9 * float(current.max())))
    pulse.tick_params(labelbottom=False)
    trace.plot(time, 1e3 * np.append(0.0, potential), color=PALETTE[0])
    if V_th is not None:
        trace.axhline(1e3 * V_th, color=MUTED, linestyle="--", linewidth=0.8)
    tau_m = 1e3 * R_m * C_m
    trace.set(xlabel="time (ms)", ylabel="potential (mV)")
    trace.set_title(f"tau_m = R_m C_m = {tau_m:g} ms")
    for axes in (pulse, trace):
        axes.set_xlim(0, time[-1])
    return figure


def _draw_circuit(axes: Axes, resistor: str, capacitor: str) -> None:
    """Draw a current source, a resistor and a capacitor side by side between two wires."""
    axes.set(xlim=(-0.9, 4.3), ylim=(-0.35, 3.3), aspect="equal")
    axes.set_axis_off()
    look: dict[str, Any] = {"color": INK, "linewidth": 1.3, "solid_capstyle": "round"}
    for level, name in ((3, "inside: V"), (0, "outside: rest")):
        axes.plot([0, 3.0], [level, level], **look)
        axes.annotate(
            name, (1.5, level), (0, 4 if level else -4), textcoords="offset points", ha="center",
            va="bottom" if level else "top", size=8, color=MUTED,
        )  # fmt: skip
    for x, low, high in ((0, 1.1, 1.9), (1.2, 0.9, 2.1), (3.0, 1.38, 1.62)):
        axes.plot([x, x], [0, low], **look)
        axes.plot([x, x], [high, 3], **look)
    turn = np.linspace(0, 2 * np.pi, 60)
    axes.plot(0.4 * np.cos(turn), 1.5 + 0.4 * np.sin(turn), **look)
    axes.annotate("", (0, 1.78), (0, 1.22), arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.2})
    axes.text(-0.52, 1.5, "I", ha="right", va="center")
    axes.plot([1.05, 1.35, 1.35, 1.05, 1.05], [0.9, 0.9, 2.1, 2.1, 0.9], **look)
    axes.text(1.45, 1.0, resistor, va="center", size=8)
    for plate in (1.38, 1.62):
        axes.plot([2.65, 3.35], [plate, plate], **look)
    axes.text(3.15, 1.0, capacitor, va="center", size=8)
