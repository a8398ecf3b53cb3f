"""What other neurons, noise and recording cost beside the LIF neuron: ``python -m bench.neurons``.

Every program simulates the same digits on one core. In a round each runs once, and ratios are taken within a
round. What counts is the processor time of the compiled program; writing its input and reading its output is
not in it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from bench.networks import data_folder
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
        Case("all spikes", (lif,), all_spikes=True),
        Case(of_relu, (relu,)),
        Case("adaptive", (relu, "neuron.model=adaptive-lif"), of_relu),
        Case("conductances", (relu, "synapse.model=conductance"), of_relu),
        Case("own neuron", (relu, OWN), of_relu),
        Case("IF", same, of_relu),
        Case("IF, all spikes", same, "IF", all_spikes=True),
    ]  # fmt: skip


@dataclass(frozen=True)
class Ready:
    """A compiled program and the folder of its input."""

    case: Case
    command: list[str]
    program: Path
    folder: Path

    def seconds(self) -> float:
        """Run the program once; return its processor time."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            self.command,
            cwd=self.program,
            env={**os.environ, "BIOSCNN_FOLDER": str(self.folder)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def spikes(self) -> int:
        """Return the spikes of the last run, of all populations."""
        return sum(int(np.fromfile(file, np.int64).sum()) for file in self.folder.glob("*.trial_counts"))


def made_ready(case: Case, images: int, folder: Path) -> Ready:
    """Compile the program of a case and write its input."""
    folder.mkdir()
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
    return Ready(case, program.command, program.folder, folder)


def measure_neurons(size: str, rounds: int = 5, images: int = 500, only: Sequence[str] = ()) -> None:
    """Measure the networks of a size, or some cases by words in their names, and print a table."""
    chosen = [case for case in cases(size) if not only or any(word in case.name for word in only)]
    needed = {name for case in chosen for name in (case.name, case.beside)}
    with tempfile.TemporaryDirectory() as scratch:
        ready = [
            made_ready(case, images, Path(scratch) / str(number))
            for number, case in enumerate(cases(size))
            if case.name in needed
        ]
        seconds = [
            {ready_case.case.name: ready_case.seconds() for ready_case in ready} for _ in range(rounds)
        ]
        print(f"mnist-{size}, {images} digits, {rounds} rounds, one core, float32\n")
        print("| case | us per digit | times the time of | spikes per digit |\n| --- | --- | --- | --- |")
        for ready_case in ready:
            name, beside = ready_case.case.name, ready_case.case.beside
            times = [1e6 * of[name] / images for of in seconds]
            ratio = "{median:.2f} [{low:.2f}, {high:.2f}]".format(
                **spread([of[name] / of[beside] for of in seconds])
            )
            spikes = ready_case.spikes() / images
            print(f"| {name} | {median(times):.0f} | {beside}: {ratio} | {spikes:,.0f} |", flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.neurons", description=__doc__)
    parser.add_argument("--size", choices=("small", "large"), default="small")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", default=[], help="cases with this word in their names")
    options = parser.parse_args()
    measure_neurons(options.size, options.rounds, options.images, options.only)


if __name__ == "__main__":
    main()
