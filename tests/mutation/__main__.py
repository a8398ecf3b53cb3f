"""``python -m tests.mutation``: how many small changes of each package tests notice."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest

from tests.mutation.mutants import Mutant, sampled
from tests.mutation.patch import changed_functions, functions_of
from tests.mutation.trials import OPTIONS, Trials

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "neurons": ("bioscnn/neurons",),
    "network": ("bioscnn/network",),
    "conversion": ("bioscnn/conversion",),
    "simulation": ("bioscnn/simulation",),
    "readout, metrics": ("bioscnn/readout.py", "bioscnn/metrics"),
    "store, compare": (
        "bioscnn/experiments/store.py", "bioscnn/studies/compare.py", "bioscnn/studies/divergence.py",
    ),
}  # fmt: skip
TESTS = {
    "neurons": ("test_neurons.py", "test_steps.py", "test_model_text.py", "test_own_neuron.py",
                "test_time_code.py", "test_rate_curve.py", "nir"),
    "network": ("test_connectivity.py", "test_network.py", "test_conversion.py"),
    "conversion": ("test_conversion.py", "test_normalisation.py", "test_rate_matching.py",
                   "test_calibration.py", "test_lif_network.py", "test_time_code.py", "test_spike_times.py"),
    "simulation": ("test_simulate.py", "test_equations.py", "test_propagator.py", "test_programs.py",
                   "test_program_files.py", "test_no_code_from_files.py", "test_reference.py",
                   "test_draws.py", "test_recording.py", "test_storage.py",
                   "test_result_versions.py", "test_spikes.py", "nir",
                   "../oracles/test_solve_ivp.py", "../devices/test_identical_spikes.py",
                   "../devices/test_branches.py", "../devices/test_noisy_networks.py",
                   "../devices/test_time_code.py", "../devices/test_genn.py"),
    "readout, metrics": ("test_readout.py", "test_metrics.py", "metrics", "test_decoding.py",
                         "test_library.py"),
    "store, compare": ("test_compare.py", "../experiments/test_engine.py", "test_devices.py"),
}  # fmt: skip
"""Tests of each package, below ``tests/unit``; with its examples in docstrings."""
MOST_SECONDS = 20.0
"""Processor time of tests that a mutant is tried by, s: the quickest of those that run its line."""
CODE = ("bioscnn.simulation", "bioscnn.conversion", "bioscnn.metrics", "bioscnn.readout",
        "bioscnn.experiments.store", "bioscnn.studies.compare")  # fmt: skip
COUNTS = (
    "mutants",
    "killed",
    "of them by time",
    "run by no test",
    "not judged",
    "equivalent",
    "seed",
    "line",
)


def main() -> int:
    """Run the tests of each package once, then try its mutants, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES))
    parser.add_argument("--mutants", type=int, default=40, help="of each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="*", default=[], help="files of tests, beside those of the packages")
    parser.add_argument("--table", type=Path, help="CSV file; that of survivors has -survivors in its name")
    parser.add_argument(
        "--verdicts",
        action="store_true",
        help="measure nothing: count the verdicts in the table of survivors",
    )
    asked = parser.parse_args()
    os.chdir(ROOT)
    if asked.verdicts:
        count_verdicts(asked.table)
        return 0
    rows: list[dict[str, Any]] = []
    survivors: list[dict[str, Any]] = []
    for name in asked.packages:
        files = modules(PACKAGES[name])
        mutants = sampled(ROOT, files, asked.mutants, Random(f"{name} {asked.seed}"))
        found: list[tuple[Mutant, str]] = []
        tests = [os.path.normpath(f"tests/unit/{test}") for test in TESTS[name]] + asked.tests

        def then(trials: Trials, mutants: list[Mutant] = mutants, found: list = found) -> None:
            for mutant in mutants:
                found.append((mutant, outcome(mutant, trials)))
                told(*found[-1])

        trials = Trials(ROOT, files, then)
        with TemporaryDirectory(ignore_cleanup_errors=True) as cache:  # so that what compiles runs, too
            os.environ["BIOSCNN_CACHE"] = cache
            pytest.main([*(option for option in OPTIONS if option != "-x"), *tests, *files], plugins=[trials])
        rows.append(row(name, [how for _, how in found], asked.seed))
        print(rows[-1], flush=True)
        for mutant, how in found:
            if how in ("survived", "not run"):
                before, after = mutant.change(ROOT)
                survivors.append({"package": name, "seed": asked.seed, "file": mutant.file,
                                  "line": mutant.line, "before": before, "after": after,
                                  "outcome": how})  # fmt: skip
    if asked.table:
        drawn = {(name, asked.seed) for name in asked.packages}
        write(asked.table, rows, drawn)
        write(asked.table.with_stem(f"{asked.table.stem}-survivors"), survivors, drawn)
    return 0


def modules(places: tuple[str, ...]) -> list[str]:
    """Return the Python files of some places of the repository."""
    found = [
        path
        for place in places
        for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def outcome(mutant: Mutant, trials: Trials) -> str:
    """Try a mutant by the quickest tests that run its line.

    One that runs on import is tried by the tests of its module, or by all where none enters it.
    ``killed``, ``timeout``, ``survived``, ``not run`` by any test, or ``not judged`` where all of these fail
    with the code as it is, too.
    """
    lines = trials.lines.get(mutant.file, {})
    before, after = (ROOT / mutant.file).read_text(), mutant.source(ROOT)
    changed = changed_functions(before, after, str(ROOT / mutant.file))
    tests = lines.get(mutant.line, set()) if changed else set().union(*lines.values()) or trials.passed
    chosen: list[str] = []
    total = 0.0
    for test in sorted(tests, key=lambda one: (trials.seconds[one], one)):
        if chosen and total + trials.seconds[test] > MOST_SECONDS:
            break
        chosen.append(test)
        total += trials.seconds[test]
    if not chosen:
        return "not run"
    module, limit = (
        mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
        30 + 4 * total,
    )
    file = ROOT / mutant.file

    def tried(source: str, tests: list[str]) -> str:
        if changed is None:
            return trials.tried_on_import(module, file, source, tests, limit + 30)
        return trials.tried(module, functions_of(source, str(file), changed), tests, limit)

    while chosen:
        how = tried(after, chosen)
        # The tests up to the one that failed must pass in a child that gets the code as it is, too.
        if how in ("survived", "not run") or tried(before, chosen[: trials.begun]) == "survived":
            return how
        del chosen[trials.begun - 1]  # it fails whatever the code is
    return "not judged"


def told(mutant: Mutant, how: str) -> None:
    """Print what became of a mutant, and the change if no test noticed it."""
    print(f"  {how}: {mutant.file}:{mutant.line} {mutant.operator}", flush=True)
    if how in ("survived", "not run"):
        print("    - {}\n    + {}".format(*mutant.change(ROOT)), flush=True)


def row(name: str, found: list[str], seed: int) -> dict[str, Any]:
    """Return the row of a package: mutants, killed ones, and Wilson's interval of their share."""
    from bioscnn.studies.provenance import code_version

    judged = [how for how in found if how != "not judged"]
    killed = sum(how in ("killed", "timeout") for how in judged)
    return {"package": name, "seed": seed, "commit": str(code_version()["commit"])[:12],
            "mutants": len(judged), "killed": killed, **share("killed", killed, len(judged)),
            "of them by time": found.count("timeout"), "run by no test": found.count("not run"),
            "not judged": len(found) - len(judged)}  # fmt: skip


def share(name: str, n: int, of: int) -> dict[str, float]:
    """Return the columns of a share and its interval of Wilson, in percent."""
    from bioscnn.statistics import proportion_of_counts

    found = proportion_of_counts(n, of)
    ends = {"": found.value, " low": found.low, " high": found.high}
    return {f"{name} (%){end}": round(100 * value, 1) for end, value in ends.items()}


def write(table: Path, rows: list[dict[str, Any]], drawn: set[tuple[str, int]]) -> None:
    """Write a table with what made it; rows of samples that were not drawn now stay, and so do verdicts."""
    from bioscnn.claims import made_now
    from bioscnn.claims.record import write_table

    kept = pd.read_csv(table, dtype={"commit": str}).to_dict("records") if table.exists() else []
    verdicts = {
        (one["file"], one["before"], one["after"]): one["verdict"] for one in kept if "verdict" in one
    }
    for one in rows:
        if "outcome" in one:
            one["verdict"] = verdicts.get((one["file"], one["before"], one["after"]), "open")
    frame = pd.DataFrame([row for row in kept if (row["package"], row["seed"]) not in drawn] + rows)
    frame = frame.sort_values("package", key=lambda names: names.map(list(PACKAGES).index), kind="stable")
    command = f"python -m tests.mutation {shlex.join(sys.argv[1:])}"
    record = made_now(command, "mutants", *CODE, beside=table)
    record = replace(record, units={name: "1" for name in COUNTS if name in frame})
    write_table(table, frame.convert_dtypes().to_csv(index=False).encode(), record)


def count_verdicts(table: Path) -> None:
    """Fill in how many survivors change nothing, and the share that is killed of all others."""
    from bioscnn.claims.record import read_record, write_table

    frame, survivors = (
        pd.read_csv(table, dtype={"commit": str}),
        pd.read_csv(table.with_stem(f"{table.stem}-survivors")),
    )
    rows = frame.to_dict("records")
    for one in rows:
        own = (survivors.package == one["package"]) & (survivors.seed == one["seed"])
        verdicts = survivors.verdict[own]
        one["equivalent"] = int(verdicts.str.startswith("equal").sum())
        one |= share("mutation score", one["killed"], one["mutants"] - one["equivalent"])
    units = {name: "1" for name in COUNTS if name in rows[0]}
    content = pd.DataFrame(rows).convert_dtypes().to_csv(index=False).encode()
    write_table(table, content, replace(read_record(table), units=units))


if __name__ == "__main__":
    raise SystemExit(main())
