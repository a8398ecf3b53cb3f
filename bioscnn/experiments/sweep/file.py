"""A sweep file: which study, which parameters over which ranges, by which design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from json import dumps
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from bioscnn.batch_jobs import cluster_options
from bioscnn.errors import UserError
from bioscnn.experiments.sweep.design import COMMON, KEYS_OF_DESIGNS, Design
from bioscnn.experiments.sweep.parameters import Parameter, cell_of, ends, listed
from bioscnn.experiments.sweep.refusals import refuse_design, refuse_parameter
from bioscnn.noise import NOISES
from bioscnn.noise.noise import SEVERITY, TABLE
from bioscnn.quantities import base_unit, format_quantity, in_unit, split_quantity
from bioscnn.studies.config import StudyConfig, Table
from bioscnn.studies.shipped import find_study
from bioscnn.studies.study import (
    Study,
    first_problem,
    read_tables,
    read_toml,
    study_of,
    with_changes,
    with_paths_beside,
)

Outcome = Literal["accuracy", "latency", "spikes", "synops", "ledger"]

GAIN_KEPT = "-gain-kept"

USUAL: tuple[Outcome, ...] = ("accuracy", "latency", "spikes", "synops")


class _Values(Table):
    """What a parameter is in the file: a range, or values."""

    low: float | str | None = None
    high: float | str | None = None
    scale: Literal["linear", "log"] = "linear"
    steps: Annotated[int, Field(ge=2)] | None = None
    values: Annotated[tuple[bool | int | float | str, ...], Field(min_length=2)] | None = None


class _File(Table):
    """The tables of a sweep file, before they are checked against the study."""

    study: str
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)] = USUAL
    set: Mapping[str, Any] = {}
    design: Design
    parameters: Annotated[Mapping[str, Any], Field(min_length=1)]
    cluster: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Sweep:
    """A sweep that has been checked against its study.

    Parameters
    ----------
    name : str
        Name of the file without its suffix, and `GAIN_KEPT` behind it if the gain is; results go to
        ``results/sweeps/<name>/``.
    file : Path
        The sweep file.
    study_file : Path
        The study that it varies.
    tables : dict
        Of the study file, with the changes of ``[set]`` and of the command line.
    study : Study
        The study of these tables: the nominal point.
    design : Design
        How the points are chosen.
    parameters : tuple of Parameter
        What is varied.
    outcomes : tuple of str
        What is measured.
    cluster : dict
        Of the file: what a batch system is told of each of its jobs.
    """

    name: str
    file: Path
    study_file: Path
    tables: Mapping[str, Any]
    study: Study
    design: Design
    parameters: tuple[Parameter, ...]
    outcomes: tuple[str, ...]
    cluster: Mapping[str, Any]

    @property
    def is_sensitivity(self) -> bool:
        """Whether the design is one that a sensitivity is computed from."""
        return self.design.kind in ("morris", "sobol")

    def toml(self, study: str) -> str:
        """Return the sweep as a file in which every key is written, for a file of the nominal study."""
        design = self.design.model_dump(include={*COMMON, *KEYS_OF_DESIGNS[self.design.kind]})
        lines = [f"study = {dumps(study)}", f"outcomes = {dumps(list(self.outcomes))}", "", "[design]"]
        lines += [f"{key} = {dumps(value)}" for key, value in design.items()]
        lines += ["", "[parameters]"]
        lines += [f"{dumps(p.key)} = {{ {_inline(p)} }}" for p in self.parameters]
        return "\n".join([*lines, ""])


def read_sweep(path: str | Path, changes: Sequence[str] = (), gain: str | None = None) -> Sweep:
    """Read a sweep file and check it against the study that it varies.

    Parameters
    ----------
    path : path
        A TOML file; its ``study`` is a path relative to it.
    changes : sequence of str
        Of keys of the study, as on the command line; they come after those of ``[set]``.
    gain : str, optional
        In place of ``design.gain``.

    Raises
    ------
    UserError
        If a file is missing or no TOML, a key is unknown (the nearest right one is named), a range has no
        unit, the wrong one or no extent, or a parameter cannot vary here.
    """
    path = find_study(Path(path), "sweep")
    contents = read_toml(path)
    if gain is not None and isinstance(contents.get("design"), dict):
        contents = {**contents, "design": {**contents["design"], "gain": gain}}
    if "study" not in contents and "dataset" in contents:
        raise UserError(
            "a study, where a sweep is expected",
            file=path,
            expected='study = "FILE", [design] and [parameters]',
            fix=f'write a file with study = "{path.name}" and these tables; docs/sweeps.md has one',
        )
    try:
        file = _File.model_validate(contents)
    except ValidationError as error:
        raise first_problem(error, path, _File) from None
    study_file = find_study(path.parent / file.study)
    tables = read_tables(study_file)
    # What is wrong with the study itself is told of its own file.
    study_of(study_file, tables)
    try:
        cluster_options(file.cluster)
    except UserError as error:
        raise error.but(file=path) from None
    own = [f"{key}={dumps(_beside(path, key, value))}" for key, value in _flat(file.set).items()]
    try:
        with_changes(tables, own)
    except UserError as error:
        raise error.but(file=path) from None
    tables = with_changes(tables, [*own, *changes])
    sweep = Sweep(
        name=path.stem + GAIN_KEPT * (file.design.gain == "kept" and not path.stem.endswith(GAIN_KEPT)),
        file=path,
        study_file=study_file,
        tables=tables,
        study=replace(study_of(path, tables), name=study_file.stem),
        design=file.design,
        parameters=(),
        outcomes=tuple(dict.fromkeys(file.outcomes)),
        cluster=file.cluster,
    )
    parameters = _flat(file.parameters, until=set(_Values.model_fields))
    sweep = replace(sweep, parameters=tuple(_parameter(sweep, key, parameters[key]) for key in parameters))
    refuse_design(sweep)
    return sweep


def _beside(path: Path, key: str, value: Any) -> Any:
    """Return the value of a key of the study; a path begins beside the sweep's file."""
    table, _, name = key.partition(".")
    return with_paths_beside(path, {table: {name: value}})[table][name]


