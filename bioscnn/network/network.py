"""Populations, projections, and the network they form."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network.connectivity import Connectivity, Dense
from bioscnn.neurons import ExponentialCurrent, NeuronModel

OUTPUT = "output"
"""Name of the spiking population with one neuron a class."""

READOUT = "readout"
"""Name of the leaky population without threshold that has the same inputs as `OUTPUT`."""


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind, or the source through which the stimulus enters.

    Parameters
    ----------
    name : str
        Unique in the network, a Python identifier.
    shape : tuple of int
        (channels, height, width), or (n,) for a flat population.
    neuron : NeuronModel or None
        None for the source.
    bias : ndarray of float64, shape (size,), optional
        Constant current into each neuron, A.
    """

    name: str
    shape: tuple[int, ...]
    neuron: NeuronModel | None = None
    bias: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.bias is not None and self.bias.shape != (self.size,):
            raise ValueError(f"bias of {self.name!r} has shape {self.bias.shape}, expected {(self.size,)}")

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)

    @property
    def spikes(self) -> bool:
        """Whether the neurons fire."""
        return self.neuron is not None and self.neuron.threshold is not None


@dataclass(frozen=True, eq=False)
class Projection:
    """Connections from one population to another.

    Parameters
    ----------
    pre, post : str
        Names of the populations.
    connectivity : Connectivity
        Weights: A a spike through a synapse; A of current an A of stimulus without one.
    synapse : ExponentialCurrent or None
        None where the source's currents flow into the neurons directly, as through an electrode.
    """

    pre: str
    post: str
    connectivity: Connectivity
    synapse: ExponentialCurrent | None


@dataclass(frozen=True, eq=False)
class SpikingNetwork:
    """A spiking network, free of any simulator.

    Parameters
    ----------
    populations : tuple of Population
        The first one is the source.
    projections : tuple of Projection
        Each population's synapses must be of one kind.

    Raises
    ------
    UserError
        If names, shapes or time constants do not fit.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    def __post_init__(self) -> None:
        names = [population.name for population in self.populations]
        if len(set(names)) < len(names):
            raise ValueError(f"population names are not unique: {names}")
        for projection in self.projections:
            for end, shape in (
                (projection.pre, projection.connectivity.pre_shape),
                (projection.post, projection.connectivity.post_shape),
            ):
                # All to all, neurons are only counted; a window slides over an image of just this shape.
                flat = isinstance(projection.connectivity, Dense)
                if prod(shape) != self[end].size or not (flat or shape == self[end].shape):
                    raise ValueError(
                        f"{projection.pre} -> {projection.post}: {end!r} does not have shape {shape}"
                    )
        for population in self.populations[1:]:
            self.synapse_onto(population.name)

    def __getitem__(self, name: str) -> Population:
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(name)

    @property
    def source(self) -> Population:
        """Where the stimulus enters."""
        return self.populations[0]

    @property
    def neurons(self) -> tuple[Population, ...]:
        """All populations but the source."""
        return self.populations[1:]

    @property
    def takes_currents(self) -> bool:
        """Whether the stimulus is a current; otherwise it is spikes."""
        return any(self.is_driven(population.name) for population in self.neurons)

    def is_driven(self, name: str) -> bool:
        """Whether the stimulus flows into a population as a current, without a synapse between."""
        return any(projection.synapse is None for projection in self.onto(name))

    def has_synapses(self, name: str) -> bool:
        """Whether synapses end at a population."""
        return any(projection.synapse is not None for projection in self.onto(name))

    def after(self, name: str) -> SpikingNetwork:
        """Return the part of the network that a population drives, with that population as its source.

        Shown the spikes that the population fires in the whole network, the part does what it does there.

        Raises
        ------
        ValueError
            If the rest is driven by other populations or by currents too.
        """
        reached = {name}
        for population in self.neurons:
            if any(projection.pre in reached for projection in self.onto(population.name)):
                reached.add(population.name)
        projections = tuple(p for p in self.projections if p.post in reached - {name})
        if any(p.pre not in reached or p.synapse is None for p in projections):
            raise ValueError(f"what comes after {name!r} is not driven by its spikes alone")
        source = Population(name, self[name].shape)
        return SpikingNetwork((source, *(p for p in self.neurons if p.name in reached - {name})), projections)

    def onto(self, name: str) -> tuple[Projection, ...]:
        """Return the projections that end at a population."""
        return tuple(projection for projection in self.projections if projection.post == name)

    def synapse_onto(self, name: str) -> ExponentialCurrent:
        """Return the synapse model of a population's inputs.

        A population without synapses gets the model of the others; its synaptic current stays zero.

        Raises
        ------
        UserError
            If its inputs differ in model, or its time constant is too near the membrane's.
        """
        synapses = {p.synapse for p in self.onto(name) if p.synapse is not None}
        if len(synapses) > 1:
            raise UserError("a population takes one kind of synapse", key=name, value=synapses)
        anywhere = [p.synapse for p in self.projections if p.synapse is not None]
        synapse = next(iter([*synapses, *anywhere]), ExponentialCurrent())
        neuron = self[name].neuron
        tau_m = neuron.parameters.get("tau_m") if neuron is not None else None
        # The exact solution divides by tau_m - tau_s; within 1 % float32 loses half of its digits.
        if tau_m is not None and abs(synapse.tau_s / tau_m - 1) < 0.01:
            raise UserError(
                "tau_s and tau_m must differ by at least 1 %",
                key="synapse.tau_s",
                value=synapse.tau_s,
                expected=f"not within 1 % of tau_m = {tau_m} s",
                fix="change one of them slightly",
            )
        return synapse
