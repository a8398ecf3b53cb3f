"""What made a table of the docs, and whether it still would."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.fingerprint import code_of_modules, is_module
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
        Units of columns whose header does not say them.
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
            if _data(name, data) not in (None, before):
                reasons.append(f"the data {name} changed")
        return reasons


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def code_hash(name: str) -> str | None:
    """Return the hash of the code that a measure or a module of bioscnn reaches; None if it is not there."""
    module = name.partition(":")[0]
    return code_of_modules(module) if is_module(module) else None


def _weights(name: str) -> str | None:
    from bioscnn.ann.models import read_model, shipped_models

    return read_model(name).sha256() if name in shipped_models() else None


def _data(name: str, data: Path | None) -> str | None:
    """Return the hash of the first so many examples of a split; None if they are not on this machine."""
    from bioscnn.datasets import load_dataset

    try:
        dataset, split, trials = name.split()
        return load_dataset(dataset, split, data=data, download=False).take(int(trials)).sha256
    except (UserError, ValueError):
        return None


def read_record(table: Path) -> Record:
    """Return what made a table.

    Raises
    ------
    UserError
        If the file beside the table is not there, is damaged, or lacks a key.
    """
    path = table.with_suffix(".toml")
    try:
        values = parse_toml(path.read_text(encoding="utf-8"))
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
        if not good or (isinstance(value, dict) and not all(isinstance(one, str) for one in value.values())):
            raise UserError("a wrong value in the record of a table", file=path, key=f.name, value=value)
    if unknown := set(values) - {f.name for f in fields(Record)}:
        raise UserError(
            "an unknown key in the record of a table", file=path, key=min(unknown),
            expected=", ".join(f.name for f in fields(Record)),
        )  # fmt: skip
    return Record(**values)


def write_table(path: Path, content: bytes, record: Record) -> None:
    """Write a table and what made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path.with_suffix(".toml"), record.toml().encode())
    write_atomically(path, content)


def take_table(result: Path, table: Path, varied: str, data: Path | None = None) -> Record:
    """Copy a table of an experiment's results to the docs, with what made it.

    Parameters
    ----------
    result : Path
        Such as ``results/benchmark/mnist/latest/networks.csv``.
    table : Path
        Such as ``docs/tables/mnist-networks.csv``.
    varied : str
        What varied, such as ``"trials, noise seeds"``.
    data : Path, optional
        Folder of data sets.

    Raises
    ------
    UserError
        If these are no results of an experiment.
    """
    record = record_of(result.parent, varied, data)
    try:
        content = result.read_bytes()
        if result.suffix == ".json":
            content = _verdicts(json.loads(content)["verdict"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(
            f"no table of results: {error}", file=result, expected="a CSV file, or summary.json"
        ) from None
    if table.with_suffix(".toml").exists():
        record = replace(record, units=read_record(table).units)
    write_table(table, content, record)
    return record


def _verdicts(sentences: Sequence[str]) -> bytes:
    """Return the sentences of a verdict as a table."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([["verdict"], *([sentence] for sentence in sentences)])
    return buffer.getvalue().encode()


def record_of(folder: Path, varied: str, data: Path | None = None) -> Record:
    """Return what made the results of an experiment.

    Raises
    ------
    UserError
        If it is no folder of a finished experiment.
    """
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        with (folder / "units.csv").open(encoding="utf-8", newline="") as file:
            units = list(csv.DictReader(file))
        commits = sorted({unit["commit"] for unit in units})
        code = {unit["measure"]: unit["code"] for unit in units}
        command = summary["command"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(
            f"no results of a finished experiment: {error}", file=folder,
            expected="summary.json and units.csv",
        ) from None  # fmt: skip
    weights = summary.get("weights")
    return Record(
        command, ", ".join(commits), varied, code=code,
        weights=weights if isinstance(weights, dict) else {}, data=_data_of(summary, data),
    )  # fmt: skip


def made_now(command: str, varied: str, *modules: str) -> Record:
    """Return the record of a table that the present code writes.

    Parameters
    ----------
    command : str
        What was typed.
    varied : str
        What varied.
    *modules : str
        Measures or modules of bioscnn whose code decides the numbers.
    """
    commit = code_version()["commit"] or "outside git"
    return Record(command, commit, varied, code={name: code_hash(name) or "" for name in modules})


def _data_of(summary: Mapping[str, Any], data: Path | None) -> dict[str, str]:
    """Return by name the data whose hash a summary holds."""
    dataset, split, found = (summary.get(key) for key in ("dataset", "split", "data_sha256"))
    try:
        most = parse_toml(str(summary.get("study_file", "")))["dataset"]["trials"]
    except (UserError, LookupError, TypeError):
        most = None
    for trials in filter(None, (most, 10_000, 5_000)):
        name = f"{dataset} {split} {trials}"
        if found and _data(name, data) == found:
            return {name: found}
    return {}
