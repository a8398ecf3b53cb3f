"""The file of a user's neuron: read, and checked by Brian2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import path_of
from bioscnn.neurons.brian_checks import check
from bioscnn.neurons.definition import Definition
from bioscnn.toml import parse_toml, read_toml_text


def read_definition(path: str | Path, changes: Mapping[str, Any] | None = None) -> Definition:
    """Read the file of a neuron, and have Brian2 check it.

    Parameters
    ----------
    path : path
        A TOML file with the keys of `Definition`.
    changes : dict, optional
        Parameters that replace those of the file.

    Raises
    ------
    UserError
        If there is no such file, or it is wrong: key, value and what to do are named.
    """
    path = path_of(path, "neuron.model", "the path of a file of a neuron")
    try:
        table = parse_toml(read_toml_text(path))
    except FileNotFoundError:
        beside = ", ".join(sorted(p.name for p in path.parent.glob("*.toml"))) or "no .toml file"
        raise UserError(
            "no such file of a neuron",
            file=path,
            expected=f"{path.parent} has {beside}",
            fix="give the path from the study file, or on the command line from where you are",
        ) from None
    except UserError as error:
        raise error.but(file=path) from None
    except (OSError, ValueError) as error:
        raise UserError(f"not a TOML file: {error}", file=path) from None
    parameters = table.get("parameters", {})
    if isinstance(parameters, dict):
        table["parameters"] = parameters | dict(changes or {})
    definition = Definition.of_table(path.stem, table, path)
    check(definition, path)
    return definition
