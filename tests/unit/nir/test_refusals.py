"""Graphs that cannot be run: each one ends in one error, which names the node."""

import itertools
from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest
from pydantic import ValidationError

from bioscnn.errors import UserError
from bioscnn.nir import Choices, Node, build, read_graph
from bioscnn.studies.config import StudyConfig
from tests.unit.nir.graphs import (
    DT,
    RULES,
    chain,
    conv,
    cuba,
    integrate,
    joined,
    lif,
    plain,
    weights,
    written,
)

NORSE = RULES["norse"]


def dense(n_in, n_out):
    return nir.Linear(weights(n_out, n_in))


def of(nodes, *edges, ends=(4, 3)):
    """A graph with an input of 4 and an output of 3."""
    shape = {"input": nir.Input(np.array([ends[0]])), "output": nir.Output(np.array([ends[1]]))}
    return joined({**shape, **nodes}, [tuple(edge.split(" ")) for edge in edges])


def changed(node, **values):
    for name, value in values.items():
        setattr(node, name, np.asarray(value))
    return node


SMALL = {"a": dense(4, 3), "b": lif(3)}
WAY = ("input a", "a b", "b output")


REFUSED = {
    "Threshold": (
        of({**SMALL, "c": nir.Threshold(np.ones(3))}, "input a", "a b", "b c", "c output"),
        "node 'c' (Threshold)",
    ),
    "I": (of({"a": dense(4, 3), "b": nir.I(np.ones(3))}, *WAY), "node 'b' (I)"),
    "an edge to nowhere": (of(SMALL, *WAY, "b c"), "edges of the graph"),
    "an edge twice": (of(SMALL, *WAY, "a b"), "edges"),
    "no input": (
        joined({**SMALL, "output": nir.Output(np.array([3]))}, [("a", "b"), ("b", "output")]),
        "nodes of type Input",
    ),
    "no output": (
        joined({**SMALL, "input": nir.Input(np.array([4]))}, [("input", "a"), ("a", "b")]),
        "nodes of type Output",
    ),
    "a node without input": (of({**SMALL, "c": dense(4, 3)}, *WAY, "c b"), "node 'c' (Linear)"),
    "a loop without a neuron": (
        of({**SMALL, "c": dense(3, 3), "d": dense(3, 3)}, *WAY, "a c", "c d", "d c", "c b"),
        "node 'c' (Linear)",
    ),
    "weights that are NaN": (
        of({**SMALL, "a": nir.Linear(np.full((3, 4), np.nan))}, *WAY),
        "node 'a' (Linear)",
    ),
    "a threshold that is infinite": (of({**SMALL, "b": lif(3, v_threshold=np.inf)}, *WAY), "node 'b' (LIF)"),
    "inputs of a wrong number": (of({**SMALL, "a": dense(5, 3)}, *WAY), "node 'a' (Linear)"),
    "more weights than neurons": (of({**SMALL, "a": dense(4, 7)}, *WAY), "node 'b' (LIF)"),
    "parameters of different shapes": (
        of({**SMALL, "b": changed(lif(3), tau=np.full(4, 0.01))}, *WAY),
        "node 'b' (LIF)",
    ),
    "a bias of a wrong shape": (
        of({**SMALL, "a": nir.Affine(weights(3, 4), np.zeros(5))}, *WAY),
        "node 'a' (Affine)",
    ),
    "a time constant of 0": (of({**SMALL, "b": lif(3, tau=0.0)}, *WAY), "node 'b' (LIF)"),
    "a delay between steps": (
        of(
            {**SMALL, "c": nir.Delay(np.full(3, 1.5 * DT)), "d": dense(3, 3), "e": lif(3)},
            "input a",
            "a b",
            "b c",
            "c d",
            "d e",
            "e output",
        ),
        "node 'c' (Delay)",
    ),
    "a delay of currents": (
        of({**SMALL, "c": nir.Delay(np.full(4, DT))}, "input c", "c a", "a b", "b output"),
        "node 'b' (LIF)",
    ),
    "potentials that neurons read": (
        of(
            {**SMALL, "c": nir.LI(np.full(3, 0.01), np.ones(3), np.zeros(3)), "d": dense(3, 3), "e": lif(3)},
            "input a",
            "a b",
            "b c",
            "c d",
            "d e",
            "e output",
        ),
        "node 'c' (LI)",
    ),
    "a kernel larger than its image": (
        chain(conv(1, 2, size=(7, 7), padding=0), lif(2, 1, 1), shape=(1, 5, 5), out=2),
        None,
    ),
    "channels that are not there": (
        chain(conv(3, 2), lif(2, 5, 5), shape=(1, 5, 5), out=2),
        "node 'a' (Conv2d)",
    ),
    "no edges": (of({}), "node 'output' (Output)"),
    "a neuron that nothing reaches": (of({**SMALL, "c": lif(3)}, *WAY, "c b"), "node 'c' (LIF)"),
    "inputs of different shapes": (
        of(
            {**SMALL, "c": dense(4, 5), "d": dense(3, 3)},
            "input a",
            "input c",
            "a d",
            "c d",
            "d b",
            "b output",
        ),
        "node 'd' (Linear)",
    ),
    "delays of another number": (
        of(
            {**SMALL, "c": nir.Delay(np.full(4, DT)), "d": lif(3)}, "input a", "a b", "b c", "c d", "d output"
        ),
        "node 'c' (Delay)",
    ),
    "neurons without shape in a loop of two": (
        of({**SMALL, "c": lif(1), "d": lif(1)}, *WAY, "c d", "d c", "c b"),
        "node 'd' (LIF)",
    ),
    "a neuron without shape that its loop comes before": (
        of({**SMALL, "b": lif(1), "c": nir.Scale(np.ones(3))}, "c b", "b c", *WAY),
        "node 'c' (Scale)",
    ),
    "leak potentials that differ at the output": (
        of({**SMALL, "b": nir.LI(np.full(3, 0.01), np.ones(3), np.arange(3.0))}, *WAY),
        "node 'b' (LI)",
    ),
    "a scale of another shape": (
        of({**SMALL, "c": nir.Scale(np.ones(5))}, "input a", "a c", "c b", "b output"),
        "node 'c' (Scale)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_name(tmp_path, name):
    graph, key = REFUSED[name]
    with pytest.raises(UserError) as caught:
        build(
            written(graph, tmp_path),
            NORSE,
            plain(),
            DT,
            tuple(graph.nodes.get("input", nir.Input(np.array([4]))).input_type["input"]),
        )
    assert caught.value.key == key or key is None
    assert caught.value.file == tmp_path / "graph.nir" or key is None


PAIR = np.ones((2, 2, 3, 3))
CONV = {"weight": PAIR, "bias": np.zeros(2), "stride": 1, "padding": 1, "dilation": 1, "groups": 1}
POOL = {"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}


@pytest.mark.parametrize(
    ("shape", "kind", "values"),
    [
        ((4,), "Linear", {"weight": np.ones(4)}),
        ((2, 5, 5), "Conv2d", CONV | {"weight": np.ones((2, 2, 3))}),
        ((2, 5, 5), "Conv2d", CONV | {"groups": 0}),
        ((2, 5, 5), "Conv2d", CONV | {"groups": 3}),
        ((2, 5, 5), "Conv2d", CONV | {"stride": 0}),
        ((2, 5, 5), "Conv2d", CONV | {"stride": [1, 1, 1]}),
        ((2, 5, 5), "Conv2d", CONV | {"dilation": -1}),
        ((2, 5, 5), "Conv2d", CONV | {"weight": PAIR[..., :1, :1], "dilation": 2000}),
        ((2, 5, 5), "Conv2d", CONV | {"padding": "same", "stride": 2}),
        ((2, 5, 5), "Conv2d", CONV | {"padding": 9}),
        ((2, 5, 5), "Conv2d", CONV | {"bias": np.zeros(3)}),
        ((4,), "AvgPool2d", POOL),
        ((2, 5, 5), "AvgPool2d", POOL | {"kernel_size": [0, 2]}),
        ((2, 5, 5), "SumPool2d", POOL | {"stride": [2, 0]}),
        ((2, 5, 5), "Flatten", {"start_dim": 3, "end_dim": -1}),
        ((2, 5, 5), "Flatten", {"start_dim": 0, "end_dim": -4}),
    ],
)
def test_a_linear_node_that_does_not_fit_its_input_is_refused_by_name(tmp_path, shape, kind, values):
    whole = written(of({"b": dense(4, 3)}, "input b", "b output"), tmp_path)
    nodes = {
        "input": Node("input", "Input", {"shape": np.array(shape)}),
        "a": Node("a", kind, values),
        **{name: whole.nodes[name] for name in ("b", "output")},
    }
    edges = (("input", "a"), ("a", "b"), ("b", "output"))
    with pytest.raises(UserError) as caught:
        build(replace(whole, nodes=nodes, edges=edges), NORSE, plain(shape[0]), DT, shape)
    assert caught.value.key == f"node 'a' ({kind})"


@pytest.mark.parametrize(
    ("choices", "key"),
    [
        (Choices(), "nir.framework"),
        (Choices("euler"), "nir.dt"),
        (Choices("snntorch"), "nir.reset"),
        (Choices("spikingjelly"), "nir.reset"),
        (Choices("sinabs"), "nir.reset, nir.spikes_per_step"),
        (Choices("norse", spikes_per_step=2), "nir.spikes_per_step"),
        (Choices("sinabs", reset="v_reset", spikes_per_step=2), "nir.spikes_per_step"),
    ],
)
def test_what_the_file_leaves_open_is_asked_for(tmp_path, choices, key):
    graph = written(of(SMALL, *WAY), tmp_path)
    with pytest.raises(UserError) as caught:
        build(graph, choices, plain(), DT, (4,))
    assert caught.value.key == key


def test_old_files_lack_a_reset_potential(tmp_path):
    """NIR before 1.0 had no v_reset; then even NIR as it stands leaves the reset open."""
    graph = written(of({**SMALL, "b": integrate(3)}, *WAY), tmp_path)
    old = dict(graph.nodes)
    values = {key: value for key, value in old["b"].values.items() if key != "v_reset"}
    old["b"] = replace(old["b"], values=values)
    euler = Choices("euler", DT)
    assert build(graph, euler, plain(), DT, (4,)).fires
    with pytest.raises(UserError) as caught:
        build(replace(graph, nodes=old), euler, plain(), DT, (4,))
    assert caught.value.key == "nir.reset"


def test_sinabs_writes_no_synaptic_currents(tmp_path):
    graph = written(of({**SMALL, "b": cuba(3)}, *WAY), tmp_path)
    with pytest.raises(UserError) as caught:
        build(graph, RULES["sinabs"], plain(), DT, (4,))
    assert caught.value.key == "node 'b' (CubaLIF)"


def test_an_unknown_type_is_named(tmp_path):
    written(of(SMALL, *WAY), tmp_path)
    with h5py.File(tmp_path / "graph.nir", "r+") as file:
        del file["node/nodes/b/type"]
        file["node/nodes/b/type"] = "Izhikevich"
    with pytest.raises(UserError) as caught:
        read_graph(tmp_path / "graph.nir")
    assert (caught.value.key, caught.value.value) == ("node 'b' (Izhikevich)", "Izhikevich")


def test_a_very_deep_graph_is_refused(tmp_path):
    graph = written(of(SMALL, *WAY), tmp_path)
    names = [f"n{k}" for k in range(3000)]
    nodes = {**graph.nodes, **{name: Node(name, "Scale", {"scale": np.ones(4)}) for name in names}}
    edges = (("input", "n0"), *itertools.pairwise(names), (names[-1], "a"), *graph.edges[1:])
    with pytest.raises(UserError, match="too deep"):
        build(replace(graph, nodes=nodes, edges=edges), NORSE, plain(), DT, (4,))


@pytest.mark.parametrize(
    ("graph", "key"),
    [
        (
            chain(changed(conv(1, 1), dilation=(10**7, 10**7)), lif(1), shape=(1, 5, 5), out=1),
            "node 'a' (Conv2d)",
        ),
        (
            chain(nir.AvgPool2d(np.full(2, 10**11), np.full(2, 10**11), np.full(2, 10**11)), lif(1),
                  shape=(1, 5, 5), out=1),
            "node 'a' (AvgPool2d)",
        ),
        (chain(dense(4, 3), lif(3), shape=(10**12,), out=3), "node 'input' (Input)"),
        (chain(nir.Scale(np.ones(10**6)), lif(10**6), shape=(10**6,), out=10**6), None),
    ],
    ids=["dilation", "window", "input", "one to one"],
)  # fmt: skip
def test_what_does_not_fit_into_the_memory_is_not_made(tmp_path, graph, key):
    """A file of a few bytes can name shapes of any size."""
    shape = tuple(int(n) for n in graph.nodes["input"].input_type["input"])
    with pytest.raises(UserError, match="memory of this machine") as caught:
        build(written(graph, tmp_path), NORSE, plain(), DT, shape)
    assert (caught.value.file, caught.value.key) == (tmp_path / "graph.nir", key)


def test_a_start_that_a_graph_does_not_use_is_refused():
    """Its neurons begin at the leak potential, whatever the study says."""
    tables = {"network": {"model": "mine.nir"}, "simulation": {"start": "spread"}}
    with pytest.raises(ValidationError, match=r"simulation\.start"):
        StudyConfig.model_validate(tables)


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"encoding": {"kind": "lif-layer"}}, "encoding.kind"),
        ({"encoding": {"kind": "rank-order"}}, "encoding.kind"),
        ({"network": {"model": "mine.nir", "code": "time"}}, "network.code"),
    ],
)
def test_a_code_that_a_graph_has_not_is_refused(tables, key):
    with pytest.raises(ValidationError) as refused:
        StudyConfig.model_validate({"network": {"model": "mine.nir"}} | tables)
    assert refused.value.errors()[0]["ctx"]["error"].args[0].key == key


