"""The same study, sweep and noise experiment in many surroundings: ``python -m tests.faults.repeat``.

Other numbers of processes, folder, time zone, locale, hash seed and, by ``--python``, versions of Python.
Compared are all arrays of ``run.h5``, all tables, and ``summary.json`` but for times; runs are compared by
`bioscnn compare` too. Rows that the table has are not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

from pandas import DataFrame, read_csv

from bioscnn.claims import made_now, write_table
from tests.faults.place import Place
from tests.processes import ROOT

STUDY = str(ROOT / "sims" / "mnist.toml")
NEURON = ROOT / "sims" / "neurons" / "exponential.toml"
COUNTS = (
    "files", "trials", "other spikes", "by rounding", "by not rounding", "by not told", "other class"
)  # fmt: skip
SWEEP = f"""
study = "{STUDY}"
[set]
"dataset.trials" = 20
[design]
kind = "grid"
[parameters]
"network.weight_scale" = {{ low = 0.5, high = 2, scale = "log", steps = 3 }}
"""
EMPTY = "empty cache"
"""Everything is compiled and prepared again."""

ALL = ("--set", "readout.record=all")
_HASHED = re.compile("-?[0-9a-f]{16}/")
COMMANDS = {
    "run": ("run", STUDY, "--trials", "100", *ALL),
    "noise": ("run", STUDY, "--trials", "100", "--set", "noise.membrane-noise.sd=2 mV", *ALL),
    "own neuron": (
        "run", STUDY, "--trials", "100", "--set", f"neuron.model={NEURON}",
        "--set", "network.model=mnist-small-relu", *ALL,
    ),
    "N-MNIST": ("run", str(ROOT / "sims" / "nmnist.toml"), "--trials", "20", *ALL),
    "sweep": ("sweep", "small.toml"),
    "noise experiment": (
        "noise", STUDY, "--quick", "--trials", "10", "--kinds", "blur", "--networks", "soft LIF"
    ),
    "train": (
        "train", "mnist-small", "--epochs", "2", "--set", "training.examples=1000",
        "--set", "training.layers=4c5s4",
    ),
}  # fmt: skip
SURROUNDINGS: dict[str, tuple[int, dict[str, str]]] = {
    "2 processes": (2, {}),
    "5 processes": (5, {}),
    "another folder": (1, {}),
    "time zone": (1, {"TZ": "Asia/Kathmandu"}),
    "locale": (1, {"LC_ALL": "C", "LANG": "C"}),
    "locale tr_TR": (1, {"LC_ALL": "tr_TR.UTF-8"}),
    "hash seed": (1, {"PYTHONHASHSEED": "12345"}),
    EMPTY: (1, {}),
}


def results_of(place: Place, name: str, jobs: int, python: str, variables: dict[str, str]) -> dict[str, str]:
    """Run a command, and return what every file of its results says, without times."""
    (place.work / "small.toml").write_text(SWEEP)
    where = ("--out", "networks") if name == "train" else ("--jobs", str(jobs))
    words = ("-m", "bioscnn", *COMMANDS[name], *where)
    code, said = place.run(words, python=python, **variables)
    if code:
        raise RuntimeError(said)
    found = place.results()
    return {
        path: content for path, content in found.items() if not path.endswith(("provenance.json", ".lock"))
    }


def difference(expected: dict[str, str], found: dict[str, str]) -> str:
    """Return the names of files that differ; files are paired by their paths, hashes of folders aside."""
    first, second = (
        {_HASHED.sub("-*/", path): content for path, content in one.items()} for one in (expected, found)
    )
    differ = {Path(path).name for path in first.keys() | second.keys() if first.get(path) != second.get(path)}
    return "; ".join(name for name in sorted(differ) if name != "latest" and not name.endswith(".html"))


def apart(one: Place, other: Place) -> dict[str, object]:
    """Return what `bioscnn compare` says of two runs of one study: how many trials differ, and why."""
    folders = (str(next(place.work.glob("results/*/latest")).resolve()) for place in (one, other))
    command = [sys.executable, "-m", "bioscnn", "compare", *folders, "--json"]
    said = json.loads(subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=PIPE).stdout)
    return {
        "trials": said["n_trials"],
        "other spikes": said["trials_that_differ"]["n"],
        **{f"by {cause}": n for cause, n in said["causes"].items()},
        "other class": said["class_changed"]["n"],
        "readout apart (mV)": f"{1e3 * said['readout_apart']:.2g}",
    }


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="of an environment of bioscnn")
    parser.add_argument("--only", default=",".join(COMMANDS), help="commands")
    parser.add_argument("--surroundings", default=",".join(SURROUNDINGS))
    parser.add_argument("--table", type=Path, default=ROOT / "docs" / "tables" / "repeatability.csv")
    given = parser.parse_args()
    installed = subprocess.run(["locale", "-a"], check=True, stdout=PIPE, text=True).stdout.split()
    if "tr_TR.utf8" not in installed:  # or C would take its place, and nothing be said
        parser.error("no locale tr_TR.UTF-8 here: localedef -i tr_TR -f UTF-8 tr_TR.UTF-8")
    others = {_version(python): (1, python, {}) for python in given.python}
    for name in filter(None, given.surroundings.split(",")):
        others[name] = (SURROUNDINGS[name][0], sys.executable, SURROUNDINGS[name][1])
    rows = (
        read_csv(given.table, dtype=str, keep_default_na=False).to_dict("records")
        if given.table.exists()
        else []
    )
    known = {(row["command"], row["surroundings"]) for row in rows}
    record = made_now(
        "python -m tests.faults.repeat", "surroundings", "bioscnn.studies.run", beside=given.table
    )
    record = replace(record, units=dict.fromkeys(COUNTS, "1"))
    with tempfile.TemporaryDirectory(prefix="repeat-") as folder:
        for name in given.only.split(","):
            new = {key: other for key, other in others.items() if (name, key) not in known}
            first = Place(Path(folder) / "first" / name)
            expected = results_of(first, name, 1, sys.executable, {}) if new else {}
            for surrounding, (jobs, python, variables) in new.items():
                programs = None if surrounding == EMPTY else first.cache
                place = Place(Path(folder) / surrounding.replace(" ", "-") / name, programs)
                found = results_of(place, name, jobs, python, variables)
                differs = difference(expected, found)
                row = {"command": name, "surroundings": surrounding, "files": len(found), "differ": differs}
                rows.append(row | (apart(first, place) if COMMANDS[name][0] == "run" else {}))
                print(rows[-1], flush=True)
                write_table(given.table, DataFrame(rows).to_csv(index=False).encode(), record)


def _version(python: str) -> str:
    code = "import platform; from importlib.metadata import version as of; "
    code += 'print(f\'Python {platform.python_version()}, Brian2 {of("brian2")}, NumPy {of("numpy")}\')'
    return subprocess.run([python, "-c", code], check=True, stdout=PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
