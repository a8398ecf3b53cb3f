"""What the points of a sweep come to: an outcome against each parameter, and all parameters side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.parameters import GROUPS, Parameter, group_of, names_of, outcome_of
from bioscnn.plots.style import INK, MANY, MUTED, PALE, WIDE, new_figure, themed
from bioscnn.statistics import median

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEARLY = 0.02
"""Values that differ by less than this share of the range are nearly the same."""

BINS = 8
"""At most so many medians are drawn along a parameter."""


def running_median(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return medians of an outcome along a parameter: at each value if they are few, else in equal parts.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Values of the parameter and of the outcome.

    Returns
    -------
    ndarray of float64, shape (n_medians, 4)
        Mean of the values of the parameter, median of the outcome, and the ends of its 95 % interval; NaN
        where there are fewer than six values, which have no such interval.

    Notes
    -----
    The interval lies between two of the sorted values, which the binomial distribution picks, whatever the
    distribution of the values is.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, section 3.2, Wiley.
    """
    return np.array([(x[part].mean(), *_median(y[part])) for part in _parts(x)])


def explained_share(parameter: Parameter, values: pd.Series, outcome: pd.Series) -> float:
    """Return the share of an outcome's variance that goes with a parameter, whatever the others do.

    Parameters
    ----------
    parameter : Parameter
        Which.
    values, outcome : Series, length n
        Its values and those of the outcome.

    Notes
    -----
    The variance between the parts of `running_median`, less what chance puts there: epsilon squared, which is
    0 on average where the parameter does nothing.

    References
    ----------
    Kelley (1935), An unbiased correlation ratio measure, PNAS 21:554.
    """
    x, y = parameter.numbers(values), outcome.to_numpy(float)
    parts = _parts(x)
    if len(y) <= len(parts) or np.ptp(y) == 0:
        return 0.0
    within = sum(len(part) * y[part].var() for part in parts) / (len(y) - len(parts))
    return float(1 - within / y.var(ddof=1))


