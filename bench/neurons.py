"""What other neurons, noise and recording cost beside the LIF neuron: ``python -m bench.neurons``.

Every program simulates the same digits on one core. In a round each runs once, and ratios are taken within a
round. What counts is the processor time of the compiled program; writing its input and reading its output is
not in it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.environments import ROOT
from bench.networks import data_folder
from bench.roster import SIZES
from bench.summary import spread
from bioscnn.simulation.cpp_device import constant_files, stimulus_files
from bioscnn.simulation.program import build, obtain
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

OWN = "neuron.model=sims/neurons/exponential.toml"


@dataclass(frozen=True)
class Case:
    """A study with some keys changed.

    Parameters
    ----------
    name : str
        In the table.
    changes : tuple of str
        Keys of ``sims/mnist.toml``.
    beside : str
        Name of the case that it is compared with.
    all_spikes : bool
        Whether every spike of every population is recorded.
    """

    name: str
    changes: tuple[str, ...] = ()
    beside: str = "LIF"
    all_spikes: bool = False


def cases(size: str) -> list[Case]:
    """Return the cases that are measured with the networks of a size; each comes after its comparison."""
    lif, relu = f"network.model=mnist-{size}", f"network.model=mnist-{size}-relu"
    of_relu = "LIF, ReLU-trained"
    same = (relu, "neuron.model=if", "neuron.t_ref=0 ms", "neuron.reset=subtract")
    return [
        Case("LIF", (lif,)),
        Case("membrane noise", (lif, "noise.membrane-noise.sd=1 mV")),
        Case("transmission failure", (lif, "noise.transmission-failure.probability=0.1")),
        Case("weight noise", (lif, "noise.weight-noise.cv=0.1")),
        Case("threshold mismatch", (lif, "noise.threshold-mismatch.cv=0.1")),
        Case("delay", (lif, "synapse.delay=2 ms")),
        Case("time step 0.1 ms", (lif, "simulation.dt=0.1 ms")),
        Case("all spikes", (lif,), all_spikes=True),
        Case(of_relu, (relu,)),
        Case("adaptive", (relu, "neuron.model=adaptive-lif"), of_relu),
        Case("conductances", (relu, "synapse.model=conductance"), of_relu),
        Case("own neuron", (relu, OWN), of_relu),
        Case("IF", same, of_relu),
        Case("IF, all spikes", same, "IF", all_spikes=True),
    ]  # fmt: skip


def programs_time() -> float:
    """Return the processor time of all programs that this process has started and that have ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def simulation_time(simulate: Callable[[], object]) -> float:
    """Return the processor time of a call in this process, with all programs that it starts, s."""
    before = process_time() + programs_time()
    simulate()
    return process_time() + programs_time() - before


