"""A NIR graph: its nodes, checked one by one, and its edges, those of subgraphs among them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.room import check_room
from bioscnn.errors import UserError
from bioscnn.nir.file import Tree, read_tree

Edge = tuple[str, str]

NEURONS = ("IF", "LIF", "CubaLIF", "LI", "CubaLI")
"""Types of nodes with a state."""

FIRING = ("IF", "LIF", "CubaLIF")
"""Those of them that fire."""

MOST_EDGES = 100_000
"""Most edges of a graph whose subgraphs have been dissolved."""

LARGEST = 1e30
"""What numbers have to be smaller than, to be finite in single precision."""

SHORTEST = 1e-12
"""What time constants have to be longer than, s."""

MOST_PLACES = 10**15
"""Numbers of an input or output; what there is memory for is asked later."""

_TIMES = ("tau", "tau_mem", "tau_syn")
_WHOLE = ("shape", "groups", "start_dim", "end_dim", "stride", "padding", "dilation", "kernel_size")

_OPTIONAL = {"v_reset", "w_in", "input_shape", "input_type", "start_dim", "end_dim"}
FIELDS = {
    "Input": ("shape",),
    "Output": ("shape",),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Scale": ("scale",),
    "Conv1d": ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape"),
    "Conv2d": ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape"),
    "AvgPool2d": ("kernel_size", "stride", "padding"),
    "SumPool2d": ("kernel_size", "stride", "padding"),
    "Flatten": ("start_dim", "end_dim", "input_type"),
    "Delay": ("delay",),
    "IF": ("r", "v_threshold", "v_reset"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    "LI": ("tau", "r", "v_leak"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
}
"""What each type of node consists of."""

_SHAPES = ("input_type", "output_type", "metadata", "type")
"""What any node may have besides: shapes, which follow from the graph, and what is said of it."""

_REFUSED = {
    "Threshold": "it makes spikes of numbers without a state, which no neuron does",
    "I": "it integrates without leak and without threshold, and what it passes on are no spikes",
}


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a graph.

    Parameters
    ----------
    name : str
        Of the subgraph and in it, as in ``"lif1.w_rec"``.
    type : str
        A key of `FIELDS`.
    values : dict
        Arrays of float64 or int64, numbers and words, by field; what the file does not have is absent.
    metadata : dict
        What the file says of it besides.
    """

    name: str
    type: str
    values: Mapping[str, Any]
    metadata: Tree = field(default_factory=dict)

    def array(self, name: str) -> NDArray[np.float64]:
        """Return a field as an array of float64."""
        return np.asarray(self.values[name], np.float64)


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph without subgraphs.

    Parameters
    ----------
    path : Path
        Its file.
    nodes : dict of Node
        By name; one Input and one Output.
    edges : tuple of (str, str)
        From which node to which, in the order of the file.
    metadata : dict
        What the file says of the graph.
    """

    path: Path
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    metadata: Tree

    def before(self, name: str) -> list[str]:
        """Return the nodes whose output goes into a node."""
        return [pre for pre, post in self.edges if post == name]

    @property
    def input(self) -> Node:
        """Where the stimulus enters."""
        return next(node for node in self.nodes.values() if node.type == "Input")

    @property
    def output(self) -> Node:
        """What the classes are read from."""
        return next(node for node in self.nodes.values() if node.type == "Output")

    @property
    def final(self) -> str | None:
        """The node with a state whose activity is the output; None if it is a sum of weighted spikes."""
        name = self.output.name
        while len(before := self.before(name)) == 1 and self.nodes[before[0]].type == "Flatten":
            name = before[0]
        return before[0] if len(before) == 1 and self.nodes[before[0]].type in NEURONS else None

    def refuse(self, problem: str, node: str | None = None, **details: Any) -> UserError:
        """Return the error of a node."""
        return UserError(problem, file=self.path, key=self._key(node), **details)

    def check_room(self, shape: Sequence[int], what: str, node: str) -> None:
        """Refuse an array for a node that does not fit into the memory."""
        check_room(shape, what, file=self.path, key=self._key(node))

    def _key(self, node: str | None) -> str | None:
        named_node = self.nodes.get(node or "")
        return None if node is None else f"node {node!r}" + (f" ({named_node.type})" if named_node else "")

    def sha256(self) -> str:
        """Hash nodes, edges and what bioscnn says of them, but for the hash that stands there."""
        digest = hashlib.sha256()
        whole = self.metadata.get("bioscnn")
        if isinstance(whole, dict):
            _add(digest, ((key, value) for key, value in _leaves(whole) if key != "sha256"))
        for name, node in sorted(self.nodes.items()):
            digest.update(repr((name, node.type)).encode())
            own = node.metadata.get("bioscnn")
            _add(digest, [*sorted(node.values.items()), *_leaves(own if isinstance(own, dict) else {})])
        digest.update(repr(sorted(self.edges)).encode())
        return digest.hexdigest()


def read_graph(path: Path) -> Graph:
    """Read a NIR file, its subgraphs dissolved.

    Raises
    ------
    UserError
        If the file cannot be read, a node is of a type that is refused, lacks a field or has a wrong one, an
        edge has no end, or there is not one Input and one Output.
    """
    return graph_of(path, read_tree(path))


def _add(digest: Any, values: Iterable[tuple[str, Any]]) -> None:
    for key, value in values:
        array = np.asarray(value)
        content = repr(value).encode() if array.dtype.kind in "OU" else array.tobytes()
        digest.update(repr((key, array.shape)).encode() + content)


def _leaves(tree: Tree, inside: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all that is in a tree, by where it is."""
    for name, value in sorted(tree.items()):
        if isinstance(value, dict):
            yield from _leaves(value, f"{inside}{name}/")
        else:
            yield f"{inside}{name}", value


