"""What the network consists of: two neurons and a plastic synapse, each read from a file of equations.

References
----------
Diehl and Cook (2015), Unsupervised learning of digit recognition using spike-timing-dependent plasticity,
Frontiers in Computational Neuroscience 9:99, https://doi.org/10.3389/fncom.2015.00099.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.neurons import Definition
from bioscnn.neurons.definition import Parameter
from bioscnn.neurons.expressions import names_of
from bioscnn.neurons.model_text import Equation, parse_equations, parse_statements
from bioscnn.quantities import parse_any_quantity, parse_quantity, plain_number
from bioscnn.toml import parse_toml, read_toml_text

SHIPPED = Path(__file__).parent
FILES = {"excitatory": "excitatory.toml", "inhibitory": "inhibitory.toml", "synapse": "plastic.toml"}
"""What a network consists of, and the files that come with bioscnn."""

SLOT = "slot"
"""In ``between``, how long the presentation of an image and the rest after it take."""

RESERVED = frozenset({
    "xi", "w", "N", "i", "j", "t", "dt", "t_in_timesteps", "lastspike", "not_refractory", "refractory",
    "lastupdate", "excitation", "inhibition", "images", "trials", "n_trials", "n_steps", "input_key", "rate",
    "raise", "rasters", "fewest_spikes", "most_tries", "weight_total", "learns", "counts", "totals", "raster",
    "w_after",
})  # fmt: skip
"""Names that the network has for something else: variables, and files of a compiled program."""

Statements = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Neuron:
    """A population's neuron: a file as of `Definition`, and what lasts from image to image.

    Parameters
    ----------
    definition : Definition
        Equations, threshold, reset and parameters.
    kept : tuple of Parameter
        Variables that an image does not begin with at rest, and what training begins with.
    between : str
        Statements that are run once an image while the network learns; empty if there are none.
    frozen : tuple of str
        Parameters that are zero once the network has learned.
    """

    definition: Definition
    kept: tuple[Parameter, ...] = ()
    between: str = ""
    frozen: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, name: str, table: Mapping[str, Any]) -> Neuron:
        """Make a neuron of the keys of its file; errors as of `Definition.of_table`."""
        own = {key: table[key] for key in ("kept", "between", "frozen") if key in table}
        definition = Definition.of_table(name, {k: v for k, v in table.items() if k not in own})
        kept = parameters_of(own.get("kept", {}), "kept")
        between = joined(parse_statements(own["between"], "between")) if "between" in own else ""
        return cls(definition, kept, between, frozen_of(own.get("frozen", []), definition.parameters))

    def table(self) -> dict[str, Any]:
        """Return the keys of the file, all of them written."""
        between = {"between": self.between} if self.between else {}
        kept = {variable.name: variable.setting for variable in self.kept}
        return {**self.definition.table(), "kept": kept, "frozen": list(self.frozen), **between}


@dataclass(frozen=True)
class PlasticSynapse:
    """A synapse whose weight ``w`` learns; its traces belong to the neurons on both sides.

    Parameters
    ----------
    on_pre, on_post : tuple of statements
        What a spike on either side does to each synapse: statements that set ``w`` are its plasticity.
    pre, post : tuple of Equation
        Traces of the input and of the excitatory neuron.
    pre_spike, post_spike : str
        What a spike does to its own traces, after the synapses.
    parameters : tuple of Parameter
        Shared by all synapses.
    frozen : tuple of str
        As of `Neuron`.
    """

    on_pre: Statements
    on_post: Statements
    pre: tuple[Equation, ...]
    post: tuple[Equation, ...]
    pre_spike: str
    post_spike: str
    parameters: tuple[Parameter, ...]
    frozen: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> PlasticSynapse:
        """Make a synapse of the keys of its file.

        Raises
        ------
        UserError
            If a key is missing or unknown, or a text holds what it may not.
        """
        check_keys(table, ("on_pre", "on_post", "pre", "post", "parameters"), ("frozen",), "a synapse")
        for side in ("pre", "post"):
            if not isinstance(table[side], Mapping):
                raise UserError("not a table", key=side, value=table[side], fix=f"write [{side}]")
            check_keys(table[side], ("equations", "spike"), (), f"[{side}]")
        parameters = parameters_of(table["parameters"], "parameters")
        on_post = parse_statements(table["on_post"], "on_post")
        if any(target != "w" for target, _, _ in on_post):
            raise UserError(
                "a spike of the excitatory neuron acts on the weight alone",
                key="on_post",
                value=joined(on_post),
                expected="statements that set w; those of its traces belong into [post], spike",
            )
        return cls(
            parse_statements(table["on_pre"], "on_pre"),
            on_post,
            parse_equations(table["pre"]["equations"], "pre.equations"),
            parse_equations(table["post"]["equations"], "post.equations"),
            joined(parse_statements(table["pre"]["spike"], "pre.spike")),
            joined(parse_statements(table["post"]["spike"], "post.spike")),
            parameters,
            frozen_of(table.get("frozen", []), parameters),
        )

    @property
    def delivery(self) -> str:
        """What an input spike does once weights no longer change."""
        return joined(tuple(s for s in self.on_pre if s[0] != "w"))

    def table(self) -> dict[str, Any]:
        """Return the keys of the file, all of them written."""
        return {
            "on_pre": joined(self.on_pre),
            "on_post": joined(self.on_post),
            "frozen": list(self.frozen),
            "pre": {"equations": lines(self.pre), "spike": self.pre_spike},
            "post": {"equations": lines(self.post), "spike": self.post_spike},
            "parameters": {parameter.name: parameter.setting for parameter in self.parameters},
        }


@dataclass(frozen=True)
class Model:
    """The equations of a network.

    Parameters
    ----------
    excitatory, inhibitory : Neuron
        Their variables ``g_e`` and ``g_i`` are conductances that spikes add to.
    synapse : PlasticSynapse
        From inputs to excitatory neurons.

    Raises
    ------
    UserError
        If the three do not fit each other.
    """

    excitatory: Neuron
    inhibitory: Neuron
    synapse: PlasticSynapse

    def __post_init__(self) -> None:
        if self.inhibitory.kept or self.inhibitory.between:
            raise UserError("nothing of an inhibitory neuron lasts from image to image", key="kept",
                            fix="remove kept and between from its file")  # fmt: skip
        named = [p.name for p in (*self.excitatory.definition.parameters, *self.synapse.parameters)]
        named += [*(variable.name for variable in self.excitatory.kept), *self.variables("excitatory"), SLOT]
        named += [equation.name for equation in self.synapse.pre]
        if taken := sorted(RESERVED.intersection(named)):
            raise UserError(
                f"{taken[0]} is a name of the network's own", key=taken[0], fix="choose another name"
            )
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise UserError(f"{twice[0]} is defined twice", key=twice[0], fix="choose another name")
        for population in ("excitatory", "inhibitory"):
            for name in {"V", "g_e", "g_i"} - set(self.variables(population)):
                raise UserError(
                    f"the {population} neuron lacks {name}", key="equations",
                    fix=f"write an equation of {name}",
                )  # fmt: skip
        known = {*named, "w"}
        for key, statements in (("on_pre", self.synapse.on_pre), ("on_post", self.synapse.on_post)):
            for target, _, expression in statements:
                for name in sorted({target, *names_of(expression)} - known - FUNCTIONS):
                    raise UserError(
                        f"{name} is not defined", key=key, value=name,
                        expected="w, or a name of the neuron's or the synapse's file",
                    )  # fmt: skip

    def variables(self, population: str) -> list[str]:
        """Return the variables of the equations of ``"excitatory"`` or ``"inhibitory"``, traces included."""
        neuron = getattr(self, population)
        own = [equation.name for equation in parse_equations(neuron.definition.equations)]
        return [*own, *(e.name for e in self.synapse.post)] if population == "excitatory" else own

    def table(self) -> dict[str, Any]:
        """Return what all three files say."""
        return {name: getattr(self, name).table() for name in FILES}

    @classmethod
    def of_table(cls, tables: Mapping[str, Mapping[str, Any]]) -> Model:
        """Make a model of what `table` returned; errors as of `read_model`."""
        for name in FILES:
            if not isinstance(tables[name], Mapping):
                raise UserError("not a table", key=name, value=tables[name], fix=f"write [{name}]")
        return cls(
            Neuron.of_table("excitatory", tables["excitatory"]),
            Neuron.of_table("inhibitory", tables["inhibitory"]),
            PlasticSynapse.of_table(tables["synapse"]),
        )


FUNCTIONS = frozenset({"clip", "exp", "abs", "sign", "sqrt", "log", "tanh"})


def read_model(changes: Mapping[str, Any] | None = None, **paths: Path | None) -> Model:
    """Read the files of a network.

    Parameters
    ----------
    changes : mapping, optional
        Parameters of any of the files that have other values, such as ``{"theta_plus": "0.02 mV"}``.
    **paths : Path or None
        ``excitatory``, ``inhibitory``, ``synapse``; those that come with bioscnn where there is none.

    Raises
    ------
    UserError
        If a file cannot be read or is wrong: names file, key and value.
    """
    tables = {}
    for name, shipped in FILES.items():
        path = paths.get(name) or SHIPPED / shipped
        try:
            tables[name] = parse_toml(read_toml_text(path))
            (PlasticSynapse.of_table if name == "synapse" else _neuron)(tables[name])
        except UserError as error:
            raise error.but(file=path, key=error.key or f"learning.{name}") from None
        except FileNotFoundError:
            raise UserError("no such file of equations", file=path, key=f"learning.{name}",
                            fix="give its path from the study file") from None  # fmt: skip
        except (OSError, ValueError) as error:
            raise UserError(f"not a TOML file: {error}", file=path, key=f"learning.{name}") from None
    for name, value in (changes or {}).items():
        having = [table["parameters"] for table in tables.values() if name in table.get("parameters", {})]
        if len(having) != 1:
            known = sorted({key for table in tables.values() for key in table.get("parameters", {})})
            nearest = difflib.get_close_matches(name, known, n=1)
            raise UserError(
                "several files have this parameter" if having else "no file has this parameter",
                key=f"learning.parameters.{name}", value=value, expected=" | ".join(known),
                fix=f"write {nearest[0]}" if nearest and not having else "change it in a file of your own",
            )  # fmt: skip
        _, dimension = parse_any_quantity(having[0][name])
        try:
            plain_number(value) if dimension is None else parse_quantity(value, dimension)
        except UserError as error:
            fix = error.fix or f"write one, as its file does: {having[0][name]!r}"
            raise error.but(key=f"learning.parameters.{name}", fix=fix) from None
        having[0][name] = value
    try:
        return Model.of_table(tables)
    except UserError as error:
        raise error.but(file=", ".join(str(path) for path in paths.values() if path) or None) from None


def _neuron(table: Mapping[str, Any]) -> Neuron:
    return Neuron.of_table("neuron", table)


def joined(statements: Statements) -> str:
    """Return statements as lines."""
    return "\n".join(" ".join(statement) for statement in statements)


def lines(equations: tuple[Equation, ...]) -> str:
    """Return equations as lines."""
    return "\n".join(map(str, equations))


def check_keys(table: Mapping[str, Any], needed: tuple[str, ...], others: tuple[str, ...], what: str) -> None:
    """Refuse a table that lacks a key or has one too many."""
    for key in table:
        if key not in needed + others:
            nearest = difflib.get_close_matches(key, needed + others, n=1, cutoff=0.4)
            raise UserError(
                f"{what} does not have this key", key=key, expected=" | ".join(needed + others),
                fix=f"write {nearest[0]}" if nearest else "remove it",
            )  # fmt: skip
    for key in needed:
        if key not in table:
            raise UserError(f"{what} needs this key", key=key)


def parameters_of(table: object, key: str) -> tuple[Parameter, ...]:
    """Return the numbers of a table, each with its unit."""
    if not isinstance(table, Mapping):
        raise UserError("not a table", key=key, value=table, fix=f"write [{key}]")
    found = []
    for name, text in table.items():
        try:
            found.append(Parameter(name, *parse_any_quantity(text)))
        except UserError as error:
            raise error.but(key=f"{key}.{name}") from None
    return tuple(found)


def frozen_of(names: object, parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    """Return the parameters that are zero once the network has learned."""
    known = [parameter.name for parameter in parameters]
    if not (isinstance(names, list) and all(name in known for name in names)):
        raise UserError("not a list of parameters", key="frozen", value=names, expected=" | ".join(known))
    return tuple(names)
