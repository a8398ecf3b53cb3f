"""Conversion of a NIR graph into a spiking network of populations and projections.

Nodes with a state become populations, and what is linear between two of them a projection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.room import check_room
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.network import (
    OUTPUT,
    READOUT,
    Connectivity,
    Dense,
    Population,
    Projection,
    SpikingNetwork,
    compose,
    summed,
)
from bioscnn.neurons import Pulse
from bioscnn.nir.cells import NEVER, cells_of
from bioscnn.nir.file import Tree
from bioscnn.nir.frameworks import Choices, Rules, decide, sentence
from bioscnn.nir.graph import FIRING, NEURONS, Graph
from bioscnn.nir.own import rebuild
from bioscnn.nir.paths import Inflow, Paths
from bioscnn.nir.senders import Senders, masked
from bioscnn.nir.steps import Order, order
from bioscnn.nir.write import own_metadata
from bioscnn.quantities import format_quantity

DEEPEST = 300
"""Most edges on the shortest way from the input to a node."""

SOURCE = "input"
"""Name of the population through which the stimulus enters."""


@dataclass(frozen=True, eq=False)
class Stimulus:
    """What the study shows to a graph.

    Parameters
    ----------
    currents : bool
        Whether images flow in as currents; otherwise spikes come in.
    scale, shift : ndarray of float64, shape (channels,)
        An intensity x becomes ``scale*x + shift``: what was done to images before the network saw them.
    """

    currents: bool
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]

    @property
    def preprocesses(self) -> bool:
        """Whether the network sees other numbers than intensities."""
        return bool((self.scale != 1).any() or self.shift.any())


@dataclass(frozen=True, eq=False)
class Built:
    """A spiking network, and what there is to say of how it came about.

    Parameters
    ----------
    network : SpikingNetwork
        With populations ``input``, ``output`` and ``readout``, and one for each other node with a state.
    notes : tuple of str
        Sentences for the report.
    fires : bool
        Whether the output fires, so that the class can be read from its spikes.
    names : dict of str
        Population of each node with a state.
    begins : dict of int
        Step in which each of these nodes does what its framework does in step 0.
    """

    network: SpikingNetwork
    notes: tuple[str, ...]
    fires: bool
    names: Mapping[str, str]
    begins: Mapping[str, int]


def build(graph: Graph, choices: Choices, stimulus: Stimulus, dt: float, shape: tuple[int, ...]) -> Built:
    """Turn a graph into a spiking network.

    Parameters
    ----------
    graph : Graph
        From `read_graph`.
    choices : Choices
        What the study says where the file says nothing; nothing is needed for a file of bioscnn's own.
    stimulus : Stimulus
        What flows in.
    dt : float
        Step of the simulation, s.
    shape : tuple of int
        Of the input population.

    Raises
    ------
    UserError
        If something is open, or cannot be represented.
    """
    _refuse_deep(graph)
    own = own_metadata(graph) if choices == Choices() else None
    try:
        if own is not None:
            return _rebuilt(graph, own, stimulus, dt)
        return _Builder(graph, decide(graph, choices), stimulus, dt, shape).build()
    except RecursionError:
        raise graph.refuse("the graph is too deep", value=f"{len(graph.nodes):,} nodes") from None
    except UserError as error:
        raise error.but(file=error.file or graph.path) from None


def _refuse_deep(graph: Graph) -> None:
    """Refuse a graph with a node that is too many edges away from the input."""
    after: dict[str, list[str]] = {}
    for pre, post in graph.edges:
        after.setdefault(pre, []).append(post)
    depth, waiting = {graph.input.name: 0}, [graph.input.name]
    for here in waiting:
        if depth[here] > DEEPEST:
            raise graph.refuse(
                "the graph is too deep", here, value=f"{len(graph.nodes):,} nodes",
                expected=f"at most {DEEPEST} edges from the input to a node",
            )  # fmt: skip
        for there in after.get(here, ()):
            if there not in depth:
                depth[there] = depth[here] + 1
                waiting.append(there)


def _rebuilt(graph: Graph, own: Tree, stimulus: Stimulus, dt: float) -> Built:
    """Return the network that bioscnn wrote."""
    if (own.get("input") == "currents") != stimulus.currents or stimulus.preprocesses:
        raise graph.refuse(
            "bioscnn wrote the graph for another stimulus",
            value="currents" if stimulus.currents else "spikes",
            expected=f"{own.get('input')}, encoding.kind = {own.get('encoding')!r}, without preprocessing",
        )
    try:
        network, written_for = rebuild(graph, own), float(own["dt"])
    except (
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise graph.refuse(f"the metadata of bioscnn are damaged: {error}") from None
    if not abs(dt - written_for) <= 1e-9 * written_for:
        raise UserError(
            "bioscnn wrote the graph for another time step", file=graph.path, key="simulation.dt",
            value=format_quantity(dt, "time"), expected=format_quantity(written_for, "time"),
            fix="set simulation.dt to that, or export the network again with the step that you want",
        )  # fmt: skip
    names = {name: name for name in (p.name for p in network.populations) if name in graph.nodes}
    version = "".join(c for c in str(own.get("version")) if c.isprintable())[:40]
    note = (
        f"Written by bioscnn {version}: refractory period, reset rule and readout are those of "
        "its metadata, which NIR cannot say."
    )
    return Built(network, (note,), True, names, dict.fromkeys(names, 0))


@dataclass
class _Builder:
    """Builds a network, population by population, then the projections between them."""

    graph: Graph
    rules: Rules
    stimulus: Stimulus
    dt: float
    shape: tuple[int, ...]
    populations: list[Population] = field(default_factory=list, init=False)
    called: dict[str, list[str]] = field(default_factory=dict, init=False)
    """Populations that stand for a node: one for each spike that it may fire in a step."""
    order: Order = field(init=False)

    def build(self) -> Built:
        """Return the network."""
        graph, source, paths = self.graph, self.graph.input.name, Paths(self.graph, self.rules.dt, self.shape)
        last = graph.final or graph.output.name
        fires = graph.final is not None and graph.nodes[last].type in FIRING
        states = [name for name, node in graph.nodes.items() if node.type in NEURONS and self._is_used(name)]
        inflows = {name: paths.into(name) for name in dict.fromkeys([*states, last])}
        edges = list({(pre, name): None for name, i in inflows.items() for pre, _, _ in i.connections})
        self._refuse_potentials_as_input(states, last, [pre for pre, _ in edges])
        if not fires and graph.final is not None and np.ptp(graph.nodes[last].array("v_leak")) > 0:
            raise graph.refuse(
                "leak potentials that differ between the classes", last, fix="put them into weights"
            )
        self.order = order(edges, source, self.stimulus.currents)
        self.populations, self.called[source] = [Population(SOURCE, self.shape)], [SOURCE]
        numbers = dict.fromkeys(NEURONS, 0)
        for name in sorted(states, key=lambda name: self.order.begins[name]):
            if name != last:
                kind = graph.nodes[name].type
                numbers[kind] += 1
                self._add(name, inflows[name], f"{kind.lower()}{numbers[kind]}", self.rules.most)
        inflows[last] = _flat(inflows[last])
        silent = {} if fires else {"fires": True, "reset": "v_reset", "V_th": NEVER}
        self._add(last, inflows[last], OUTPUT, self.rules.most if fires else 1, **silent)
        self._add(last, inflows[last], READOUT, 1, fires=False)
        senders = Senders(self.populations, self.dt)
        projections = [*self._of_currents(inflows), *self._of_spikes(inflows, senders), *senders.relays]
        network = SpikingNetwork(tuple(self.populations), tuple(projections))
        names = {name: called[0] for name, called in self.called.items()}
        begins = {name: max(self.order.begins[name], 0) for name in names}
        notes = (sentence(self.rules), *senders.notes, *self._notes(last, fires, edges))
        return Built(network, notes, fires, names, begins)

    def _is_used(self, name: str) -> bool:
        """Whether a node leads to anything: what does not is left out."""
        return any(pre == name for pre, _ in self.graph.edges)

    def _refuse_potentials_as_input(self, states: list[str], last: str, read: list[str]) -> None:
        for name in states:
            if self.graph.nodes[name].type not in FIRING and (name != last or name in read):
                raise self.graph.refuse(
                    "a population without threshold passes its potential on, and here spikes alone do",
                    name,
                    expected="LI and CubaLI as the last node, before Output",
                    fix="connect it to Output alone, to read its potential",
                )

    def _add(self, name: str, inflow: Inflow, called: str, most: int, **changes: Any) -> None:
        """Add the population of a node, and one for each further spike that it may fire in a step."""
        bias, driven = self._steady(inflow)
        begin = self.order.begins[name] if bias is not None or driven else 0
        node = self.graph.nodes[name] if name != self.graph.output.name else None
        neuron, values = cells_of(self.graph, node, self.rules, self.dt, prod(inflow.shape))
        for level in range(1, most + 1):
            own = called if level == 1 else f"{called}_spike{level}"
            neuron = replace(neuron, begin=max(begin, 0), level=level, most=most, **changes)
            differing = {key: value for key, value in values.items() if key in neuron.parameters}
            self.populations.append(Population(own, inflow.shape, neuron, bias, differing))
            self.called.setdefault(name, []).append(own)

    def _steady(self, inflow: Inflow) -> tuple[NDArray[np.float64] | None, bool]:
        """Return the constant current into each neuron, and whether the stimulus flows in besides."""
        bias, driven = inflow.constant.copy(), False
        for pre, _, connectivity in inflow.connections:
            if pre == self.graph.input.name and self.stimulus.currents:
                driven = True
                if self.stimulus.shift.any():
                    pixels = np.repeat(self.stimulus.shift, prod(self.shape[1:]))
                    bias += connectivity.matrix() @ pixels
        return (bias if bias.any() else None), driven

    def _of_currents(self, inflows: Mapping[str, Inflow]) -> list[Projection]:
        """Return the projections through which currents of the stimulus flow in."""
        projections = []
        for name, inflow in inflows.items():
            parts = []
            for pre, delay, connectivity in inflow.connections:
                if pre != self.graph.input.name or not self.stimulus.currents:
                    continue
                if np.any(delay):
                    raise self.graph.refuse(
                        "the stimulus is constant currents, for which a delay means nothing",
                        name,
                        fix='set encoding.kind = "poisson", or leave the Delay out',
                    )
                scale = self.stimulus.scale / FULL_INTENSITY
                parts.append(connectivity.scaled(scale, np.ones(connectivity.post_shape[0])))
            if parts:
                projections += [Projection(SOURCE, post, summed(parts), None) for post in self.called[name]]
        return projections

    def _of_spikes(self, inflows: Mapping[str, Inflow], senders: Senders) -> list[Projection]:
        """Return the projections that carry spikes; those of a shorter way wait for those of a longer one."""
        connections: list[tuple[str, str, NDArray[np.int64], Connectivity]] = []
        delays: dict[str, dict[bytes, NDArray[np.int64]]] = {}
        for name, inflow in inflows.items():
            for pre, delay, connectivity in inflow.connections:
                if pre == self.graph.input.name and self.stimulus.currents:
                    continue
                size, wait = prod(connectivity.pre_shape), self.order.wait(pre, name)
                steps = np.maximum(np.broadcast_to(np.asarray(delay, np.int64) + wait, size), 0)
                delays.setdefault(pre, {})[steps.tobytes()] = steps
                connections.append((pre, name, steps, connectivity))
        sent = {
            own: senders.of(own, list(of_node.values()))
            for pre, of_node in delays.items()
            for own in self.called[pre]
            if own != READOUT
        }
        parts: dict[tuple[str, str], list[Connectivity]] = {}
        for pre, name, steps, connectivity in connections:
            for own in self.called[pre]:
                for sender, mask in sent[own][steps.tobytes()] if own in sent else ():
                    for post in self.called[name]:
                        parts.setdefault((sender, post), []).append(masked(connectivity, mask))
        return [Projection(pre, post, summed(of_pair), Pulse()) for (pre, post), of_pair in parts.items()]

    def _notes(self, last: str, fires: bool, edges: list[tuple[str, str]]) -> list[str]:
        """Return notes on loops, on the output, and on which population stands for which node."""
        notes = []
        for pre, post in edges:
            late = -self.order.wait(pre, post)
            if late > 0 and pre != self.graph.input.name:
                notes.append(
                    f"Loop: spikes of {self.called[pre][0]} reach {self.called[post][0]} {late} steps later "
                    "than in a framework that computes all layers within a step."
                )
        if fires:
            notes.append("readout: the output neurons without a threshold.")
        elif last == self.graph.output.name:
            notes.append("The graph ends without neurons: readout sums up its last layer, output is silent.")
        else:
            notes.append("The graph ends in a leaky integrator, which is readout; output is silent.")
        named = ", ".join(f"{called[0]} = {name!r}" for name, called in self.called.items())
        return [*notes, f"Populations and their nodes: {named}."]


def _flat(inflow: Inflow) -> Inflow:
    """Return the inflow of an output, whose neurons are numbered by class alone."""
    size = prod(inflow.shape)
    if inflow.shape == (size,):
        return inflow
    check_room((size, size), "the map of the output to its classes")
    flat = Dense(inflow.shape, (size,), np.eye(size))
    connections = [(pre, delay, compose([part, flat])) for pre, delay, part in inflow.connections]
    return Inflow((size,), connections, inflow.constant)
