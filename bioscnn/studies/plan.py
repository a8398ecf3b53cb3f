"""What a study needs, said before it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.large_arrays import IN_MEMORY
from bioscnn.network import READOUT, Projection, SpikingNetwork
from bioscnn.readout import output_names
from bioscnn.simulation import Device
from bioscnn.simulation.procedural import n_weights, runs_of
from bioscnn.simulation.program import build_seconds, obtain
from bioscnn.simulation.simulate import refuse_unknown
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.guards import Finding, findings_of_data
from bioscnn.studies.prepare import (
    Loaded,
    device_of,
    examples_and_network,
    needs_calibration,
    prepare,
    rounding_of,
    structure,
)
from bioscnn.studies.run_time import simulation_seconds, spikes_of_neuron
from bioscnn.studies.study import Study

# Memory is held to 20 % by tests/devices/test_plan.py.
_PROGRAM_BYTES = 4e6
_NEURON_BYTES = 27  # besides four numbers
# Of a synapse that is listed: bytes, and copies of its weight.
_SYNAPSE = {"cpp_standalone": (35, 2.0), "numpy": (35, 2.0), "genn": (39, 4.4)}
MOST_EXAMPLES = 10
"""Trials of which every spike of every population is recorded, one of each class."""


@dataclass(frozen=True)
class PlannedProjection:
    """Size of one projection, and how its spikes are delivered, or that it is a current of the stimulus."""

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
    neurons, spiking_neurons, synapses : int
        Simulated neurons; those of them that can fire; connections through synapses (those of the input
        currents are not simulated).
    trials, n_steps, jobs : int
        Trials, steps of a trial, processes at a time.
    device : str
        What simulates.
    memory_mb : float
        Peak memory of each simulating process, 10^6 bytes.
    results_mb : float
        Size of the recordings at typical rates and before they are compressed, 10^6 bytes.
    scratch_mb : float
        What a run takes of the cache folder while it lasts, 10^6 bytes: examples that memory need not hold.
    seconds : float
        Simulation of the trials, at a typical firing rate, on this machine as busy as it is now; within a
        factor of about two for compiled programs that compute their projections.
    example_seconds : float
        Of the examples, which are simulated once more to record all of their spikes.
    build_seconds : float
        Compilation; 0 if the program is cached or none is needed.
    rounded : str or None
        What whole time steps make of the refractory period, if it changes.
    notes : tuple of str
        What there is to say of how the network came about.
    warnings : tuple of Finding
        What may be wrong with the data.
    projections : tuple of PlannedProjection
        Every projection.
    """

    dataset: str
    source: str
    simulated: bool
    neurons: int
    spiking_neurons: int
    synapses: int
    trials: int
    n_steps: int
    jobs: int
    device: str
    memory_mb: float
    results_mb: float
    scratch_mb: float
    seconds: float
    example_seconds: float
    build_seconds: float
    rounded: str | None
    notes: tuple[str, ...]
    warnings: tuple[Finding, ...]
    projections: tuple[PlannedProjection, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        return asdict(self)


def plan_study(study: Study, data: Path | None) -> Plan:
    """Return the plan of a study: what it needs; nothing is simulated or compiled.

    Raises
    ------
    UserError
        As the run itself would, for anything that the user gave.
    """
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    if study.config.is_nir:
        prepared = prepare(study, data)
        examples_input, network, notes, normalised = prepared.input, prepared.network, prepared.notes, False
    else:
        examples_input, graph = examples_and_network(study.config, data)
        warnings = tuple(findings_of_data(Loaded(study, examples_input, graph, None), data))
        network, normalised = structure(study.config, graph), needs_calibration(study.config, graph)
    device = device_of(study.config)
    n_steps, trials = study.config.simulation.n_steps, len(examples_input.examples)
    projections = tuple(_plan_projection(p, device) for p in network.projections)
    pathways = [_plan_projection(p, device) for p in network.pathways]
    neurons = sum(population.size for population in network.neurons)
    jobs = device.processes
    seconds = simulation_seconds(network, study.config, device, trials, normalised)
    program = device.program(network, not network.takes_currents, study.config.simulation.dt)
    return Plan(
        dataset=examples_input.examples.name,
        source=examples_input.examples.source,
        simulated=examples_input.simulated,
        neurons=neurons,
        spiking_neurons=sum(population.size for population in network.neurons if population.spikes),
        synapses=sum(p.n_synapses for p in pathways),
        trials=trials,
        n_steps=n_steps,
        jobs=jobs,
        device=device.name,
        memory_mb=simulating_memory(network, device) / 1e6,
        results_mb=recorded_bytes(network, study.config, trials, normalised) / 1e6,
        scratch_mb=scratch_bytes(study.config, examples_input.examples) / 1e6,
        seconds=seconds,
        example_seconds=seconds * min(1.0, MOST_EXAMPLES / trials),
        build_seconds=build_seconds(device.name) if program and obtain(program) is None else 0.0,
        rounded=rounding_of(study.config),
        notes=notes,
        warnings=warnings,
        projections=projections,
    )


def _plan_projection(projection: Projection, device: Device) -> PlannedProjection:
    connectivity = projection.connectivity
    kind = str(connectivity.geometry[0])
    return PlannedProjection(
        projection.pre, projection.post, kind, connectivity.n_synapses, device.simulates(projection)
    )


def recorded_bytes(network: SpikingNetwork, config: StudyConfig, trials: int, normalised: bool) -> float:
    """Return the bytes that a run records, before they are compressed; parameters as of `simulation_seconds`.

    Of each trial: spikes (neuron and step) and potentials of recorded populations, how often each population
    fires, label, position, class by the trained network, and where its spikes begin. Of the examples: all
    spikes, and potentials of recorded populations.
    """
    names = [population.name for population in network.neurons]
    in_full = names if config.readout.record == "all" else config.readout.record
    refuse_unknown(network, in_full)
    recorded = {*output_names(names), READOUT, *in_full}
    of_neuron, spikes = 4 * config.simulation.n_steps, 8 * spikes_of_neuron(config, normalised)
    size, examples = sum(network[name].size for name in recorded), min(trials, MOST_EXAMPLES)
    of_trial = (of_neuron + spikes) * size + 8 * (len(names) + len(recorded) + 3)
    of_example = of_neuron * size + spikes * sum(population.size for population in network.neurons)
    return trials * of_trial + examples * of_example


def scratch_bytes(config: StudyConfig, examples: ImageSet | EventSet) -> int:
    """Return the bytes of all examples that lie in files of the cache folder, see `bioscnn.large_arrays`.

    These are images of a user's own, the intensities of images, and the currents of their pixels.
    """
    if isinstance(examples, EventSet):
        return 0
    images, arrays = examples.images, list[int]()
    if config.dataset.own is not None:
        arrays.append(images.nbytes)
    if images.dtype != np.float32:
        arrays.append(4 * images.size)
    if config.encoding.kind == "currents":
        arrays.append(4 * images.size)
    return sum(size for size in arrays if size > IN_MEMORY)


def simulating_memory(network: SpikingNetwork, device: Device) -> float:
    """Return the peak memory of a simulating process in bytes, besides what it takes of a GPU's."""
    number = np.dtype(device.precision).itemsize
    total = _PROGRAM_BYTES + (_NEURON_BYTES + 4 * number) * sum(p.size for p in network.neurons)
    for projection in network.projections:
        delivered = device.simulates(projection)
        if delivered == "explicit":
            listed, copies = _SYNAPSE[device.name]
            total += (listed + copies * number) * projection.connectivity.n_synapses
        elif delivered == "listed":
            runs = runs_of(network, projection)
            total += sum(number * len(v) if name == "w" else v.nbytes for name, v in runs.items())
        else:
            total += number * n_weights(projection.connectivity)
    return total
