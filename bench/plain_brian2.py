"""Scripts of `bioscnn brian2` against bioscnn itself, spike by spike: ``python -m bench.plain_brian2``.

The first ten trials of each study. Writes docs/tables/export-brian2-script.csv, unless cases are named.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from bioscnn.claims import made_now, write_table
from bioscnn.errors import UserError
from bioscnn.readout import final_decisions
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
    "mnist, the exponential neuron of a user": ["sims/mnist.toml", *OWN],
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
    "NumPy": Device("numpy"),
    "C++, float64": Device(precision="float64"),
    "C++, float32": Device(precision="float32"),
}
TABLE = Path("docs/tables/export-brian2-script.csv")


def measure(name: str) -> dict[str, object]:
    """Return a row: spikes of the script, and how many differ from each device, as classes do."""
    file, *changes = CASES[name]
    study = read_study(file, changes)
    prepared = prepare(study, None)
    stimulus = prepared.stimulus[:10]
    with TemporaryDirectory() as place:
        written = write_script(study, Path(place))
        assert written.script is not None
        extent = stimulus.dt, stimulus.n_steps, stimulus.n_trials
        spikes, chosen = run_script(written.script, prepared.network, *extent)
    row: dict[str, object] = {"study": name, "spikes": sum(train.n_spikes for train in spikes.values())}
    changed = 0
    for label, device in DEVICES.items():
        recording = simulate(
            prepared.network, stimulus, device, record=[*spikes, "readout"], potentials=["readout"]
        )
        decided = final_decisions(recording, study.config.readout.rule)
        row[f"differ from {label}"] = sum(differing(spikes, recording).values())
        changed += int(np.sum(decided != chosen))
    return row | {"other classes": changed}


def main(names: Sequence[str]) -> None:
    """Measure the cases, and write the table if they are all."""
    rows = []
    for name in names or CASES:
        rows.append(measure(name))
        print(rows[-1], flush=True)
    if not names:
        units = dict.fromkeys(rows[0], "spikes")
        made = made_now("python -m bench.plain_brian2", "nothing", "bioscnn.script", "bioscnn.simulation")
        write_table(TABLE, pd.DataFrame(rows).to_csv(index=False).encode(), replace(made, units=units))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))
