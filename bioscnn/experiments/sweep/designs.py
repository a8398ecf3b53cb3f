"""Where the points of a design lie: positions between 0 and 1 in the range of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.experiments.sweep.design import Design
from bioscnn.experiments.sweep.parameters import Parameter
from bioscnn.extras import how_to_install
from bioscnn.seeds import stream

Positions = NDArray[np.float64]


def positions_of(design: Design, parameters: Sequence[Parameter]) -> Positions:
    """Return the positions of all points, the same ones every time.

    Parameters
    ----------
    design : Design
        Its seed decides what is random.
    parameters : sequence of Parameter
        One a column.

    Returns
    -------
    ndarray of float64, shape (n_points, n_parameters)
        0 is the lower end of a range, 1 the upper one.

    Raises
    ------
    UserError
        If the design needs SALib and it is not there.

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21:239, for the Latin hypercube. Morris (1991),
    Technometrics 33:161, for trajectories in which one parameter changes at a time. Saltelli et al. (2010),
    Computer Physics Communications 181:259, for the two matrices of Sobol indices.
    """
    n = len(parameters)
    if design.kind == "grid":
        return np.array(list(product(*(p.positions(p.steps or 0) for p in parameters))))
    if design.kind == "random":
        return stream(design.seed, "design").uniform(size=(design.points, n))
    if design.kind == "latin-hypercube":
        from scipy.stats.qmc import LatinHypercube

        sampled: Positions = LatinHypercube(n, rng=stream(design.seed, "design")).random(design.points)
        return sampled
    return _of_sensitivity(design, problem_of(parameters))


def _of_sensitivity(design: Design, problem: dict[str, Any]) -> Positions:
    require_salib()
    if design.kind == "morris":
        from SALib.sample import morris

        sampled = morris.sample(problem, design.trajectories, num_levels=design.levels, seed=design.seed)
    else:
        from SALib.sample import sobol

        sampled = sobol.sample(
            problem, design.samples, calc_second_order=design.second_order, seed=design.seed
        )
    return np.asarray(sampled, np.float64)


def problem_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the parameters as a problem of SALib: ranges are positions, whatever their scale."""
    names = [parameter.key for parameter in parameters]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def require_salib() -> None:
    """Refuse a sensitivity where SALib is not installed.

    Raises
    ------
    UserError
        Saying how to get it.
    """
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise UserError(
            "designs of kind morris and sobol need SALib",
            key="design.kind",
            fix=how_to_install("sensitivity"),
        ) from None
