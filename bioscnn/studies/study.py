"""A study file: read, changed by ``--set``, validated, written back in full."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bioscnn.datasets.own import kind_and_path
from bioscnn.errors import UserError
from bioscnn.studies.config import FILE_OF_A_NEURON, KEYS_OF_NEURONS, KEYS_OF_SYNAPSES, StudyConfig
from bioscnn.studies.config.tables import KEYS_OF_CONVERSION
from bioscnn.studies.config.values import either
from bioscnn.studies.naming import label_of
from bioscnn.studies.shipped import find_study, shipped_studies
from bioscnn.toml import parse_toml, read_toml_text

AUTO = "auto"
"""Duration of a trial that is long enough, as `bioscnn.studies.settling` finds it."""

KEYS_OF_MODELS = {"neuron": KEYS_OF_NEURONS, "synapse": KEYS_OF_SYNAPSES}


@dataclass(frozen=True)
class Study:
    """A validated study.

    Parameters
    ----------
    name : str
        Name of the file without its suffix; results go to ``results/<name>/``.
    config : StudyConfig
        Every key, SI units.
    edits : tuple of (str, object)
        Keys that were changed for this run, and their values; they are in `config` too.
    file : Path or None
        The file that was read.
    """

    name: str
    config: StudyConfig
    edits: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    file: Path | None = field(default=None, compare=False)

    @property
    def argument(self) -> str:
        """What a command names it by: the path of its file; that of a shipped study is found by its name."""
        is_shipped = self.file is None or self.file.parent == shipped_studies()
        return f"{self.name}.toml" if is_shipped else str(self.file)

    @property
    def label(self) -> str:
        """What was changed, as words for the name of a folder."""
        return label_of(self.edits)

    def key(self, *contents: str) -> str:
        """Return the hash that names the results: of all keys but ``jobs``, and of the contents' hashes."""
        written = self.config.model_dump()
        del written["simulation"]["jobs"]
        written.pop("training", None)  # it decides the network, whose contents count
        # Where own data lie decides nothing: their contents do.
        written["dataset"]["name"] = self.config.dataset.label
        return hashlib.sha256(json.dumps([written, *contents]).encode()).hexdigest()[:16]

    def changed(self, **keys: Mapping[str, Any]) -> Study:
        """Return the study with some keys changed, table by table, every rule of a study file checked again.

        Parameters
        ----------
        **keys : mapping
            Keys and values of a table, values as in a file: ``simulation={"dt": "0.1 ms"}``. A table whose
            keys depend on each other, such as ``neuron``, is best given whole.

        Raises
        ------
        UserError
            If the keys do not fit each other.
        """
        tables = self.config.model_dump()
        for name, table in keys.items():
            tables[name] = {**tables.get(name, {}), **table}
        try:
            config = StudyConfig.model_validate(tables)
        except ValidationError as error:
            raise first_problem(error, Path(f"{self.name}.toml"), StudyConfig) from None
        before = flat_keys(self.config)
        edits = {key: value for key, value in flat_keys(config).items() if before.get(key) != value}
        edits.pop("simulation.jobs", None)  # they decide no result
        return replace(self, config=config, edits=tuple((dict(self.edits) | edits).items()))

    def toml(self) -> str:
        """Return the study as a file in which every key is written, to lie in any folder."""
        tables = self.config.model_dump()
        if _is_path(tables["network"]["model"]):
            tables["network"]["model"] = str(Path(tables["network"]["model"]).absolute())
        return tables_as_toml(tables)


def read_study(path: str | Path, changes: Sequence[str] = ()) -> Study:
    """Read a study file.

    Parameters
    ----------
    path : path
        A TOML file, to which the paths of data, of a network and of a neuron in it are relative; or the name
        of a shipped study, such as ``"mnist"``.
    changes : sequence of str
        ``"table.key=value"`` or ``"noise.NAME.key=value"``, as on the command line; a value that is no TOML
        is taken as text, and a path is relative to the current folder. Another model of a neuron or a synapse
        leaves out those keys of the file that it does not have.

    Raises
    ------
    UserError
        If the file is missing or no TOML, a key is unknown (the nearest right one is named), or a value
        is wrong.
    """
    path = find_study(Path(path))
    return study_of(path, read_tables(path), changes)


def read_tables(path: Path) -> dict[str, Any]:
    """Read the tables of a study file; paths in it are made paths from the current folder.

    Raises
    ------
    UserError
        If the file is missing or no TOML.
    """
    path = find_study(path)
    return with_paths_beside(path, read_toml(path))


