"""Neurons of NIR graphs for the independent simulator: each framework's step, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import Population, Projection
from bioscnn.neurons import NIRNeuron


class NIRCells:
    """State and update of one population of `NIRNeuron` within one trial, float64, SI units."""

    def __init__(self, population: Population, dt: float) -> None:
        assert isinstance(population.neuron, NIRNeuron)
        self.neuron, self.values, self.dt, self.size = (
            population.neuron,
            population.values,
            dt,
            population.size,
        )
        self.V, self.I, self.owed = (np.zeros(self.size) for _ in range(3))
        self.pulses, self.due = np.zeros(self.size), np.zeros(self.size)
        self.I_stim = np.zeros(self.size) if population.bias is None else population.bias.copy()
        self.step = 0

    def of(self, name: str) -> Any:
        """Return a parameter, one number or one a neuron."""
        return self.values.get(name, getattr(self.neuron, name))

    def integrate(self) -> None:
        """Take a step as the framework does."""
        neuron, dt = self.neuron, self.dt
        flows = self.pulses + (self.I_stim if self.step >= neuron.begin else 0)
        if neuron.kind == "IF":
            self.V = self.V + self.of("R") * dt * flows
        elif neuron.kind == "LIF" and neuron.step == "exponential":
            decay = np.exp(-dt / self.of("tau"))
            self.V = decay * self.V + (1 - decay) * self.of("R") * flows
        elif neuron.kind == "LIF":
            self.V = self.V + dt / self.of("tau") * (self.of("R") * flows - self.V)
        else:
            self._through_a_synapse(flows)
        self.V = self.V - self.owed
        self.owed = np.zeros(self.size)
        if neuron.fires and neuron.most > 1:
            self.due = np.clip(np.floor(self.V / self.of("V_th")), 0, neuron.most)
            self.V = self.V - self.due * self.of("V_drop")
        self.pulses = np.zeros(self.size)
        self.step += 1

    def _through_a_synapse(self, flows: NDArray[np.float64]) -> None:
        """Take a step of a CubaLIF: the frameworks differ in when the membrane sees a new current."""
        decay, leak = self.dt / self.of("tau_syn"), self.dt / self.of("tau")
        before, charge = self.I, self.of("w_in") * flows
        if self.neuron.step == "current-jumps":
            seen = before + charge
            self.I = (1 - decay) * seen
        else:
            self.I = (1 - decay) * before + decay * charge
            seen = self.I if self.neuron.step == "current-first" else before
        self.V = (1 - leak) * self.V + leak * self.of("R") * seen

    def fire(self) -> NDArray[np.int64]:
        """Return who spikes, and reset them."""
        neuron = self.neuron
        if not neuron.fires:
            return np.empty(0, dtype=np.int64)
        if neuron.most > 1:
            return np.flatnonzero(self.due >= neuron.level)
        above = self.V >= self.of("V_th") if neuron.at_threshold else self.V > self.of("V_th")
        fired = np.flatnonzero(above)
        every = np.zeros(self.size)
        if neuron.reset == "v_reset":
            self.V[fired] = (every + self.of("V_reset"))[fired]
        elif neuron.reset == "subtract":
            self.V[fired] -= (every + self.of("V_drop"))[fired]
        else:
            self.owed[fired] = (every + self.of("V_drop"))[fired]
        return fired

    def receive(self, projection: Projection, weights: Any, spiking: NDArray[np.float64]) -> None:
        """Add the weights of the spikes of a step, which act in the next one alone."""
        self.pulses = self.pulses + weights @ spiking
