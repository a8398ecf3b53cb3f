"""Delayed spikes of the nodes of a NIR graph: axonal delays, and relay neurons that pass spikes on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import OUTPUT, Axons, Connectivity, Individual, Population, Projection
from bioscnn.neurons import NIRNeuron, Pulse
from bioscnn.nir.linear import one_to_one

Sender = tuple[str, NDArray[np.bool_] | None]
"""A population, and which of its neurons are meant; None for all."""


@dataclass
class Senders:
    """The populations of a network, among them those that pass spikes on later.

    Parameters
    ----------
    populations : list of Population
        The output, with a population for each spike that it may fire in a step, and the readout are last.
    dt : float
        Step of the simulation, s.
    """

    populations: list[Population]
    dt: float
    relays: list[Projection] = field(default_factory=list, init=False)
    notes: list[str] = field(default_factory=list, init=False)

    def of(self, own: str, delays: list[NDArray[np.int64]]) -> dict[bytes, list[Sender]]:
        """Return, for each delay that is wanted of a population's spikes, who sends them so late.

        One delay is that of its axons. Of several, those that are longer than none are of neurons of their
        own, which pass the spikes on, one step after they were fired at the soonest.

        Parameters
        ----------
        own : str
            The population.
        delays : list of ndarray of int64, shape (size,)
            Steps, for each of its neurons.
        """
        by_delay: dict[bytes, list[Sender]] = {}
        for delay in delays:
            sends: list[Sender] = []
            if len(delays) == 1:
                if delay.any():
                    self._give_axons(own, delay)
                sends.append((own, None))
            else:
                if not delay.all():
                    sends.append((own, None if not delay.any() else delay == 0))
                if delay.any():
                    sends.append((self._relay(own, delay), None if delay.all() else delay > 0))
            by_delay[delay.tobytes()] = sends
        return by_delay

    def _give_axons(self, name: str, delay: NDArray[np.int64]) -> None:
        for place, population in enumerate(self.populations):
            if population.name == name:
                self.populations[place] = replace(population, axons=Axons(delay.astype(np.float64) * self.dt))

    def _relay(self, own: str, delay: NDArray[np.int64]) -> str:
        """Add neurons that fire one step after those of a population, with axons for the rest of a delay."""
        population = next(p for p in self.populations if p.name == own)
        number = sum(p.name.startswith(f"{own}_later") for p in self.populations) + 1
        name, size = f"{own}_later{number}", population.size
        neuron = NIRNeuron("IF", R=1 / self.dt, V_th=0.5)
        rest = np.maximum(delay - 1, 0).astype(np.float64) * self.dt
        axons = Axons(rest) if rest.any() else None
        output = next(place for place, p in enumerate(self.populations) if p.name == OUTPUT)
        self.populations.insert(output, Population(name, population.shape, neuron, axons=axons))
        self.relays.append(Projection(own, name, one_to_one(population.shape, np.ones(size)), Pulse()))
        steps = ", ".join(map(str, sorted(set(delay[delay > 0].tolist()))))
        self.notes.append(
            f"{name}: neurons that pass the spikes of {own} on {steps} steps later, so that they arrive "
            "together with those of the longer way. They count among the spikes."
        )
        return name


def masked(connectivity: Connectivity, mask: NDArray[np.bool_] | None) -> Connectivity:
    """Return the same synapses, with 0 for those of other presynaptic neurons than are meant."""
    if mask is None:
        return connectivity
    pre, _, weight = connectivity.synapses()
    return Individual.of(connectivity, weight * mask[pre])
