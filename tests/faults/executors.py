"""Every experiment on every executor, compared: ``python -m tests.faults.executors [--only noise,sweep]``.

Rows are written to the table as they come; rows that it has are not measured again.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pandas import DataFrame

from bioscnn.claims import made_now, write_table
from tests.faults.clusters import dask
from tests.faults.commands import COMMANDS, EXPERIMENTS
from tests.faults.place import Place
from tests.slurm import running_slurm, why_not

SHARDS = 3
MOST_ROUNDS = 3
"""Of units that need those of the round before."""

MERGE = ("-m", "bioscnn", "merge")


class Compared:
    """An experiment in one process, with which others are compared, which begin with what it compiled.

    Parameters
    ----------
    name : str
        Of the command.
    folder : Path
        For everything.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.words = name, folder, COMMANDS[name].anywhere
        place = self._place("in process", None)
        self.said = self.run(place, "--jobs", "1")
        self.programs, self.expected = place.cache, _results(place)

    def run(self, place: Place, *options: str, **variables: str) -> str:
        """Run the experiment in a place; return why it was refused, if it was."""
        return _finish(place, (*self.words, *options), **variables)

    def elsewhere(self, what: str, *options: str, **variables: str) -> str:
        """Return ``equal``, which files differ, or why the experiment was refused."""
        place = self._place(what, self.programs)
        return self.run(place, *options, **variables) or self.difference(place)

    def on_dask(self) -> str:
        """Compare it on two workers of a scheduler, which know nothing of the folder of the command."""
        place = self._place("dask", self.programs)
        with dask(place, 2) as (address, _, _):
            return self.run(place, "--dask", address) or self.difference(place)

    def on_slurm(self) -> str:
        """Compare it in a job of a Slurm of one node."""
        if reason := why_not():
            return reason
        with tempfile.TemporaryDirectory(prefix="slurm-") as folder, running_slurm(Path(folder)) as variables:
            names = ("SLURM_CONF", "PATH")
            return self.elsewhere("slurm", "--slurm", "1", **{name: variables[name] for name in names})

    def in_shards(self) -> str:
        """Compare it in three shards, each in a folder of its own, merged after every round of units."""
        whole = self._place("merged", self.programs)
        parts = [self._place(f"shard {k}", self.programs) for k in range(1, SHARDS + 1)]
        folders = [str(part.work / "results") for part in parts]
        for _ in range(MOST_ROUNDS):
            for k, part in enumerate(parts, 1):
                if said := self.run(part, "--jobs", "1", "--shard", f"{k}/{SHARDS}"):
                    return said
            if said := _finish(whole, (*MERGE, *folders)):
                return said
            if _units(_results(whole)) == _units(self.expected):
                return self.run(whole, "--jobs", "1") or self.difference(whole)
            for part in parts:
                if said := _finish(part, (*MERGE, str(whole.work / "results"))):
                    return said
        return "units are left"

    def difference(self, place: Place) -> str:
        """Return ``equal``, or which files say something else than in one process."""
        found = _results(place)
        names = self.expected.keys() | found.keys()
        differ = sorted(Path(name).name for name in names if found.get(name) != self.expected.get(name))
        return f"differ: {' '.join(differ)}" if differ else "equal"

    def _place(self, what: str, programs: Path | None) -> Place:
        place = Place(self.folder / what.replace(" ", "-"), programs)
        COMMANDS[self.name].prepare(place)
        return place


WAYS: dict[str, Callable[[Compared], str]] = {
    "2 processes": lambda experiment: experiment.elsewhere("two", "--jobs", "2"),
    "Dask": Compared.on_dask,
    "Slurm": Compared.on_slurm,
    "3 shards, merged": Compared.in_shards,
}


def _finish(place: Place, words: tuple[str, ...], **variables: str) -> str:
    code, said = place.run(words, **variables)
    return f"code {code}: {said.strip()[-1500:]}" if code else ""


def _results(place: Place) -> dict[str, str]:
    """Return what tables, networks and the summary say, without times."""
    found = {path: said for path, said in place.results().items() if path.startswith("work/results/")}
    return {path: said for path, said in found.items() if not Path(path).name.startswith(".lock")}


def _units(results: dict[str, str]) -> set[str]:
    return {path for path in results if "/units/" in path}


def main() -> None:
    """Measure what is not in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(EXPERIMENTS))
    parser.add_argument("--ways", default="/".join(WAYS), help="parted by /")
    parser.add_argument("--table", type=Path, default=Path("docs/tables/executors.csv"))
    given = parser.parse_args()
    table = list(csv.DictReader(given.table.open())) if given.table.exists() else []
    made = made_now(
        "python -m tests.faults.executors", "where units are computed", "bioscnn.cli", beside=given.table
    )
    record = replace(made, units={"tables": "1"})
    ways = given.ways.split("/")
    for name in given.only.split(","):
        row = next((row for row in table if row["experiment"] == name), {})
        if all(row.get(way) for way in ways):
            continue
        with tempfile.TemporaryDirectory(prefix="executors-") as folder:
            experiment = Compared(name, Path(folder) / name)
            if experiment.said:
                raise RuntimeError(experiment.said)
            if not row:
                tables = sum(path.endswith(".csv") for path in experiment.expected)
                table.append(row := {"experiment": name, "tables": str(tables)} | dict.fromkeys(WAYS, ""))
            for way in ways:
                row[way] = WAYS[way](experiment)
                print(f"{name}, {way}: {row[way]}", flush=True)
                write_table(given.table, DataFrame(table).to_csv(index=False).encode(), record)


if __name__ == "__main__":
    main()
