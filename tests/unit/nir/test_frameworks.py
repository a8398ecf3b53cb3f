"""Spikes of NIR graphs are those of their frameworks, step by step: an independent twin says so."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from bioscnn.encoding import FULL_INTENSITY, Currents
from bioscnn.nir import Choices, Stimulus, build
from bioscnn.readout import output_names
from bioscnn.simulation.reference import simulate_reference
from tests.unit.nir.graphs import (
    DT,
    RULES,
    agree,
    chain,
    conv,
    cuba,
    images,
    integrate,
    joined,
    lif,
    plain,
    weights,
    written,
)


def reset_of(choices):
    return choices.reset or "v_reset"


def of_every_kind():
    """Convolutions of all kinds, both poolings, Scale, Flatten, dense layers, in a chain."""
    return chain(
        conv(2, 4, size=(3, 2), stride=(1, 2), padding=(1, 0), groups=2),
        lif(4, 6, 3),
        nir.SumPool2d(np.array([2, 1]), np.array([2, 1]), np.array([0, 0])),
        conv(4, 3, size=(2, 2), padding="same", dilation=2),
        nir.Scale(1 + 0.5 * weights(3, 3, 3, seed=5)),
        lif(3, 3, 3, tau=8e-3, v_leak=0.02, v_reset=-0.05),
        nir.AvgPool2d(np.array([2, 2]), np.array([1, 1]), np.array([1, 1])),
        nir.Flatten({"input": np.array([3, 4, 4])}, 0, -1),
        nir.Affine(weights(6, 48), 0.3 * weights(6)),
        lif(6, tau=np.linspace(5e-3, 20e-3, 6), r=np.linspace(0.5, 2, 6)),
        nir.Linear(weights(5, 6)),
        lif(5, v_threshold=0.05),
        shape=(2, 6, 6),
        out=5,
    )


@pytest.mark.parametrize("framework", RULES)
@pytest.mark.parametrize("currents", [True, False])
def test_a_chain_of_every_linear_node(tmp_path, framework, currents):
    choices = RULES[framework]
    counts, made = agree(
        of_every_kind(), tmp_path, choices, dt=DT, currents=currents, reset=reset_of(choices)
    )
    assert min(counts.values()) > 5
    assert made.fires


@pytest.mark.parametrize("shape", [(3, 12), (3, 1, 12)])
def test_convolutions_in_one_dimension(tmp_path, shape):
    kernels = weights(4, 3, 3) / 2, weights(2, 2, 4) / 2
    graph = chain(
        nir.Conv1d(12, kernels[0], 1, 2, 2, 1, weights(4) / 10),
        nir.Scale(np.repeat([[1.0], [-0.5], [2.0], [1.0]], 12, axis=1)),
        lif(4, 12),
        nir.Conv1d(12, kernels[1], 2, "valid", 1, 2, weights(2) / 10),
        lif(2, 5),
        shape=(3, 12),
        out=10,
    )
    counts, _ = agree(graph, tmp_path, RULES["euler"], dt=DT, shape=shape)
    assert min(counts.values()) > 5


def test_channels_of_images_are_scaled(tmp_path):
    factors = np.broadcast_to(np.array([1.0, -0.5, 2.0])[:, None, None], (3, 5, 5)).copy()
    graph = chain(
        conv(1, 3, size=(2, 4), padding="same"), nir.Scale(factors), lif(3, 5, 5), shape=(1, 5, 5), out=75
    )
    counts, _ = agree(graph, tmp_path, RULES["euler"], dt=DT)
    assert counts["c"] > 5


@pytest.mark.parametrize("framework", ["norse", "snntorch", "spikingjelly", "euler"])
def test_synaptic_currents(tmp_path, framework):
    """Frameworks let the membrane see a new synaptic current at three different moments."""
    choices = RULES[framework]
    graph = chain(
        nir.Affine(weights(6, 4), weights(6)),
        cuba(6, w_in=2.0),
        nir.Linear(weights(3, 6)),
        cuba(3, tau_syn=np.array([2e-3, 5e-3, 9e-3]), v_threshold=0.03),
        shape=(4,),
        out=3,
    )
    counts, _ = agree(graph, tmp_path, choices, dt=DT, reset=reset_of(choices))
    assert min(counts.values()) > 5


@pytest.mark.parametrize(("framework", "r"), [("norse", 1.0), ("sinabs", 1.0), ("spikingjelly", 1 / DT)])
def test_integrators_add_their_input_as_it_is(tmp_path, framework, r):
    """Norse and sinabs write R = 1 whatever dt is, spikingjelly R = 1/dt: all add the weight of a spike."""
    choices = {
        "norse": RULES["norse"],
        "spikingjelly": RULES["spikingjelly"],
        "sinabs": Choices("sinabs", None, "subtract", 1),
    }[framework]
    graph = chain(
        nir.Linear(weights(5, 4) / 2),
        integrate(5, r=r),
        nir.Linear(weights(3, 5) / 2),
        integrate(3, r=r),
        shape=(4,),
        out=3,
    )
    dt = 1.0 if framework == "sinabs" else DT
    counts, _ = agree(graph, tmp_path, choices, dt=dt, reset=reset_of(choices))
    assert min(counts.values()) > 5


@pytest.mark.parametrize("most", [1, 4])
def test_several_spikes_in_a_step(tmp_path, most):
    """With strong input sinabs fires floor(v/theta) spikes at once; with one at most, the rest waits."""
    choices = Choices("sinabs", None, "subtract", most)
    graph = chain(
        nir.Linear(2 * np.abs(weights(5, 4))),
        integrate(5),
        nir.Linear(np.abs(weights(3, 5)) / 3),
        integrate(3),
        shape=(4,),
        out=3,
    )
    counts, made = agree(graph, tmp_path, choices, dt=1.0, reset="subtract", most=most, n_steps=20)
    assert (counts["b"] > 5 * 20) == (most > 1)
    assert sum(p.name.startswith("if1") for p in made.network.populations) == most


def test_a_layer_that_sees_its_own_spikes(tmp_path):
    """What a layer feeds back to itself takes a step, here as in every framework."""
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Affine(weights(6, 4), weights(6)),
        "b": lif(6),
        "back": nir.Affine(weights(6, 6, mean=-0.3), weights(6) / 10),
        "c": nir.Linear(weights(3, 6)),
        "d": lif(3),
        "output": nir.Output(np.array([3])),
    }
    edges = [
        ("input", "a"),
        ("a", "b"),
        ("b", "back"),
        ("back", "b"),
        ("b", "c"),
        ("c", "d"),
        ("d", "output"),
    ]
    graph = joined(nodes, edges)
    for framework in ("norse", "snntorch", "euler"):
        counts, _ = agree(graph, tmp_path, RULES[framework], dt=DT, reset=reset_of(RULES[framework]))
        assert min(counts.values()) > 5


def test_feedback_that_is_delayed(tmp_path):
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Affine(weights(6, 4), weights(6)),
        "b": lif(6),
        "slow": nir.Delay(np.array([0, 1, 2, 3, 0, 2]) * DT),
        "back": nir.Linear(weights(6, 6, mean=-0.3)),
        "output": nir.Output(np.array([6])),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "slow"), ("slow", "back"), ("back", "b"), ("b", "output")]
    counts, made = agree(joined(nodes, edges), tmp_path, RULES["euler"], dt=DT)
    assert counts["b"] > 50
    assert not any(note.startswith("Loop") for note in made.notes)


def test_neurons_whose_parameters_are_one_number_have_the_shape_of_their_input(tmp_path):
    """The same spikes as with one number for each neuron, through a loop too."""
    nodes = {
        "input": nir.Input(np.array([2, 5, 5])),
        "a": conv(2, 3),
        "b": lif(3, 5, 5),
        "back": nir.Scale(np.full((3, 5, 5), -0.3)),
        "flat": nir.Flatten({"input": np.array([3, 5, 5])}, 0, -1),
        "c": nir.Linear(weights(4, 75) / 4),
        "d": lif(4),
        "output": nir.Output(np.array([4])),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "back"), ("back", "b"), ("b", "flat"), ("flat", "c")]
    edges += [("c", "d"), ("d", "output")]
    image = Currents((images((2, 5, 5)).reshape(1, -1) * FULL_INTENSITY).astype(np.float32), 40, DT)
    spikes = []
    for neurons in ({}, {"b": lif(1), "d": lif(1)}):
        graph = written(joined(nodes | neurons, edges), tmp_path)
        made = build(graph, RULES["norse"], plain(2), DT, (2, 5, 5))
        spikes.append(simulate_reference(made.network, image))
    for population in ("lif1", "output"):
        one, other = (recording[population].spikes for recording in spikes)
        assert one == other and one.n_spikes > 5


def test_a_layer_that_an_image_reaches_by_a_kernel_and_by_a_matrix(tmp_path):
    nodes = {
        "input": nir.Input(np.array([1, 3, 3])),
        "a": conv(1, 2),
        "flat": nir.Flatten({"input": np.array([1, 3, 3])}, 0, -1),
        "b": nir.Linear(weights(18, 9) / 3),
        "c": lif(2, 3, 3),
        "d": nir.Linear(weights(3, 18)),
        "e": lif(3),
        "output": nir.Output(np.array([3])),
    }
    edges = [("input", "a"), ("a", "c"), ("input", "flat"), ("flat", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    made = build(
        written(joined(nodes, [*edges, ("e", "output")]), tmp_path), RULES["norse"], plain(), DT, (1, 3, 3)
    )
    (into,) = (p for p in made.network.projections if p.post == made.names["c"])
    kernel = chain(nodes["a"], lif(2, 3, 3), shape=(1, 3, 3), out=18)
    alone = build(written(kernel, tmp_path), RULES["norse"], plain(), DT, (1, 3, 3))
    first = next(p for p in alone.network.projections if p.post == "output")
    expected = first.connectivity.matrix() + nodes["b"].weight / FULL_INTENSITY
    assert np.allclose(into.connectivity.matrix().toarray(), expected)


def test_what_images_are_shifted_by_is_a_constant_current(tmp_path):
    """The network sees 2 x - 0.5; a bias of -0.5 times the sum of its weights is the same."""
    weight, shift = weights(6, 4), np.full(4, -0.5)
    shown = Stimulus(True, np.full(4, 2.0), shift)
    ends = {"shape": (4,), "out": 6}
    one = build(
        written(chain(nir.Linear(weight), lif(6), **ends), tmp_path), RULES["norse"], shown, DT, (4,)
    ).network
    other = build(
        written(chain(nir.Affine(2 * weight, weight @ shift), lif(6), **ends), tmp_path),
        RULES["norse"], plain(4), DT, (4,),
    ).network  # fmt: skip
    for made, twin in zip(one.populations[1:], other.populations[1:], strict=True):
        assert np.allclose(made.bias, twin.bias) and np.abs(made.bias).max() > 0.1
    for made, twin in zip(one.projections, other.projections, strict=True):
        assert np.allclose(made.connectivity.matrix().toarray(), twin.connectivity.matrix().toarray())


def test_an_output_whose_spikes_are_put_in_a_row_still_fires(tmp_path):
    flat = nir.Flatten({"input": np.array([2, 5, 5])}, 0, -1)
    counts, made = agree(chain(conv(1, 2), lif(2, 5, 5), flat, shape=(1, 5, 5), out=50), tmp_path,
                         RULES["norse"], dt=DT)  # fmt: skip
    assert made.fires and counts["b"] > 5


def test_a_graph_without_neurons_leaves_nothing_open(tmp_path):
    made = build(
        written(chain(nir.Linear(weights(3, 4)), shape=(4,), out=3), tmp_path), Choices(), plain(4), DT, (4,)
    )
    assert not made.fires
    assert {p.post for p in made.network.projections} == {"output", "readout"}


def test_a_loop_through_several_layers_is_told(tmp_path):
    """A framework computes three layers in a step; here their loop takes three, and the report says so."""
    dense = {f"w{k}": nir.Linear(weights(4, 4, seed=k)) for k in range(4)}
    nodes = {"input": nir.Input(np.array([4])), "a": lif(4), "b": lif(4), "c": lif(4), **dense}
    nodes["output"] = nir.Output(np.array([4]))
    way = ["input", "w0", "a", "w1", "b", "w2", "c"]
    edges = [*pairwise(way), ("c", "w3"), ("w3", "a"), ("c", "output")]
    made = build(written(joined(nodes, edges), tmp_path), RULES["euler"], plain(4), DT, (4,))
    assert [made.begins[name] for name in "abc"] == [0, 1, 2]
    (loop,) = (note for note in made.notes if note.startswith("Loop"))
    assert "spikes of output reach lif1 2 steps later" in loop


def branching():
    nodes = {
        "input": nir.Input(np.array([2, 5, 5])),
        "a": conv(2, 3),
        "b": lif(3, 5, 5),
        "c": conv(3, 3, seed=5),
        "d": lif(3, 5, 5),
        "e": conv(3, 3, seed=6),
        "f": lif(3, 5, 5),
        "flat": nir.Flatten({"input": np.array([3, 5, 5])}, 0, -1),
        "g": nir.Affine(weights(4, 75) / 4, weights(4)),
        "h": lif(4),
        "output": nir.Output(np.array([4])),
    }
    edges = [
        ("input", "a"),
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
        ("d", "e"),
        ("e", "f"),
        ("b", "f"),
        ("d", "flat"),
        ("f", "flat"),
        ("flat", "g"),
        ("g", "h"),
        ("h", "output"),
    ]
    return joined(nodes, edges)


@pytest.mark.parametrize("currents", [True, False])
def test_the_spikes_of_both_ways_meet(tmp_path, currents):
    """Two skip connections: spikes of the shorter way wait, so that sums are those of the framework."""
    counts, made = agree(branching(), tmp_path, RULES["euler"], dt=DT, currents=currents)
    assert min(counts.values()) > 20
    relays = [p.name for p in made.network.populations if "_later" in p.name]
    assert relays == ["lif1_later1", "lif2_later1"]


def test_spikes_that_an_output_passes_on_are_no_evidence(tmp_path):
    """The output fires twice in a step and feeds back along two ways, one of them later."""
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Affine(weights(3, 4), weights(3)),
        "b": integrate(3),
        "back": nir.Linear(weights(3, 3, mean=-0.3)),
        "slow": nir.Delay(np.full(3, 2 * DT)),
        "far": nir.Linear(weights(3, 3, mean=-0.3, seed=7)),
        "output": nir.Output(np.array([3])),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "back"), ("back", "b"), ("b", "slow"), ("slow", "far")]
    graph = written(joined(nodes, [*edges, ("far", "b"), ("b", "output")]), tmp_path)
    made = build(graph, Choices("sinabs", DT, "subtract", 2), plain(4), DT, (4,))
    names = [p.name for p in made.network.populations]
    assert names[-3:] == ["output", "output_spike2", "readout"]
    assert {"output_later1", "output_spike2_later1"} < set(names)
    assert output_names(names) == ["output", "output_spike2"]


def test_delays(tmp_path):
    """Delays behind neurons are those of axons; behind weights, of each target; both take whole steps."""
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Affine(weights(5, 4), weights(5)),
        "b": lif(5),
        "slow": nir.Delay(np.array([0, 1, 2, 5, 0]) * DT),
        "c": nir.Linear(weights(4, 5)),
        "d": lif(4),
        "e": nir.Linear(weights(4, 5, seed=8)),
        "late": nir.Delay(np.array([3, 0, 1, 3]) * DT),
        "output": nir.Output(np.array([4])),
    }
    edges = [
        ("input", "a"),
        ("a", "b"),
        ("b", "slow"),
        ("slow", "c"),
        ("c", "d"),
        ("b", "e"),
        ("e", "late"),
        ("late", "d"),
        ("d", "output"),
    ]
    counts, _ = agree(joined(nodes, edges), tmp_path, RULES["euler"], dt=DT)
    assert min(counts.values()) > 20


@pytest.mark.parametrize("end", ["LI", "CubaLI", "sum"])
def test_an_output_that_does_not_fire(tmp_path, end):
    """The potentials of a leaky integrator are those of the framework; a linear end is summed up."""
    last = {
        "LI": [nir.LI(np.full(3, 9e-3), np.ones(3), np.zeros(3))],
        "CubaLI": [nir.CubaLI(np.full(3, 4e-3), np.full(3, 9e-3), np.ones(3), np.zeros(3), np.ones(3))],
        "sum": [],
    }[end]
    graph = chain(
        nir.Affine(weights(6, 4), weights(6)),
        lif(6),
        nir.Affine(weights(3, 6), weights(3)),
        *last,
        shape=(4,),
        out=3,
    )
    counts, made = agree(graph, tmp_path, RULES["norse"], dt=DT)
    assert not made.fires
    assert counts["b"] > 5


def test_subgraphs_are_dissolved(tmp_path):
    """SnnTorch and norse write a recurrent layer as a graph of its own."""
    inner = joined(
        {
            "input": nir.Input(np.array([6])),
            "lif": lif(6),
            "w_rec": nir.Linear(weights(6, 6) / 3),
            "output": nir.Output(np.array([6])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    nodes = {
        "input": nir.Input(np.array([4])),
        "fc": nir.Linear(weights(6, 4)),
        "rec": inner,
        "fc2": nir.Linear(weights(3, 6)),
        "lif2": lif(3),
        "output": nir.Output(np.array([3])),
    }
    edges = [("input", "fc"), ("fc", "rec"), ("rec", "fc2"), ("fc2", "lif2"), ("lif2", "output")]
    flat = {
        **{k: v for k, v in nodes.items() if k != "rec"},
        "rec.lif": inner.nodes["lif"],
        "rec.w_rec": inner.nodes["w_rec"],
    }
    together = joined(
        flat,
        [
            ("input", "fc"),
            ("fc", "rec.lif"),
            ("rec.lif", "rec.w_rec"),
            ("rec.w_rec", "rec.lif"),
            ("rec.lif", "fc2"),
            ("fc2", "lif2"),
            ("lif2", "output"),
        ],
    )
    nested, flattened = written(joined(nodes, edges), tmp_path), written(together, tmp_path)
    assert set(nested.nodes) == set(flattened.nodes)
    assert set(nested.edges) == set(flattened.edges)
    counts, _ = agree(together, tmp_path, RULES["norse"], dt=DT)
    assert min(counts.values()) > 5
