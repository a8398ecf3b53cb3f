"""What a sweep needs, said before it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bioscnn.studies.plan import BUILD_SECONDS, plan_study
from bioscnn.studies.prepare import load
from bioscnn.studies.sweep.designs import positions_of
from bioscnn.studies.sweep.file import Sweep
from bioscnn.studies.sweep.network_model import NetworkModel
from bioscnn.studies.sweep.one_at_a_time import VALUES
from bioscnn.studies.sweep.points import Point, points_of
from bioscnn.studies.sweep.verdict import NAMED

_SECONDS_A_POINT = 0.15  # besides simulating: files, a process, the decisions


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep needs.

    Parameters
    ----------
    n_points : int
        Points of the design.
    n_alone : int
        At most so many more, of the most influential parameters by themselves.
    trials : int
        Trials of a point.
    programs, to_compile : int
        Distinct programs, and those that this machine has not compiled yet.
    jobs : int
        Processes at a time.
    build_seconds, seconds : float
        About how long compilation takes, and the points after it.
    parameters : tuple of (str, str)
        Each parameter, and its range in words.
    """

    n_points: int
    n_alone: int
    trials: int
    programs: int
    to_compile: int
    jobs: int
    build_seconds: float
    seconds: float
    parameters: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        return asdict(self)


def plan_sweep(sweep: Sweep, *, jobs: int, data: Path | None) -> SweepPlan:
    """Say what a sweep needs; nothing is simulated or compiled.

    Raises
    ------
    UserError
        As the sweep itself would, for anything that the user gave.
    """
    points = points_of(sweep, positions_of(sweep.design, sweep.parameters))
    model = NetworkModel(
        sweep.study, load(sweep.study, data).key, data, sweep.design.weights == "converted", sweep.outcomes
    )
    shapes: dict[str, Point] = {}
    for point in points:
        shape = model.shape(point)
        if shape is not None:
            shapes.setdefault(shape, point)
    to_compile = sum(not model.is_built(point) for point in shapes.values())
    nominal = plan_study(sweep.study, data)
    steps = [point.study.config.simulation.n_steps for point in points]
    longer = sum(steps) / len(steps) / nominal.n_steps
    a_point = nominal.seconds * nominal.jobs * longer + _SECONDS_A_POINT
    n_alone = NAMED * VALUES if sweep.is_sensitivity else 0
    return SweepPlan(
        n_points=len(points),
        n_alone=n_alone,
        trials=sweep.study.config.dataset.trials,
        programs=len(shapes),
        to_compile=to_compile,
        jobs=jobs,
        build_seconds=to_compile * BUILD_SECONDS.get(nominal.device, 0.0),
        seconds=(len(points) + n_alone) * a_point / jobs,
        parameters=tuple((parameter.key, parameter.range_text) for parameter in sweep.parameters),
    )
