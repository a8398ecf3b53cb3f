"""Whether the devices give the same spikes, and how long GeNN takes on a CPU beside plain C++.

make env DEVICE=genn && GENN_PATH=... .venv-genn/bin/python -m bench.devices

Without GeNN it leaves that device out. Equal digests are equal spikes, also between environments.
"""

from __future__ import annotations

import hashlib
import json
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from bench.networks import data_folder
from bench.precision import spike_keys
from bioscnn.doctor import require_genn
from bioscnn.encoding import Stimulus
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.readout import decisions
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

ROUNDS = 5
CASES = (("sims/mnist.toml", 200), ("sims/nmnist.toml", 50))


def devices() -> dict[str, Device]:
    """Return the devices of this environment by name, all in double precision."""
    found = {
        "numpy": Device("numpy"),
        "cpp explicit": Device("cpp_standalone", "float64", connectivity="explicit"),
        "cpp procedural": Device("cpp_standalone", "float64"),
    }
    try:
        require_genn(use_gpu=False)
    except UserError as error:
        print(error)
        return found
    single = {
        "cpp float32": Device("cpp_standalone", "float32", connectivity="explicit"),
        "genn float32": Device("genn", "float32", use_gpu=False),
    }
    return {**found, "genn": Device("genn", "float64", use_gpu=False), **single}


def measure_case(study: str, trials: int) -> dict[str, Any]:
    """Simulate a study on every device.

    Returns
    -------
    dict
        For each device the number of spikes, a digest of all of them, how many stand here or in the first
        device only, and trials with another class than on that; seconds of C++ with listed synapses and of
        GeNN, simulated in turns.
    """
    ready = prepare(read_study(study, [f"dataset.trials={trials}"]), data_folder())
    network, stimulus, rule = ready.network, ready.stimulus, ready.study.config.readout.rule
    names = [population.name for population in network.neurons if population.spikes]
    first: Recording | None = None
    measured: dict[str, Any] = {"study": study, "trials": trials, "devices": {}}
    for label, device in devices().items():
        recorded = simulate(network, stimulus, device, record=names, potentials=[READOUT])
        first = first or recorded
        keys = {name: spike_keys(recorded, name) for name in names}
        differ = sum(len(np.setxor1d(keys[name], spike_keys(first, name))) for name in names)
        moved = decisions(recorded, rule)[:, -1] != decisions(first, rule)[:, -1]
        measured["devices"][label] = {
            "spikes": {name: len(keys[name]) for name in names},
            "digest": hashlib.sha256(b"".join(keys[name].tobytes() for name in names)).hexdigest()[:12],
            "spikes_that_differ": differ,
            "classes_that_differ": int(moved.sum()),
        }
    if "genn" in measured["devices"]:
        measured["seconds"] = in_turns(network, stimulus, ["cpp explicit", "genn"])
        measured["seconds float32"] = in_turns(network, stimulus, ["cpp float32", "genn float32"])
    return measured


def in_turns(network: SpikingNetwork, stimulus: Stimulus, labels: list[str]) -> dict[str, Any]:
    """Return the seconds of compiled devices, simulated in turns, and the ratios to the first."""
    seconds: dict[str, list[float]] = {label: [] for label in labels}
    for _ in range(ROUNDS):
        for label in labels:
            begun = perf_counter()
            simulate(network, stimulus, devices()[label], record=[OUTPUT], potentials=[READOUT])
            seconds[label].append(perf_counter() - begun)
    first, *others = seconds.values()
    ratios = [median(b / a for a, b in zip(first, other, strict=True)) for other in others]
    return {**{label: median(taken) for label, taken in seconds.items()}, "ratios": ratios}


if __name__ == "__main__":
    for case in CASES:
        print(json.dumps(measure_case(*case), indent=1))