def graph_of(path: Path, tree: Tree) -> Graph:
    """Return the graph of a tree; errors as of `read_graph`."""
    kind = tree.get("type")
    if not isinstance(kind, str) or kind != "NIRGraph":
        raise UserError("not a NIR graph", file=path, key="node/type", value=kind)
    nodes: dict[str, Node] = {}
    edges = list(_dissolved(path, tree, "", nodes))
    for edge, times in Counter(edges).items():
        if times > 1:
            raise UserError("an edge is there twice", file=path, key="edges", value=" -> ".join(edge),
                            fix="write it once, with the weights doubled")  # fmt: skip
    return _without_inner_ends(Graph(path, nodes, tuple(edges), _metadata(tree)))


def _metadata(tree: Tree) -> Tree:
    metadata = tree.get("metadata", {})
    return metadata if isinstance(metadata, dict) else {}


def _dissolved(path: Path, tree: Tree, inside: str, nodes: dict[str, Node]) -> Iterator[Edge]:
    """Read the nodes of a graph, and yield its edges; a subgraph stands for its Input and its Output."""
    inner, pairs = tree.get("nodes"), tree.get("edges")
    here = inside.removesuffix(".") or "the graph"
    if not isinstance(inner, dict):
        raise UserError("a graph without nodes", file=path, key=here)
    if pairs is None or np.size(pairs) == 0:
        pairs = np.empty((0, 2), object)
    if not (
        isinstance(pairs, np.ndarray) and pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype == object
    ):
        raise UserError("edges are pairs of names", file=path, key=f"edges of {here}")
    entries: dict[str, str] = {}
    exits: dict[str, str] = {}
    for name, part in inner.items():
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise UserError("a node without a type", file=path, key=f"node {inside + name!r}")
        if part["type"] == "NIRGraph":
            ends: dict[str, Node] = {}
            yield from _dissolved(path, part, f"{inside}{name}.", ends)
            for kind, ports in (("Input", entries), ("Output", exits)):
                children = part["nodes"].items()
                own = [f"{inside}{name}.{child}" for child, p in children if p["type"] == kind]
                if len(own) != 1:
                    raise UserError(
                        f"a subgraph has one {kind}", file=path, key=f"node {inside + name!r} (NIRGraph)",
                        value=len(own), expected="1",
                    )  # fmt: skip
                ports[name] = own[0]
            _refuse_taken(path, ends, nodes)
            nodes |= ends
        else:
            _refuse_taken(path, (inside + name,), nodes)
            nodes[inside + name] = _node(path, inside + name, part)
            entries[name] = exits[name] = inside + name
    for pre, post in pairs.tolist():
        for end in (pre, post):
            if end not in inner:
                raise UserError(
                    "an edge to a node that is not there", file=path, key=f"edges of {here}",
                    value=f"{pre} -> {post}", expected="nodes " + ", ".join(inner),
                    fix="export the graph again; nir.read checks its edges",
                )  # fmt: skip
        yield exits[pre], entries[post]


def _refuse_taken(path: Path, names: Iterable[str], nodes: Mapping[str, Node]) -> None:
    """Refuse names that other nodes have: "a.b" may be a node, and a node of the subgraph "a"."""
    for name in names:
        if name in nodes:
            raise UserError(
                "two nodes have the same name: one of the graph, and one of a subgraph", file=path,
                key=f"node {name!r}", fix="rename one of them before the export",
            )  # fmt: skip