@dataclass(frozen=True)
class Ready:
    """A compiled program and the folder of its input."""

    command: list[str]
    program: str
    folder: str

    def seconds(self) -> float:
        """Run the program once; return its processor time."""
        before = programs_time()
        subprocess.run(
            self.command,
            cwd=self.program,
            env={**os.environ, "BIOSCNN_FOLDER": self.folder},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return programs_time() - before

    def spikes(self) -> int:
        """Return the spikes of the last run, of all populations."""
        return sum(
            int(np.fromfile(file, np.int64).sum()) for file in Path(self.folder).glob("*.trial_counts")
        )


def made_ready(case: Case, images: int, folder: Path) -> Ready:
    """Compile the program of a case and write its input."""
    folder.mkdir(parents=True)
    changes = [*case.changes, f"dataset.trials={images}", "dataset.split=validation"]
    prepared = prepare(read_study(Path("sims/mnist.toml"), changes), data_folder())
    shape = prepared.program
    assert shape is not None
    program = obtain(shape) or build(shape)
    files = {**constant_files(shape), **stimulus_files(shape, prepared.stimulus, np.arange(images))}
    for name, values in files.items():
        values.tofile(folder / name)
    for population in prepared.network.neurons if case.all_spikes else ():
        (folder / f"{population.name}.record_spikes").touch()
    return Ready(program.command, str(program.folder), str(folder))


def ready_in(checkout: Path, size: str, images: int, folder: Path) -> list[Ready]:
    """Return all cases of a size, made ready by this module with the rest of the code of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    if checkout != ROOT:
        environment["BIOSCNN_CACHE"] = str(checkout / ".cache")
    words = ["--size", size, "--images", str(images), "--into", str(folder)]
    done = subprocess.run(
        [sys.executable, "-P", __file__, *words],
        cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return [Ready(**ready) for ready in json.loads(done.stdout)]


def measure_neurons(
    sizes: Sequence[str], rounds: int = 5, images: int = 500, against: Path | None = None
) -> list[dict[str, Any]]:
    """Return a row for each case of the networks of some sizes, beside another checkout if there is one."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            places = [ROOT] if against is None else [ROOT, against.absolute()]
            ready = [ready_in(place, size, images, Path(scratch) / str(k)) for k, place in enumerate(places)]
            turns = [
                [one.seconds() for one in turn] for _ in range(rounds) for turn in zip(*ready, strict=True)
            ]
            names = [case.name for case in cases(size)]
            of = {name: np.array(turns[k :: len(names)]) for k, name in enumerate(names)}
            for case, here in zip(cases(size), ready[0], strict=True):
                times, beside = of[case.name], of[case.beside]
                ratio = times / beside
                row = {
                    "network": f"mnist-{size}",
                    "case": case.name,
                    "us per digit": round(1e6 * float(np.median(times[:, 0])) / images),
                    "spikes per digit": round(here.spikes() / images),
                    "times the time of": case.beside,
                    **columns("here", ratio[:, 0]),
                }
                if against is not None:
                    row |= columns("there", ratio[:, 1]) | columns("times as fast", times[:, 1] / times[:, 0])
                rows.append(row)
    return rows


def columns(name: str, ratio: NDArray[np.float64]) -> dict[str, str]:
    """Return the columns of a ratio: median, lowest and highest of its rounds."""
    values = spread(ratio.tolist())
    names = {"median": name, "low": f"{name} low", "high": f"{name} high"}
    return {names[key]: f"{value:.2f}" for key, value in values.items()}


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path | None, command: str, rounds: int) -> None:
    """Print rows as a CSV table, and write it with what made it if there is a path."""
    from bioscnn.claims import made_now, write_table  # not in checkouts of before

    text = StringIO()
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    print(text.getvalue())
    if path is not None:
        record = made_now(command, f"{rounds} rounds", "bioscnn.simulation", "bioscnn.studies.prepare")
        units = {key: "1" for key in rows[0] if "(" not in key}
        write_table(path, text.getvalue().encode(), replace(record, units=units))


def measure_into_table(
    module: str, purpose: str, rows: Callable[..., Sequence[Mapping[str, Any]]], **numbers: int
) -> None:
    """Read a command line of numbers, ``rounds`` among them, and a table; write the rows of these numbers."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=purpose)
    for name, usual in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--table", type=Path, help="CSV file to write")
    options = vars(parser.parse_args())
    table = options.pop("table")
    command = " ".join([f"python -m {module}", *(f"--{name} {n}" for name, n in options.items())])
    write_rows(rows(**options), table, command, options["rounds"])


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.neurons", description=__doc__)
    parser.add_argument("--size", choices=SIZES, action="append")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout, such as one of before a change")
    parser.add_argument("--table", type=Path, help="CSV file to write")
    parser.add_argument("--into", type=Path, help="only write the input of one size into a folder")
    options = parser.parse_args()
    sizes = options.size or list(SIZES)
    if options.into is None:
        rows = measure_neurons(sizes, options.rounds, options.images, options.against)
        command = "".join(["python -m bench.neurons", *(f" --size {size}" for size in sizes)])
        command += f" --images {options.images} --rounds {options.rounds}"
        command += " --against CHECKOUT" if options.against else ""
        write_rows(rows, options.table, command, options.rounds)
        return
    ready = [
        made_ready(case, options.images, options.into / str(k)) for k, case in enumerate(cases(sizes[0]))
    ]
    json.dump([asdict(one) for one in ready], sys.stdout)


if __name__ == "__main__":
    main()
