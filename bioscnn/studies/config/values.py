"""What a key of a study file may hold, how it is read and written, and how it is refused."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from bioscnn.datasets import fashion_mnist
from bioscnn.datasets.own import kind_and_path
from bioscnn.encoding import find_cells
from bioscnn.errors import UserError
from bioscnn.neurons import Definition
from bioscnn.neurons.brian_checks import check
from bioscnn.noise import Noise, read_noises
from bioscnn.quantities import format_quantity, parse_quantity


def _read(dimension: str) -> BeforeValidator:
    def read(text: object) -> float:
        try:
            return parse_quantity(text, dimension)
        except UserError as error:
            raise ValueError(error) from error

    return BeforeValidator(read)


def _write(dimension: str) -> PlainSerializer:
    return PlainSerializer(lambda value: format_quantity(value, dimension))


def _read_noises(tables: object) -> dict[str, Noise]:
    if not isinstance(tables, dict):
        raise refuse("not a table", key="noise", value=tables, fix='write [noise.NAME], then "severity = 2"')
    try:
        return read_noises({name: n.table() if isinstance(n, Noise) else n for name, n in tables.items()})
    except UserError as error:
        raise ValueError(error) from error


def _read_own(table: object) -> Definition | None:
    if table is None or isinstance(table, Definition):
        return table
    if not isinstance(table, dict):
        raise refuse("not a table", key="neuron.definition", value=table)
    try:
        definition = Definition.of_table("own", table)
        check(definition)
        return definition
    except UserError as error:
        raise ValueError(error.but(key=f"neuron.definition.{error.key}")) from error


def _absolute(name: str) -> str:
    name = f"idx:{fashion_mnist.folder()}" if name == fashion_mnist.NAME else name
    kind_path = kind_and_path(name)
    if kind_path is None:
        return name
    kind, path = kind_path
    if not path or not path.isprintable():
        raise refuse("no path of own data", value=name, expected=f"{kind}:PATH", fix="write where they are")
    # Not Path.resolve: a link to the data stays the name by which they are known.
    return f"{kind}:{os.path.abspath(os.path.expanduser(path))}"  # noqa: PTH100, PTH111


def _known_cells(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        find_cells(names)
    except UserError as error:
        raise ValueError(error) from error
    return names


# Text with a unit in the file, an SI number in the code.
Time = Annotated[float, _read("time"), _write("time")]
Voltage = Annotated[float, _read("voltage"), _write("voltage")]
Resistance = Annotated[float, _read("resistance"), _write("resistance")]
Current = Annotated[float, _read("current"), _write("current")]
Frequency = Annotated[float, _read("frequency"), _write("frequency")]
# A neuron of the user's own: a path in the file, its contents in what is written of the study.
OwnNeuron = Annotated[
    Any, BeforeValidator(_read_own), PlainSerializer(lambda own: None if own is None else own.table())
]
# A path, of which ``~`` is a home directory; or a name.
PathOrName = Annotated[str, AfterValidator(os.path.expanduser)]
Count = Annotated[int, Field(ge=1, lt=2**31)]
Processes = Annotated[int, Field(ge=1, le=4096)]
Pixels = Annotated[int, Field(ge=1, le=10_000)]
Share = Annotated[float, Field(ge=0, lt=1)]
# The path of own data is made absolute, so that a written study means the same everywhere.
DatasetName = Annotated[str, AfterValidator(_absolute)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Cells = Annotated[tuple[str, ...], AfterValidator(_known_cells)]
# One number, or one for each channel.
PerChannel = Annotated[
    tuple[Annotated[float, Field(ge=-1e12, le=1e12)], ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list | tuple) else (value,)),
    Field(min_length=1),
]
# What divides and multiplies stays a number of single precision.
Factor = Annotated[float, Field(ge=1e-12, le=1e12)]
# Each noise by its name: in the file a table with its parameter or a severity.
Noises = Annotated[
    dict[str, Any],
    BeforeValidator(_read_noises),
    PlainSerializer(lambda noises: {name: noise.table() for name, noise in noises.items()}),
]


def refuse(problem: str, **details: Any) -> ValueError:
    """Return the error by which pydantic is told what our own errors say."""
    return ValueError(UserError(problem, **details))


def either(*words: str) -> str:
    """Return quoted words with "or" between them."""
    return " or ".join(f'"{word}"' for word in words)


def dropped(written: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Leave out keys that mean nothing in this study, from its file as from its hash."""
    return {key: value for key, value in written.items() if key not in keys}


def whole(time: float, dt: float) -> bool:
    """Whether a time is a whole number of steps."""
    return abs(time / dt - round(time / dt)) < 1e-6


class Table(BaseModel):
    """A table of a study file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
