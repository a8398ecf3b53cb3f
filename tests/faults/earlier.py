"""Results, units and programs that earlier versions of bioscnn left where a command is typed now."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.faults.commands import BIOSCNN, COMMANDS, STUDY, SWEEP
from tests.faults.machine import told
from tests.faults.place import Place
from tests.faults.strikes import Bench, Row
from tests.processes import ROOT

COMMITS = {
    "f709ca3": "2026-11-26, before there was one engine of experiments",
    "aa13639": "2026-11-27, the last one of that day",
    "4abe07e": "2026-11-29, the engine",
    "88c7e13": "2026-11-29, results that do not say their format",
    "d289592": "2026-11-29, results that say it",
}
"""Earlier versions, whose commands are typed first."""


def results(bench: Bench, name: str) -> Row:
    """Run a command by each earlier version; ask for its report and a comparison; run it by this version.

    Results of the earlier one may stay; reports of them may be refused, by one clear message.
    """
    row = Row("older results", name)
    for commit, when in COMMITS.items():
        place, earlier = bench.fresh(name, "earlier"), _code_of(commit, bench.folder)
        study = str(earlier / "sims" / "mnist.toml")
        (place.work / "small.toml").write_text(SWEEP.replace(STUDY, study))
        words = [word.replace(STUDY, study) for word in COMMANDS[name].words]
        code, said = place.run(words, PYTHONPATH=str(earlier))
        COMMANDS[name].prepare(place)
        if code:  # it cannot do that yet
            print(f"    {commit} ({when}) cannot {name}: {said[-500:]}", flush=True)
            continue
        row.tried += 1
        older = _latest(place)
        _look(place, row, "report", str(older))
        before = place.files()
        bench.start_again(place, name, row, before)
        if older.parent.name == "mnist":
            _look(place, row, "compare", str(older), "results/mnist/latest")
    return row


def _code_of(commit: str, folder: Path) -> Path:
    """Return a folder with the package and its studies as they were at a commit."""
    code = folder / "code" / commit
    if not code.exists():
        code.mkdir(parents=True)
        packed = subprocess.run(
            ["git", "archive", commit, "bioscnn", "sims"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "x", "-C", code], input=packed.stdout, check=True)
    return code


def _latest(place: Place) -> Path:
    """Return the folder of the results, as in results/mnist/."""
    found = [path.resolve() for path in sorted((place.work / "results").rglob("latest"))]
    return found[0].relative_to(place.work.resolve())


def _look(place: Place, row: Row, *words: str) -> None:
    code, said = place.run((*BIOSCNN, *words))
    if code:
        told(row, code, said)
