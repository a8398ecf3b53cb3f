"""The points of a sweep: each is the study with some keys changed; all are checked before any runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioscnn.conversion import check_max_rate
from bioscnn.conversion.receptors import projections_of
from bioscnn.errors import UserError
from bioscnn.experiments.sweep.designs import Positions
from bioscnn.experiments.sweep.file import Sweep
from bioscnn.experiments.sweep.parameters import cell_of
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.quantities import format_quantity, in_unit
from bioscnn.seeds import stream
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.explainable import refuse_unexplained
from bioscnn.studies.prepare import conditions_of
from bioscnn.studies.study import Study, study_of

WHOLE_STEPS = ("neuron.t_ref", "synapse.delay", "simulation.duration")
"""Times that are whole numbers of time steps; a value between is moved to the nearest."""

VALUES_ALONE = 9
"""Values over its range that a parameter is moved through alone."""


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Parameters
    ----------
    number : int
        In the order of the design.
    seed : int
        ``simulation.seed``.
    keys : tuple of str
        The parameters.
    cells : tuple of str
        Their values as in the table, in the order of the parameters.
    study : Study
        What is simulated.
    """

    number: int
    seed: int
    keys: tuple[str, ...]
    cells: tuple[str, ...]
    study: Study

    @property
    def signature(self) -> str:
        """All words of the study, and which of its numbers are zero: nothing else shapes a program."""
        return signature_of(self.study.config)


def points_of(sweep: Sweep, positions: Positions) -> list[Point]:
    """Return the points at the positions of a design, each one checked.

    Raises
    ------
    UserError
        If one is no study that could run: the first of them, with the parameter's value and range.
    """
    return [point_at(sweep, number, row) for number, row in enumerate(positions)]


def point_at(sweep: Sweep, number: int, position: Sequence[float]) -> Point:
    """Return a point whose parameters are at these positions of their ranges, 0 to 1; errors as above."""
    cells = [parameter.at(place) for parameter, place in zip(sweep.parameters, position, strict=True)]
    return point_with(sweep, number, cells)


def point_with(sweep: Sweep, number: int, cells: Sequence[str]) -> Point:
    """Return a point whose parameters have these values; errors as above."""
    parameters, keys = sweep.parameters, tuple(parameter.key for parameter in sweep.parameters)
    try:
        cells = _in_whole_steps(sweep, cells)
        seed = sweep.study.config.simulation.seed
        if sweep.design.seeds == "own":
            seed = int(stream(seed, "point", number).integers(2**31))
        changes = [f"{p.key}={p.written(cell)}" for p, cell in zip(parameters, cells, strict=True)]
        if "simulation.seed" not in keys:
            changes.append(f"simulation.seed={seed}")
        study = study_of(sweep.study_file, sweep.tables, changes)
        _check_dynamics(study.config)
        if sweep.design.gain == "kept":
            neuron = conditions_of(study.config).simulated_neuron
            check_max_rate(neuron, sweep.study.config.network.max_rate, study.config.simulation.dt)
        if "ledger" in sweep.outcomes:
            _check_ledger(sweep, study.config)
    except UserError as error:
        raise _with_range(sweep, error, number) from None
    return Point(number, study.config.simulation.seed, keys, tuple(cells), study)


def points_alone(sweep: Sweep, keys: Sequence[str]) -> list[Point]:
    """Return points at which one parameter moves over its range, and everything else is the study's own.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    keys : sequence of str
        The parameters, one after the other.

    Returns
    -------
    list of Point
        Values that rounding makes equal occur once.
    """
    points: list[Point] = []
    for parameter in (p for key in keys for p in sweep.parameters if p.key == key):
        alone = replace(sweep, parameters=(parameter,))
        seen = set()
        for position in parameter.positions(VALUES_ALONE):
            point = point_with(alone, len(points), [parameter.at(position)])
            if point.cells not in seen:
                seen.add(point.cells)
                points.append(point)
    return points


def signature_of(config: StudyConfig) -> str:
    """Return a key that studies with the same compiled program share; see `Point.signature`."""

    def reduced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reduced(inside) for key, inside in value.items()}
        if isinstance(value, str):
            return value if not value[:1].isdecimal() else float(value.split()[0]) != 0
        return value if isinstance(value, list | tuple) else bool(value)

    return json.dumps(reduced(config.model_dump(exclude={"dataset", "readout"})))


def _in_whole_steps(sweep: Sweep, cells: Sequence[str]) -> list[str]:
    """Move times to whole numbers of time steps, where only those can be simulated."""
    values = list(zip(sweep.parameters, cells, strict=True))
    # What has a unit of another dimension is refused by the study.
    times = {p.key: in_unit(float(cell), p.unit, "s") for p, cell in values if p.unit.endswith("s")}
    dt = times.get("simulation.dt", sweep.study.config.simulation.dt)
    if not dt > 0:
        return list(cells)
    moved = []
    for parameter, cell in values:
        if parameter.key in WHOLE_STEPS and parameter.key in times:
            seconds = times[parameter.key]
            if parameter.key == "neuron.t_ref" and 0 < seconds < dt * (1 - 1e-9):
                raise UserError(
                    "the refractory period is shorter than a time step",
                    key=parameter.key,
                    value=parameter.written(cell),
                    expected=f"0, or at least simulation.dt = {format_quantity(dt, 'time')}",
                )
            steps = float(np.floor(seconds / dt + 0.5))
            cell = cell_of(in_unit(float(f"{steps * dt:.12g}"), "s", parameter.unit))
        moved.append(cell)
    return moved


def _check_dynamics(config: StudyConfig) -> None:
    """Refuse what the smallest network of this neuron and synapse refuses; no data are needed for that."""
    conditions = conditions_of(config)
    single = Dense((1,), (1,), np.ones((1, 1)))
    neuron = conditions.simulated_neuron
    populations = Population("input", (1,)), Population("output", (1,), neuron)
    through = Projection("input", "output", single, conditions.synapse)
    SpikingNetwork(populations, projections_of(through, neuron))


def _check_ledger(sweep: Sweep, config: StudyConfig) -> None:
    if sweep.design.weights == "fixed":
        raise UserError(
            "a ledger is drawn up for networks that are converted anew",
            key="outcomes",
            value="ledger",
            expected='design.weights = "converted"',
            fix="write that, or take ledger out of the outcomes",
        )
    refuse_unexplained(config)


def _with_range(sweep: Sweep, error: UserError, number: int) -> UserError:
    """Say of what a point is refused for that it is in the sweep, and which range it comes from."""
    concerned = [p for p in sweep.parameters if error.key == p.key] or [
        p for p in sweep.parameters if error.key and p.key.startswith(f"{error.key}.")
    ]
    # An unknown key has no value, and its message says which one is right.
    if not concerned or error.value is None:
        return error.but(file=sweep.file)
    ranges = " and ".join(f"{p.key} is {p.range_text}" for p in concerned)
    return error.but(
        file=sweep.file,
        fix=f"narrow the range: in this sweep {ranges}"
        + (f" (refused first: point {number})" if sweep.design.kind != "grid" else ""),
    )