def _parts(x: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return which values are taken together: those that are nearly the same, or else equal numbers of them.

    Nearly the same are those that rounding to whole time steps has moved apart.
    """
    order = np.argsort(x, kind="stable")
    values, close = x[order], NEARLY * np.ptp(x) if len(x) else 0.0
    groups = np.split(order, np.flatnonzero(np.diff(values) > close) + 1)
    if len(groups) <= BINS and all(np.ptp(x[group]) <= 2 * close for group in groups if len(group)):
        return groups
    return np.array_split(order, min(BINS, max(1, len(x) // 6)))


def _median(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return a median and the ends of its interval, which fewer than six values do not have."""
    estimate = median(values)
    ends = (estimate.low, estimate.high) if len(values) >= 6 else (np.nan, np.nan)
    return estimate.value, *ends


@themed
def main_effects(
    points: pd.DataFrame, parameters: Sequence[Parameter], outcome: str, *, width: float = WIDE
) -> Figure:
    """Draw an outcome against each parameter, whatever the others are: points, and their running median.

    Parameters
    ----------
    points : DataFrame
        One row per point: columns named by the keys of the parameters, and by the outcome; rows that lack the
        outcome are left out.
    parameters : sequence of Parameter
        A panel each, in this order.
    outcome : str
        What to draw.
    width : float
        Width in inches; below 5 two panels stand side by side, else four.
    """
    what, names = outcome_of(outcome), names_of([parameter.key for parameter in parameters])
    rows = points.dropna(subset=[outcome])
    columns = min(len(parameters), 4 if width >= 5 else 2)
    lines = -(-len(parameters) // columns)
    figure = new_figure(width, 1.5 * lines + 0.1)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for k, (axes, parameter) in enumerate(zip(panels.flat, parameters, strict=False)):
        _draw_effect(axes, parameter, rows[parameter.key], what.factor * rows[outcome].to_numpy(float))
        parameter.set_axis(axes, names[parameter.key])
        axes.set_ylabel(what.label if k % columns == 0 else "", size=8)
        axes.xaxis.label.set_size(8)
        axes.tick_params(labelsize=7, pad=2)
        axes.grid(axis="y", color=MUTED, alpha=0.15)
    for axes in panels.flat[len(parameters) :]:
        axes.set_axis_off()
    return figure


def _draw_effect(axes: Axes, parameter: Parameter, column: pd.Series, y: NDArray[np.float64]) -> None:
    x, colour = parameter.numbers(column), GROUPS[group_of(parameter.key)][1]
    # Means of values on a log scale are those of their logarithms.
    line = running_median(np.log(x) if parameter.log else x, y)
    at = np.exp(line[:, 0]) if parameter.log else line[:, 0]
    opacity = min(1.0, max(0.25, 60 / len(y)))
    axes.scatter(x, y, s=5, color=PALE, alpha=opacity, linewidths=0, rasterized=len(y) > MANY)
    if parameter.is_choice:
        axes.vlines(at, line[:, 2], line[:, 3], color=colour, linewidth=1.6)
        axes.plot(at, line[:, 1], "o", color=colour, markersize=4.5)
        axes.set_xlim(-0.5, len(parameter.words) - 0.5)
    else:
        axes.fill_between(at, line[:, 2], line[:, 3], color=colour, alpha=0.2, linewidth=0)
        axes.plot(at, line[:, 1], color=colour, marker="o", markersize=2.8)


@themed
def parallel_coordinates(
    points: pd.DataFrame, parameters: Sequence[Parameter], outcome: str, *, width: float = WIDE
) -> Figure:
    """Draw each point as a line through all its parameters, coloured by what it came to.

    A row is a parameter, from its low end at the left to its high end at the right; the outcome is the row on
    top. The best points lie over the others. Points of the same value stand side by side, a little apart.

    Parameters
    ----------
    points, parameters, outcome
        As of `main_effects`; the parameters stand below each other in this order.
    width : float
        Width in inches.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection

    what, names = outcome_of(outcome), names_of([parameter.key for parameter in parameters])
    rows = points.dropna(subset=[outcome]).sort_values(outcome, kind="stable")
    values = what.factor * rows[outcome].to_numpy(float)
    low, high = float(values.min()), float(values.max())
    result = Parameter(outcome, what.unit, low, high)
    across = [result.position(values)]
    across += [_side_by_side(parameter.position(rows[parameter.key])) for parameter in parameters]
    figure = new_figure(width, 0.34 * (len(parameters) + 1) + 0.9)
    axes = figure.subplots()
    lines = np.stack(
        [np.array(across), np.broadcast_to(np.arange(len(across))[:, None], np.shape(across))], axis=-1
    )
    drawn = LineCollection(
        list(lines.transpose(1, 0, 2)), cmap="viridis", array=values, linewidths=0.8,
        alpha=min(0.9, max(0.3, 50 / len(values))), rasterized=len(values) > 10 * MANY,
    )  # fmt: skip
    axes.hlines(range(len(across)), 0, 1, color=MUTED, linewidth=0.8, zorder=0.5)
    axes.add_collection(drawn)
    axes.set(xlim=(-0.04, 1.04), ylim=(len(across) - 0.5, -0.6), xticks=())
    axes.set_yticks(range(len(across)), [what.name, *(names[parameter.key] for parameter in parameters)])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    for row, parameter in enumerate([result, *parameters]):
        _write_ends(axes, row, parameter)
    # A bar of the lines themselves would be as transparent as they are.
    scale = ScalarMappable(drawn.norm, drawn.cmap)
    bar = figure.colorbar(scale, ax=axes, location="bottom", shrink=0.6, aspect=40)
    bar.set_label(what.label)
    bar.outline.set_linewidth(0)
    return figure


def _side_by_side(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move equal positions apart by up to a fiftieth, in their order."""
    moved = position.copy()
    for value in np.unique(position):
        same = np.flatnonzero(position == value)
        if len(same) > 1:
            moved[same] += np.linspace(-0.02, 0.02, len(same))
    return moved


def _write_ends(axes: Axes, row: int, parameter: Parameter) -> None:
    """Write the values of a parameter above its row, at their places: the two ends, or all words."""
    if parameter.is_choice:
        marks = list(zip(parameter.position(parameter.words), parameter.words, strict=True))
    else:
        low, high = parameter.ends
        marks = [(0.0, f"{low:.4g}"), (1.0, parameter.text(high) + (", log" if parameter.log else ""))]
    for place, text in marks:
        side = "left" if place < 0.1 else "right" if place > 0.9 else "center"
        axes.annotate(
            text, (place, row), (0, 3), textcoords="offset points", size=6.5, ha=side, color=INK, zorder=4,
            bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6},
        )  # fmt: skip
