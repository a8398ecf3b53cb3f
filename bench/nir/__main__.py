"""NIR graphs of other frameworks in bioscnn, compared layer by layer and step by step.

    python -m bench.nir [--only snntorch] [--device numpy] [--precision float32]

Each framework builds, exports and simulates its networks in an environment of its own. bioscnn reads their
files, once under the rules of the framework and once as NIR stands (forward Euler, reset to v_reset), and
simulated under the same input spikes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.environments import AbsentError, interpreter, worker_environment
from bioscnn.encoding import SpikeTrains
from bioscnn.errors import UserError
from bioscnn.nir import Choices, Graph, Stimulus, build, read_graph
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate

N_STEPS = 100
DT = 1e-3

RULES = {
    "snntorch": Choices("snntorch", reset="subtract"),
    # norse 1.1 writes time constants times 0.001: its step of 1 ms is one microsecond in the file.
    "norse": Choices("norse", 1e-6),
    "sinabs": Choices("sinabs", reset="subtract", spikes_per_step=1),
    "spikingjelly": Choices("spikingjelly", reset="v_reset"),
}
OTHER_RULES = {
    "to-zero": Choices("snntorch", reset="v_reset"),
    "several-spikes": Choices("sinabs", reset="subtract", spikes_per_step=10),
}
STEPS = {"snntorch": 1e-4, "norse": 1e-6, "sinabs": 1.0, "spikingjelly": 1e-4}
"""Step of the file, s, as which NIR is read without knowing the framework."""


@dataclass(frozen=True)
class Row:
    """One layer of one network.

    Parameters
    ----------
    framework, network, layer : str
        Of the framework that exported it.
    neurons, there, here, differing : int
        Neurons; spikes in the framework and in bioscnn; how many spikes only one of them has.
    first : int or None
        Step of the first of these.
    as_it_stands : int or None
        Spikes that only one has if the file is read as NIR stands.
    """

    framework: str
    network: str
    layer: str
    neurons: int
    there: int
    here: int
    differing: int
    first: int | None
    as_it_stands: int | None


def weights() -> dict[str, NDArray[np.float32]]:
    """Return the weights of all networks, and the input spikes."""
    rng = stream(7, "nir networks")

    def normal(mean: float, sd: float, *shape: int) -> Any:
        return rng.normal(mean, sd, shape).astype(np.float32)

    return {
        "dense1.weight": normal(0.1, 0.4, 30, 20), "dense1.bias": normal(0, 0.05, 30),
        "dense2.weight": normal(0.05, 0.3, 10, 30), "dense2.bias": normal(0, 0.05, 10),
        "dense3.weight": normal(0.2, 0.5, 5, 6), "dense3.bias": normal(0, 0.05, 5),
        "recurrent.weight": normal(-0.05, 0.2, 30, 30), "recurrent.bias": normal(0, 0.02, 30),
        "conv1.weight": normal(0.1, 0.4, 4, 2, 3, 3), "conv1.bias": normal(0, 0.05, 4),
        "conv2.weight": normal(0.05, 0.3, 6, 4, 3, 3), "conv2.bias": normal(0, 0.05, 6),
        "vector.inputs": (rng.random((N_STEPS, 20)) < 0.2).astype(np.float32),
        "image.inputs": (rng.random((N_STEPS, 2, 8, 8)) < 0.2).astype(np.float32),
    }  # fmt: skip


def export(framework: str, folder: Path, dtype: str) -> None:
    """Let a framework build, export and simulate its networks.

    Raises
    ------
    AbsentError
        If its environment cannot be made, or it fails.
    """
    folder.mkdir(parents=True)
    np.savez(folder / "weights.npz", **weights())
    words = [str(interpreter(framework)), "-m", "bench.nir.frameworks", framework, str(folder), dtype]
    done = subprocess.run(words, env=worker_environment(1), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AbsentError((done.stderr.strip().splitlines() or ["no reason given"])[-1])


def spikes_of(
    graph: Graph, choices: Choices, inputs: NDArray[np.float32], device: Device
) -> dict[str, NDArray[np.float64]]:
    """Return the spikes of each layer in the steps of the framework, in the order of the layers."""
    shape = inputs.shape[1:]
    made = build(graph, choices, Stimulus(False, np.ones(shape[0]), np.zeros(shape[0])), DT, shape)
    step, neuron = np.nonzero(inputs.reshape(len(inputs), -1))
    n_steps = len(inputs) + max(made.begins.values()) + 2
    stimulus = SpikeTrains.from_events(
        np.zeros_like(step), step, neuron, n_trials=1, size=inputs[0].size, n_steps=n_steps, dt=DT
    )
    names = [population.name for population in made.network.neurons]
    recording = simulate(made.network, stimulus, device, record=names, potentials=())
    fired = {}
    for node in sorted(made.names, key=lambda node: made.begins[node]):
        if graph.nodes[node].type == "Input":
            continue
        own, begin = made.names[node], made.begins[node]
        counts = np.zeros((len(inputs), made.network[own].size))
        for name in [name for name in names if name == own or name.startswith(f"{own}_spike")]:
            spikes = recording[name].spikes
            assert spikes is not None
            inside = (spikes.step >= begin) & (spikes.step < begin + len(inputs))
            np.add.at(counts, (spikes.step[inside] - begin, spikes.neuron[inside]), 1)
        fired[node] = counts
    return fired


def compare(framework: str, folder: Path, device: Device) -> Iterator[Row]:
    """Read each file of a framework, and yield its layers."""
    with np.load(folder / "weights.npz") as file:
        arrays = dict(file)
    for path in sorted(folder.glob("*.nir")):
        graph = read_graph(path)
        inputs = arrays["image.inputs" if path.stem == "convolutional" else "vector.inputs"]
        with np.load(path.with_suffix(".npz")) as file:
            expected = [file[name] for name in file.files]
        here = spikes_of(graph, OTHER_RULES.get(path.stem, RULES[framework]), inputs, device)
        plain = Choices("euler", STEPS[framework], "v_reset")
        stands = spikes_of(graph, plain, inputs, device)
        for (node, counts_here), there in zip(here.items(), expected, strict=True):
            apart = np.abs(counts_here - there)
            first = int(apart.any(axis=1).argmax()) if apart.any() else None
            counts = int(there.sum()), int(counts_here.sum()), int(apart.sum())
            plainly = int(np.abs(stands[node] - there).sum())
            yield Row(framework, path.stem, node, there.shape[1], *counts, first, plainly)


def main() -> int:
    """Print a table; return 1 if spikes differ where none should."""
    parser = argparse.ArgumentParser(prog="python -m bench.nir", description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=RULES, action="append", help="only these frameworks")
    parser.add_argument("--device", default="numpy", choices=["numpy", "cpp_standalone"])
    parser.add_argument(
        "--precision", default="float32", choices=["float32", "float64"], help="of the frameworks"
    )
    options = parser.parse_args()
    device = Device(options.device, "float64")
    print("| framework | network | layer | neurons | spikes there | here | differing | read as NIR stands |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for framework in options.only or RULES:
            folder = Path(scratch) / framework
            try:
                export(framework, folder, options.precision)
                for row in compare(framework, folder, device):
                    first = "" if row.first is None else f", from step {row.first} on"
                    cells = row.framework, row.network, row.layer, row.neurons
                    numbers = f"{row.there:,}", f"{row.here:,}", f"{row.differing:,}{first}"
                    print(
                        "|",
                        *(f"{cell} |" for cell in (*cells, *numbers, f"{row.as_it_stands:,}")),
                        flush=True,
                    )
                    rows.append(row)
            except (AbsentError, UserError) as error:
                print(f"| {framework} | absent: {error} | | | | | | |", flush=True)
    alike = sum(row.differing == 0 for row in rows)
    print(f"\n{alike} of {len(rows)} layers fire the same spikes in the same steps.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
