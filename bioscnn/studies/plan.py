"""What a study needs, said before it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.network import Projection, SpikingNetwork
from bioscnn.simulation import Device
from bioscnn.simulation.procedural import patches
from bioscnn.simulation.program import obtain
from bioscnn.studies.prepare import prepare, rounding_of
from bioscnn.studies.study import Study

# Memory is held to 20 % by tests/devices/test_plan.py. Times were measured with sims/mnist.toml on 2 cores of
# an AMD EPYC: an order of magnitude, not a promise.
_PROGRAM_BYTES = 4e6
_NEURON_BYTES = 27  # besides four numbers
# Of a synapse that is listed: bytes, and copies of its weight.
_SYNAPSE = {"cpp_standalone": (35, 2.0), "numpy": (35, 2.0), "genn": (39, 4.4)}
_SECONDS_AN_UPDATE = {"cpp_standalone": 0.3e-9, "numpy": 40e-9, "genn": 5e-9}
_SECONDS_A_SYNAPTIC_EVENT = {"procedural": 0.3e-9, "explicit": 4e-9, "numpy": 40e-9}
_SECONDS_A_STEP = {"cpp_standalone": 1e-6, "numpy": 2e-3, "genn": 1e-6}
_TYPICAL_RATE = 15.0  # Hz, mean over all neurons
BUILD_SECONDS = {"cpp_standalone": 20.0, "genn": 40.0}


@dataclass(frozen=True)
class PlannedProjection:
    """Size of one projection, and whether it is procedural, explicit, or a current of the stimulus."""

    pre: str
    post: str
    connectivity: str
    n_synapses: int
    simulated: str


@dataclass(frozen=True)
class Plan:
    """What a study needs.

    Parameters
    ----------
    dataset, source : str
        What is shown, and where it is from.
    simulated : bool
        Whether no real camera recorded it.
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
    notes : tuple of str
        What there is to say of how the network came about.
    projections : tuple of PlannedProjection
        Every projection.
    """

    dataset: str
    source: str
    simulated: bool
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
    notes: tuple[str, ...]
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
    network, device, n_steps = prepared.network, prepared.device, study.config.simulation.n_steps
    projections = tuple(_plan_projection(p, device) for p in network.projections)
    pathways = [_plan_projection(p, device) for p in network.pathways]
    neurons = sum(population.size for population in network.neurons)
    through_synapses = [p for p in projections if p.simulated != "current"]
    a_trial = n_steps * (neurons * _SECONDS_AN_UPDATE[device.name] + _SECONDS_A_STEP[device.name]) + sum(
        p.n_synapses * _TYPICAL_RATE * study.config.simulation.duration * _seconds_an_event(p, device)
        for p in through_synapses
    )
    jobs, program = device.processes, prepared.program
    return Plan(
        dataset=prepared.examples.name,
        source=prepared.examples.source,
        simulated=prepared.input.simulated,
        neurons=neurons,
        synapses=sum(p.n_synapses for p in pathways),
        trials=len(prepared.examples),
        n_steps=n_steps,
        jobs=jobs,
        device=device.name,
        memory_mb=simulating_memory(network, device) / 1e6,
        seconds=len(prepared.examples) * a_trial / jobs,
        build_seconds=BUILD_SECONDS[device.name] if program and obtain(program) is None else 0.0,
        rounded=rounding_of(study.config),
        notes=prepared.notes,
        projections=projections,
    )


def _plan_projection(projection: Projection, device: Device) -> PlannedProjection:
    connectivity = projection.connectivity
    kind = str(connectivity.geometry[0])
    return PlannedProjection(
        projection.pre, projection.post, kind, connectivity.n_synapses, device.simulates(projection)
    )


def _seconds_an_event(projection: PlannedProjection, device: Device) -> float:
    return _SECONDS_A_SYNAPTIC_EVENT["numpy" if device.name == "numpy" else projection.simulated]


def simulating_memory(network: SpikingNetwork, device: Device) -> float:
    """Return the peak memory of a simulating process in bytes, besides what it takes of a GPU's."""
    number = np.dtype(device.precision).itemsize
    total = _PROGRAM_BYTES + (_NEURON_BYTES + 4 * number) * sum(p.size for p in network.neurons)
    for projection in network.projections:
        computed = patches(network, projection)
        if device.simulates(projection) == "explicit":
            listed, copies = _SYNAPSE[device.name]
            total += (listed + copies * number) * projection.connectivity.n_synapses
        elif computed is not None:
            total += number * len(computed.weights)
    return total
