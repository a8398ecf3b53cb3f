"""Scripts of `bioscnn brian2` against bioscnn itself, spike by spike: ``python -m bench.plain_brian2``."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from bioscnn.readout import decisions
from bioscnn.script import write_script
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.plain_brian2 import differing, run_script

ADAPTIVE = ["network.model=mnist-small-relu", "neuron.model=adaptive-lif"]
OWN = ["network.model=mnist-small-relu", "neuron.model=sims/neurons/exponential.toml"]
CASES = {
    "mnist": ["sims/mnist.toml"],
    "mnist, reset zero": ["sims/mnist.toml", "neuron.reset=zero"],
    "mnist, delay 2 ms": ["sims/mnist.toml", "synapse.delay=2 ms"],
    "mnist, dt 0.1 ms": ["sims/mnist.toml", "simulation.dt=0.1 ms"],
    "mnist, conductances": ["sims/mnist.toml", "synapse.model=conductance"],
    "mnist-large": ["sims/mnist.toml", "network.model=mnist-large"],
    "mnist, adaptive": ["sims/mnist.toml", *ADAPTIVE],
    "mnist, adaptive, conductances": ["sims/mnist.toml", *ADAPTIVE, "synapse.model=conductance"],
    "mnist, own neuron": ["sims/mnist.toml", *OWN],
    "mnist, IF": ["sims/mnist.toml", "network.model=mnist-small-relu", "neuron.model=if"],
    "mnist, Poisson": ["sims/mnist.toml", "encoding.kind=poisson"],
    "mnist, threshold mismatch": ["sims/mnist.toml", "noise.threshold-mismatch.severity=3"],
    "mnist, weight noise": ["sims/mnist.toml", "noise.weight-noise.severity=2"],
    "mnist, axonal delays": ["sims/mnist.toml", "noise.axonal-delay.severity=2"],
    "mnist, membrane noise": ["sims/mnist.toml", "noise.membrane-noise.severity=3"],
    "mnist-foveal": ["sims/mnist-foveal.toml"],
    "caltech": ["sims/caltech.toml"],
    "nmnist": ["sims/nmnist.toml"],
    "ncaltech101": ["sims/ncaltech101.toml"],
}
DEVICES = {
    "numpy": Device("numpy"),
    "cpp64": Device(precision="float64"),
    "cpp32": Device(precision="float32"),
}


def measure(name: str, python: str = sys.executable) -> str:
    """Return a row: spikes, and how many differ from each device; classes that differ; seconds."""
    file, *changes = CASES[name]
    study = read_study(file, changes)
    prepared = prepare(study, None)
    stimulus = prepared.stimulus[:10]
    with TemporaryDirectory() as place:
        written = write_script(study, Path(place))
        assert written.script is not None
        size, begun = written.arrays.stat().st_size, perf_counter()
        extent = stimulus.dt, stimulus.n_steps, stimulus.n_trials
        spikes, chosen = run_script(written.script, prepared.network, *extent, python=python)
        seconds = perf_counter() - begun
    cells = [name, f"{sum(train.n_spikes for train in spikes.values()):,}"]
    for device in DEVICES.values():
        recording = simulate(
            prepared.network, stimulus, device, record=[*spikes, "readout"], potentials=["readout"]
        )
        decided = decisions(recording, study.config.readout.rule)[:, -1]
        cells.append(f"{sum(differing(spikes, recording).values())} / {np.sum(decided != chosen)}")
    return "| " + " | ".join([*cells, f"{seconds:.0f} s", f"{size / 1e6:.1f} MB"]) + " |"


if __name__ == "__main__":
    print("| study, first 10 trials | spikes | " + " | ".join(DEVICES) + " | run | npz |")
    for case in sys.argv[1:] or CASES:
        try:
            print(measure(case), flush=True)
        except Exception as error:
            print(f"| {case} | {type(error).__name__}: {str(error)[:600]}", flush=True)
