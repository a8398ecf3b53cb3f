"""Tables of results, taken over into the docs with what made them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioscnn.claims.record import Record, code_hash, data_hash, file_of, read_record, write_table
from bioscnn.claims.tables import NAME
from bioscnn.errors import UserError
from bioscnn.files import is_file, read_text
from bioscnn.fingerprint import closure
from bioscnn.git import own_checkout
from bioscnn.report.files import read_json
from bioscnn.toml import parse_toml

_COMMIT = re.compile("[0-9a-f]{7,64}")
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error)

_FIX = "take the results of a finished experiment or run"

CLASSIFY = "bioscnn.experiments.classify:CLASSIFY"
"""The measure that simulates and reads a study as a run does."""


def take_table(
    result: Path, table: Path, varied: str, data: Path | None = None, made_by: Record | None = None
) -> Record:
    """Copy a table of results to the docs, with what made it.

    Parameters
    ----------
    result : Path
        A CSV file of an experiment, such as ``results/benchmark/mnist/latest/networks.csv``; its
        ``summary.json``, for its verdict; or that of a run, for its accuracies, spikes and latency.
    table : Path
        Such as ``docs/tables/mnist-networks.csv``.
    varied : str
        What varied, such as ``"trials, noise seeds"``.
    data : Path, optional
        Folder of data sets.
    made_by : Record, optional
        What made a CSV file that is no experiment's, such as that of a script.

    Raises
    ------
    UserError
        If these are no results, or a link to what is none of them, or no code is named that is there.
    """
    if result.resolve().parent != result.parent.resolve():
        raise UserError(
            "a link that leaves the folder of the results", file=result, expected="the file itself"
        )
    try:
        if result.suffix == ".csv":
            content = read_text(result)
            record = made_by or record_of(result.parent, varied, data)
        elif is_file(result.parent / "provenance.json"):
            content, record = _runs([result], varied)
        else:
            verdict = read_json(result, (), _FIX)["verdict"]
            content, record = (
                _csv([["verdict"], *([part] for part in verdict)]),
                record_of(result.parent, varied, data),
            )
    except _DAMAGE as error:
        raise UserError(
            f"no table of results: {error}", file=result, expected="a CSV file, or summary.json"
        ) from None
    return _write(table, content, record)


def record_of(folder: Path, varied: str, data: Path | None = None) -> Record:
    """Return the record of the results of an experiment: what made them.

    Raises
    ------
    UserError
        If it is no folder of a finished experiment.
    """
    try:
        summary = read_json(folder / "summary.json", (), _FIX)
        units = list(csv.DictReader(io.StringIO(read_text(folder / "units.csv"))))
        commits = sorted({unit["commit"] for unit in units})
        code = {unit["measure"]: unit["code"] for unit in units}
        code = {name: _hash_at(summary["commit"], name) or old for name, old in code.items()}
        command, weights = _said(summary["command"]), summary.get("weights")
    except _DAMAGE as error:
        raise UserError(
            f"no results of a finished experiment: {error}",
            file=folder,
            expected="summary.json and units.csv",
        ) from None
    return Record(
        command, ", ".join(filter(None, commits)) or "unknown", varied, code=code,
        weights=weights if isinstance(weights, dict) else {}, data=_data_of(summary, data),
    )  # fmt: skip


def take_runs(summaries: Sequence[Path], table: Path, varied: str) -> Record:
    """Copy the numbers of several runs to one table of the docs, each under the name of its folder.

    Parameters, and errors, are those of `take_table`; two runs of one name are refused.
    """
    return _write(table, *_runs(summaries, varied))


def _write(table: Path, content: str, record: Record) -> Record:
    """Write a table of the docs, and what made it; it keeps the units that a person wrote into its record."""
    if not NAME.fullmatch(table.stem):
        raise UserError(
            "no name of a table of the docs", key="--name", value=table.stem,
            expected="lower case letters and digits, in words with hyphens, such as noise-mnist",
        )  # fmt: skip
    if table.with_suffix(".toml").exists():
        record = replace(record, units=read_record(table).units)
    write_table(table, content.encode(), record)
    return record


def _runs(summaries: Sequence[Path], varied: str) -> tuple[str, Record]:
    """Return accuracies, spikes and latency of runs as CSV text, and what made them.

    Where code, data or weights of one name differ among the runs, the table is stale from the beginning.
    """
    rows: list[list[object]] = [["run", "claim", "value", "low", "high", "unit", "n"]]
    records, names = list[Record](), list[str]()
    for summary in summaries:
        folder = summary.parent
        names.append(folder.absolute().parent.name if folder.name == "latest" else folder.name)
        if names[-1] in names[:-1]:
            raise UserError(
                "two runs of one name, which the table could not tell apart", file=summary, value=names[-1],
                fix="give one of them a folder of another name: bioscnn run STUDY --out FOLDER",
            )  # fmt: skip
        try:
            rows += [[names[-1], *row] for row in _numbers(summary)]
            records.append(_record_of_run(folder, varied))
        except _DAMAGE as error:
            raise UserError(
                f"no results of a run: {error}", file=summary, expected="its summary.json"
            ) from None

    def joined(name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in (entry for record in records for entry in getattr(record, name).items()):
            found[key] = value if found.get(key, value) == value else "unknown"
        return found

    return _csv(rows), Record(
        "; ".join(record.command for record in records),
        ", ".join(dict.fromkeys(record.commit for record in records)),
        varied, code=joined("code"), data=joined("data"), weights=joined("weights"),
    )  # fmt: skip


def _numbers(summary: Path) -> list[list[object]]:
    """Return accuracies, spikes and latency, if trials decide, of a run, as rows."""
    numbers = read_json(summary, (), _FIX)
    of_ann = {"trained network": numbers["ann_accuracy"]} if "ann_accuracy" in numbers else {}
    shares = {**of_ann, **numbers["accuracy"]}
    if "saccade_ends_ms" in numbers:
        shares |= _after_saccades(summary.parent)
    rows: list[list[object]] = [
        [name, *interval, "share", numbers["n_trials"]] for name, interval in shares.items()
    ]
    others = {"spikes": "spikes_per_trial", "synaptic operations": "synops_per_trial"}
    rows += [[name, numbers[key], "", "", name, numbers["n_trials"]] for name, key in others.items()]
    if numbers["latency_ms"] is not None:
        rows.append(["latency", numbers["latency_ms"], "", "", "ms", numbers["n_trials"]])
    return rows


def _record_of_run(folder: Path, varied: str) -> Record:
    made_by = read_json(folder / "provenance.json", (), _FIX)
    of, network = made_by["data"], made_by["network"]
    return Record(
        _said(made_by["command"]), str(made_by["commit"] or "outside git"), varied,
        code={CLASSIFY: _hash_at(made_by["commit"], CLASSIFY) or "unknown"},
        data={f"{of['dataset']} {of['split']} {of['n']}": str(of["sha256"])},
        weights={str(network["model"]): str(network["weights_sha256"])},
    )  # fmt: skip


def _said(command: object) -> str:
    """Return a command; without one, the record of a table could not be read again."""
    if not (isinstance(command, str) and command):
        raise ValueError("they do not say by which command")
    return command


def _after_saccades(folder: Path) -> dict[str, tuple[float, float, float]]:
    """Return the accuracy right after each saccade but the last, by the readout of the run."""
    from bioscnn.report.folder import read_run
    from bioscnn.report.results import results_of

    run = read_run(folder, with_ledger=False)
    rule, dt_ms = run.summary["readout"], run.summary["dt_ms"]
    curve = results_of(run).curves[rule]
    steps = {end: curve[round(end / dt_ms) - 1] for end in run.saccade_ends}
    return {f"{rule} after {end:g} ms": (step.value, step.low, step.high) for end, step in steps.items()}


def _hash_at(commit: str | None, measure: str) -> str | None:
    """Return the hash of the code that a measure reaches, if that is as it was at a commit, else None."""
    if not _COMMIT.fullmatch(str(commit)):  # what begins with a hyphen is an option of git
        return None
    if file_of(measure.partition(":")[0]) is None:
        return None
    files = [str(path) for path in map(file_of, closure([measure.partition(":")[0]])) if path is not None]
    checkout = own_checkout()
    unlike = ("--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
    same = checkout is not None and checkout.git("diff", *unlike, str(commit), "--", *files) is not None
    return code_hash(measure) if same else None


def _data_of(summary: Mapping[str, Any], data: Path | None) -> dict[str, str]:
    """Return by name the data whose hash a summary holds."""
    dataset, split, sha256 = (summary.get(key) for key in ("dataset", "split", "data_sha256"))
    try:
        most = parse_toml(str(summary.get("study_file", "")))["dataset"]["trials"]
    except (UserError, LookupError, TypeError):
        most = None
    for trials in filter(None, (most, 10_000, 5_000)):
        name = f"{dataset} {split} {trials}"
        if sha256 and data_hash(name, data) == sha256:
            return {name: sha256}
    return {}


def _csv(rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
