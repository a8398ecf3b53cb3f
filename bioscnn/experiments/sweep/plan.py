"""What a sweep needs, said before it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.engine import bench_of
from bioscnn.experiments.sweep.measure import network_of
from bioscnn.experiments.sweep.points import VALUES_ALONE, Point
from bioscnn.experiments.sweep.verdict import NAMED
from bioscnn.simulation.program import build_seconds, obtain
from bioscnn.simulation.shape import ProgramShape
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import device_of

if TYPE_CHECKING:
    from bioscnn.experiments.sweep.experiment import SweepExperiment

_SECONDS_PER_POINT = 0.15  # besides simulating: files, a process, the decisions


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


def plan_sweep(experiment: SweepExperiment, *, jobs: int, data: Path | None) -> SweepPlan:
    """Return the plan of a sweep; nothing is simulated or compiled.

    Raises
    ------
    UserError
        As the sweep itself would, for anything that the user gave.
    """
    sweep, bench = experiment.sweep, bench_of(data)
    experiment.plan(bench)
    points = experiment.points
    programs = programs_of(experiment, points, bench)
    to_compile = sum(obtain(program) is None for program in programs.values())
    nominal = plan_study(sweep.study, data)
    steps = [point.study.config.simulation.n_steps for point in points]
    longer = sum(steps) / len(steps) / nominal.n_steps
    per_point = nominal.seconds * nominal.jobs * longer + _SECONDS_PER_POINT
    n_alone = NAMED * VALUES_ALONE if sweep.is_sensitivity else 0
    return SweepPlan(
        n_points=len(points),
        n_alone=n_alone,
        trials=sweep.study.config.dataset.trials,
        programs=len(programs),
        to_compile=to_compile,
        jobs=jobs,
        build_seconds=to_compile * build_seconds(nominal.device) if to_compile else 0.0,
        seconds=(len(points) + n_alone) * per_point / jobs,
        parameters=tuple((parameter.key, parameter.range_text) for parameter in sweep.parameters),
    )


def programs_of(
    experiment: SweepExperiment, points: Iterable[Point], bench: Bench
) -> dict[str, ProgramShape]:
    """Return the compiled programs that points need, by key; none where the device compiles none."""
    programs: dict[str, ProgramShape] = {}
    for point in {point.signature: point for point in reversed(list(points))}.values():
        config = point.study.config
        network = network_of(point.study, experiment.weights_of, bench, experiment.sweep.design.gain)
        program = device_of(config).program(network, not network.takes_currents, config.simulation.dt)
        if program is not None:
            programs.setdefault(program.key(), program)
    return programs
