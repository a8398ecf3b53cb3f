"""What each result says of itself: its main number with its interval, read from its own small files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from bioscnn.errors import UserError
from bioscnn.files import is_there
from bioscnn.report.files import read_json
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.index_folder import MARK, RUN, FileLink, Place, find_files, written
from bioscnn.report.schema import Amount, Count, Facts, Moment, check_facts

FIX = "type its command again: what is done already is kept"


@dataclass(frozen=True)
class Digest:
    """What a result says of itself.

    Parameters
    ----------
    source : str
        Data set, and where the data come from.
    simulated : bool
        Whether recordings were simulated.
    n : str
        On how many trials.
    value, note : str
        The main number; what it is, with its interval.
    started : str
        Moment, ISO 8601.
    changed : str
        What distinguishes it from others of its study: neuron, and keys that are not those of the study file.
    more : sequence of str
        Other numbers, each a line.
    verdict : sequence of str
        Sentences that answer the question of an experiment, the first one first.
    """

    source: str
    simulated: bool
    n: str
    value: str
    note: str
    started: str
    changed: str
    more: Sequence[str] = ()
    verdict: Sequence[str] = ()


@dataclass(frozen=True)
class Entry:
    """A result on the page.

    Parameters
    ----------
    place : Place
        Its folder.
    digest : Digest or None
        What it says; None if it is unfinished or damaged.
    problem : str
        What is wrong with it; empty if nothing is.
    when : datetime
        When it was begun, or written if that is not known.
    files : tuple of FileLink
        Its files, the report first.
    """

    place: Place
    digest: Digest | None
    problem: str
    when: datetime
    files: tuple[FileLink, ...] = field(repr=False)

    @property
    def report(self) -> str | None:
        """Address of its report."""
        return next((link.href for link in self.files if link.name == "report.html"), None)


class ExperimentEntry(Facts):
    """The ``entry`` in the summary of an experiment."""

    source: str
    n: str
    value: str
    note: str
    more: list[str]


class ExperimentSummary(Facts):
    """The ``summary.json`` of an experiment, as far as the index reads it."""

    entry: ExperimentEntry
    simulated: bool
    verdict: list[str]
    started: Moment
    changed: dict[str, Any] = Field(default_factory=dict)


class DeviceRow(Facts):
    """A device in the ``summary.json`` of a comparison of devices."""

    device: str
    connectivity: str
    precision: str
    compared_with: str
    spikes: Count
    identical: bool
    trials_that_differ: Count
    time_ratio: Amount | None


class DevicesSummary(Facts):
    """The ``summary.json`` of a comparison of devices."""

    started: Moment
    dataset: str
    source: str
    n_trials: Count
    simulated: bool
    rows: list[DeviceRow] = Field(min_length=1)
    changed: dict[str, Any] = Field(default_factory=dict)


def read_entry(place: Place, page: Path) -> Entry:
    """Read a result for a page in a folder above it; what is wrong with it is told, not raised."""
    files, when = find_files(place.folder, page), written(place.folder)
    if place.folder.name.startswith(".") or not (place.folder / MARK).exists():
        what = "it was interrupted, or is running: its command goes on where it was"
        return Entry(place, None, f"unfinished: {what}", when, files)
    try:
        digest = READERS.get(place.kind, _experiment)(place.folder)
    except UserError as error:
        name = f"{Path(error.file or MARK).name}{f', {error.key}' if error.key else ''}"
        what = error.problem.removeprefix("a file of the results is damaged: ")
        return Entry(place, None, f"damaged: {name}: {what}", when, files)
    started = datetime.fromisoformat(digest.started)
    return Entry(place, digest, "", started if started.tzinfo else started.replace(tzinfo=UTC), files)


def _run(folder: Path) -> Digest:
    from bioscnn.report.folder import read_facts

    s, provenance = read_facts(folder)
    if not (folder / "run.h5").exists():
        raise UserError("a file of the results is missing", file=folder / "run.h5")
    spiking, latency = s["accuracy"][s["readout"]], s["latency_ms"]
    decided = "no decision in" if latency is None else f"decided after {latency:.0f} ms (median) of"
    more = [
        *([f"trained network {_share(s['ann_accuracy'])}"] if "ann_accuracy" in s else []),
        f"{s['spikes_per_trial']:,.0f} spikes per trial; {decided} {s['duration_ms']:.0f} ms",
        *_ledger(folder),
    ]
    return Digest(
        f"{s['dataset']}: {s['source']}",
        bool(s.get("simulated")),
        plural(s["n_trials"], "recording" if "simulated" in s else "image"),
        percent(spiking[0]),
        f"{percent_interval(*spiking[1:])} spiking network {provenance['network']['model']}, "
        f"by {s['readout']}",
        provenance["started"],
        ", ".join([_neuron(folder / "config.toml"), _changes(provenance)]),
        more,
    )


def _neuron(config: Path) -> str:
    """Return the neuron of a run, such as ``lif neurons``."""
    from bioscnn.report.files import read_text
    from bioscnn.toml import parse_toml

    text = read_text(config, FIX)
    try:
        tables = parse_toml(text)
        if str(tables.get("network", {}).get("model")).endswith(".nir"):
            return "neurons of a NIR graph"
        model = tables["neuron"]["model"]
    except (UserError, LookupError, TypeError, AttributeError) as error:
        reason = error.problem if isinstance(error, UserError) else error
        problem = f"a file of the results is damaged: {reason}"
        raise UserError(problem, file=config, key="neuron.model", fix=FIX) from None
    return f"{Path(str(model)).stem} neurons"


def _changes(facts: dict[str, Any]) -> str:
    """Return the keys that were changed, and their values."""
    if "changed" not in facts:
        return "made by an earlier bioscnn, which did not note what was changed"
    changed = facts["changed"].items()
    return "changed: " + ", ".join(f"{key} = {value}" for key, value in changed) if changed else "as written"


def _ledger(folder: Path) -> list[str]:
    """Return the first sentences of a run's ledger, if it has one."""
    path = folder / "ledger.json"
    if not is_there(path):
        return []
    from bioscnn.ledger.files import from_json
    from bioscnn.report.captions import first_cause
    from bioscnn.report.files import read_text

    try:
        ledger, _ = from_json(read_text(path, FIX))
        return [f"ledger of {plural(ledger.n_trials, 'trial')}: {first_cause(ledger)}"]
    except (ValueError, TypeError, AttributeError, StopIteration) as error:
        raise UserError(f"a file of the results is damaged: {error}", file=path, fix=FIX) from None


