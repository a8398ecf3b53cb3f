"""What made a table of the docs, and whether it still would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import make_folder, read_text, write_atomically
from bioscnn.fingerprint import ROOT, code_of_modules
from bioscnn.studies.provenance import code_version
from bioscnn.toml import parse_toml


@dataclass(frozen=True)
class Record:
    """What made a table.

    Parameters
    ----------
    command : str
        What to type to measure it again.
    commit : str
        Of the code that measured it.
    varied : str
        What varied, such as ``"trials, noise seeds"``.
    transcribed : str
        Where numbers were copied from, if no command wrote them.
    code : mapping
        Measures or modules of bioscnn, and the hashes of the code that they reached.
    data : mapping
        Data sets, such as ``"mnist test"``, and their hashes.
    weights : mapping
        Networks and the hashes of their weights.
    units : mapping
        Units of columns whose header does not say them, and of outcomes, if a row is about one of them.
    """

    command: str
    commit: str
    varied: str
    transcribed: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def toml(self) -> str:
        """Return the record as a TOML text."""
        lines = []
        for name in (f.name for f in fields(self) if getattr(self, f.name)):
            value = getattr(self, name)
            if isinstance(value, str):
                lines.append(f"{name} = {_quoted(value)}")
            else:
                lines += [
                    "",
                    f"[{name}]",
                    *(f"{_quoted(key)} = {_quoted(text)}" for key, text in value.items()),
                ]
        return "\n".join(lines) + "\n"

    def stale(self, data: Path | None = None) -> list[str]:
        """Return why the command might write another table now; empty if nothing is known to differ.

        Parameters
        ----------
        data : Path, optional
            Folder of data sets. What is not there is not compared.
        """
        reasons = (
            [f"copied from {self.transcribed}, measured at {self.commit[:8]}"] if self.transcribed else []
        )
        if not self.code and not self.transcribed:
            reasons.append(f"its record names no code, measured at {self.commit[:8]}")
        for name, before in self.code.items():
            if code_hash(name) != before:
                reasons.append(f"the code of {name} changed after {self.commit[:8]}")
        for name, before in self.weights.items():
            if _weights(name) not in (None, before):
                reasons.append(f"the weights of {name} changed")
        for name, before in self.data.items():
            if data_hash(name, data) not in (None, before):
                reasons.append(f"the data {name} changed")
        return reasons


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def code_hash(name: str) -> str | None:
    """Return the hash of the code that a measure or a module of bioscnn reaches; None if it is not there."""
    module = name.partition(":")[0]
    return code_of_modules(module) if file_of(module) else None


def file_of(module: str) -> Path | None:
    """Return the file of a module of bioscnn; None if there is none."""
    top, *parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    places = ROOT.joinpath(*parts, "__init__.py"), ROOT.joinpath(*parts).with_suffix(".py")
    return next((path for path in places if top == "bioscnn" and path.is_file()), None)


def _weights(name: str) -> str | None:
    from bioscnn.ann.models import read_model, shipped_models

    return read_model(name).sha256() if name in shipped_models() else None


def data_hash(name: str, data: Path | None) -> str | None:
    """Return the hash of the first so many examples of a split; None if they are not on this machine.

    Results of others name their data, so no data are read but those that bioscnn knows by name.
    """
    from bioscnn.datasets import load_dataset
    from bioscnn.datasets.catalogue import KNOWN

    try:
        dataset, split, trials = name.split()
        if dataset not in KNOWN:
            return None
        return load_dataset(dataset, split, data=data, download=False).take(int(trials)).sha256
    except (UserError, ValueError):
        return None


def read_record(table: Path) -> Record:
    """Return the record of a table: command, commit, code and data that made it.

    Raises
    ------
    UserError
        If the file beside the table is not there, is damaged, or lacks a key.
    """
    path = table.with_suffix(".toml")
    try:
        values = parse_toml(read_text(path))
    except FileNotFoundError:
        raise UserError(
            "nothing says what made a table", file=path,
            expected="command, commit and varied; [code], [units]",
            fix="write it: see CONTRIBUTING.md, 'A number in the docs'",
        ) from None  # fmt: skip
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"a record that cannot be read: {error}", file=path) from None
    except UserError as error:
        raise error.but(file=path) from None
    for f in fields(Record):
        value = values.get(f.name)
        if f.name in ("command", "commit", "varied") and not (isinstance(value, str) and value):
            raise UserError(
                "the record of a table lacks a key", file=path, key=f.name, value=value, expected="text"
            )
        kind = str if f.type == "str" else dict
        good = value is None or isinstance(value, kind)
        if not good or (
            isinstance(value, dict) and not all(isinstance(entry, str) for entry in value.values())
        ):
            raise UserError("a wrong value in the record of a table", file=path, key=f.name, value=value)
    if unknown := set(values) - {f.name for f in fields(Record)}:
        raise UserError(
            "an unknown key in the record of a table", file=path, key=min(unknown),
            expected=", ".join(f.name for f in fields(Record)),
        )  # fmt: skip
    return Record(**values)


def write_table(path: Path, content: bytes, record: Record) -> None:
    """Write a table and what made it.

    Raises
    ------
    UserError
        If a file cannot be written.
    """
    make_folder(path.parent)
    write_atomically(path.with_suffix(".toml"), record.toml().encode())
    write_atomically(path, content)


def with_interval(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """Return the columns of a share and its interval, in percent, as tables of the docs have them."""
    named = {name: value, f"{name} low": low, f"{name} high": high}
    return {key: round(100 * share, 4) for key, share in named.items()}


def made_now(command: str, varied: str, *modules: str, beside: Path | None = None) -> Record:
    """Return the record of a table that the present code writes.

    Parameters
    ----------
    command : str
        What was typed.
    varied : str
        What varied.
    *modules : str
        Measures or modules of bioscnn whose code decides the numbers.
    beside : Path, optional
        A table that may be there already, of which some rows stay: their commits are named, too.

    Raises
    ------
    UserError
        If there is no such module, or none is named.
    """
    code = {name: code_hash(name) for name in modules}
    if missing := [name for name, digest in code.items() if digest is None] or not code:
        raise UserError(
            "a table that names no code of bioscnn", key="code", value=missing or None,
            expected="a module, such as bioscnn.statistics, or a measure",
        )  # fmt: skip
    commit = code_version()["commit"] or "outside git"
    if beside is not None and beside.exists():
        commit = ", ".join(dict.fromkeys((*read_record(beside).commit.split(", "), commit)))
    return Record(command, commit, varied, code={name: digest or "" for name, digest in code.items()})
