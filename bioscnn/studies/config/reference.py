"""Every key of a study file, from its models: what it may hold, what is assumed, what it means."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bioscnn.datasets.own import KEYS_OF_KINDS
from bioscnn.quantities import format_quantity
from bioscnn.studies.config import values
from bioscnn.studies.config.encoding import KEYS_OF_ENCODINGS
from bioscnn.studies.config.study import StudyConfig
from bioscnn.studies.config.tables import KEYS_OF_NEURONS, KEYS_OF_SYNAPSES
from bioscnn.studies.config.training import Layers

QUANTITIES = {
    "time": values.Time,
    "voltage": values.Voltage,
    "resistance": values.Resistance,
    "current": values.Current,
    "frequency": values.Frequency,
}
EXAMPLES = {
    "time": "5 ms",
    "voltage": "20 mV",
    "resistance": "100 Mohm",
    "current": "1 nA",
    "frequency": "100 Hz",
}
"""By dimension: how one writes it."""

WORDS: tuple[tuple[Any, str], ...] = (
    (values.DatasetName, "name, or kind:PATH"),
    (values.PathOrName, "name or path"),
    (values.OwnNeuron, "table"),
    (values.Cells, "list of cells"),
    (values.PerChannel, "number, or list of numbers"),
    (Layers, "layers, or auto"),
    (str, "text"),
    (bool, "true or false"),
)
"""By type: what one writes."""

ONLY_WITH: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "dataset": ("dataset.name", KEYS_OF_KINDS),
    "encoding": ("encoding.kind", KEYS_OF_ENCODINGS),
    "neuron": ("neuron.model", KEYS_OF_NEURONS),
    "synapse": ("synapse.model", KEYS_OF_SYNAPSES),
}
"""By table: the key that decides which others there are, and which those are."""


@dataclass(frozen=True)
class Key:
    """A key of a study file.

    Parameters
    ----------
    table, name : str
        Such as ``"neuron"`` and ``"t_ref"``.
    values : tuple of str
        The allowed words; or one phrase that says what is written, with unit and range.
    default : str
        As in a study file; empty if the key is left out by default.
    meaning : str
        Sentences.
    only_with : str
        The other key and those of its values that have this key; empty if it is always there.
    """

    table: str
    name: str
    values: tuple[str, ...]
    default: str
    meaning: str
    only_with: str = ""

    @property
    def path(self) -> str:
        """Its name on the command line."""
        return f"{self.table}.{self.name}"

    @property
    def note(self) -> str:
        """What it is, as a comment of a study file."""
        text = re.split("[;:] ", self.meaning.replace("``", "").removesuffix("."))[0]
        words = " | ".join(json.loads(word) for word in self.values if word.startswith('"'))
        return f"{words}: {text[:1].lower()}{text[1:]}".removeprefix(": ")


@cache
def keys_of_a_study() -> Mapping[str, Key]:
    """Return all keys but those of noises, by path, in the order of the models."""
    return {key.path: key for key in _keys_of("", StudyConfig)}


def keys_of_a_table(table: str, model: type[BaseModel]) -> list[Key]:
    """Return the keys of a table of some model, and of the tables inside it, in their order."""
    return [*_keys_of(table, model)]


def about(table: str) -> str:
    """Return the description of a table of a study file."""
    model: type[BaseModel] = StudyConfig
    for name in table.split("."):
        annotation = model.model_fields[name].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return inspect.getdoc(model) or ""


def _keys_of(table: str, model: type[BaseModel]) -> Iterator[Key]:
    written = get_type_hints(model, include_extras=True)
    meanings = _texts(model)
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _keys_of(f"{table}.{name}".lstrip("."), inner)
        elif table:
            default = _default(field, written[name])
            yield Key(
                table, name, _values(written[name]), default, meanings.get(name, ""), _only_with(table, name)
            )


def _texts(model: type[BaseModel]) -> dict[str, str]:
    """Return the text below each key of a model, or else of the section Parameters of its docstring."""
    (body,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for kind in reversed(model.__mro__):
        entry = r"^(\w[\w, ]*) : .*\n((?:    .*\n?)+)"
        for names, text in re.findall(entry, inspect.getdoc(kind) or "", re.MULTILINE):
            texts.update(dict.fromkeys(names.split(", "), " ".join(text.split())))
    for key, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(key.target, ast.Name):
            assert isinstance(text.value, ast.Constant)
            texts[key.target.id] = " ".join(str(text.value.value).split())
    return texts


def _values(written: Any) -> tuple[str, ...]:
    for dimension, quantity in QUANTITIES.items():
        if _is(written, quantity):
            return (f'{dimension}, such as "{EXAMPLES[dimension]}"{_limits(written)}',)
    for named_type, words in WORDS:
        if _is(written, named_type):
            return (words,)
    origin, parts = get_origin(written), get_args(written)
    if origin is Literal:
        return tuple(json.dumps(word) for word in parts)
    if origin is Annotated:
        return (f"{_values(parts[0])[0]}{_limits(written)}",)
    if origin in (tuple, list):
        inner = [_values(part) for part in parts if part is not Ellipsis]
        return (f"list of {' | '.join(inner[0])}",)
    if origin is dict:
        return ("table of numbers",)
    if parts:  # one of several types
        return tuple(word for part in parts if part is not NoneType for word in _values(part))
    return ("whole number",) if written is int else ("number",)


def _is(written: Any, named_type: Any) -> bool:
    """Whether a type is a known one, or a known one within limits."""
    more, own = getattr(written, "__metadata__", ()), getattr(named_type, "__metadata__", ())
    return written is named_type or (bool(own) and more[: len(own)] == own)


def _limits(written: Any) -> str:
    """Return the range of a number, as `Annotated` says it."""
    signs = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    bounds = {
        sign: getattr(limit, sign)
        for info in written.__metadata__
        for limit in getattr(info, "metadata", ())
        for sign in signs
        if getattr(limit, sign, None) is not None
    }
    # The largest number that is stored says nothing about the key.
    limits = [f"{signs[sign]} {bounds[sign]:g}" for sign in signs if sign in bounds and bounds[sign] < 2**31]
    return "".join(f", {limit}" for limit in limits)


def _default(field: FieldInfo, written: Any) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    for dimension, quantity in QUANTITIES.items():
        if _is(written, quantity):
            return json.dumps(format_quantity(value, dimension))
    if written is values.PerChannel:
        (value,) = value
    return "" if value is None else json.dumps(value)


def _only_with(table: str, name: str) -> str:
    if table not in ONLY_WITH:
        return "network.code = time" if (table, name) == ("network", "scale") else ""
    key, keys_of = ONLY_WITH[table]
    having = [model for model, keys in keys_of.items() if name in keys]
    if table == "dataset" and name == "size":
        having.append("caltech")
    return (
        f"{key} = {' | '.join(having)}"
        if 0 < len(having) < len(keys_of) or (table == "dataset" and having)
        else ""
    )