def test_parallel_ways_through_subgraphs_are_summed(tmp_path):
    ends = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([3]))}
    through = {name: joined(ends, [("input", "output")]) for name in ("p", "q")}
    edges = ("input a", "a p", "a q", "p b", "q b", "b output")
    graph = written(of({**SMALL, **through}, *edges), tmp_path)
    assert graph.before("b") == ["a", "a"]
    one = build(written(of(SMALL, *WAY), tmp_path), NORSE, plain(), DT, (4,)).network
    both = build(graph, NORSE, plain(), DT, (4,)).network
    single, double = (
        next(p for p in n.projections if p.post == "output").connectivity.matrix() for n in (one, both)
    )
    assert np.allclose(double.toarray(), 2 * single.toarray())


def test_a_subgraph_that_feeds_itself_or_shares_a_name_is_refused(tmp_path):
    ends = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([3]))}
    through = {"s": joined(ends, [("input", "output")])}
    with pytest.raises(UserError, match="loop without a neuron"):
        written(of({**SMALL, **through}, "input a", "a s", "s s", "s b", "b output"), tmp_path)
    taken = of({**SMALL, "s.x": lif(3), **through}, "input a", "a s", "s b", "b output")
    written(taken, tmp_path)
    with h5py.File(tmp_path / "graph.nir", "r+") as file:
        file["node/nodes"].move("s.x", "s.input")
    with pytest.raises(UserError, match="the same name"):
        read_graph(tmp_path / "graph.nir")


