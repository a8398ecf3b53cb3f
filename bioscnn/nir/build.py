"""A NIR graph becomes a spiking network: nodes with a state are populations, what is linear between them
projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import FULL_INTENSITY
from bioscnn.network import (
    OUTPUT,
    READOUT,
    Axons,
    Connectivity,
    Individual,
    Population,
    Projection,
    SpikingNetwork,
    summed,
)
from bioscnn.neurons import NIRNeuron, Pulse
from bioscnn.nir.file import Tree
from bioscnn.nir.frameworks import Choices, Rules, decide, sentence
from bioscnn.nir.graph import FIRING, NEURONS, Graph, Node
from bioscnn.nir.linear import one_to_one
from bioscnn.nir.own import rebuild
from bioscnn.nir.paths import Inflow, Paths
from bioscnn.nir.steps import order
from bioscnn.nir.write import own_metadata

SOURCE = "input"
"""Name of the population through which the stimulus enters."""

NEVER = 1e12
"""A threshold that no potential reaches, V."""


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
        What the study says where the file says nothing.
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
    own = own_metadata(graph) if choices == Choices() else None
    if own is not None:
        return _rebuilt(graph, own, stimulus)
    try:
        return _Builder(graph, decide(graph, choices), stimulus, dt, shape).build()
    except RecursionError:
        raise graph.refuse("the graph is too deep", value=f"{len(graph.nodes):,} nodes") from None


def _rebuilt(graph: Graph, own: Tree, stimulus: Stimulus) -> Built:
    """Return the network that bioscnn wrote."""
    if (own["input"] == "currents") != stimulus.currents or stimulus.preprocesses:
        raise graph.refuse(
            "bioscnn wrote the graph for another stimulus", value="currents" if stimulus.currents else "spikes",
            expected=f"{own['input']}, encoding.kind = {own.get('encoding')!r}, without preprocessing",
        )  # fmt: skip
    try:
        network = rebuild(graph, own)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise graph.refuse(f"the metadata of bioscnn are damaged: {error}") from None
    names = {name: name for name in (p.name for p in network.populations) if name in graph.nodes}
    note = (
        f"Written by bioscnn {own['version']}: refractory period, reset rule and readout are those of its "
        "metadata, which NIR cannot say."
    )
    return Built(network, (note,), True, names, dict.fromkeys(names, 0))


@dataclass
class _Builder:
    graph: Graph
    rules: Rules
    stimulus: Stimulus
    dt: float
    shape: tuple[int, ...]
    notes: list[str] = field(default_factory=list, init=False)
    populations: list[Population] = field(default_factory=list, init=False)
    relays: list[Projection] = field(default_factory=list, init=False)

    def build(self) -> Built:
        graph, paths = self.graph, Paths(self.graph, self.rules.dt, self.shape)
        states = [name for name, node in graph.nodes.items() if node.type in NEURONS and self._is_used(name)]
        final = graph.final
        inflows = {
            name: paths.into(name) for name in [*states, *([graph.output.name] if final is None else [])]
        }
        last = final or graph.output.name
        edges = [(pre, name) for name, inflow in inflows.items() for pre, _, _ in inflow.connections]
        self.order = order(list(dict.fromkeys(edges)), graph.input.name, self.stimulus.currents)
        states.sort(key=lambda name: self.order.begins[name])
        self.names = self._named(states, last)
        self._refuse_odd_outputs(states, last, edges)
        self.populations = [Population(SOURCE, self.shape)]
        for name in states:
            if name != last:
                self._add(name, graph.nodes[name], inflows[name], self.names[name], self.rules.most)
        fires = final is not None and graph.nodes[final].type in FIRING
        self._add_output(last, inflows[last], fires)
        sent = self._with_delays(inflows)
        self.notes.insert(0, sentence(self.rules))
        self._tell(last, fires)
        network = SpikingNetwork(tuple(self.populations), tuple(sent))
        begins = {name: max(self.order.begins[name], 0) for name in self.names}
        return Built(network, tuple(self.notes), fires, self.names, begins)

    def _is_used(self, name: str) -> bool:
        """Whether a node leads to anything: what does not is left out."""
        return any(pre == name for pre, _ in self.graph.edges) or name in self.graph.before(
            self.graph.output.name
        )

    def _named(self, states: list[str], last: str) -> dict[str, str]:
        """Name the populations by what they are and their number."""
        names, numbers = {self.graph.input.name: SOURCE, last: OUTPUT}, dict.fromkeys(NEURONS, 0)
        for name in states:
            kind = self.graph.nodes[name].type
            if name != last:
                numbers[kind] += 1
                names[name] = f"{kind.lower()}{numbers[kind]}"
        return names

    def _refuse_odd_outputs(self, states: list[str], last: str, edges: list[tuple[str, str]]) -> None:
        for name in states:
            if self.graph.nodes[name].type not in FIRING and name != last:
                raise self.graph.refuse(
                    "a population without threshold passes its potential on, and here spikes alone do", name,
                    expected="LI and CubaLI as the last node, before Output",
                    fix="read out its potential: connect it to Output",
                )  # fmt: skip
        if (
            last in states
            and self.graph.nodes[last].type not in FIRING
            and any(pre == last for pre, _ in edges)
        ):
            raise self.graph.refuse("a readout that other neurons read", last, fix="end the graph with it")

    # ------------------------------------------------------------------ populations

    def _add(
        self, name: str, node: Node | None, inflow: Inflow, called: str, most: int, **changes: Any
    ) -> None:
        """Add the population of a node, of each level if it fires several spikes in a step."""
        begin = self.order.begins[name]
        bias, driven = self._steady(name, inflow)
        for level in range(1, most + 1):
            own = called if level == 1 else f"{called}_spike{level}"
            neuron, values = self._neuron(node, prod(inflow.shape))
            starts = begin if (bias is not None or driven) and begin > 0 else 0
            neuron = replace(neuron, begin=starts, level=level, most=most, **changes)
            values = {key: value for key, value in values.items() if key in neuron.parameters}
            self.populations.append(Population(own, inflow.shape, neuron, bias, values))

    def _neuron(self, node: Node | None, size: int) -> tuple[NIRNeuron, dict[str, NDArray[np.float64]]]:
        """Return the neuron of a node and the parameters in which its cells differ.

        The time of the file is stretched, so that a step of its framework is one of the simulation.
        """
        rules, stretch = self.rules, self.dt / self.rules.dt
        if node is None:  # the sum over all steps of what the last linear node says
            return NIRNeuron("IF", fires=False, R=1 / self.dt), {}
        kind = {"LI": "LIF", "CubaLI": "CubaLIF"}.get(node.type, node.type)
        rest = node.array("v_leak") if "v_leak" in node.values else np.zeros(())
        found = {"R": node.array("r")}
        if kind == "IF":
            found["R"] = found["R"] / (self.dt if rules.framework.adds else stretch)
        else:
            found["tau"] = node.array("tau" if kind == "LIF" else "tau_mem") * stretch
        if kind == "CubaLIF":
            found["tau_syn"] = node.array("tau_syn") * stretch
            found["w_in"] = node.array("w_in") if "w_in" in node.values else np.ones(())
        if node.type in FIRING:
            reset = node.array("v_reset") if "v_reset" in node.values else np.zeros(())
            found["V_th"], found["V_drop"] = node.array("v_threshold") - rest, node.array("v_threshold")
            found["V_reset"] = reset - rest
        for key in ("tau", "tau_syn"):
            if key in found and (found[key] <= 0).any():
                raise self.graph.refuse(f"{key} is not positive", node.name, value=float(found[key].min()))
        shared = {key: float(np.ravel(value)[0]) for key, value in found.items()}
        values = {
            key: np.broadcast_to(np.ravel(value), size).astype(np.float64)
            for key, value in found.items()
            if value.size > 1 and np.ptp(value) > 0
        }
        neuron = NIRNeuron(
            kind,
            rules.framework.step,
            node.type in FIRING,
            rules.framework.at_threshold,
            rules.reset,
        )
        return replace(neuron, **shared), values  # type: ignore[arg-type]

    def _steady(self, name: str, inflow: Inflow) -> tuple[NDArray[np.float64] | None, bool]:
        """Return the constant current into each neuron, and whether the stimulus flows in besides."""
        bias, driven = inflow.constant.copy(), False
        for pre, _, connectivity in inflow.connections:
            if pre == self.graph.input.name and self.stimulus.currents:
                driven = True
                if self.stimulus.shift.any():
                    bias += connectivity.matrix() @ self._pixels(self.stimulus.shift)
        return (bias if bias.any() else None), driven

    def _pixels(self, channels: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(channels, prod(self.shape) // len(channels))

    def _add_output(self, last: str, inflow: Inflow, fires: bool) -> None:
        """Add the output and the readout, which have the same inputs: the one fires, the other does not."""
        node = self.graph.nodes[last] if last != self.graph.output.name else None
        if fires:
            self._add(last, node, inflow, OUTPUT, 1)
        else:
            self._add(last, node, inflow, OUTPUT, 1, fires=True, reset="v_reset", V_th=NEVER)
        self._add(last, node, inflow, READOUT, 1, fires=False)

    # ------------------------------------------------------------------ projections

    def _called(self, name: str) -> list[str]:
        """Return the populations that stand for a node."""
        own = self.names[name]
        if own == OUTPUT:
            return [OUTPUT, READOUT]
        levels = [p.name for p in self.populations if p.name.startswith(f"{own}_spike")]
        return [own, *levels]

    def _with_delays(self, inflows: dict[str, Inflow]) -> list[Projection]:
        """Return all projections; spikes that have to wait are sent later, or passed on."""
        source = self.graph.input.name
        sums: dict[tuple[str, str], list[Connectivity]] = {}
        direct: list[Projection] = []
        demands: dict[str, dict[bytes, NDArray[np.int64]]] = {}
        wanted: list[tuple[str, str, NDArray[np.int64], Connectivity]] = []
        late: set[tuple[str, str, int]] = set()
        for name, inflow in inflows.items():
            for pre, delay, connectivity in inflow.connections:
                connectivity = self._scaled(pre, connectivity)
                if pre == source and self.stimulus.currents:
                    if np.any(delay):
                        raise self.graph.refuse(
                            "the stimulus is constant currents, for which a delay means nothing", name,
                            fix='set encoding.kind = "poisson", or leave the Delay out',
                        )  # fmt: skip
                    sums.setdefault((pre, name), []).append(connectivity)
                    continue
                wait = self.order.wait(pre, name)
                if wait < 0:
                    late.add((pre, name, -wait))
                size = prod(connectivity.pre_shape)
                steps = np.maximum(np.broadcast_to(np.asarray(delay, np.int64) + wait, size), 0)
                demands.setdefault(pre, {})[steps.tobytes()] = steps
                wanted.append((pre, name, steps, connectivity))
        for (_, name), parts in sums.items():
            for post in self._called(name):
                direct.append(Projection(SOURCE, post, summed(parts), None))
        senders = {pre: self._senders(pre, list(delays.values())) for pre, delays in demands.items()}
        through: dict[tuple[str, str], list[Connectivity]] = {}
        for pre, name, steps, connectivity in wanted:
            for own, mask in senders[pre][steps.tobytes()]:
                part = connectivity if mask is None else _masked(connectivity, mask)
                for post in self._called(name):
                    through.setdefault((own, post), []).append(part)
        for (pre, post), parts in through.items():
            direct.append(Projection(pre, post, summed(parts), Pulse()))
        for pre, name, steps_late in sorted(late):
            self.notes.append(
                f"Loop: spikes of {self.names[pre]} reach {self.names[name]} {steps_late} steps later than "
                "in a framework that computes all layers within a step."
            )
        return [*direct, *self.relays]

    def _senders(
        self, pre: str, delays: list[NDArray[np.int64]]
    ) -> dict[bytes, list[tuple[str, NDArray[np.bool_] | None]]]:
        """Return, for each delay that is wanted of a node's spikes, which populations send them so late.

        One delay is that of its axons. Of several, those that are longer than none are of neurons of their
        own, which pass the spikes on, one step after they were fired at the soonest.
        """
        owners = [name for name in self._called(pre) if name != READOUT]
        found: dict[bytes, list[tuple[str, NDArray[np.bool_] | None]]] = {}
        for delay in delays:
            sends: list[tuple[str, NDArray[np.bool_] | None]] = []
            for own in owners:
                if len(delays) == 1:
                    if delay.any():
                        self._slow(own, delay)
                    sends.append((own, None))
                    continue
                if not delay.all():
                    sends.append((own, None if not delay.any() else delay == 0))
                if delay.any():
                    relay = self._relay(own, delay)
                    sends.append((relay, None if delay.all() else delay > 0))
            found[delay.tobytes()] = sends
        return found

    def _slow(self, name: str, delay: NDArray[np.int64]) -> None:
        """Give a population axons that are so many steps long."""
        for place_, population in enumerate(self.populations):
            if population.name == name:
                self.populations[place_] = replace(population, axons=Axons(delay * self.dt))

    def _relay(self, own: str, delay: NDArray[np.int64]) -> str:
        """Add neurons that fire one step after those of a population, with axons for the rest of a delay."""
        population = next(p for p in self.populations if p.name == own)
        number = sum(p.name.startswith(f"{own}_later") for p in self.populations) + 1
        name, size = f"{own}_later{number}", population.size
        neuron = NIRNeuron("IF", R=1 / self.dt, V_th=0.5)
        rest = np.asarray(np.maximum(delay - 1, 0) * self.dt, np.float64)
        axons = Axons(rest) if rest.any() else None
        self.populations.insert(-2, Population(name, population.shape, neuron, axons=axons))
        connectivity = one_to_one(population.shape, np.ones(size))
        self.relays.append(Projection(own, name, connectivity, Pulse()))
        steps = sorted(set(delay[delay > 0].tolist()))
        self.notes.append(
            f"{name}: neurons that pass the spikes of {own} on {', '.join(map(str, steps))} steps later, so "
            "that they arrive together with those of the longer way. They count among the spikes."
        )
        return name

    def _scaled(self, pre: str, connectivity: Connectivity) -> Connectivity:
        """Return weights of the stimulus for the unit in which currents come."""
        if pre != self.graph.input.name or not self.stimulus.currents:
            return connectivity
        return connectivity.scaled(self.stimulus.scale / FULL_INTENSITY, np.ones(connectivity.post_shape[0]))

    def _tell(self, last: str, fires: bool) -> None:
        """Say what stands for which node, and how the class is read."""
        named = ", ".join(f"{called} = {name!r}" for name, called in self.names.items())
        if fires:
            self.notes.append("readout: the output neurons without a threshold.")
        elif last == self.graph.output.name:
            self.notes.append(
                "The graph ends without neurons: readout sums up what its last layer says; output is silent."
            )
        else:
            self.notes.append(
                "The graph ends in a leaky integrator, whose potential is read; output is silent."
            )
        self.notes.append(f"Populations and their nodes: {named}.")


def _masked(connectivity: Connectivity, mask: NDArray[np.bool_]) -> Connectivity:
    """Return the same synapses, with 0 for those of the other presynaptic neurons."""
    pre, _, weight = connectivity.synapses()
    return Individual.of(connectivity, weight * mask[pre])
