"""Brian2's NumPy runtime: slow, clear, and the measure of the other devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import brian2
import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import normals, uniform
from bioscnn.encoding import Currents, Stimulus
from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import LeadingCount
from bioscnn.simulation.brian import SCHEDULE, construct
from bioscnn.simulation.equations import (
    border_statements,
    counts_steps,
    delay_steps,
    input_current,
    noise_current,
    parameters_of,
    projection_name,
)
from bioscnn.simulation.numbering import brian_index, brian_synapses, from_brian, network_index, to_brian
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.versions import let_ctrl_c_raise
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class _Gate:
    """Which spikes synapses transmit: not those that a trial's end overtook, that got lost, or that fail."""

    network: SpikingNetwork
    trials: NDArray[np.int64]
    n_steps: int
    dt: float

    def __call__(self, projection: Projection) -> Any:
        axons, failure = self.network[projection.pre].axons, projection.failure
        if axons is None and failure is None:
            return None
        travel = None
        if axons is not None:
            travel = to_brian(delay_steps(axons, self.dt), self.network[projection.pre].shape)

        def transmits(
            pre: NDArray[np.int32], post: NDArray[np.int32], step: NDArray[np.int64]
        ) -> NDArray[np.float64]:
            trial, now = np.divmod(step, self.n_steps)
            number, passes = self.trials[trial], np.ones(len(pre), bool)
            if axons is not None and travel is not None:
                sent = now - travel[pre]
                passes = (sent >= 0) & (uniform(axons.key, number, np.maximum(sent, 0), pre) >= axons.loss)
            if failure is not None:
                passes &= uniform(failure.key, number, now, pre, post) >= failure.probability
            return passes.astype(np.float64)

        return brian2.Function(
            transmits,
            arg_units=[1, 1, 1],
            return_unit=1,
            arg_types=["integer"] * 3,
            return_type="float",
        )


def simulate_numpy(
    network: SpikingNetwork,
    stimulus: Stimulus,
    trials: NDArray[np.int64],
    record: Collection[str],
    potentials: Collection[str],
    synaptic_events: bool,
    on_trial: Callable[[], None],
) -> Recording:
    """Simulate all trials in one run of Brian2's NumPy runtime.

    Parameters and result as in `bioscnn.simulation.simulate`; `trials` are the numbers of the trials in the
    whole run, and `on_trial` is called after each.
    """
    n_trials, n_steps, dt = stimulus.n_trials, stimulus.n_steps, stimulus.dt
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.core.default_float_dtype = np.float64
    let_ctrl_c_raise()
    brian2.start_scope()
    brian2.defaultclock.dt = dt * brian2.second

    source = None
    if isinstance(stimulus, SpikeTrains):
        times = (stimulus.trial() * n_steps + stimulus.step) * dt * brian2.second
        neuron = brian_index(stimulus.neuron, network.source.shape)
        source = brian2.SpikeGeneratorGroup(stimulus.size, neuron, times, name=network.source.name)
    through_synapses = tuple(p for p in network.projections if p.synapse is not None)
    built = construct(network, through_synapses, source, gate=_Gate(network, trials, n_steps, dt))
    for population in network.neurons:
        _set_neurons(built.groups[population.name], network, population, n_steps)
    for projection in through_synapses:
        _set_synapses(built.synapses[projection_name(projection)], network, projection, n_steps, dt)
    stimulate = _stimulation(network, built.groups, stimulus, trials, on_trial)

    spikes = {p.name: brian2.SpikeMonitor(built.groups[p.name]) for p in network.neurons if p.spikes}
    traces = {
        name: brian2.StateMonitor(built.groups[name], "V", record=True, when="end") for name in potentials
    }
    simulation = brian2.Network(*built.objects, stimulate, *spikes.values(), *traces.values())
    simulation.schedule = SCHEDULE
    simulation.run(n_trials * n_steps * dt * brian2.second, namespace={})
    on_trial()
    recorded = {
        p.name: _recorded(
            p,
            stimulus,
            spikes.get(p.name),
            traces.get(p.name),
            p.name in record,
            network.fan_out(p.name) if synaptic_events and p.spikes else None,
        )
        for p in network.neurons
    }
    return Recording(recorded, n_steps, dt)


