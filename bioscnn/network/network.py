"""Populations, projections, and the network they form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.identifiers import check_identifier
from bioscnn.network.connectivity import Connectivity, Dense
from bioscnn.neurons import ExponentialCurrent, LeadingCount, NeuronModel, Pulse, Synapse

OUTPUT = "output"
"""Name of the spiking population with one neuron a class."""

READOUT = "readout"
"""Name of the leaky population without threshold that has the same inputs as `OUTPUT`."""

V_0 = "V_0"
"""Name of the potentials above rest at which the neurons of a population begin each trial, V."""


@dataclass(frozen=True, eq=False)
class Axons:
    """What happens to the spikes of a population on their way to its synapses.

    Parameters
    ----------
    delay : ndarray of float64, shape (size,)
        How long the spikes of each neuron travel, s. What has not arrived when a trial ends is lost.
    loss : float
        Probability that a spike reaches no synapse, 0 to 1.
    key : int
        Of the random numbers that decide which spikes are lost, see `bioscnn.draws`.
    """

    delay: NDArray[np.float64]
    loss: float = 0.0
    key: int = 0


@dataclass(frozen=True)
class MembraneNoise:
    """A noisy current into every neuron of a population, new in each step.

    Parameters
    ----------
    sd : float
        Standard deviation that the potential of a neuron at rest takes on, V.
    key : int
        Of its random numbers, see `bioscnn.draws`.
    xi : bool
        Whether Brian2 draws the noise, as ``xi`` in the equations, which is another one on every device.
    """

    sd: float
    key: int
    xi: bool = False


@dataclass(frozen=True)
class Failure:
    """Synapses that fail to transmit spikes.

    Parameters
    ----------
    probability : float
        That a synapse does not transmit a spike, whatever the other synapses do, 0 to 1.
    key : int
        Of the random numbers that decide, see `bioscnn.draws`.
    """

    probability: float
    key: int


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind, or the source through which the stimulus enters.

    Parameters
    ----------
    name : str
        Unique in the network, see `bioscnn.identifiers`: it is a part of generated code and of file names.
    shape : tuple of int
        (channels, height, width), or (n,) for a flat population.
    neuron : NeuronModel or None
        None for the source.
    bias : ndarray of float64, shape (size,), optional
        Constant current into each neuron, A.
    values : dict of ndarray of float64, shape (size,)
        Parameters of the neuron that differ from cell to cell, SI units; and `V_0`, if they do not all begin
        at rest.
    axons : Axons, optional
        What happens to the spikes on their way.
    noise : MembraneNoise, optional
        What makes the potentials noisy.
    """

    name: str
    shape: tuple[int, ...]
    neuron: NeuronModel | None = None
    bias: NDArray[np.float64] | None = None
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    axons: Axons | None = None
    noise: MembraneNoise | None = None

    def __post_init__(self) -> None:
        for name in (self.name, *self.values):
            check_identifier(name, "population")
        delays = {} if self.axons is None else {"axons.delay": self.axons.delay}
        for what, array in {"bias": self.bias, **self.values, **delays}.items():
            if array is not None and array.shape != (self.size,):
                raise ValueError(f"{what} of {self.name!r} has shape {array.shape}, expected {(self.size,)}")

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
        Weights: A, or S and not negative where synapses are conductances, a spike through a synapse; A of
        current an A of stimulus without one.
    synapse : ExponentialCurrent, ExponentialConductance, LeadingCount, Pulse or None
        None where the source's currents flow into the neurons directly, as through an electrode;
        `LeadingCount` onto neurons of max pooling, `Pulse` onto those of NIR.
    failure : Failure, optional
        How its synapses fail.
    """

    pre: str
    post: str
    connectivity: Connectivity
    synapse: Synapse | LeadingCount | Pulse | None
    failure: Failure | None = None


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
        source = Population(name, self[name].shape, axons=self[name].axons)
        return SpikingNetwork((source, *(p for p in self.neurons if p.name in reached - {name})), projections)

    def onto(self, name: str) -> tuple[Projection, ...]:
        """Return the projections that end at a population."""
        return tuple(projection for projection in self.projections if projection.post == name)

    @property
    def pathways(self) -> tuple[Projection, ...]:
        """One projection through synapses for each pair of populations that has any.

        Where synapses are conductances, excitation and inhibition are two projections with the same synapses,
        each of which has a weight in one of them.
        """
        pairs = {(p.pre, p.post): p for p in self.projections if p.synapse is not None}
        return tuple(pairs.values())

    def fan_out(self, name: str) -> NDArray[np.int64]:
        """Count the synapses of each neuron of a population, shape (size,)."""
        from_here = (p.connectivity.fan_out() for p in self.pathways if p.pre == name)
        return sum(from_here, start=np.zeros(self[name].size, np.int64))

    def synapse_onto(self, name: str) -> Synapse | LeadingCount | Pulse:
        """Return the synapse model of a population's inputs.

        A population without synapses gets the model of the others; its synaptic current stays zero.

        Raises
        ------
        UserError
            If its inputs differ in model, or its time constant is too near the membrane's.
        """
        synapses = {p.synapse.model for p in self.onto(name) if p.synapse is not None}
        if len(synapses) > 1:
            raise UserError("a population takes one kind of synapse", key=name, value=synapses)
        anywhere = [
            p.synapse.model
            for p in self.projections
            if p.synapse is not None and not isinstance(p.synapse, LeadingCount | Pulse)
        ]
        synapse = next(iter([*synapses, *anywhere]), ExponentialCurrent())
        if not isinstance(synapse, ExponentialCurrent):
            return synapse
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
