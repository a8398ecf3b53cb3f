"""Operations of `mnist-small` as bioscnn counts them, and as NeuroBench does: ``python -m bench.neurobench``.

Writes docs/tables/neurobench.csv. NeuroBench (Yik et al. 2025, Nature Communications 16:1545) has an
environment of its own, made once from ``bench/constraints/neurobench.txt``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from bench.environments import AbsentError, interpreter, worker_environment
from bench.networks import STUDY
from bioscnn.ann import Conv2d, Dense
from bioscnn.claims import made_now, write_table
from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.metrics import footprint, synaptic_operations_by_trial
from bioscnn.network import OUTPUT
from bioscnn.simulation import Recording, simulate
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.study import read_study

TRIALS = 20
TABLE = Path("docs/tables/neurobench.csv")
UNITS = {"activation_sparsity": "share", "footprint_bytes": "bytes"}


def counted(case: Prepared, recording: Recording) -> dict[str, float]:
    """Return the operations per trial that bioscnn counts."""
    network, stimulus = case.network, case.stimulus
    assert isinstance(stimulus, Currents)
    spiking = [population for population in network.neurons if population.spikes]
    spikes = sum(float(recording[p.name].counts_by_trial.mean()) for p in spiking)
    (currents,) = (p for p in network.projections if p.synapse is None)
    fan_out = currents.connectivity.fan_out()
    n_synapses = sum(pathway.connectivity.n_synapses for pathway in network.pathways)
    return {
        "Effective_ACs": float(synaptic_operations_by_trial(network, recording).mean()),
        "Effective_MACs": float(((stimulus.values != 0) @ fan_out).mean()),
        "Dense": float(n_synapses * stimulus.n_steps + currents.connectivity.n_synapses),
        "activation_sparsity": 1 - spikes / (sum(p.size for p in spiking) * stimulus.n_steps),
        "footprint_bytes": float(footprint(case.graph)),
    }


def recorded(case: Prepared, recording: Recording) -> dict[str, Any]:
    """Return layers, images and spikes, shape (n_trials, n_steps, channels, height, width)."""
    layers = [layer for layer in case.graph.layers if isinstance(layer, Conv2d | Dense)]
    spiking = [population for population in case.network.neurons if population.spikes]
    about = {
        "strides": [list(layer.stride) if isinstance(layer, Conv2d) else None for layer in layers],
        "fires": [population.name for population in spiking],
    }
    arrays: dict[str, Any] = {"about": json.dumps(about), "images": case.examples.intensities()}
    for number, layer in enumerate(layers):
        arrays[f"weight {number}"], arrays[f"bias {number}"] = layer.weight, layer.bias
    for population in spiking:
        spikes = recording[population.name].spikes
        assert spikes is not None
        raster = np.zeros((spikes.n_trials, spikes.n_steps, spikes.size), np.uint8)
        raster[spikes.trial(), spikes.step, spikes.neuron] = 1
        shape = (1,) if population.name == OUTPUT else ()
        arrays[f"spikes {population.name}"] = raster.reshape(*raster.shape[:2], *shape, *population.shape)
    return arrays


def main() -> int:
    """Count twice, print both, and write the table."""
    case = prepare(read_study(STUDY, [f"dataset.trials={TRIALS}", "simulation.jobs=1"]), None)
    names = [population.name for population in case.network.neurons if population.spikes]
    recording = simulate(case.network, case.stimulus, case.device, record=names, potentials=())
    with TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "recorded.npz", Path(scratch) / "found.json"
        np.savez(source, **recorded(case, recording))
        words = [str(interpreter("neurobench")), "-m", "bench.neurobench.worker", str(source), str(out)]
        done = subprocess.run(words, env=worker_environment(1), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AbsentError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
        there = json.loads(out.read_text())
    rows = [
        {
            "metric": name,
            "bioscnn": value,
            "neurobench": there[name],
            "trials": TRIALS,
            "unit": UNITS.get(name, "1"),
        }
        for name, value in counted(case, recording).items()
    ]
    table = pd.DataFrame(rows)
    made = made_now("python -m bench.neurobench", "digits", "bioscnn.metrics", "bioscnn.simulation")
    write_table(TABLE, table.to_csv(index=False).encode(), made)
    print(table.to_string(index=False))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AbsentError, UserError) as error:
        sys.exit(str(error))
