"""A converted network as NIR: what is written, and that reading it gives the same network back."""

from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest

from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, MaxPool2d, ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, Failure, Individual, MembraneNoise, Projection
from bioscnn.network import Dense as AllToAll
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    ExponentialCurrent,
    TimeCode,
    WindowedLIF,
)
from bioscnn.nir import Choices, build, read_graph, write_nir
from bioscnn.noise import with_common_delay
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.reference import simulate_reference
from tests.networks import SHAPE, currents, every_layer, spikes
from tests.unit.nir.graphs import DT, plain

TAU_S = 5e-3


def network(*, spikes_come_in=False, delay=0.0):
    """Convolutions with uneven padding, groups and pooling, then dense layers."""
    graph, neuron = every_layer(), LIF()
    made = convert(graph, neuron, ExponentialCurrent(TAU_S), input_rate=100.0 if spikes_come_in else None)
    return with_common_delay(made, delay)


def again(made, path, *, spikes_come_in=False):
    write_nir(made, path, DT, {"encoding": "poisson" if spikes_come_in else "currents"})
    return build(read_graph(path), Choices(), plain(SHAPE[0], not spikes_come_in), DT, SHAPE)


def assert_same(one, other):
    for name, population in one.populations.items():
        assert np.array_equal(population.spikes.step, other[name].spikes.step), name
        assert np.array_equal(population.spikes.neuron, other[name].spikes.neuron), name
        assert np.array_equal(population.potentials, other[name].potentials), name


@pytest.mark.parametrize(("spikes_come_in", "delay"), [(False, 0.0), (True, 0.0), (False, 2e-3)])
def test_spikes_and_potentials_are_the_same_again(tmp_path, spikes_come_in, delay):
    made = network(spikes_come_in=spikes_come_in, delay=delay)
    read = again(made, tmp_path / "x.nir", spikes_come_in=spikes_come_in).network
    stimulus = spikes(3) if spikes_come_in else currents(3)
    expected = simulate_reference(made, stimulus)
    assert expected[OUTPUT].spikes.n_spikes > 5
    assert_same(expected, simulate_reference(read, stimulus))


@pytest.mark.slow
@pytest.mark.parametrize("device", [Device("numpy"), Device("cpp_standalone")], ids=["numpy", "cpp"])
def test_a_round_trip_on_devices(tmp_path, device):
    made = network()
    read = again(made, tmp_path / "x.nir").network
    names = [population.name for population in made.neurons]
    assert_same(*(simulate(n, currents(5), device, record=names) for n in (made, read)))


def test_what_nir_can_say(tmp_path):
    """The file is one that `nir` reads; parameters are in SI units, biases are leak potentials."""
    made = network(delay=2e-3)
    done = write_nir(made, tmp_path / "x.nir", DT, {})
    graph = nir.read(tmp_path / "x.nir", type_check=False)
    assert {name: type(node).__name__ for name, node in graph.nodes.items()} == dict(done.nodes)
    first, second = made.neurons[0], made.neurons[1]
    assert type(graph.nodes[first.name]) is nir.LIF
    cuba = graph.nodes[second.name]
    assert (
        (cuba.tau_mem == 20e-3).all() and (cuba.tau_syn == TAU_S).all() and (cuba.v_threshold == 20e-3).all()
    )
    assert (cuba.r == 100e6).all() and (cuba.w_in == TAU_S / DT).all() and (cuba.v_reset == 0).all()
    assert np.allclose(cuba.v_leak.ravel(), 100e6 * second.bias)
    assert (graph.nodes[f"{first.name}_delay"].delay == 2e-3).all()
    assert READOUT not in graph.nodes
    assert any("refractory period of 2 ms" in part for part in done.carried)


def test_other_readers_get_the_network_that_nir_can_say(tmp_path):
    """Without refractory period, exact reset and metadata, the rates are near those of bioscnn."""
    graph = every_layer()
    made = convert(graph, LIF(t_ref=0.0, reset="zero"), ExponentialCurrent(TAU_S))
    write_nir(made, tmp_path / "x.nir", 1e-4, {})
    read = build(read_graph(tmp_path / "x.nir"), Choices("euler", 1e-4), plain(SHAPE[0]), 1e-4, SHAPE)
    stimulus = currents(1, n_steps=2000, dt=1e-4)
    ours, theirs = simulate_reference(made, stimulus), simulate_reference(read.network, stimulus)
    for node, name in read.names.items():
        if name not in ("input",):
            one, other = ours[node].counts_by_trial.sum(), theirs[name].counts_by_trial.sum()
            assert abs(one - other) < 0.1 * one + 3, (node, one, other)