def test_an_end_of_a_subgraph_at_which_too_many_edges_meet_is_refused(tmp_path, monkeypatch):
    """Each edge into it is joined with each edge out of it."""
    monkeypatch.setattr("bioscnn.nir.graph.MOST_EDGES", 5)
    ends = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([3]))}
    nodes = {**SMALL, "s": joined(ends, [("input", "output")]), "c": dense(4, 3), "d": lif(3)}
    with pytest.raises(UserError, match="too many edges") as caught:
        written(of(nodes, "input a", "input c", "a s", "c s", "s b", "s d", "b output"), tmp_path)
    assert caught.value.key == "node 's.input' (Input)"


@pytest.mark.parametrize("delay", [1e9, 1e29])
def test_a_delay_of_years_is_refused(tmp_path, delay):
    nodes = {**SMALL, "c": nir.Delay(np.full(3, delay)), "d": lif(3)}
    graph = written(of(nodes, "input a", "a b", "b c", "c d", "d output"), tmp_path)
    with pytest.raises(UserError, match="too long") as caught:
        build(graph, NORSE, plain(), DT, (4,))
    assert caught.value.key == "node 'c' (Delay)"


@pytest.mark.parametrize(
    ("node", "field", "value"),
    [
        ("a", "weight", np.full((3, 4), 1e31)),
        ("a", "weight", np.zeros((0, 4))),
        ("b", "tau", np.full(3, 1e-300)),
        ("b", "v_leak", np.zeros(0)),
        ("input", "shape", np.array([4.5])),
        ("output", "shape", np.full(30, 10**18)),
        ("output", "shape", np.array([-3])),
    ],
)
def test_numbers_that_no_simulation_can_hold_are_refused(tmp_path, node, field, value):
    written(of(SMALL, *WAY), tmp_path)
    with h5py.File(tmp_path / "graph.nir", "r+") as file:
        del file[f"node/nodes/{node}/{field}"]
        file[f"node/nodes/{node}/{field}"] = value
    with pytest.raises(UserError) as caught:
        read_graph(tmp_path / "graph.nir")
    assert caught.value.key.startswith(f"node {node!r}")


def test_paths_that_double_at_each_join_are_refused(tmp_path):
    graph = written(of(SMALL, *WAY), tmp_path)
    nodes, edges, last = dict(graph.nodes), [], "a"
    for k in range(25):
        for name in (f"p{k}", f"q{k}", f"r{k}"):
            nodes[name] = Node(name, "Scale", {"scale": np.full((), 0.5)})
        edges += [(last, f"p{k}"), (last, f"q{k}"), (f"p{k}", f"r{k}"), (f"q{k}", f"r{k}")]
        last = f"r{k}"
    edges = (("input", "a"), *edges, (last, "b"), ("b", "output"))
    with pytest.raises(UserError, match="too many paths"):
        build(replace(graph, nodes=nodes, edges=edges), NORSE, plain(), DT, (4,))
