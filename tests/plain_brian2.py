"""Scripts of `bioscnn brian2`, run by an interpreter that cannot import bioscnn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bioscnn.network import SpikingNetwork
from bioscnn.simulation import Recording
from bioscnn.simulation.numbering import network_index
from bioscnn.spikes import SpikeTrains

RUNNER = """
import os, runpy, sys

class NoBioscnn:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] != "bioscnn", "the script imports bioscnn"

sys.meta_path.insert(0, NoBioscnn())
import numpy as np
from brian2 import SpikeMonitor
for script in sys.argv[1:]:
    if os.fork() == 0:
        break
    assert os.wait()[1] == 0, script
else:
    sys.exit()
names = runpy.run_path(script)
assert "bioscnn" not in sys.modules
found = {"chosen": names["chosen"]}
for monitor in [value for value in names.values() if isinstance(value, SpikeMonitor)]:
    found[monitor.source.name + ".neuron"] = np.array(monitor.i)
    found[monitor.source.name + ".step"] = np.rint(np.array(monitor.t/names["defaultclock"].dt)).astype(int)
np.savez(script.replace(".py", "-found.npz"), **found)
"""
"""Copies itself for each script, so that Brian2 is loaded once."""


def run_script(script: Path, network: SpikingNetwork, dt: float, n_steps: int, n_trials: int,
               python: str = sys.executable) -> tuple[dict[str, SpikeTrains], np.ndarray]:  # fmt: skip
    """Run a script; return the spikes of each population that fires, and the chosen classes."""
    run_scripts([script], python)
    return found_by(script, network, dt, n_steps, n_trials)


def run_scripts(scripts: Sequence[Path], python: str = sys.executable) -> None:
    """Run scripts, each of which leaves beside it what it found."""
    command = [python, "-I", "-c", RUNNER, *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def found_by(script: Path, network: SpikingNetwork, dt: float, n_steps: int,
             n_trials: int) -> tuple[dict[str, SpikeTrains], np.ndarray]:  # fmt: skip
    """Return the spikes of each population that fires, and the chosen classes, of a script that has run."""
    with np.load(script.with_name(f"{script.stem}-found.npz"), allow_pickle=False) as arrays:
        spikes = {}
        for population in network.neurons:
            if population.spikes:
                name = population.name
                trial, step = np.divmod(arrays[f"{name}.step"], n_steps)
                neuron = network_index(arrays[f"{name}.neuron"], population.shape)
                spikes[name] = SpikeTrains.from_events(
                    trial, step, neuron, n_trials=n_trials, size=population.size, n_steps=n_steps, dt=dt
                )
        return spikes, arrays["chosen"]


def differing(spikes: dict[str, SpikeTrains], recording: Recording) -> dict[str, int]:
    """Return how many spikes of each population are in one of the two alone."""
    found = {}
    for name, train in spikes.items():
        other = recording[name].spikes
        assert other is not None
        one, two = ({*zip(t.trial().tolist(), t.step.tolist(), t.neuron.tolist(), strict=True)}
                    for t in (train, other))  # fmt: skip
        found[name] = len(one ^ two)
    return found
