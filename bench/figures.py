"""How the cost of bioscnn grows, drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bioscnn.plots.files import save
from bioscnn.plots.style import MUTED, PALETTE, WIDE, themed

PANELS: tuple[tuple[str, str, Callable[[dict[str, Any]], float]], ...] = (
    ("trials", "trials", lambda point: point["trials"]),
    ("duration", "simulated time (ms)", lambda point: point["value"]),
    ("time step", "time step (ms)", lambda point: point["value"]),
    ("width", "synaptic events", lambda point: point["synaptic_events"]),
)


@themed
def scaling_figure(scaling: dict[str, Any]) -> Figure:
    """Draw the seconds of a run against what grows, both logarithmic, with the fitted power."""
    figure = Figure(figsize=(WIDE, 2.2), layout="constrained")
    for axes, (axis, label, what) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        points = [point for point in scaling["points"] if point["axis"] == axis]
        x = [what(point) for point in points]
        y = [point["seconds"]["median"] for point in points]
        axes.loglog(x, y, marker="o", markersize=4, color=PALETTE[0])
        # What grows as fast as its cause, through the dearest point; more steps come with a smaller step.
        power, dearest = (-1 if axis == "time step" else 1), y.index(max(y))
        linear = [y[dearest] * (at / x[dearest]) ** power for at in x]
        axes.loglog(x, linear, color=MUTED, linestyle=":", linewidth=1)
        axes.set_xlabel(label)
        axes.set_title(f"power {scaling['exponents'][axis]:.2f}")
        axes.minorticks_off()
    figure.axes[0].set_ylabel("time of a run (s)")
    return figure


def draw_scaling(scaling: dict[str, Any], path: Path) -> None:
    """Write the figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save(scaling_figure(scaling), path)