def _set_neurons(
    group: brian2.NeuronGroup, network: SpikingNetwork, population: Population, n_steps: int
) -> None:
    """Set the parameters of neurons, and their reset between two trials."""
    for name, value in parameters_of(network, population).items():
        group.variables[name].set_value(value)
    for name, own in population.values.items():
        group.variables[name].set_value(to_brian(own, population.shape))
    if counts_steps(population):
        group.variables["n_steps"].set_value(n_steps)
    group.run_regularly(border_statements(network, population), dt=n_steps * brian2.defaultclock.dt)


def _set_synapses(
    synapses: brian2.Synapses, network: SpikingNetwork, projection: Projection, n_steps: int, dt: float
) -> None:
    """Set the weights and delays of synapses; what they count is 0 when a trial begins."""
    synapses.variables["w"].set_value(brian_synapses(network, projection)[2])
    if isinstance(projection.synapse, LeadingCount):
        zero = "\n".join(f"{name} = 0" for name in projection.synapse.counts)
        synapses.run_regularly(zero, dt=n_steps * brian2.defaultclock.dt, when="start")
    pre = network[projection.pre]
    if pre.axons is not None:
        delay = to_brian(delay_steps(pre.axons, dt), pre.shape) * dt
        synapses.delay = delay[np.asarray(synapses.i)] * brian2.second


def _stimulation(
    network: SpikingNetwork,
    groups: Mapping[str, brian2.NeuronGroup],
    stimulus: Stimulus,
    trials: NDArray[np.int64],
    on_trial: Callable[[], None],
) -> brian2.NetworkOperation:
    """Return the operation that sets the currents of each trial, and those of noise in every step."""
    n_trials, n_steps, dt = stimulus.n_trials, stimulus.n_steps, stimulus.dt
    values = stimulus.values if isinstance(stimulus, Currents) else np.zeros((n_trials, 0))
    currents = {p.name: to_brian(input_current(network, p, values), p.shape) for p in network.neurons}
    noisy = [
        (p, to_brian(noise_current(p, dt), p.shape)) for p in network.neurons if p.noise and not p.noise.xi
    ]
    for key in [p.noise.key for p in network.neurons if p.noise and p.noise.xi][:1]:
        brian2.seed(key)
    every = 1 if noisy else n_steps
    steps = iter(range(0, n_trials * n_steps, every))

    def set_currents() -> None:
        trial, step = divmod(next(steps), n_steps)
        if step == 0:
            for name, current in currents.items():
                groups[name].variables["I_stim"].set_value(current[trial])
            if trial > 0:
                on_trial()
        for population, sd in noisy:
            assert population.noise is not None
            drawn = normals(population.noise.key, trials[trial], step, size=population.size)
            assert population.neuron is not None
            enters = population.neuron.noise_enters
            steady = currents[population.name][trial] if enters == "I_stim" else 0.0
            groups[population.name].variables[enters].set_value(steady + sd * drawn)

    return brian2.NetworkOperation(set_currents, dt=every * brian2.defaultclock.dt, when="start", order=1)


def _recorded(
    population: Population,
    stimulus: Stimulus,
    spikes: brian2.SpikeMonitor | None,
    traces: brian2.StateMonitor | None,
    keep_spikes: bool,
    fan_out: NDArray[np.int64] | None,
) -> PopulationRecording:
    """Return spikes and potentials of monitors by trial, neurons in the order of the network."""
    n_trials, n_steps, dt = stimulus.n_trials, stimulus.n_steps, stimulus.dt
    step = neuron = np.zeros(0, dtype=np.int64)
    if spikes is not None:
        step = np.rint(np.asarray(spikes.t) / dt).astype(np.int64)
        neuron = network_index(np.asarray(spikes.i), population.shape).astype(np.int64)
    trains = SpikeTrains.from_events(
        *np.divmod(step, n_steps), neuron,
        n_trials=n_trials, size=population.size, n_steps=n_steps, dt=dt,
    )  # fmt: skip
    potentials = None
    if traces is not None:
        potentials = np.asarray(traces.V, np.float32).T.reshape(n_trials, n_steps, population.size)
        potentials = from_brian(potentials, population.shape)
    return PopulationRecording.from_spikes(trains, keep_spikes, potentials, fan_out)
