"""What each kind of result came to: its main number with its interval, read from its own files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.report.files import read_json
from bioscnn.report.index_folder import MARK, RUN, Link, Place, changed, find_files
from bioscnn.report.template import percent, plural

FIX = "type its command again: what is done already is kept"


@dataclass(frozen=True)
class Found:
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
    more : sequence of str
        Other numbers, each a line.
    verdict : sequence of str
        Sentences that answer the question of a study, the first one first.
    started : str
        Moment, ISO 8601; empty if it is not written down.
    """

    source: str
    simulated: bool
    n: str
    value: str
    note: str
    more: Sequence[str] = ()
    verdict: Sequence[str] = ()
    started: str = ""


@dataclass(frozen=True)
class Entry:
    """A result on the page.

    Parameters
    ----------
    place : Place
        Its folder.
    found : Found or None
        What it says; None if it is unfinished or damaged.
    problem : str
        What is wrong with it; empty if nothing is.
    when : datetime
        When it was begun, or written if that is not known.
    files : tuple of Link
        Its files, the report first.
    """

    place: Place
    found: Found | None
    problem: str
    when: datetime
    files: tuple[Link, ...] = field(repr=False)

    @property
    def report(self) -> str | None:
        """Address of its report."""
        return next((link.href for link in self.files if link.name == "report.html"), None)


def read_entry(place: Place, page: Path) -> Entry:
    """Read a result for a page in a folder above it; what is wrong with it is told, not raised."""
    files, when = find_files(place.folder, page), changed(place.folder)
    hidden = place.folder.name.startswith(".")
    if hidden or not (place.folder / MARK).exists():
        what = "it was interrupted, or is running: its command goes on where it was"
        return Entry(place, None, f"unfinished: {what}", when, files)
    try:
        found = READERS[place.kind](place.folder)
        started = datetime.fromisoformat(found.started) if found.started else changed(place.folder / MARK)
        return Entry(place, found, "", started, files)
    except UserError as error:
        name = f"{Path(error.file or MARK).name}{f', {error.key}' if error.key else ''}"
        what = f"{name}: {error.problem.removeprefix('a file of the results is damaged: ')}"
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"{MARK}: {type(error).__name__}, {error}"
    return Entry(place, None, f"damaged: {what}", when, files)


def _run(folder: Path) -> Found:
    from bioscnn.report.folder import read_facts

    s, provenance = read_facts(folder)
    if not (folder / "run.h5").exists():
        raise UserError("a file of the results is missing", file=folder / "run.h5")
    spiking, trained = s["accuracy"][s["readout"]], s["ann_accuracy"]
    noun = "recording" if "simulated" in s else "image"
    more = [
        f"trained network {_share(trained)}",
        f"{s['spikes_per_trial']:,.0f} spikes a trial; decided after {s['latency_ms']:.0f} ms (median) "
        f"of {s['duration_ms']:.0f} ms",
        *_ledger(folder),
    ]
    return Found(
        f"{s['dataset']}: {s['source']}",
        bool(s.get("simulated")),
        plural(s["n_trials"], noun),
        percent(spiking[0]),
        f"{_interval(spiking)} spiking network {provenance['network']['model']}, by {s['readout']}",
        more,
        started=provenance["started"],
    )


def _ledger(folder: Path) -> list[str]:
    """Return what the ledger of a run says first, if it has one."""
    from bioscnn.ledger.files import from_json
    from bioscnn.report.words import first_cause

    path = folder / "ledger.json"
    if not path.exists():
        return []
    ledger, _ = from_json(path.read_text(encoding="utf-8"))
    return [f"ledger of {plural(ledger.n_trials, 'trial')}: {first_cause(ledger)}"]


def _experiment(folder: Path) -> Found:
    """Return what an experiment says of itself in its summary."""
    s = read_json(folder / MARK, ("entry", "simulated", "verdict", "started"), FIX)
    entry = s["entry"]
    return Found(
        entry["source"], bool(s["simulated"]), entry["n"], entry["value"], entry["note"], entry["more"],
        s["verdict"], s["started"],
    )  # fmt: skip