def relu(*layers):
    return LayerGraph("small", (1, 6, 6), layers)


CONV = Conv2d(stream(1, "w").normal(0.2, 0.5, (2, 1, 3, 3)), np.zeros(2))

CONV_OF_ONE = Conv2d(np.ones((2, 1, 1, 1)), np.zeros(2))


def refused(made, path):
    with pytest.raises(UserError) as caught:
        write_nir(made, path, DT, {})
    assert not path.exists()
    return caught.value


def of_relu(neuron, *layers, synapse=None):
    graph = relu(*layers)
    shown = stream(2, "images").random((20, 1, 6, 6)).astype(np.float32)
    known = normalise(graph, shown, neuron, max_rate=100.0)
    return convert(graph, neuron, synapse or ExponentialCurrent(TAU_S), normalisation=known)


def dense(n_in, n_out):
    return Dense(stream(3, f"{n_in}").normal(0.1, 0.5, (n_out, n_in)), np.zeros(n_out))


@pytest.mark.parametrize(
    ("neuron", "synapse"),
    [(IF(), None), (AdaptiveLIF(), None), (LIF(), ExponentialConductance(TAU_S))],
    ids=["if", "adaptive", "conductance"],
)
def test_neurons_that_nir_does_not_have_are_refused(tmp_path, neuron, synapse):
    made = of_relu(neuron, CONV, ReLU(), Flatten(), dense(32, 3), synapse=synapse)
    assert refused(made, tmp_path / "x.nir").key.startswith("population ")


def changed(part, **values):
    """A network of which one population, or the projection onto it, is another."""
    made = network()

    def of(name, item):
        return replace(item, **values) if name == part else item

    return replace(
        made,
        populations=tuple(of(p.name, p) for p in made.populations),
        projections=tuple(of(f"onto {p.post}", p) for p in made.projections),
    )


def skipping():
    """A network whose output sees the stimulus too."""
    made = network()
    whole = AllToAll(SHAPE, made[OUTPUT].shape, np.ones((made[OUTPUT].size, made["input"].size)))
    return replace(made, projections=(*made.projections, Projection("input", OUTPUT, whole, None)))


SINGLE = Individual.of(AllToAll((12,), (5,), np.ones((5, 12))), np.ones(60))


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: changed(OUTPUT, neuron=WindowedLIF(TimeCode(20e-3, 5e-3, DT), 9)), "population output"),
        (lambda: changed(OUTPUT, noise=MembraneNoise(1e-3, 1)), "population output"),
        (lambda: changed(OUTPUT, values={"V_0": np.zeros(5)}), "population output"),
        (lambda: changed("onto output", failure=Failure(0.1, 1)), "population output"),
        (lambda: changed("onto output", connectivity=SINGLE), "projection dense1_to_output"),
        (skipping, "population output"),
    ],
)
def test_what_a_network_has_and_nir_has_not_is_refused(tmp_path, make, key):
    assert refused(make(), tmp_path / "x.nir").key == key


def test_max_pooling_is_refused(tmp_path):
    made = of_relu(LIF(), CONV, ReLU(), MaxPool2d((2, 2), (2, 2)), Flatten(), dense(8, 3))
    assert refused(made, tmp_path / "x.nir").key == "population pool1"


def test_averages_that_count_fewer_pixels_at_the_border(tmp_path):
    """No pooling of NIR does that; it is written as sums, each scaled by itself."""
    pool = AveragePool2d((3, 3), (2, 2), (1, 1, 1, 1), False)
    made = of_relu(LIF(), CONV, ReLU(), pool, Flatten(), dense(8, 3))
    path = tmp_path / "x.nir"
    write_nir(made, path, DT, {})
    read = build(read_graph(path), Choices(), plain(1), DT, (1, 6, 6)).network
    matrices = [[p.connectivity.matrix().toarray() for p in n.projections] for n in (made, read)]
    for one, other in zip(*matrices, strict=True):
        assert np.array_equal(one, other)


def test_a_changed_file_is_not_believed(tmp_path):
    """Its metadata are about other weights: it can be read as any NIR file then, and only then."""
    path = tmp_path / "x.nir"
    again(network(), path)
    with h5py.File(path, "r+") as file:
        name = next(name for name in file["node/nodes"] if name.endswith("output"))
        file[f"node/nodes/{name}/weight"][0, 0] += 1
    with pytest.raises(UserError, match="changed since bioscnn wrote it"):
        build(read_graph(path), Choices(), plain(SHAPE[0]), DT, SHAPE)
    assert build(read_graph(path), Choices("euler", DT), plain(SHAPE[0]), DT, SHAPE).fires