def _node(path: Path, name: str, part: Tree) -> Node:
    """Check a node: its type, its fields, that they are finite numbers."""
    kind = part["type"]
    key = f"node {name!r} ({kind})"
    if kind in _REFUSED:
        raise UserError(
            f"a node of type {kind}: {_REFUSED[kind]}", file=path, key=key, expected=" | ".join(NEURONS),
            fix="use IF, LIF or CubaLIF, which are a membrane and its threshold",
        )  # fmt: skip
    if kind not in FIELDS:
        raise UserError(
            "no such type of node is known", file=path, key=key, value=kind, expected=" | ".join(FIELDS),
            fix="replace it by nodes of these types before the export",
        )  # fmt: skip
    fields = FIELDS[kind]
    for named in part:
        if named not in (*fields, *_SHAPES):
            raise UserError("the node has a field that its type has not", file=path, key=key, value=named,
                            expected=" | ".join(fields))  # fmt: skip
    values = {field: part[field] for field in fields if field in part}
    for needed in fields:
        if needed not in values and needed not in _OPTIONAL:
            raise UserError("the node lacks a field", file=path, key=key, value=needed)
    for field_, value in values.items():
        if field_ == "padding" and isinstance(value, str) and value in ("same", "valid"):
            continue
        array = np.asarray(value)
        if array.dtype.kind not in "if":
            raise UserError(f"{field_} is no number", file=path, key=key, value=value)
        if not np.isfinite(array).all():
            raise UserError(
                f"{field_} has values that are not finite", file=path, key=key,
                value=f"{int(np.sum(~np.isfinite(array)))} of {array.size}", fix="train again, or mend them",
            )  # fmt: skip
        _check_size(path, key, field_, array)
    return Node(name, kind, values, _metadata(part))


def _check_size(path: Path, key: str, field_: str, array: NDArray[Any]) -> None:
    """Refuse numbers that are none in single precision, whole numbers that are none, and empty fields."""
    if array.size == 0 and field_ not in ("input_shape", "input_type"):
        raise UserError(f"{field_} is empty", file=path, key=key, value=array.shape)
    if array.dtype.kind == "f" and (np.abs(array) > LARGEST).any():
        raise UserError(
            f"{field_} is not finite in single precision", file=path, key=key,
            value=f"{np.abs(array).max():g}", expected=f"at most {LARGEST:g}",
        )  # fmt: skip
    if field_ in _TIMES and ((array > 0) & (array < SHORTEST)).any():
        raise UserError(
            f"{field_} is too short", file=path, key=key, value=f"{array.min():g} s",
            expected=f"at least {SHORTEST:g} s",
        )  # fmt: skip
    if field_ in _WHOLE and (array != np.rint(array)).any():
        raise UserError(f"{field_} is no whole number", file=path, key=key, value=array.tolist())
    if field_ in ("groups", "start_dim", "end_dim") and array.size != 1:
        raise UserError(f"{field_} is not one number", file=path, key=key, value=array.tolist())
    if field_ == "shape":
        size = prod(int(n) for n in array.ravel())
        if (array < 1).any() or size > MOST_PLACES:
            raise UserError(
                "no shape of an array", file=path, key=key, value=array.tolist()[:10] if array.ndim else size,
                expected=f"lengths of 1 or more, {MOST_PLACES:g} places at most",
            )  # fmt: skip


def _without_inner_ends(graph: Graph) -> Graph:
    """Join the edges that meet at the Input or Output of a subgraph; parallel ones remain, as a sum."""
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for node in graph.nodes.values():
        if node.type not in ("Input", "Output"):
            continue
        before = [pre for pre, post in edges if post == node.name]
        after = [post for pre, post in edges if pre == node.name]
        if (node.type == "Input" and before) or (node.type == "Output" and after):
            if node.name in before:
                raise graph.refuse(
                    "a loop without a neuron: nothing says what flows in it", node.name,
                    fix="put a neuron into the loop",
                )  # fmt: skip
            edges = [edge for edge in edges if node.name not in edge]
            if len(edges) + len(before) * len(after) > MOST_EDGES:
                raise graph.refuse(
                    "too many edges meet at the end of a subgraph", node.name, value=len(before) * len(after),
                    expected=f"{MOST_EDGES:,} edges at most",
                )  # fmt: skip
            edges += [(pre, post) for pre in before for post in after]
            del nodes[node.name]
    for kind in ("Input", "Output"):
        ends = [node.name for node in nodes.values() if node.type == kind]
        if len(ends) != 1:
            raise UserError(
                f"a network has one {kind}", file=graph.path, key=f"nodes of type {kind}", value=ends,
                expected="one of them", fix=f"join the {kind.lower()}s, or leave the others out"
                if ends else f"add nir.{kind} before the export",
            )  # fmt: skip
    return Graph(graph.path, nodes, tuple(edges), graph.metadata)