def _experiment(folder: Path) -> Digest:
    """Return the digest of an experiment from its summary."""
    path = folder / MARK
    s = read_json(path, (), FIX)
    if "entry" not in s:
        raise UserError("it was made by an earlier bioscnn: type its command again", file=path, key="entry")
    check_facts(s, ExperimentSummary, path, FIX)
    entry = s["entry"]
    return Digest(
        entry["source"], s["simulated"], entry["n"], entry["value"], entry["note"], s["started"], _changes(s),
        entry["more"], s["verdict"],
    )  # fmt: skip


def _devices(folder: Path) -> Digest:
    s = check_facts(read_json(folder / MARK, (), FIX), DevicesSummary, folder / MARK, FIX)
    compared = [row for row in s["rows"] if row["compared_with"] and row["precision"] != "float32"]
    same = sum(row["identical"] for row in compared)
    return Digest(
        f"{s['dataset']}: {s['source']}",
        s["simulated"],
        plural(s["n_trials"], "trial"),
        f"{same} of {len(compared)}",
        "devices give all spikes of numpy's, without rounding to single precision",
        s["started"],
        _changes(s),
        [
            f"{row['device']}, {row['connectivity']}, {row['precision']}: {row['spikes']:,} spikes, "
            f"{plural(row['trials_that_differ'], 'trial')} that differ"
            + ("" if row["time_ratio"] is None else f", {row['time_ratio']:.3g} times numpy's time")
            for row in s["rows"]
        ],
    )


READERS: dict[str, Callable[[Path], Digest]] = {RUN: _run, "devices": _devices}
"""How what is no experiment is read."""


def _share(triple: Sequence[float]) -> str:
    value, low, high = triple
    return f"{percent(value)} {percent_interval(low, high)}"