def test_lost_metadata_end_in_one_error(tmp_path):
    again(network(), tmp_path / "x.nir")
    graph = read_graph(tmp_path / "x.nir")
    assert_damaged(graph, {name: replace(node, metadata={}) for name, node in graph.nodes.items()})


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("CubaLIF", "bias", np.zeros(3)),
        ("CubaLIF", "tau_s", 0.0),
        ("CubaLIF", "t_ref", -1.0),
        ("Conv2d", "weight", np.full((4, 1, 3, 2), np.inf)),
        ("Delay", "delay", np.full(12, -1.0)),
    ],
)
def test_damaged_metadata_end_in_one_error(tmp_path, kind, key, value):
    again(network(delay=2e-3), tmp_path / "x.nir")
    graph = read_graph(tmp_path / "x.nir")
    part = "values" if kind == "Delay" else "metadata"
    own = {
        n.name: n.values if kind == "Delay" else n.metadata.get("bioscnn", {}) for n in graph.nodes.values()
    }
    name = next(name for name, node in graph.nodes.items() if node.type == kind and key in own[name])
    changed = {**own[name], key: value}
    changed = changed if kind == "Delay" else {"bioscnn": changed}
    assert_damaged(graph, {name: replace(graph.nodes[name], **{part: changed})})


def assert_damaged(graph, nodes):
    """Whoever damages metadata can also write the hash that fits."""
    broken = replace(graph, nodes={**graph.nodes, **nodes})
    broken.metadata["bioscnn"]["sha256"] = broken.sha256()
    with pytest.raises(UserError, match="metadata of bioscnn are damaged"):
        build(broken, Choices(), plain(SHAPE[0]), DT, SHAPE)


def test_a_network_of_currents_is_not_shown_spikes(tmp_path):
    made = network()
    write_nir(made, tmp_path / "x.nir", DT, {"encoding": "constant-current"})
    with pytest.raises(UserError) as caught:
        build(read_graph(tmp_path / "x.nir"), Choices(), plain(SHAPE[0], False), DT, SHAPE)
    assert (caught.value.value, "'constant-current'" in caught.value.expected) == ("spikes", True)


def test_windows_that_end_before_the_image_does(tmp_path):
    """Pooling leaves a row out and the convolution behind it pads: one kernel would see that row again."""
    padded = Conv2d(np.abs(CONV.weight), CONV.bias, padding=(1, 1, 1, 1))
    made = of_relu(LIF(), AveragePool2d((4, 4), (4, 4)), padded, ReLU(), Flatten(), dense(2, 3))
    error = refused(made, tmp_path / "x.nir")
    assert error.key == "projection input_to_conv1" and "-2" in error.value


def test_a_row_that_is_left_out_and_not_padded(tmp_path):
    """A kernel that ends before the row says it too."""
    made = of_relu(LIF(), AveragePool2d((4, 4), (4, 4)), CONV_OF_ONE, ReLU(), Flatten(), dense(2, 3))
    write_nir(made, tmp_path / "x.nir", DT, {})
    read = build(read_graph(tmp_path / "x.nir"), Choices(), plain(1), DT, (1, 6, 6)).network
    one, other = (n.projections[0].connectivity.matrix().toarray() for n in (made, read))
    assert np.array_equal(one, other)


def test_another_time_step_is_refused(tmp_path):
    path = tmp_path / "x.nir"
    again(network(), path)
    with pytest.raises(UserError) as caught:
        build(read_graph(path), Choices(), plain(SHAPE[0]), DT / 2, SHAPE)
    assert (caught.value.key, caught.value.value, caught.value.expected) == (
        "simulation.dt",
        "500 us",
        "1 ms",
    )


def test_metadata_of_the_graph_are_part_of_its_hash(tmp_path):
    path = tmp_path / "x.nir"
    again(network(), path)
    before = read_graph(path).sha256()
    with h5py.File(path, "r+") as file:
        file["node/metadata/bioscnn/dt"][()] = DT / 2
    assert read_graph(path).sha256() != before
    with pytest.raises(UserError, match="changed since bioscnn wrote it"):
        build(read_graph(path), Choices(), plain(SHAPE[0]), DT / 2, SHAPE)
