"""Folders of small runs, written as `bioscnn run` writes them, and changed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from bioscnn.conversion import convert
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.simulation import Device, PopulationRecording, Recording
from bioscnn.simulation.reference import simulate_reference
from bioscnn.simulation.storage import RunFile
from bioscnn.spikes import SpikeTrains
from bioscnn.studies import Study
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.provenance import describe_network
from tests.facts import provenance_facts, summary_facts
from tests.networks import currents, every_layer

N_TRIALS, N_STEPS, V_TH = 6, 30, 20e-3
NETWORK = convert(every_layer(), LIF(V_th=V_TH), ExponentialCurrent(5e-3))


def recorded(n_trials: int = N_TRIALS) -> Recording:
    """Every spike and potential of a small network."""
    return simulate_reference(NETWORK, currents(n_trials))


def only_of(recording: Recording, *names: str) -> Recording:
    """The same, of other populations than those named the counts alone."""
    populations = {
        name: p if name in names else PopulationRecording(p.counts_by_trial, p.counts_by_neuron)
        for name, p in recording.populations.items()
    }
    return Recording(populations, recording.n_steps, recording.dt)


def write_run(folder: Path, recording: Recording, **keys: dict[str, object]) -> Path:
    """Write a run's files, of a study with some keys changed: ``simulation={"device": "numpy"}``."""
    n = recording.n_trials
    config = StudyConfig.model_validate({"dataset": {"trials": n}, **keys})
    summary = summary_facts(
        n_trials=n, readout=config.readout.rule, device=config.simulation.device,
        dt_ms=1e3 * config.simulation.dt, duration_ms=1e3 * config.simulation.duration,
    )  # fmt: skip
    provenance = provenance_facts(**json.loads(json.dumps(describe_network(NETWORK, Device()))))
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "provenance.json").write_text(json.dumps(provenance))
    (folder / "config.toml").write_text(Study("small", config).toml())
    with RunFile(folder / "run.h5", {p.name: p.shape for p in NETWORK.neurons}) as file:
        for first in range(0, n, 4):
            file.append(_part(recording, slice(first, min(first + 4, n))))
        file.describe_trials(**dict.fromkeys(("label", "index", "ann_class"), np.zeros(n, np.int64)))
    return folder


def _part(recording: Recording, trials: slice) -> Recording:
    """Some trials of a recording, as a device gives them."""
    populations = {}
    for name, p in recording.populations.items():
        potentials = None if p.potentials is None else p.potentials[trials]
        if p.spikes is not None:
            populations[name] = PopulationRecording.from_spikes(p.spikes[trials], True, potentials)
            continue
        # All spikes of the neurons in the first part, since only their sum is kept.
        by_neuron = p.counts_by_neuron if trials.start == 0 else np.zeros_like(p.counts_by_neuron)
        populations[name] = PopulationRecording(p.counts_by_trial[trials], by_neuron, None, potentials)
    return Recording(populations, recording.n_steps, recording.dt)


def move_spike(folder: Path, name: str, trial: int, later: int = 1) -> tuple[int, int]:
    """Move the first spike of a trial that can be moved some steps later; return its neuron and step."""
    with h5py.File(folder / "run.h5", "r+") as file:
        group = file[f"populations/{name}/spikes"]
        n_trials, size = len(group["trial_start"]) - 1, len(file[f"populations/{name}/counts_by_neuron"])
        neuron, step, start = group["neuron"][:], group["step"][:], group["trial_start"][:]
        taken = set(zip(*(values[start[trial] : start[trial + 1]].tolist() for values in (neuron, step)),
                        strict=True))  # fmt: skip
        place = next(
            k for k in range(start[trial], start[trial + 1])
            if step[k] + later < N_STEPS and (neuron[k], step[k] + later) not in taken
        )  # fmt: skip
        moved = int(neuron[place]), int(step[place])
        step[place] += later
        trials = np.repeat(np.arange(n_trials), np.diff(start))
        changed = SpikeTrains.from_events(
            trials, step, neuron, n_trials=n_trials, size=size, n_steps=N_STEPS, dt=1e-3
        )
        group["neuron"][:], group["step"][:] = changed.neuron, changed.step
    return moved


def set_potential(folder: Path, name: str, where: tuple[object, ...], value: float) -> None:
    """Change potentials by hand."""
    with h5py.File(folder / "run.h5", "r+") as file:
        file[f"populations/{name}/potentials"][where] = value


def change_json(path: Path, **keys: object) -> None:
    """Change keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))