def _sweep(folder: Path) -> Found:
    from bioscnn.report.sweep_folder import read_sweep_folder
    from bioscnn.report.sweep_words import headlines

    study = read_sweep_folder(folder)
    # The last two say how many points there are, and how they were computed.
    s, (main, *others) = study.summary, headlines(study)
    failed = f", {s['n_failed']:,} of them failed" if s["n_failed"] else ""
    return Found(
        f"{s['study']}: {s['source']}",
        study.simulated,
        f"{plural(s['n_points'], 'point')} of {plural(s['trials'], 'trial')}{failed}",
        main.value,
        f"{main.name}: {_of_95(main.note)}",
        [f"{other.name}: {other.value} {_of_95(other.note)}" for other in others[:-2]],
        s["verdict"],
    )


def _ladder(folder: Path) -> Found:
    from bioscnn.report.ladder_folder import read_ladder

    ladder = read_ladder(folder)
    s, shares = ladder.summary, [
        (row.rung, (row.accuracy, row.accuracy_low, row.accuracy_high)) for row in ladder.rows.itertuples()
    ]  # fmt: skip
    (bottom, share), *others = shares
    return Found(
        f"{s['dataset']}: {s['source']}",
        bool(s["simulated"]),
        f"{plural(s['n'], 'trial')}, {plural(len(shares), 'rung')}",
        percent(share[0]),
        f"{_interval(share)} {bottom}, {s['network']} with no more biology",
        [f"{rung}: {_share(its)}" for rung, its in others],
        s["verdict"],
    )


def _benchmark(folder: Path) -> Found:
    s = read_json(folder / MARK, ("benchmark", "started", "networks", "data"), FIX)
    rows = sorted(s["networks"], key=lambda row: -row["snn_accuracy"])
    best, sources = rows[0], {one["source"] for one in s["data"].values() if one["split"] == rows[0]["split"]}
    return Found(
        f"{s['benchmark']}, {best['split']}: {', '.join(sorted(sources))}",
        False,
        f"{plural(best['n'], 'image')}, {plural(len(rows), 'network')}",
        percent(best["snn_accuracy"]),
        f"{_interval(_triple(best, 'snn_accuracy'))} {best['network']}, the most accurate spiking network",
        [f"{row['network']}: {_share(_triple(row, 'snn_accuracy'))}" for row in rows[1:]],
        started=s["started"],
    )


def _devices(folder: Path) -> Found:
    s = read_json(folder / MARK, ("started", "dataset", "source", "n_trials", "simulated", "rows"), FIX)
    compared = [row for row in s["rows"] if row["compared_with"] and row["precision"] == "float64"]
    same = sum(row["identical"] for row in compared)
    return Found(
        f"{s['dataset']}: {s['source']}",
        s["simulated"],
        plural(s["n_trials"], "trial"),
        f"{same} of {len(compared)}",
        "devices give all spikes of numpy's, in double precision",
        [
            f"{row['device']}, {row['connectivity']}, {row['precision']}: {row['spikes']:,} spikes, "
            f"{plural(row['trials_that_differ'], 'trial')} that differ, {row['time_ratio']:.3g} times "
            "numpy's time"
            for row in s["rows"]
        ],
        started=s["started"],
    )


READERS: dict[str, Callable[[Path], Found]] = {
    RUN: _run,
    "timing": _experiment,
    "filters": _experiment,
    "noise": _experiment,
    "sweeps": _sweep,
    "ladder": _ladder,
    "benchmark": _benchmark,
    "devices": _devices,
    "cross-validation": _experiment,
}


def _triple(row: dict[str, Any], name: str) -> list[float]:
    return [row[name], row[f"{name}_low"], row[f"{name}_high"]]


def _share(triple: Sequence[float]) -> str:
    value, _, _ = triple
    return f"{percent(value)} {_interval(triple)}"


def _interval(triple: Sequence[float]) -> str:
    _, low, high = triple
    return f"[{100 * low:.2f}, {100 * high:.2f}]"


def _of_95(note: str) -> str:
    """Return a note of a headline with its interval first, which needs no name: all are of 95 %."""
    what, _, interval = note.rpartition("95 %: ")
    return f"{interval} {what.rstrip('; ')}".rstrip()
