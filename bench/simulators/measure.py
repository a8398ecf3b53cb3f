"""A study's network in bioscnn and elsewhere, as recordings of the same kind."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.environments import AbsentError, worker_environment
from bench.networks import STUDY
from bench.simulators.exchange import Cells, Clock, Network, Synapses, write_network
from bioscnn.encoding import Currents, Stimulus
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent, LeakyIntegrator
from bioscnn.simulation import Recording
from bioscnn.simulation.recording import PopulationRecording
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.study import read_study

DURATION = 30.0
"""What a trial lasts, ms."""


def prepared(trials: int, reset: str, dt: float, delay: float) -> Prepared:
    """Return the shipped study with other keys, one step longer than `DURATION`; times in ms."""
    changes = [
        f"dataset.trials={trials}",
        f"neuron.reset={reset}",
        f"synapse.delay={delay:g} ms",
        f"simulation.dt={dt:g} ms",
        f"simulation.duration={DURATION + dt:.6g} ms",
        "simulation.precision=float64",
        "simulation.jobs=1",
    ]
    return prepare(read_study(STUDY, changes), None)


def handed_over(network: SpikingNetwork, stimulus: Stimulus) -> Network:
    """Return a network of LIF neurons under constant currents as it is handed to another simulator.

    Delays are not handed over: whoever simulates it names one.
    """
    assert isinstance(stimulus, Currents)
    cells, synapses, drive = [], [], {}
    for population in network.neurons:
        neuron, synapse = population.neuron, network.synapse_onto(population.name)
        assert isinstance(neuron, LIF | LeakyIntegrator) and isinstance(synapse, ExponentialCurrent)
        fires = {"V_th": neuron.V_th, "t_ref": neuron.t_ref} if isinstance(neuron, LIF) else {}
        cells.append(
            Cells(population.name, population.size, neuron.tau_m, neuron.R_m, synapse.tau_s, **fires)
        )
        bias = np.zeros(population.size) if population.bias is None else population.bias
        drive[population.name] = np.tile(bias, (stimulus.n_trials, 1))
    for projection in network.projections:
        matrix = projection.connectivity.matrix().tocoo()
        if projection.synapse is None:
            drive[projection.post] = drive[projection.post] + stimulus.values.astype(np.float64) @ matrix.T
        else:
            ends = matrix.col.astype(np.int64), matrix.row.astype(np.int64)
            synapses.append(Synapses(projection.pre, projection.post, *ends, matrix.data.astype(np.float64)))
    return Network(cells, synapses, drive)


def elsewhere(python: Path, worker: str, network: Network, clock: Clock) -> Recording:
    """Simulate a network by a worker, ``in_nest`` or ``in_nengo``, with the Python of its environment.

    Raises
    ------
    AbsentError
        If it fails; the message is its last line.
    """
    with TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "network.npz", Path(scratch) / "activity.npz"
        write_network(source, network)
        words = [str(python), "-m", f"bench.simulators.{worker}", str(source), str(out), clock.model]
        words += [repr(clock.dt), repr(clock.delay), str(clock.n_steps)]
        done = subprocess.run(words, env=worker_environment(1), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AbsentError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
        with np.load(out) as file:
            arrays = dict(file)
    populations = {}
    for cells in network.cells:
        spikes = SpikeTrains.from_events(
            *(
                arrays.get(f"{what} {cells.name}", np.zeros(0, np.int64))
                for what in ("trial", "step", "neuron")
            ),
            n_trials=network.n_trials,
            size=cells.size,
            n_steps=clock.n_steps,
            dt=clock.dt,
        )
        potentials = arrays.get(f"potentials {cells.name}")
        populations[cells.name] = PopulationRecording.from_spikes(spikes, True, potentials)
    return Recording(populations, clock.n_steps, clock.dt)


def without_last_step(recording: Recording) -> Recording:
    """Return a recording of all spikes that ends a step earlier.

    Nothing fires in the last step of a trial in bioscnn; elsewhere it does.
    """
    n_steps, populations = recording.n_steps - 1, {}
    for name, population in recording.populations.items():
        spikes, potentials = population.spikes, population.potentials
        assert spikes is not None
        in_time = spikes.step < n_steps
        shorter = SpikeTrains.from_events(
            spikes.trial()[in_time],
            spikes.step[in_time],
            spikes.neuron[in_time],
            n_trials=spikes.n_trials,
            size=spikes.size,
            n_steps=n_steps,
            dt=spikes.dt,
        )
        traces = None if potentials is None else potentials[:, :n_steps]
        populations[name] = PopulationRecording.from_spikes(shorter, True, traces)
    return Recording(populations, n_steps, recording.dt)


def spiking(recording: Recording) -> Mapping[str, SpikeTrains]:
    """Return the spikes of all populations that fire."""
    trains = {name: population.spikes for name, population in recording.populations.items()}
    return {name: spikes for name, spikes in trains.items() if spikes is not None and name != READOUT}


def only_in_one(first: SpikeTrains, second: SpikeTrains) -> int:
    """Count spikes that only one of the two has, in the same trial, step and neuron."""
    one, other = (
        (spikes.trial() * spikes.n_steps + spikes.step) * spikes.size + spikes.neuron
        for spikes in (first, second)
    )
    return len(np.setxor1d(one, other, assume_unique=True))


def moved(first: SpikeTrains, second: SpikeTrains) -> int:
    """Count spikes of the first whose counterpart in the second is missing, or more than a step away.

    The counterpart of a neuron's k-th spike in a trial is its k-th spike.
    """
    one, other = (_numbered(spikes) for spikes in (first, second))
    both = one.merge(other, how="left", on=["cell", "k"], suffixes=("", "_other"))
    return int((~((both["step"] - both["step_other"]).abs() <= 1)).sum())


def _numbered(spikes: SpikeTrains) -> pd.DataFrame:
    table = pd.DataFrame({"cell": spikes.trial() * spikes.size + spikes.neuron, "step": spikes.step})
    return table.assign(k=table.groupby("cell").cumcount())


def first_spikes(recording: Recording) -> NDArray[np.float64]:
    """Return when the first output neuron of each trial fires, ms; NaN if none does."""
    spikes = spiking(recording)[OUTPUT]
    step = spikes.first_step().min(axis=1)
    return np.where(step < spikes.n_steps, 1e3 * (step + 1) * spikes.dt, np.nan)
