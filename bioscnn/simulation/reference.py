"""An independent simulator in plain NumPy, the oracle of all devices.

It shares no code with them: the equations are solved by hand, the loops are written out, one trial at a
time. Slow and clear.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from bioscnn.encoding import Currents, Stimulus
from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    LeadingCount,
    LeakyIntegrator,
    NIRNeuron,
    Pulse,
    Synapse,
    Windowed,
)
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.reference_nir import NIRCells
from bioscnn.spikes import SpikeTrains


class _Neurons:
    """State and update of one population within one trial, float64, SI units."""

    def __init__(self, population: Population, synapse: Synapse, dt: float) -> None:
        assert isinstance(population.neuron, LIF | IF | AdaptiveLIF | LeakyIntegrator)
        self.neuron, self.synapse, self.dt = population.neuron, synapse, dt
        self.tau_m, self.V_th = (
            population.values.get(name, np.full(population.size, getattr(self.neuron, name, np.inf)))
            for name in ("tau_m", "V_th")
        )
        self.V = population.values.get("V_0", np.zeros(population.size)).copy()
        self.I_a = np.zeros(population.size)
        self.arrived = {name: np.zeros(population.size) for name in synapse.state}
        self.I_stim = np.zeros(population.size) if population.bias is None else population.bias.copy()
        self.noise = np.zeros(population.size)
        self.held = np.zeros(population.size, dtype=np.int64)
        self.free = self.held == 0

    @property
    def adaptation(self) -> tuple[float, float]:
        """Time constant and jump of the adaptation current; any time constant where there is none."""
        neuron = self.neuron
        return (neuron.tau_a, neuron.b) if isinstance(neuron, AdaptiveLIF) else (1.0, 0.0)

    @property
    def current(self) -> NDArray[np.float64]:
        """What flows in besides synaptic currents, A."""
        return self.I_stim + self.noise

    def integrate(self) -> None:
        """Advance by one step; `held` counts the refractory steps still to come."""
        self.free = self.held == 0
        conductances = isinstance(self.synapse, ExponentialConductance)
        moved = self._under_conductances() if conductances else self._under_currents()
        self.V = np.where(self.free, moved, self.V)
        for name in self.arrived:
            self.arrived[name] = self.arrived[name] * np.exp(-self.dt / self.synapse.tau_s)
        self.I_a = self.I_a * np.exp(-self.dt / self.adaptation[0])
        self.held = np.maximum(self.held - 1, 0)

    def _under_currents(self) -> NDArray[np.float64]:
        """Solve the membrane: constant current, decaying synaptic current, decaying adaptation."""
        tau_s, I_syn, decay_s = (
            self.synapse.tau_s,
            self.arrived["I_syn"],
            np.exp(-self.dt / self.synapse.tau_s),
        )
        if isinstance(self.neuron, IF):
            charge = tau_s * (1 - decay_s) * I_syn + self.dt * self.current
            return np.asarray(self.V + charge / self.neuron.C_m)
        tau_m, R_m = self.tau_m, self.neuron.R_m
        decay_m = np.exp(-self.dt / tau_m)
        moved = self.V * decay_m + R_m * self.current * (1 - decay_m)
        moved = moved + R_m * I_syn * tau_s / (tau_m - tau_s) * (decay_m - decay_s)
        if isinstance(self.neuron, AdaptiveLIF):
            tau_a, decay_a = self.neuron.tau_a, np.exp(-self.dt / self.neuron.tau_a)
            moved = moved - R_m * self.I_a * tau_a / (tau_m - tau_a) * (decay_m - decay_a)
        return np.asarray(moved)

    def _under_conductances(self) -> NDArray[np.float64]:
        """Solve the membrane with what conductances and adaptation are on average over the step."""

        def mean(decaying: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
            return np.asarray(decaying * tau / self.dt * (1 - np.exp(-self.dt / tau)))

        tau_s = self.synapse.tau_s
        g_e, g_i = mean(self.arrived["g_e"], tau_s), mean(self.arrived["g_i"], tau_s)
        I_a = mean(self.I_a, self.adaptation[0])
        rest, tau = self._relaxation(g_e, g_i, I_a)
        silent = np.isinf(tau)  # a membrane that leaks nowhere only sums up
        # Conductances that have all but closed relax slowly to a potential far away.
        towards = self.V - (rest - self.V) * np.expm1(-self.dt / tau)
        if isinstance(self.neuron, IF):
            return np.where(silent, self.V + self.dt * self.current / self.neuron.C_m, towards)
        return np.asarray(towards)

    def _relaxation(
        self, g_e: NDArray[np.float64], g_i: NDArray[np.float64], I_a: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return to what potential V relaxes under conductances, and how fast; infinitely slowly to 0."""
        assert isinstance(self.synapse, ExponentialConductance)
        leak, C_m = (
            (0.0, self.neuron.C_m)
            if isinstance(self.neuron, IF)
            else (1 / self.neuron.R_m, self.tau_m / self.neuron.R_m)
        )
        drive = g_e * self.synapse.E_e + g_i * self.synapse.E_i + self.current - I_a
        total = leak + g_e + g_i
        open_ = total * self.dt > np.finfo(float).eps * C_m  # less moves nothing within a step
        total = np.where(open_, total, 1.0)
        return np.where(open_, drive / total, 0.0), np.where(open_, C_m / total, np.inf)

    def receive(self, projection: Projection, weights: Any, spiking: NDArray[np.float64]) -> None:
        """Add the weights of the spikes of a step to what has arrived."""
        assert projection.synapse is not None
        self.arrived[projection.synapse.target] += weights @ spiking

    def fire(self) -> NDArray[np.int64]:
        """Return who spikes, and reset them."""
        if isinstance(self.neuron, LeakyIntegrator):
            return np.empty(0, dtype=np.int64)
        fired = np.flatnonzero((self.V > self.V_th) & self.free)
        V_th = self.V_th[fired]
        excess = self.V[fired] - V_th
        if self.neuron.reset == "zero":
            excess = np.zeros(len(fired))
        elif self.neuron.reset == "exact":
            excess = excess + self._since_the_crossing(excess, fired)
        self.V[fired] = excess
        self.I_a[fired] += self.adaptation[1]
        self.held[fired] = round(self.neuron.t_ref / self.dt)
        return fired

    def _since_the_crossing(
        self, excess: NDArray[np.float64], fired: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return what a reset by subtraction misses: what leaked since the crossing, and new adaptation."""
        if isinstance(self.synapse, ExponentialConductance):
            to, tau = self._relaxation(self.arrived["g_e"], self.arrived["g_i"], self.I_a)
        elif isinstance(self.neuron, IF):
            return np.zeros(len(fired))
        else:
            assert isinstance(self.neuron, LIF | AdaptiveLIF)
            to, tau = self.neuron.R_m * (self.arrived["I_syn"] + self.current - self.I_a), self.tau_m
        V_th, longest = self.V_th[fired], 1 - np.exp(-self.dt / tau[fired])
        drive = to[fired] - V_th
        charged = np.where(drive * longest > excess, excess / np.where(drive > 0, drive, 1), longest)
        missed = V_th
        if isinstance(self.neuron, AdaptiveLIF):
            missed = V_th - self.neuron.R_m * self.neuron.b * (tau / self.tau_m)[fired]
        return np.asarray(missed * charged)


class _Pool:
    """A population of max pooling within one trial, as its definition says.

    A neuron fires if one of the neurons in its window has fired more often than it has itself.
    """

    def __init__(self, population: Population, windows: Any) -> None:
        self.V, self.I_stim = np.zeros(population.size), np.zeros(population.size)
        self.weights = windows.toarray()
        self.arrived, self.fired = np.zeros(self.weights.shape[1]), np.zeros(population.size)

    def integrate(self) -> None:
        """Do nothing: only spikes change anything."""

    def fire(self) -> NDArray[np.int64]:
        """Return who spikes, and count it."""
        busiest = np.where(self.weights > 0, self.arrived, 0).max(axis=1)
        firing = np.flatnonzero(busiest > self.fired)
        self.fired[firing] += 1
        self.V[firing] = 0
        return firing

    def receive(self, projection: Projection, weights: Any, spiking: NDArray[np.float64]) -> None:
        """Count the spikes of a step; the potential shows how many of their neurons have taken the lead."""
        self.arrived += spiking
        ahead = spiking * (self.arrived > self.fired[:, None])
        self.V += (self.weights * ahead).sum(axis=1)


class _Windowed(_Neurons):
    """A population of the time code within one trial.

    Its currents flow in the W steps up to `opens`; what a neuron fires when, is looked up in a table.
    """

    def __init__(self, population: Population, synapse: Synapse, dt: float) -> None:
        neuron = population.neuron
        assert isinstance(neuron, Windowed)
        tau_m, tau_s, self.opens = neuron.code.tau_m, neuron.code.tau_s, neuron.opens
        self.window = 0
        while (self.window + 1) * dt <= np.log(tau_m / tau_s) / (1 / tau_s - 1 / tau_m) + 1e-12:
            self.window += 1
        says = [np.exp(-k * dt / tau_m) - np.exp(-k * dt / tau_s) for k in range(self.window + 1)]
        self.borders = [(a + b) / 2 / says[-1] for a, b in pairwise(says)]
        self.step, self.falls = -1, tau_m
        membrane = LeakyIntegrator(tau_m=tau_m, R_m=neuron.R_m)
        super().__init__(replace(population, neuron=membrane), synapse, dt)
        self.V_th = population.values.get("V_th", np.full(population.size, getattr(neuron, "V_th", np.inf)))

    def integrate(self) -> None:
        """Advance by one step; outside of the window the membrane leaks and is noisy."""
        self.step += 1
        assert isinstance(self.neuron, LeakyIntegrator)
        before, leak = self.V, np.exp(-self.dt / self.tau_m)
        super().integrate()
        if not self.opens - self.window < self.step <= self.opens:
            self.V = before * leak + self.neuron.R_m * self.noise * (1 - leak)

    def fire(self) -> NDArray[np.int64]:
        """Return who spikes: whose value at the window's end is nearest to what a spike says now."""
        passed = self.step - self.opens
        if not 0 <= passed < self.window:
            return np.empty(0, dtype=np.int64)
        border = self.V_th * self.borders[self.window - 1 - passed]
        decayed = border * np.exp(-passed * self.dt / self.falls)
        fired = np.flatnonzero((self.V > decayed) & (self.held == 0))
        self.V[fired] = 0
        self.held[fired] = self.window
        return fired


def _drawn(key: int, *counters: int) -> int:
    """Return 64 random bits by counter, in whole numbers without a limit, cut where 64 bits end."""
    limit = 2**64

    def mix(number: int) -> int:
        number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % limit
        number = (number ^ number >> 27) * 0x94D049BB133111EB % limit
        return number ^ number >> 31

    state = mix(key)
    for counter in counters:
        state = mix((state + 0x9E3779B97F4A7C15 * (counter + 1)) % limit)
    return state


def _number_in_brian(population: Population, neuron: int) -> int:
    """Return the number by which chance knows a neuron: pixel by pixel, the channels of a pixel in a row."""
    pixels = population.size // population.shape[0]
    return neuron % pixels * population.shape[0] + neuron // pixels


class _Chance:
    """What happens by chance in a network with noise, spike by spike and neuron by neuron."""

    def __init__(self, network: SpikingNetwork, dt: float) -> None:
        self.network, self.dt = network, dt
        quantiles = norm.ppf((np.arange(2**15) + 0.5) / 2**15)
        quantiles /= np.sqrt(2 * np.mean(quantiles**2))
        self.shuffled = [
            [quantiles[k] for k in sorted(range(2**15), key=lambda k: _drawn(number, k))]
            for number in range(2)
        ]

    def noise(self, population: Population, trial: int, step: int) -> NDArray[np.float64]:
        """Return the noisy current into each neuron, A."""
        neuron, noise = population.neuron, population.noise
        assert noise is not None and neuron is not None
        tau_m, R_m = (
            np.broadcast_to(population.values.get(name, neuron.parameters[name]), population.size)
            for name in ("tau_m", "R_m")
        )
        # A step adds R I (1 - a) to what is left of V, a V: the variance of V is then that over 1 - a**2.
        a = np.exp(-self.dt / tau_m)
        sd = noise.sd * np.sqrt(1 - a**2) / (R_m * (1 - a))
        numbers = [_number_in_brian(population, neuron) for neuron in range(population.size)]
        z = []
        for number in numbers:
            block, place = divmod(number, 256)
            drawn = _drawn(noise.key, trial, step, block // 128)
            parts = 0.0
            for shuffled, bits in zip(self.shuffled, (drawn % 2**32, drawn // 2**32), strict=True):
                start, odd = bits % 2**15, 2 * (bits // 2**15 % 64) + 1
                parts += shuffled[((start + 256 * odd * block) % 2**15 + place) % 2**15]
            z.append(parts)
        return np.asarray(sd * np.array(z))

    def arrival(self, population: Population, trial: int, step: int, neuron: int) -> int | None:
        """Return the step in which a spike reaches its synapses; None if it never does."""
        axons = population.axons
        if axons is None:
            return step
        number = _number_in_brian(population, neuron)
        if _drawn(axons.key, trial, step, number) / 2**64 < axons.loss:
            return None
        return step + round(float(axons.delay[neuron]) / self.dt)

    def transmits(self, projection: Projection, trial: int, step: int, pre: int, post: int) -> bool:
        """Whether a synapse transmits a spike that reaches it."""
        failure, ends = projection.failure, (self.network[projection.pre], self.network[projection.post])
        if failure is None:
            return True
        numbers = (_number_in_brian(end, neuron) for end, neuron in zip(ends, (pre, post), strict=True))
        return _drawn(failure.key, trial, step, *numbers) / 2**64 >= failure.probability


def _what_transmits(
    matrix: Any, chance: _Chance, projection: Projection, trial: int, step: int, spiking: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights, as an array, of the synapses that transmit what has reached them."""
    weights: NDArray[np.float64] = matrix.toarray()
    for pre in map(int, np.flatnonzero(spiking)):
        for post in map(int, np.flatnonzero(weights[:, pre])):
            if not chance.transmits(projection, trial, step, pre, post):
                weights[post, pre] = 0
    return weights


def simulate_reference(network: SpikingNetwork, stimulus: Stimulus) -> Recording:
    """Simulate trial by trial, recording everything.

    Parameters
    ----------
    network : SpikingNetwork
        Of LIF, IF, adaptive LIF, leaky integrator and max pooling populations, and those of NIR.
    stimulus : Currents or SpikeTrains
        Its size is the source's.

    Returns
    -------
    Recording
        With the spikes and potentials of all populations.
    """
    matrices = [(p, p.connectivity.matrix()) for p in network.projections]
    source, names = network.source.name, [population.name for population in network.neurons]
    chance = _Chance(network, stimulus.dt)
    n_trials, n_steps = stimulus.n_trials, stimulus.n_steps
    events: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names}
    potentials = {name: np.zeros((n_trials, n_steps, network[name].size), np.float32) for name in names}
    for trial in range(n_trials):
        of_trial = stimulus[trial : trial + 1]
        neurons: dict[str, _Neurons | _Pool | NIRCells] = {}
        for name in names:
            synapse = network.synapse_onto(name)
            if isinstance(network[name].neuron, NIRNeuron):
                neurons[name] = NIRCells(network[name], stimulus.dt)
            elif isinstance(synapse, LeadingCount):
                neurons[name] = _Pool(network[name], network.onto(name)[0].connectivity.matrix())
            else:
                assert not isinstance(synapse, Pulse)
                windowed = isinstance(network[name].neuron, Windowed)
                kind = _Windowed if windowed else _Neurons
                neurons[name] = kind(network[name], synapse, stimulus.dt)
        if isinstance(of_trial, Currents):
            for projection, matrix in matrices:
                if projection.synapse is None:
                    neurons[projection.post].I_stim += matrix @ of_trial.values[0].astype(np.float64)
        arriving: dict[tuple[str, int], list[int]] = defaultdict(list)
        for step in range(n_steps):
            for name in names:
                if network[name].noise is not None:
                    noisy = neurons[name]
                    assert isinstance(noisy, _Neurons)
                    noisy.noise = chance.noise(network[name], trial, step)
            fired = (
                {source: of_trial.neuron[of_trial.step == step]} if isinstance(of_trial, SpikeTrains) else {}
            )
            for name in names:
                neurons[name].integrate()
                last = step == n_steps - 1  # nothing spikes in the last step of a trial
                fired[name] = np.empty(0, np.int64) if last else neurons[name].fire()
                events[name] += [(trial, step, int(neuron)) for neuron in fired[name]]
            for name in fired:
                for neuron in map(int, fired[name]):
                    due = chance.arrival(network[name], trial, step, neuron)
                    if due is not None:
                        arriving[name, due].append(neuron)
            for projection, matrix in matrices:
                if projection.synapse is not None:
                    spiking = np.zeros(matrix.shape[1])
                    spiking[arriving[projection.pre, step]] = 1
                    if projection.failure is not None:
                        matrix = _what_transmits(matrix, chance, projection, trial, step, spiking)
                    neurons[projection.post].receive(projection, matrix, spiking)
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
