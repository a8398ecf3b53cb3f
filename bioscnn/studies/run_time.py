"""How long a study will simulate, from its size and from the speed that this machine has now."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from bioscnn.network import OUTPUT, Population, Projection, SpikingNetwork
from bioscnn.neurons import EquationNeuron, ExponentialConductance
from bioscnn.simulation import Device
from bioscnn.simulation.procedural import n_weights
from bioscnn.studies.config import StudyConfig

# Seconds of processor time by bench/run_time.py on an AMD EPYC that adds a number in `_ADDITION`.
_ADDITION = 0.095e-9
_UPDATE = {"cpp_standalone": 0.08e-9, "numpy": 40e-9, "genn": 5e-9}  # of a neuron in a step
_UPDATE_OF_CONDUCTANCES, _UPDATE_OF_EQUATIONS = 0.5e-9, 0.7e-9
_SYNAPTIC_EVENT = {"procedural": 0.26e-9, "listed": 0.6e-9, "explicit": 4e-9, "numpy": 40e-9}
_STEP = {"cpp_standalone": 1.3e-6, "numpy": 2e-3, "genn": 1.3e-6}
_WEIGHT = 9e-9  # written for each process and read by it
_PROCESS = 0.03
_DECISION = 0.25e-6  # of a class in a step

TRAINED_RATE = 6.0
"""Mean rate over the neurons of networks that were trained on rates of LIF neurons, Hz."""

RATE_OF_HIGHEST = 0.09
"""That of normalised networks, in units of the rate of their largest activations."""

_CALIBRATION = 0.1


def simulation_seconds(
    network: SpikingNetwork, config: StudyConfig, device: Device, trials: int, normalised: bool
) -> float:
    """Estimate how long the trials of a study take, without compilation.

    Parameters
    ----------
    network : SpikingNetwork
        Its weights do not matter.
    config : StudyConfig
        The study.
    device : Device
        What simulates.
    trials : int
        How many.
    normalised : bool
        Whether rates follow ``network.max_rate``.
    """
    n_steps, spikes = config.simulation.n_steps, spikes_of_neuron(config, normalised)
    updates = sum(p.size * _update(network, p, device) for p in network.neurons)
    events = sum(
        projection.connectivity.n_synapses * spikes * _event(projection, device)
        for projection in network.projections
        if projection.synapse is not None
    )
    a_trial = n_steps * (updates + _STEP[device.name]) + events
    scored = n_steps * network[OUTPUT].size * _DECISION
    begun = 0.0
    if device.name != "numpy":
        begun = _PROCESS + _WEIGHT * sum(n_weights(p.connectivity) for p in network.projections)
    return slowness() * (begun + trials * (a_trial / device.processes + scored))


def spikes_of_neuron(config: StudyConfig, normalised: bool) -> float:
    """Return the spikes of a neuron in a trial, at a typical rate; parameters as of `simulation_seconds`."""
    rate = RATE_OF_HIGHEST * config.network.max_rate if normalised else TRAINED_RATE
    return rate * config.simulation.duration


def _update(network: SpikingNetwork, population: Population, device: Device) -> float:
    if device.name == "cpp_standalone":
        if isinstance(population.neuron, EquationNeuron):
            return _UPDATE_OF_EQUATIONS
        if any(isinstance(p.synapse, ExponentialConductance) for p in network.onto(population.name)):
            return _UPDATE_OF_CONDUCTANCES
    return _UPDATE[device.name]


def _event(projection: Projection, device: Device) -> float:
    return _SYNAPTIC_EVENT["numpy" if device.name == "numpy" else device.simulates(projection)]


def slowness() -> float:
    """Return how much longer an addition takes here, and now, than where the constants were measured.

    It is measured for a tenth of a second, so a machine that others use too is as slow as it is.
    """
    numbers, total = np.ones(2**14, np.float32), np.zeros(2**14, np.float32)
    done, begun = 0, perf_counter()
    while (elapsed := perf_counter() - begun) < _CALIBRATION:
        for _ in range(50):
            np.add(total, numbers, out=total)
        done += 50 * numbers.size
    return elapsed / done / _ADDITION
