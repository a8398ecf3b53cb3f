"""An independent simulator in plain NumPy, the oracle of all devices.

It shares no code with them: the equations are solved by hand, the loops are written out, one trial at a
time. Slow and clear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import Currents, Stimulus
from bioscnn.network import Population, SpikingNetwork
from bioscnn.neurons import IF, LIF, LeakyIntegrator
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains


class _Neurons:
    """State and update of one population within one trial, float64, SI units."""

    def __init__(self, population: Population, tau_s: float, dt: float) -> None:
        assert isinstance(population.neuron, LIF | IF | LeakyIntegrator)
        self.neuron, self.tau_s, self.dt = population.neuron, tau_s, dt
        self.V, self.I_syn = np.zeros(population.size), np.zeros(population.size)
        self.I_stim = np.zeros(population.size) if population.bias is None else population.bias.copy()
        self.held = np.zeros(population.size, dtype=np.int64)
        self.free = self.held == 0

    def integrate(self) -> None:
        """Advance by one step; `held` counts the refractory steps still to come."""
        decay_s, self.free = np.exp(-self.dt / self.tau_s), self.held == 0
        if isinstance(self.neuron, IF):
            charge = self.tau_s * (1 - decay_s) * self.I_syn + self.dt * self.I_stim
            moved = self.V + charge / self.neuron.C_m
        else:
            tau_m, R_m = self.neuron.tau_m, self.neuron.R_m
            decay_m = np.exp(-self.dt / tau_m)
            from_synapses = R_m * self.I_syn * self.tau_s / (tau_m - self.tau_s) * (decay_m - decay_s)
            moved = self.V * decay_m + R_m * self.I_stim * (1 - decay_m) + from_synapses
        self.V = np.where(self.free, moved, self.V)
        self.I_syn = self.I_syn * decay_s
        self.held = np.maximum(self.held - 1, 0)

    def fire(self) -> NDArray[np.int64]:
        """Find the neurons above threshold and reset them."""
        if isinstance(self.neuron, LeakyIntegrator):
            return np.empty(0, dtype=np.int64)
        fired = np.flatnonzero((self.V > self.neuron.V_th) & self.free)
        excess = self.V[fired] - self.neuron.V_th
        if self.neuron.reset == "zero":
            excess = np.zeros(len(fired))
        elif self.neuron.reset == "exact" and isinstance(self.neuron, LIF):
            drive = self.neuron.R_m * (self.I_syn + self.I_stim)[fired] - self.neuron.V_th
            longest = 1 - np.exp(-self.dt / self.neuron.tau_m)
            since_crossing = np.where(
                drive * longest > excess, excess / np.where(drive > 0, drive, 1), longest
            )
            excess = excess + self.neuron.V_th * since_crossing
        self.V[fired] = excess
        self.held[fired] = round(self.neuron.t_ref / self.dt)
        return fired


def simulate_reference(network: SpikingNetwork, stimulus: Stimulus) -> Recording:
    """Simulate trial by trial, recording everything.

    Parameters
    ----------
    network : SpikingNetwork
        Of LIF, IF and leaky integrator populations.
    stimulus : Currents or SpikeTrains
        Its size is the source's.

    Returns
    -------
    Recording
        With the spikes and potentials of all populations.
    """
    matrices = [(p, p.connectivity.matrix()) for p in network.projections]
    source, names = network.source.name, [population.name for population in network.neurons]
    n_trials, n_steps = stimulus.n_trials, stimulus.n_steps
    events: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names}
    potentials = {name: np.zeros((n_trials, n_steps, network[name].size), np.float32) for name in names}
    for trial in range(n_trials):
        one = stimulus[trial : trial + 1]
        neurons = {
            name: _Neurons(network[name], network.synapse_onto(name).tau_s, stimulus.dt) for name in names
        }
        if isinstance(one, Currents):
            for projection, matrix in matrices:
                if projection.synapse is None:
                    neurons[projection.post].I_stim += matrix @ one.values[0].astype(np.float64)
        for step in range(n_steps):
            fired = {source: one.neuron[one.step == step]} if isinstance(one, SpikeTrains) else {}
            for name in names:
                neurons[name].integrate()
                last = step == n_steps - 1  # nothing spikes in the last step of a trial
                fired[name] = np.empty(0, np.int64) if last else neurons[name].fire()
                events[name] += [(trial, step, int(neuron)) for neuron in fired[name]]
            for projection, matrix in matrices:
                if projection.synapse is not None and projection.pre in fired:
                    spiking = np.zeros(matrix.shape[1])
                    spiking[fired[projection.pre]] = 1
                    neurons[projection.post].I_syn += matrix @ spiking
            for name in names:
                potentials[name][trial, step] = neurons[name].V
    recorded = {}
    for name in names:
        trials, steps, indices = np.array(events[name], dtype=np.int64).reshape(-1, 3).T
        spikes = SpikeTrains.from_events(
            trials,
            steps,
            indices,
            n_trials=n_trials,
            size=network[name].size,
            n_steps=n_steps,
            dt=stimulus.dt,
        )
        recorded[name] = PopulationRecording.from_spikes(spikes, True, potentials[name])
    return Recording(recorded, n_steps, stimulus.dt)
