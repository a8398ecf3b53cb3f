"""Measures bioscnn and its peers: ``make bench``, or ``python -m bench.run --help``."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.environments import CONSTRAINTS, ENVIRONMENTS
from bench.figures import draw_scaling
from bench.limit import measure_limit
from bench.measure import Effort, measure
from bench.networks import data_folder, problem_of
from bench.neurons import measure_neurons, write_rows
from bench.precision import measure_precision
from bench.problem import write_problem
from bench.roster import EVENTS, EXAMPLES, PARTS, SIZES, VGG, VGG_FILE, Entry, entries, problems
from bench.scaling import measure_scaling
from bench.summary import absent_rows, against_the_fastest, rows_of
from bench.tables import TITLES, markdown
from bench.vgg import vgg
from bioscnn.ann import write_onnx
from bioscnn.claims import made_now, publish
from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.report.document import Document
from bioscnn.studies.provenance import code_version, environment

QUICK = Effort(rounds=2, seconds=0.5, accuracy_images=500, batches=32)
LONG: dict[str, dict[str, Any]] = {EVENTS: {"tried": 32, "seconds": 1.5}, VGG: {"tried": 2}}
"""Of sizes whose examples take long: how many compare batches and variants; how long a measurement takes."""

BUSY = 0.5
"""Load above which another program must be computing."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark that the command line asks for; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.docs and (options.only or options.quick):
        parser.error("--docs takes all simulators and all rounds: leave --only and --quick out")
    if options.only == ["neurons"]:
        rounds = 2 if options.quick else 5
        write_rows(measure_neurons(options.size or SIZES, rounds), None, command_of(options), rounds)
        return 0
    try:
        bench(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure bioscnn and its peers.")
    parser.add_argument(
        "--quick", action="store_true", help="a dry run of a few minutes; its figures say nothing"
    )
    parser.add_argument(
        "--size",
        choices=[size for part in PARTS.values() for size in part],
        action="append",
        help="only the networks of this size",
    )
    parser.add_argument(
        "--only", metavar="WORD", action="append", help="only simulators whose name has this word"
    )
    parser.add_argument(
        "--split", choices=("test", "validation"), default="test", help="images that are classified"
    )
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all results")
    parser.add_argument("--docs", type=Path, help="fill the part of a document between the markers")
    return parser


def bench(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, and write ``results/bench/summary.json`` and ``table.md``.

    Raises
    ------
    UserError
        If the images cannot be had, or a document or folder cannot be written.
    """
    effort = QUICK if options.quick else Effort()
    chosen_sizes = options.size or [size for part in PARTS.values() for size in part]
    parts = {name: part for name, part in PARTS.items() if any(size in part for size in chosen_sizes)}
    for name in parts if options.docs else ():
        Document(options.docs, name)  # refuses a document without a place, before anything is measured
    folder = options.results / "bench"
    if options.results.exists() and not options.results.is_dir():
        raise UserError("no folder", key="--results", value=str(options.results), fix="give a new name")
    load = os.getloadavg()[0] if options.quick else load_when_idle()
    if load > BUSY:
        print(f"The machine is busy (load {load:.1f}): what is measured now says nothing.", flush=True)
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{(time.monotonic() - begun) / 60:5.1f} min {what}", flush=True)

    started = datetime.now(UTC).isoformat(timespec="seconds")
    rows: list[dict[str, Any]] = []
    fastest: list[dict[str, Any]] = []
    absent: dict[Entry, str] = {}
    shown = {}
    for size in chosen_sizes:
        shown[size] = examples = _write_problems(size, effort, options.split, folder / "problems")
        here = replace(effort, accuracy_images=len(examples.labels), **LONG.get(size, {}))
        here = replace(here, seconds=min(here.seconds, effort.seconds))
        chosen = [entry for entry in entries(size) if entry.reference or _is_chosen(entry, options.only)]
        say(f"{size}: {len(chosen)} simulators")
        measured, missing = measure(chosen, folder / "problems", folder / "logs", here, say)
        rows += rows_of(measured, None if size == VGG else examples.labels)
        for table in TITLES:
            fastest += against_the_fastest(measured, table)
        absent |= missing
    limits, precision, scaling = [], [], None
    if not options.only and "peers" in parts:
        for size in (size for size in chosen_sizes if size in SIZES):
            name = f"mnist-{size}"
            say(f"{name}: the limits of one core, and what float32 changes")
            limits.append(measure_limit(name, 2000, 9, ENVIRONMENTS / "limit", data_folder(), options.split))
            precision.append(measure_precision(name, len(shown[size].labels), data_folder(), options.split))
        say("how the cost grows")
        scaling = measure_scaling(data_folder(), say)
    about = environment()
    summary = {
        "started": started,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "command": command_of(options),
        **code_version(),
        "machine": about["machine"],
        "versions": about["versions"] | pinned_versions(),
        "threads": effort.threads,
        "rounds": effort.rounds,
        "load_before": load,
        "busy": load > BUSY,
        "split": options.split,
        "shown": {size: examples.text for size, examples in shown.items()},
        "data_sha256": {size: examples.data_sha256 for size, examples in shown.items()},
        "weights_sha256": {k: v for examples in shown.values() for k, v in examples.weights_sha256.items()},
        "rows": rows,
        "fastest": fastest,
        "absent": absent_rows(absent),
        "limits": limits,
        "precision": precision,
        "scaling": scaling,
    }
    texts = {name: markdown(summary, part) for name, part in parts.items()}
    write_atomically(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    write_atomically(folder / "table.md", "\n".join(texts.values()).encode())
    for name, text in texts.items() if options.docs else ():
        document = Document(options.docs, name)
        publish(document, text, made_now(summary["command"], "rounds", "bioscnn.simulation"))
        if name == "peers" and scaling is not None:
            draw_scaling(scaling, document.path.parent / "figures" / "speed-scaling.svg")
    say(f"done: {folder / 'table.md'}")
    return summary


@dataclass(frozen=True, eq=False)
class Examples:
    """What the networks of a size are shown, in words too; hashes of it and of the networks by name."""

    text: str
    labels: NDArray[np.int64]
    data_sha256: str
    weights_sha256: dict[str, str]


def _write_problems(size: str, effort: Effort, split: str, folder: Path) -> Examples:
    """Write the problems of a size, each into a folder of its name; return what is shown."""
    n = min(effort.accuracy_images, EXAMPLES.get(size, effort.accuracy_images))
    study, changed = "nmnist", []
    if size != EVENTS:
        digits = load_dataset("mnist", split, data=data_folder())
        study, changed = "mnist", [f"dataset.split={split}"]
        n = min(n, len(digits))
        if size == VGG:
            VGG_FILE.parent.mkdir(exist_ok=True)
            write_onnx(vgg(load_dataset("mnist").take(100).intensities()), VGG_FILE)
    shutil.rmtree(folder, ignore_errors=True)
    weights = {}
    for name, (changes, readout) in problems(size).items():
        problem, prepared = problem_of([*changes, *changed, f"dataset.trials={n}"], readout, study)
        weights[problem.network] = prepared.graph.sha256()
        write_problem(problem, folder / name)
    text = f"{split} images"
    if size == EVENTS:
        text = f"{n:,} {'simulated' if prepared.input.simulated else 'real'} recordings"
    return Examples(text, problem.labels, prepared.examples.sha256, weights)


def command_of(options: argparse.Namespace) -> str:
    """Return the command that measures the same again."""
    words = ["--quick"] * options.quick
    for name in ("size", "only"):
        words += [word for value in getattr(options, name) or () for word in (f"--{name}", value)]
    if options.split != "test":
        words += ["--split", options.split]
    return shlex.join(["python", "-m", "bench.run", *words])


def load_when_idle() -> float:
    """Wait up to two minutes for what ran before to be forgotten; return the load of the last minute."""
    for _ in range(24):
        if os.getloadavg()[0] <= BUSY:
            break
        print(f"load {os.getloadavg()[0]:.1f}: waiting for an idle machine ...", flush=True)
        time.sleep(5)
    return os.getloadavg()[0]


def _is_chosen(entry: Entry, words: list[str] | None) -> bool:
    return not words or any(word.lower() in entry.simulator.lower() for word in words)


def pinned_versions() -> dict[str, str]:
    """Return the versions of the peers and of what they compute with, as they are pinned."""
    packages = ("torch", "jax", "jaxlib", "spikingjelly", "snntorch", "sinabs", "spyx")
    versions = {}
    for path in sorted(CONSTRAINTS.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, version = line.partition("==")
            if name in packages:
                versions[name] = version
    return versions


if __name__ == "__main__":
    sys.exit(main())
