"""What becomes of outcomes while one parameter goes through its range, and all others stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.plots.filters import MARKERS
from bioscnn.plots.parameters import Parameter, names_of, outcome_of
from bioscnn.plots.style import MUTED, PALETTE, WIDE, new_figure, themed
from bioscnn.statistics import proportion_of_counts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@themed
def one_at_a_time(
    table: pd.DataFrame,
    parameters: Sequence[Parameter],
    outcomes: Sequence[str],
    *,
    trials: int | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw each outcome, a panel of its own, while one parameter goes through its range.

    All ranges are drawn over each other, from their low to their high end. Band: 95 % interval of an accuracy
    (Wilson's). Ring: the study as it is.

    Parameters
    ----------
    table : DataFrame
        One row per parameter and value: columns ``parameter`` (key), ``value`` (text with unit), ``x``
        (its position in the range, 0 to 1), and one per outcome.
    parameters : sequence of Parameter
        Those of the table, six at most.
    outcomes : sequence of str
        What to draw.
    trials : int, optional
        Trials behind each accuracy; without, it has no interval.
    width : float
        Width in inches; below 5 the panels stand one below the other, else two side by side.
    """
    columns = min(len(outcomes), 2 if width >= 5 else 1)
    lines, legend = -(-len(outcomes) // columns), 0.19 * len(parameters) + 0.1
    figure = new_figure(width, legend + 1.75 * lines + 0.4)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True)
    names = names_of([parameter.key for parameter in parameters])
    for k, (axes, outcome) in enumerate(zip(panels.flat, outcomes, strict=False)):
        what = outcome_of(outcome)
        for parameter, colour, marker in zip(parameters, PALETTE, MARKERS, strict=False):
            rows = table[table["parameter"] == parameter.key].sort_values("x")
            x, y = rows["x"].to_numpy(float), rows[outcome].to_numpy(float)
            label = f"{names[parameter.key]}: {parameter.span}"
            every = 1 if len(x) <= 15 else len(x) // 8
            axes.plot(
                x, what.factor * y, marker=marker, markevery=every, markersize=3.5, color=colour, label=label
            )
            if outcome == "accuracy" and trials:
                axes.fill_between(x, *_intervals(y, trials), color=colour, alpha=0.13, linewidth=0)
            here = _nominal(parameter, rows)
            if here is not None:
                axes.plot(
                    here, what.factor * np.interp(here, x, y), "o", markersize=8, color=colour,
                    markerfacecolor="none", markeredgewidth=1.2,
                )  # fmt: skip
        axes.set_ylabel(what.label)
        axes.set_xticks([0, 0.5, 1], ["low", "middle", "high"])
        axes.tick_params(labelbottom=k + columns >= len(outcomes))
        if k + columns >= len(outcomes):
            axes.set_xlabel("position in its range")
        axes.grid(axis="y", color=MUTED, alpha=0.15)
    for axes in panels.flat[len(outcomes) :]:
        axes.set_axis_off()
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", handlelength=1.8)
    return figure


def _nominal(parameter: Parameter, rows: pd.DataFrame) -> float | None:
    """Return where on the axis the study itself is, None if it is not in the range."""
    if parameter.nominal is None:
        return None
    if parameter.values is not None:
        own = rows[rows["value"] == parameter.text(parameter.nominal)]
        return float(own["x"].iloc[0]) if len(own) else None
    here = float(parameter.position([parameter.nominal])[0])
    return here if 0 <= here <= 1 else None


def _intervals(shares: Iterable[float], trials: int) -> tuple[list[float], list[float]]:
    """Return the lower and the upper ends of the intervals of accuracies, in percent; NaN for NaN."""
    ends = [_interval(share, trials) for share in shares]
    return [low for low, _ in ends], [high for _, high in ends]


def _interval(share: float, trials: int) -> tuple[float, float]:
    if np.isnan(share):
        return np.nan, np.nan
    accuracy = proportion_of_counts(round(share * trials), trials)
    return 100 * accuracy.low, 100 * accuracy.high
