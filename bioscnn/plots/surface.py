"""An outcome over two parameters at once: the points, and a smooth surface where one stands for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.plots.parameters import Parameter, names_of, outcome_of
from bioscnn.plots.style import MANY, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENOUGH = 0.5
"""The least share of the variance that a surface has to predict to be drawn."""


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A surface of second degree over two positions.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (6,)
        Of 1, x, y, x², xy, y².
    predicted : float
        Share of the variance of points that it predicts when fitted without them, one at a time; 1 at best,
        0 or less if it tells no more than the mean.
    """

    coefficients: NDArray[np.float64]
    predicted: float

    def __call__(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return its height at positions."""
        height: NDArray[np.float64] = _terms(np.asarray(x), np.asarray(y)) @ self.coefficients
        return height


def fit_quadratic(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Quadratic | None:
    """Fit a surface of second degree to values at positions by least squares.

    Parameters
    ----------
    x, y, z : array_like, shape (n,)
        Positions, 0 to 1, and values.

    Returns
    -------
    Quadratic or None
        None if the points do not determine it, or all values are the same.

    Notes
    -----
    What it predicts of a point that it has not seen is Q² = 1 - PRESS / variance, from the diagonal of the
    hat matrix, without fitting n times.

    References
    ----------
    Allen (1974), The relationship between variable selection and data augmentation and a method for
    prediction, Technometrics 16:125.
    """
    x, y, z = (np.asarray(values, dtype=np.float64) for values in (x, y, z))
    terms = _terms(x, y)
    if len(z) <= terms.shape[1] or np.linalg.matrix_rank(terms) < terms.shape[1] or np.ptp(z) == 0:
        return None
    orthogonal, triangular = np.linalg.qr(terms)
    coefficients = np.linalg.solve(triangular, orthogonal.T @ z)
    leverage = (orthogonal**2).sum(axis=1)
    unseen = (z - terms @ coefficients) / np.maximum(1 - leverage, 1e-9)
    return Quadratic(coefficients, float(1 - (unseen**2).sum() / ((z - z.mean()) ** 2).sum()))


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def is_grid(points: pd.DataFrame, x: Parameter, y: Parameter) -> bool:
    """Return whether points lie on a grid of two parameters, at least two by two, most of which they fill."""
    across, up = points[x.key].nunique(), points[y.key].nunique()
    cells = len(points[[x.key, y.key]].drop_duplicates())
    return min(across, up) > 1 and cells > 4 and len(points) >= across * up and cells > across * up / 2


@themed
def response_surface(
    points: pd.DataFrame, x: Parameter, y: Parameter, outcome: str, *, width: float = WIDE
) -> Figure:
    """Draw an outcome over two parameters.

    Of points that lie on a grid: a cell a pair of values with the mean over its points, and their number n if
    that is not the same in all cells. Of others: a dot a point, and behind them lines of equal height of a
    surface of second degree, if that predicts at least half of the variance of points that it has not seen.

    Parameters
    ----------
    points : DataFrame
        One row per point: columns named by the keys of the parameters, and by the outcome; rows that lack the
        outcome are left out.
    x, y : Parameter
        Of the horizontal and of the vertical axis.
    outcome : str
        What to draw.
    width : float
        Width in inches.
    """

    what, names = outcome_of(outcome), names_of([x.key, y.key])
    rows = points.dropna(subset=[outcome])
    figure = new_figure(width, min(0.62 * width, 4.0) if width >= 5 else 0.95 * width)
    axes = figure.subplots()
    draw = _draw_cells if is_grid(rows, x, y) else _draw_points
    drawn = draw(axes, rows, x, y, outcome)
    bar = figure.colorbar(drawn, ax=axes, location="right" if width >= 5 else "bottom", aspect=30)
    bar.set_label(what.label)
    bar.outline.set_linewidth(0)
    axes.set(xlabel=x.label(names[x.key]), ylabel=y.label(names[y.key]))
    if draw is _draw_points:
        axes.set_xticks(*_ticks(x))
        axes.set_yticks(*_ticks(y))
    return figure


def _draw_cells(axes: Axes, rows: pd.DataFrame, x: Parameter, y: Parameter, outcome: str) -> Any:
    what = outcome_of(outcome)
    across, up = (
        sorted(rows[parameter.key].unique(), key=lambda level: parameter.numbers([level])[0])
        for parameter in (x, y)
    )
    groups = rows.groupby([y.key, x.key])[outcome]
    means, counts = what.factor * groups.mean(), groups.size()
    table, count = (part.unstack().loc[up, across].to_numpy() for part in (means, counts))
    mesh = axes.pcolormesh(table, cmap="viridis", edgecolors="white", linewidths=0.6)
    if table.size <= 150:
        decimals = 0 if what.unit == "" else 1
        for row, column in zip(*np.nonzero(~np.isnan(table)), strict=True):
            value = table[row, column]
            red, green, blue, _ = mesh.cmap(mesh.norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.55
            text = f"{value:,.{decimals}f}" + (
                f"\nn = {count[row, column]:.0f}" if counts.nunique() > 1 else ""
            )
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", size=6.8,
                color="white" if dark else "black",
            )  # fmt: skip
    for axis, values in ((axes.xaxis, across), (axes.yaxis, up)):
        texts = [value if isinstance(value, str) else f"{value:.4g}" for value in values]
        axis.set_ticks(np.arange(len(values)) + 0.5, texts)
        axis.set_tick_params(length=0)
    axes.spines[:].set_visible(False)
    return mesh


def _draw_points(axes: Axes, rows: pd.DataFrame, x: Parameter, y: Parameter, outcome: str) -> Any:
    from matplotlib.colors import Normalize

    factor = outcome_of(outcome).factor
    across, up = x.position(rows[x.key]), y.position(rows[y.key])
    values = factor * rows[outcome].to_numpy(float)
    colours: dict[str, Any] = {"cmap": "viridis", "norm": Normalize(values.min(), values.max())}
    surface = None if x.is_choice or y.is_choice else fit_quadratic(across, up, values)
    if surface is not None and surface.predicted >= ENOUGH:
        line = np.linspace(0, 1, 81)
        height = surface(*np.meshgrid(line, line))
        axes.contourf(line, line, height, 12, alpha=0.35, extend="both", **colours)
        lines = axes.contour(line, line, height, 6, linewidths=0.8, **colours)
        axes.clabel(lines, fmt="%.3g", fontsize=6.5, colors="black")
    drawn = axes.scatter(
        across, up, c=values, s=22, edgecolors="white", linewidths=0.4, zorder=3,
        rasterized=len(values) > MANY, **colours,
    )  # fmt: skip
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    return drawn


def _ticks(parameter: Parameter) -> tuple[NDArray[np.float64], list[str]]:
    """Return positions, and the values of a parameter there; on a log scale their factors are even."""
    if parameter.is_choice:
        return parameter.position(parameter.words), list(parameter.words)
    low, high = parameter.ends
    values = np.geomspace(low, high, 3) if parameter.log else np.linspace(low, high, 5)
    return parameter.position(values), [f"{value:.3g}" for value in values]