def with_paths_beside(path: Path, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables of a file with the paths of data, networks and a neuron, which begin beside that file.

    A network without a suffix is one that is shipped.
    """
    resolved = deepcopy(dict(tables))
    dataset = resolved.get("dataset")
    own = kind_and_path(str(dataset.get("name"))) if isinstance(dataset, dict) else None
    if own is not None and own[1] and isinstance(dataset, dict):
        dataset["name"] = f"{own[0]}:{path.parent / os.path.expanduser(own[1])}"  # noqa: PTH111
    for name, is_path in (("network", _is_path), ("neuron", lambda m: m.endswith(FILE_OF_A_NEURON))):
        table = resolved.get(name)
        if isinstance(table, dict) and isinstance(table.get("model"), str) and is_path(table["model"]):
            table["model"] = beside(path, table["model"])
    training = resolved.get("training")
    for key in ("start", "teacher"):
        if isinstance(training, dict) and isinstance(training.get(key), str) and _is_path(training[key]):
            training[key] = beside(path, training[key])
    return resolved


def beside(file: Path, path: str) -> str:
    """Return a path in a file, relative to that file, as one from the current folder."""
    return os.path.normpath(file.parent / os.path.expanduser(path))  # noqa: PTH111


def _is_path(model: str) -> bool:
    """Whether a network is named by its file."""
    return bool(Path(model).suffix)


def read_toml(path: Path) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Raises
    ------
    UserError
        If the file is missing or no TOML.
    """
    try:
        return parse_toml(read_toml_text(path))
    except UserError as error:
        raise error.but(file=path) from None
    except (OSError, ValueError) as error:
        raise UserError(f"not a TOML file: {error}", file=path) from None


def refuse_name(path: Path) -> None:
    """Refuse a study file whose name is none for a folder: hidden, like an option, or not printable."""
    if path.stem.startswith((".", "-")) or not path.stem.isprintable():
        raise UserError(
            "results lie in a folder with the name of the file, and this is none for a folder",
            file=path,
            value=path.stem,
            fix="rename the file",
        )


def study_of(path: Path, tables: Mapping[str, Any], changes: Sequence[str] = ()) -> Study:
    """Make a study of the tables of its file, which stay as they are.

    Parameters and errors as for `read_study`.
    """
    refuse_name(path)
    changed = with_changes(tables, changes)
    if "learning" in changed:
        raise UserError(
            "this is about a network that was converted from a trained ANN, and the network of this study "
            "learned by its own spikes: there is no ANN to convert or to compare it with, and neurons, "
            "synapses and times are part of what it learned",
            file=path,
            key="learning",
            expected="bioscnn run, bioscnn train or bioscnn cite, which take both kinds of studies; "
            "from the shell, timing and devices do, too",
        )
    simulation = changed.get("simulation")
    if isinstance(simulation, dict) and simulation.get("duration") == AUTO:
        raise UserError(
            "this command needs to know how long a trial lasts",
            file=path,
            key="simulation.duration",
            value=AUTO,
            expected="a time with a unit",
            fix="`bioscnn run` finds one and says which: write that",
        )
    try:
        config = StudyConfig.model_validate(changed)
        if config.is_nir:
            config = _of_graph(config, path, changes)
        return Study(path.stem, config, tuple(_edits(tables, changes, config)), path)
    except ValidationError as error:
        problem = first_problem(error, path, StudyConfig)
        typed = problem.key in [change.partition("=")[0].strip() for change in changes]
        raise problem.but(file=None) if typed and problem.file == path else problem from None


def _of_graph(config: StudyConfig, path: Path, changes: Sequence[str]) -> StudyConfig:
    """Return the study of a NIR graph, read by spikes unless it says otherwise, if its output fires.

    Keys that a graph has no use for are left out if they stand in the file, and refused as changes.
    """
    from bioscnn.studies.nir_study import model_of

    for change in changes:
        key = change.partition("=")[0].strip()
        if key.startswith(("neuron.", "synapse.")) or key in [f"network.{k}" for k in KEYS_OF_CONVERSION]:
            raise UserError(
                "a NIR graph has neurons, synapses and weights of its own",
                file=path,
                key=key,
                value=change,
                fix="leave it out; nir.framework, nir.dt and nir.reset say what the file leaves open",
            )
    if "rule" in config.readout.model_fields_set or not model_of(config).fires:
        return config
    readout = config.readout.model_copy(update={"rule": "spike-count"})
    return config.model_copy(update={"readout": readout})


def _edits(
    tables: Mapping[str, Any], changes: Sequence[str], config: StudyConfig
) -> Iterator[tuple[str, Any]]:
    """Yield keys that were changed to another value than that of the file; jobs decide no result."""
    if not changes:
        return
    try:
        before = flat_keys(StudyConfig.model_validate(deepcopy(dict(tables))))
    except ValidationError:
        before = {}
    after = flat_keys(config)
    by_key = {key.strip(): value.strip() for key, _, value in (change.partition("=") for change in changes)}
    for key, text in by_key.items():
        # The severity of a noise becomes its parameters.
        if key not in after and key not in before:
            yield key, text.strip("\"'")
        elif key != "simulation.jobs" and before.get(key) != after.get(key):
            yield key, after.get(key)


def flat_keys(config: BaseModel) -> dict[str, Any]:
    """Return every key of a study by its full name, such as ``neuron.t_ref``."""
    return flat_tables(config.model_dump())


def flat_tables(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every key of tables, and of those within them, by its full name."""
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        flat |= (
            flat_tables(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
        )
    return flat


def with_changes(tables: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return tables with keys changed, as on the command line; those that are given stay as they are."""
    changed = deepcopy(dict(tables))
    for change in sorted(changes, key=lambda change: not _changes_a_model(change)):
        _apply(changed, change)
    return changed


def _apply(tables: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    *path, key = name.strip().split(".")
    if not (equals and path and all([*path, key])):
        raise UserError("not a change of a key", value=change, expected="--set table.key=value")
    try:
        value = parse_toml(f"value = {text}")["value"]
    except UserError:
        value = text.strip()
    for depth, table in enumerate(path):
        tables = tables.setdefault(table, {})
        if not isinstance(tables, dict):
            raise UserError("not a table", key=".".join(path[: depth + 1]), value=tables)
    tables[key] = value
    if _changes_a_model(change):
        model_keys = KEYS_OF_MODELS[path[0]].get(str(value), ())
        for unused in set(tables) - {"model", *model_keys}:
            del tables[unused]


def _changes_a_model(change: str) -> bool:
    table, _, key = change.partition("=")[0].strip().partition(".")
    return key == "model" and table in KEYS_OF_MODELS


def tables_as_toml(tables: dict[str, Any]) -> str:
    """Return tables as the text of a file."""
    return "\n".join(_tables(tables))


def _tables(tables: dict[str, Any], inside: str = "") -> list[str]:
    """Write tables, and those within them, as the lines of a file."""
    lines = []
    for name, keys in tables.items():
        within = {key: value for key, value in keys.items() if isinstance(value, dict)}
        # JSON's strings, numbers, booleans and lists of strings are TOML's too.
        own = [f"{key} = {json.dumps(value)}" for key, value in keys.items() if key not in within]
        if own or not within:
            lines += [f"[{inside}{name}]", *own, ""]
        lines += _tables(within, f"{inside}{name}.")
    return lines


def first_problem(error: ValidationError, path: Path | None, model: type[BaseModel]) -> UserError:
    """Turn pydantic's first complaint about a file, or a table, of some model into ours."""
    details = error.errors()[0]
    names = _names(model)
    key = ".".join(str(part) for part in details["loc"] if isinstance(part, str) and part in names)
    own = details.get("ctx", {}).get("error")
    if isinstance(own, ValueError) and own.args and isinstance(own.args[0], UserError):
        return own.args[0].but(file=own.args[0].file or path, key=own.args[0].key or key)
    if details["type"] == "extra_forbidden":
        *tables, unknown = (str(part) for part in details["loc"])
        fields = list(_model_at(model, tables).model_fields)
        nearest = difflib.get_close_matches(unknown, fields, n=1, cutoff=0.4)
        return UserError(
            "unknown key",
            file=path,
            key=".".join([*tables, unknown]),
            expected=" | ".join(fields),
            fix=f"write {'.'.join([*tables, *nearest])}" if nearest else "remove it",
        )
    if details["type"] == "missing":
        return UserError("a key is missing", file=path, key=key)
    problem, expected, fix = _in_our_words(details)
    return UserError(problem, file=path, key=key, value=details["input"], expected=expected, fix=fix)


LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _in_our_words(details: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Return problem, expectation and fix of one of pydantic's own complaints."""
    context: Mapping[str, Any] = details.get("ctx", {})
    if details["type"] == "literal_error":
        words = re.findall("'([^']*)'", str(context["expected"]))
        nearest = difflib.get_close_matches(str(details["input"]), words, n=1)
        return (
            "not one of the choices",
            either(*words) or str(context["expected"]),
            f'write "{nearest[0]}"' if nearest else None,
        )
    for sign, limit in LIMITS.items():
        if sign in context:
            return "out of range", f"{limit} {context[sign]:g}", None
    if details["type"] in ("list_type", "tuple_type"):
        bare = str(details["input"]).startswith("[")  # a shell has taken the quotes of its words
        return "not a list", "[...], words in quotes", "quote all: --set 'KEY=[\"WORD\"]'" if bare else None
    message = str(details["msg"])
    return message[0].lower() + message[1:], None, None


def _model_at(model: type[BaseModel], tables: list[str]) -> type[BaseModel]:
    for table in tables:
        annotation = model.model_fields[table].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return model


def _names(model: type[BaseModel]) -> set[str]:
    """Return the names of all tables and keys; some tables, such as noise, tell their keys themselves."""
    tables = [field.annotation for field in model.model_fields.values()]
    inside = [table for table in tables if isinstance(table, type) and issubclass(table, BaseModel)]
    return set(model.model_fields).union(*map(_names, inside))
