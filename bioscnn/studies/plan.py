"""What a study needs, said before it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.network import SpikingNetwork
from bioscnn.simulation.program import obtain
from bioscnn.studies.prepare import prepare, rounding_of
from bioscnn.studies.study import Study

# Memory is held to 20 % by tests/devices/test_plan.py. Times were measured with sims/mnist.toml on 2 cores of
# an AMD EPYC: an order of magnitude, not a promise.
_PROGRAM_BYTES = 4e6
_SYNAPSE_BYTES = 35  # besides two copies of the weight
_SECONDS_AN_UPDATE = {"cpp_standalone": 3e-9, "numpy": 40e-9}
_SECONDS_A_SYNAPTIC_EVENT = {"cpp_standalone": 4e-9, "numpy": 40e-9}
_SECONDS_A_STEP = {"cpp_standalone": 1e-6, "numpy": 2e-3}
_TYPICAL_RATE = 15.0  # Hz, mean over all neurons
_BUILD_SECONDS = 20.0


@dataclass(frozen=True)
class PlannedProjection:
    """Size of one projection."""

    pre: str
    post: str
    connectivity: str
    n_synapses: int


@dataclass(frozen=True)
class Plan:
    """What a study needs.

    Parameters
    ----------
    neurons, synapses : int
        Simulated neurons; connections through synapses (those of the input currents are not simulated).
    trials, n_steps, jobs : int
        Trials, steps of a trial, processes at a time.
    device : str
        What simulates.
    memory_mb : float
        Peak memory of each simulating process, 10^6 bytes.
    seconds : float
        Simulation alone, at a typical firing rate.
    build_seconds : float
        Compilation; 0 if the program is cached or none is needed.
    rounded : str or None
        What whole time steps make of the refractory period, if it changes.
    projections : tuple of PlannedProjection
        Every projection.
    """

    neurons: int
    synapses: int
    trials: int
    n_steps: int
    jobs: int
    device: str
    memory_mb: float
    seconds: float
    build_seconds: float
    rounded: str | None
    projections: tuple[PlannedProjection, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        return asdict(self)


def plan_study(study: Study, data: Path | None) -> Plan:
    """Say what a study needs; nothing is simulated or compiled.

    Raises
    ------
    UserError
        As the run itself would, for anything that the user gave.
    """
    prepared = prepare(study, data)
    network, simulation = prepared.network, study.config.simulation
    synapses = {p: p.connectivity.n_synapses for p in network.projections}
    simulated = _simulated_synapses(network)
    neurons = sum(population.size for population in network.neurons)
    events = simulated * _TYPICAL_RATE * simulation.duration
    a_trial = (
        simulation.n_steps * neurons * _SECONDS_AN_UPDATE[simulation.device]
        + simulation.n_steps * _SECONDS_A_STEP[simulation.device]
        + events * _SECONDS_A_SYNAPTIC_EVENT[simulation.device]
    )
    jobs = simulation.jobs if prepared.program else 1
    return Plan(
        neurons=neurons,
        synapses=simulated,
        trials=len(prepared.images),
        n_steps=simulation.n_steps,
        jobs=jobs,
        device=simulation.device,
        memory_mb=simulating_memory(network, simulation.precision) / 1e6,
        seconds=len(prepared.images) * a_trial / jobs,
        build_seconds=_BUILD_SECONDS if prepared.program and obtain(prepared.program) is None else 0.0,
        rounded=rounding_of(study.config),
        projections=tuple(
            PlannedProjection(p.pre, p.post, str(p.connectivity.geometry[0]), count)
            for p, count in synapses.items()
        ),
    )


def simulating_memory(network: SpikingNetwork, precision: str) -> float:
    """Return the peak memory of a simulating process in bytes, for explicit synapses."""
    a_synapse = _SYNAPSE_BYTES + 2 * np.dtype(precision).itemsize
    return _PROGRAM_BYTES + a_synapse * _simulated_synapses(network)


def _simulated_synapses(network: SpikingNetwork) -> int:
    return sum(p.connectivity.n_synapses for p in network.projections if p.synapse is not None)
