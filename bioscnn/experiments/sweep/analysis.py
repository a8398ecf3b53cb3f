"""How strongly each parameter acts on each outcome: elementary effects, or shares of the variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.sweep.design import Design
from bioscnn.experiments.sweep.designs import Positions, problem_of
from bioscnn.experiments.sweep.parameters import Parameter

Outcomes = Mapping[str, NDArray[np.float64]]
"""Of all points in the order of the design, by column."""

RESAMPLES = 1000
"""Bootstrap resamples of an interval."""

MEASURE = {"morris": "mu_star", "sobol": "ST"}
"""What parameters are ranked by."""


def effects_of(
    design: Design, parameters: Sequence[Parameter], positions: Positions, outcomes: Outcomes
) -> tuple[list[Row], list[Row]]:
    """Return the rows of ``effects.csv`` and of ``interactions.csv``.

    Parameters
    ----------
    design : Design
        Of kind morris or sobol.
    parameters : sequence of Parameter
        Its parameters.
    positions : ndarray of float64, shape (n_points, n_parameters)
        From `positions_of`. Effects are those of the position in the range, whatever unit and scale it has.
    outcomes : dict of ndarray of float64, shape (n_points,)
        Of all points. An outcome that is the same everywhere has no variance to share, so no rows of Sobol.

    Returns
    -------
    (list of dict, list of dict)
        One row per outcome and parameter; one per outcome and pair, of Sobol's second order. Intervals are
        those of 95 %, from a bootstrap over trajectories or samples.

    Notes
    -----
    Morris divides the change of an outcome by the step, `step_of`, as if it went on alike over the whole
    range. Here ``mu``, ``mu_star`` and ``sigma`` are those of the change itself: nothing is said of a longer
    step than was taken, and of two values of a choice the effect is their difference.

    References
    ----------
    Campolongo, Cariboni and Saltelli (2007), Environmental Modelling & Software 22:1509, for mu*. Saltelli et
    al. (2010), Computer Physics Communications 181:259, for the estimators of S1 and ST.
    """
    analyse = _morris if design.kind == "morris" else _sobol
    effects: list[Row] = []
    interactions: list[Row] = []
    for outcome, values in outcomes.items():
        rows, pairs = analyse(design, parameters, positions, values)
        effects += [{"outcome": outcome, **row} for row in rows]
        interactions += [{"outcome": outcome, **row} for row in pairs]
    return effects, interactions


def step_of(design: Design) -> Fraction:
    """Return the step of Morris's trajectories, as a share of the range: ``levels / (2 (levels - 1))``."""
    return Fraction(design.levels, 2 * (design.levels - 1))


def constant(outcomes: Outcomes) -> list[str]:
    """Return the outcomes that are the same at every point; none if there are no points."""
    return [name for name, values in outcomes.items() if len(values) and np.ptp(values) == 0]


def ranked(effects: Sequence[Row], outcome: str, measure: str) -> list[Row]:
    """Return the rows of an outcome, the strongest first."""
    return sorted((row for row in effects if row["outcome"] == outcome), key=lambda row: -row[measure])


def _morris(
    design: Design, parameters: Sequence[Parameter], positions: Positions, values: NDArray[np.float64]
) -> tuple[list[Row], list[Row]]:
    from SALib.analyze import morris

    indices = morris.analyze(
        problem_of(parameters),
        positions,
        values,
        num_resamples=RESAMPLES,
        num_levels=design.levels,
        seed=design.seed + 1,
    )
    step = float(step_of(design))

    def change(name: str, k: int) -> float:
        return step * float(indices[name][k])

    rows = [
        {
            "parameter": parameter.key,
            "mu": change("mu", k),
            "mu_star": change("mu_star", k),
            "mu_star_low": max(0.0, change("mu_star", k) - change("mu_star_conf", k)),
            "mu_star_high": change("mu_star", k) + change("mu_star_conf", k),
            "sigma": change("sigma", k),
        }
        for k, parameter in enumerate(parameters)
    ]
    return rows, []


def _sobol(
    design: Design, parameters: Sequence[Parameter], positions: Positions, values: NDArray[np.float64]
) -> tuple[list[Row], list[Row]]:
    from SALib.analyze import sobol

    if np.ptp(values) == 0:
        return [], []
    indices = sobol.analyze(
        problem_of(parameters),
        values,
        calc_second_order=design.second_order,
        num_resamples=RESAMPLES,
        # A seed of 0 would be none.
        seed=design.seed + 1,
    )
    rows = [
        {"parameter": parameter.key, **_index(indices, "S1", k), **_index(indices, "ST", k)}
        for k, parameter in enumerate(parameters)
    ]
    pairs = [
        {"parameter": parameters[j].key, "other": parameters[k].key, **_index(indices, "S2", (j, k))}
        for j, k in combinations(range(len(parameters)), 2)
        if design.second_order
    ]
    return rows, pairs


def _index(indices: Any, name: str, k: Any) -> Row:
    value, half = float(indices[name][k]), float(indices[f"{name}_conf"][k])
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