def _parameter(sweep: Sweep, key: str, table: Any) -> Parameter:
    if not isinstance(table, dict):
        raise UserError(
            "not a range",
            file=sweep.file,
            key=f"parameters.{key}",
            value=table,
            expected="{ low = ..., high = ... } or { values = [...] }",
        )
    try:
        values = _Values.model_validate(table)
        refuse_parameter(sweep, key)
        parameter = _read(key, values)
    except ValidationError as error:
        problem = first_problem(error, sweep.file, _Values)
        raise problem.but(key=f"parameters.{key}.{problem.key}") from None
    except UserError as error:
        raise error.but(file=sweep.file) from None
    kind = sweep.design.kind
    if kind == "grid" and not (parameter.values or parameter.steps):
        raise UserError(
            "a grid does not know how many values to take of this range",
            file=sweep.file,
            key=f"parameters.{key}",
            value=parameter.range_text,
            fix="add steps = 5, or write values = [...]",
        )
    if kind != "grid" and values.steps is not None:
        raise UserError(
            "only a grid has steps",
            file=sweep.file,
            key=f"parameters.{key}.steps",
            value=values.steps,
            fix='remove it, or set design.kind = "grid"',
        )
    return replace(
        parameter, nominal=_nominal(sweep.study.config, parameter), whole=_is_whole(sweep.study.config, key)
    )


def _read(key: str, values: _Values) -> Parameter:
    if values.values is not None:
        if values.low is not None or values.high is not None or values.steps is not None:
            raise UserError(
                "a range and values", key=key, value=list(values.values), fix="write one of the two"
            )
        cells, unit = listed(key, values.values)
        if len(set(cells)) < len(cells):
            raise UserError("a value is listed twice", key=key, value=list(values.values))
        return Parameter(key, unit, None, None, "linear", cells)
    if values.low is None or values.high is None:
        raise UserError(
            "a range without its ends",
            key=key,
            expected="low and high, or values",
            fix="write { low = ..., high = ... } or { values = [...] }",
        )
    low, high, unit = ends(key, values.low, values.high)
    if values.scale == "log" and not low > 0:
        raise UserError(
            "a logarithmic range does not reach zero",
            key=key,
            value=values.low,
            fix='choose a lower end above zero, or scale = "linear"',
        )
    return Parameter(key, unit, low, high, values.scale, (), steps=values.steps)


def _nominal(config: StudyConfig, parameter: Parameter) -> str | None:
    """Return the cell of the study's own value."""
    value: Any = config
    first, *inside = parameter.key.split(".")
    if first == TABLE:
        kind = NOISES[inside[0]] if inside and inside[0] in NOISES else None
        if kind is None or inside[1:] == [SEVERITY]:
            return None
        noise = config.noise.get(kind.name)
        amount = kind.NONE if noise is None else noise.amount
        if amount == float("inf"):
            return None
        value = amount if kind.dimension is None else format_quantity(amount, kind.dimension)
    else:
        value = config.model_dump().get(first, {})
        for name in inside:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            # Keys at which nothing differs from the default are not written.
            table = getattr(config, first, None)
            value = getattr(table, inside[0], None) if inside else None
    if value is None or isinstance(value, list | dict):
        return None
    if parameter.unit and isinstance(value, str):
        # Of a word, or of another dimension, the study refuses the parameter.
        with suppress(UserError):
            number, unit = split_quantity(value)
            if base_unit(unit) == base_unit(parameter.unit):
                return cell_of(in_unit(number, unit, parameter.unit))
        return None
    cell: str = listed(parameter.key, (value,))[0][0]
    return cell


def _is_whole(config: StudyConfig, key: str) -> bool:
    table, _, name = key.partition(".")
    fields = getattr(type(getattr(config, table, None)), "model_fields", {})
    return name in fields and fields[name].annotation is int


def _flat(tables: Mapping[str, Any], until: set[str] | None = None, inside: str = "") -> dict[str, Any]:
    """Return values by their full key, whether it is quoted in the file or made of tables.

    A table with a key of `until` is a value.
    """
    by_key: dict[str, Any] = {}
    for name, value in tables.items():
        key = f"{inside}{name}"
        if isinstance(value, dict) and value and not (until and until & set(value)):
            by_key |= _flat(value, until, f"{key}.")
        else:
            by_key[key] = value
    return by_key


def _inline(parameter: Parameter) -> str:
    def text(cell: str) -> str:
        number = not parameter.unit and not parameter.is_choice
        return cell if number else dumps(parameter.written(cell))

    if parameter.values:
        return f"values = [{', '.join(map(text, parameter.values))}]"
    assert parameter.low is not None and parameter.high is not None
    parts = [f"low = {text(cell_of(parameter.low))}", f"high = {text(cell_of(parameter.high))}"]
    parts += [f"steps = {parameter.steps}"] if parameter.steps else []
    return ", ".join([*parts, f'scale = "{parameter.scale}"'])
