"""What reaches each population of a graph: linear paths from others, with their delays, and a constant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.room import check_room
from bioscnn.network import Connectivity, Dense, compose, summed
from bioscnn.nir.graph import NEURONS, Graph, Node
from bioscnn.nir.linear import Linear, Shape, linear, one_to_one, place, without_batch

LONGEST_DELAY = 1_000_000
"""Most steps of a delay."""


MOST_PATHS = 500
"""Most paths that end in a node: they double wherever two branches part and meet again."""


@dataclass(frozen=True, eq=False)
class Path:
    """Linear nodes in a row that begin at a population.

    Parameters
    ----------
    source : str
        The node with a state, or the Input, at which it begins.
    at : tuple of int
        Shape of its end, as populations have it; nodes that rename alone leave it as it is.
    parts : tuple of Connectivity
        One for each node that does more than to rename.
    delay : ndarray of int64, shape (size of the source,), or int
        Steps that Delay nodes hold its spikes back.
    """

    source: str
    at: Shape
    parts: tuple[Connectivity, ...] = ()
    delay: NDArray[np.int64] | int = 0

    def then(self, part: Connectivity) -> Path:
        """Return the path with one more node."""
        return replace(self, at=part.post_shape, parts=(*self.parts, part))


@dataclass(frozen=True, eq=False)
class Signal:
    """What flows along the edges behind a node.

    Parameters
    ----------
    shape : tuple of int
        As NIR has it.
    paths : tuple of Path
        Whose sum it is.
    constant : ndarray of float64, shape (prod(shape),)
        What flows while no neuron fires and the stimulus is zero.
    """

    shape: Shape
    paths: tuple[Path, ...]
    constant: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Inflow:
    """What reaches a population.

    Parameters
    ----------
    shape : tuple of int
        Of the population.
    connections : list of (str, ndarray of int64 or int, Connectivity)
        Source, steps by which its spikes are late, weights.
    constant : ndarray of float64, shape (prod(shape),)
        From biases.
    """

    shape: Shape
    connections: list[tuple[str, Any, Connectivity]]
    constant: NDArray[np.float64]


@dataclass
class Paths:
    """Finds what reaches the populations of a graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    step : float
        Duration of a step, s, in the time of the file: delays are whole numbers of them.
    input_shape : tuple of int
        Of the population of the stimulus.
    """

    graph: Graph
    step: float
    input_shape: Shape
    _signals: dict[str, Signal] = field(default_factory=dict, init=False)
    _open: list[str] = field(default_factory=list, init=False)
    _shapes: dict[str, Shape | None] = field(default_factory=dict, init=False)

    def into(self, name: str) -> Inflow:
        """Return the inflow of a node with a state, or of the Output.

        Raises
        ------
        UserError
            If there is nothing, shapes do not fit, or linear nodes form a loop.
        """
        signals = [self._behind(pre) for pre in self.graph.before(name)]
        self._check_number(name, sum(len(signal.paths) for signal in signals))
        if not signals:
            raise self.graph.refuse("nothing flows into the node", name, fix="remove it, or add its edge")
        own = self.shape_of(name) or signals[0].shape
        if any(prod(signal.shape) != prod(own) for signal in signals):
            shapes = ", ".join(str(signal.shape) for signal in signals)
            raise self.graph.refuse("its inputs have wrong shapes", name, value=shapes, expected=str(own))
        paths = [path for signal in signals for path in signal.paths]
        places = [path.at for path in paths if path.parts and not isinstance(path.parts[-1], Dense)]
        places += [path.at for path in paths if not path.parts]
        shape = next(iter(places), place(own))
        grouped: dict[tuple[str, bytes], list[tuple[Path, Connectivity]]] = {}
        for path in paths:
            key = path.source, np.asarray(path.delay).tobytes()
            grouped.setdefault(key, []).append((path, _connectivity(path, shape)))
        connections = [
            (parts[0][0].source, parts[0][0].delay, summed([connectivity for _, connectivity in parts]))
            for parts in grouped.values()
        ]
        return Inflow(shape, connections, np.sum([s.constant for s in signals], axis=0))

    def is_state(self, name: str) -> bool:
        """Whether a node is one at which paths begin."""
        return self.graph.nodes[name].type in ("Input", *NEURONS)

    def shape_of(self, name: str) -> Shape | None:
        """Return the shape of a node with a state, as NIR has it; None while a loop needs it to know it."""
        node = self.graph.nodes[name]
        if node.type in ("Input", "Output"):
            shape = tuple(int(n) for n in np.ravel(node.values["shape"]))
            self.graph.check_room(shape, "one value for each of its places", name)
            return without_batch(shape)
        shapes = {node.array(key).shape for key in node.values}
        own = max(shapes, key=lambda shape: (prod(shape), len(shape)))
        if any(prod(shape) > 1 and shape != own for shape in shapes):
            raise self.graph.refuse(
                "its parameters have different shapes", name,
                value=", ".join(f"{key} {node.array(key).shape}" for key in node.values), expected=str(own),
            )  # fmt: skip
        if prod(own) > 1:
            return without_batch(own)
        if name in self._shapes:
            return self._shapes[name]
        self._shapes[name] = None
        for pre in self.graph.before(name):
            if (signal := self._try(pre)) is not None:
                self._shapes[name] = signal.shape
                break
        else:
            del self._shapes[name]
            return None
        return self._shapes[name]

    def _try(self, name: str) -> Signal | None:
        """Return the signal behind a node, if its shape is known by now."""
        if self.is_state(name) and self._shapes.get(name, ()) is None:
            return None
        return self._behind(name)

    def _behind(self, name: str) -> Signal:
        if name in self._signals:
            return self._signals[name]
        node = self.graph.nodes[name]
        if self.is_state(name):
            shape = self.shape_of(name)
            if shape is None:
                raise self.graph.refuse(
                    "its shape is nowhere in the file", name, fix="give its parameters one value a neuron"
                )
            at = self.input_shape if node.type == "Input" else self._place_of(name, shape)
            return self._keep(name, Signal(shape, (Path(name, at),), np.zeros(prod(shape))))
        if name in self._open:
            loop = " -> ".join([*self._open[self._open.index(name) :], name])
            raise self.graph.refuse(
                "a loop without a neuron: nothing says what flows in it", name, value=loop,
                fix="put a neuron into the loop",
            )  # fmt: skip
        self._open.append(name)
        before = [signal for pre in self.graph.before(name) if (signal := self._try(pre)) is not None]
        if len(before) < len(self.graph.before(name)):
            self._open.pop()
            raise self.graph.refuse(
                "its shape is nowhere in the file", name, fix="give neurons one value for each of them"
            )
        self._open.pop()
        return self._keep(name, self._through(node, before))

    def _place_of(self, name: str, shape: Shape) -> Shape:
        """Return the shape of the population of a node with a state: an image remains one when flattened."""
        if any(pre == name or self._leads(name, pre) for pre in self.graph.before(name)):
            return place(shape)
        return self.into(name).shape

    def _leads(self, start: str, end: str) -> bool:
        """Whether there is a way from a node to another one."""
        reached, waiting = set(), [start]
        while waiting:
            here = waiting.pop()
            for pre, post in self.graph.edges:
                if pre == here and post not in reached:
                    reached.add(post)
                    waiting.append(post)
        return end in reached

    def _keep(self, name: str, signal: Signal) -> Signal:
        self._signals[name] = signal
        return signal

    def _through(self, node: Node, before: list[Signal]) -> Signal:
        if not before:
            raise self.graph.refuse(
                "nothing flows into the node", node.name, fix="remove it, or add its edge"
            )
        if len({signal.shape for signal in before}) > 1:
            shapes = ", ".join(str(signal.shape) for signal in before)
            raise self.graph.refuse("its inputs have different shapes", node.name, value=shapes)
        shape = before[0].shape
        paths = tuple(path for signal in before for path in signal.paths)
        self._check_number(node.name, len(paths))
        constant = np.sum([signal.constant for signal in before], axis=0)
        if node.type == "Delay":
            return Signal(shape, self._delayed(node, shape, paths), constant)
        linear_parts = [linear(self.graph, node, shape, path.at) for path in paths]
        own: Linear = linear_parts[0]
        if own.connectivity is not None and constant.any():
            flat = linear(self.graph, node, shape, place(shape)).connectivity
            assert flat is not None
            behind = flat.matrix() @ constant
        else:
            behind = constant if own.connectivity is None else np.zeros(prod(own.shape))
        then = tuple(_then(path, part.connectivity) for path, part in zip(paths, linear_parts, strict=True))
        return Signal(own.shape, then, behind + own.bias)

    def _check_number(self, name: str, n_paths: int) -> None:
        """Refuse more paths than can be followed one by one."""
        if n_paths > MOST_PATHS:
            raise self.graph.refuse(
                "too many paths lead to the node", name, value=f"{n_paths:,}",
                expected=f"{MOST_PATHS:,} at most", fix="join linear nodes, or put neurons between branches",
            )  # fmt: skip

    def _delayed(self, node: Node, shape: Shape, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        """Return paths behind a Delay: one for each delay, if what it delays has been mixed before."""
        delay = node.array("delay")
        if delay.size not in (1, prod(shape)):
            raise self.graph.refuse(
                "delays of a wrong shape", node.name, value=delay.shape, expected=str(shape)
            )
        steps = delay.ravel() / self.step
        if (steps > LONGEST_DELAY).any():
            raise self.graph.refuse(
                "a delay is too long", node.name, value=f"{delay.max():g} s",
                expected=f"at most {LONGEST_DELAY:,} steps of {self.step:g} s",
            )  # fmt: skip
        whole = np.rint(steps)
        if (steps < 0).any() or (np.abs(steps - whole) > 1e-3 * np.maximum(steps, 1)).any():
            worst = delay.ravel()[np.argmax(np.abs(steps - whole))]
            raise self.graph.refuse(
                "a delay is no whole number of steps", node.name, value=f"{worst:g} s",
                expected=f"multiples of nir.dt = {self.step:g} s, 0 or more",
                fix="set nir.dt to a divisor of it",
            )  # fmt: skip
        late = np.broadcast_to(whole.astype(np.int64), prod(shape))
        values = np.unique(late)
        self._check_number(node.name, len(paths) * len(values))
        behind = []
        for path in paths:
            if len(values) == 1:
                behind.append(replace(path, delay=path.delay + int(values[0])))
            elif not path.parts:
                behind.append(replace(path, delay=path.delay + late))
            else:
                behind += [
                    replace(path.then(one_to_one(path.at, late == value)), delay=path.delay + int(value))
                    for value in values
                ]
        return tuple(behind)


def _then(path: Path, part: Connectivity | None) -> Path:
    """Return a path with one more node, whose window may slide over another shape of the same numbers."""
    if part is None:
        return path
    if path.at != part.pre_shape and not isinstance(part, Dense):
        path = path.then(one_to_one(path.at, np.ones(prod(path.at)), part.pre_shape))
    return path.then(part)


def _connectivity(path: Path, shape: Shape) -> Connectivity:
    """Return a path as one connectivity that ends in a population of a shape."""
    parts = list(path.parts)
    if path.at != shape and parts and isinstance(parts[-1], Dense):
        last = parts[-1]
        parts[-1] = Dense(last.pre_shape, shape, last.weight)
    elif path.at != shape or not parts:
        parts.append(one_to_one(path.at, np.ones(prod(path.at)), shape))
    for place_, part in enumerate(parts[1:], 1):
        if isinstance(part, Dense):  # what comes before may be folded into it
            before = max(prod(earlier.pre_shape) for earlier in parts[:place_])
            check_room((prod(part.post_shape), before), "linear nodes in a row, as one map")
    return compose(parts)
