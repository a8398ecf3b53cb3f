"""Branches and max pooling: the same spikes on every device, and the counts that pooling claims."""

import numpy as np
import pytest

from bioscnn.ann import (
    INPUT,
    Add,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    LayerGraph,
    MaxPool2d,
    Node,
    ReLU,
)  # fmt: skip
from bioscnn.conversion import convert, normalise, spread_start
from bioscnn.encoding import pixel_currents
from bioscnn.errors import UserError
from bioscnn.ledger.conditions import Case, Conditions
from bioscnn.ledger.layers import compare_layers
from bioscnn.neurons import IF, LIF, ExponentialConductance, ExponentialCurrent, MaxPooling
from bioscnn.noise import SpikeLoss, with_common_delay
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.reference import simulate_reference
from bioscnn.simulation.storage import RunFile, load_run
from tests.devices.test_procedural import assert_same_spikes

pytestmark = pytest.mark.slow

SHAPE = (2, 9, 9)
DEVICES = {
    "numpy": Device("numpy"),
    "procedural": Device("cpp_standalone", "float64", jobs=2),
    "explicit": Device("cpp_standalone", "float64", connectivity="explicit"),
}


def images(n, seed=1):
    return stream(seed, "images").random((n, *SHAPE)).astype(np.float32)


def branching():
    """A network with max pooling of activations and of a concatenation, and a residual connection."""
    rng = stream(3, "weights")

    def weights(*shape):
        return rng.normal(0.15, 1.2, shape) / np.sqrt(np.prod(shape[1:]))

    return LayerGraph(
        "branching",
        SHAPE,
        (
            Node("first", Conv2d(weights(4, 2, 3, 3), weights(4), padding=(1, 1, 1, 1)), (INPUT,)),
            Node("rectified", ReLU(), ("first",)),
            Node("pooled", MaxPool2d((3, 3), (2, 2), (1, 1, 0, 0)), ("rectified",)),
            Node("second", Conv2d(weights(4, 4, 3, 3), weights(4), padding=(1, 1, 1, 1)), ("pooled",)),
            Node("sum", Add(), ("second", "pooled")),
            Node("of sum", ReLU(), ("sum",)),
            Node("joined", Concat(), ("of sum", "pooled")),
            Node("again", MaxPool2d((2, 2), (2, 2)), ("joined",)),
            Node("flat", Flatten(), ("again",)),
            Node("logits", Dense(weights(5, 32), weights(5)), ("flat",)),
        ),
    )


def spiking(neuron=None, synapse=None):
    graph, neuron = branching(), neuron or LIF()
    normalisation = normalise(graph, images(50, seed=2), neuron)
    return convert(graph, neuron, synapse or ExponentialCurrent(5e-3), normalisation=normalisation)


@pytest.mark.parametrize(
    ("device", "case"),
    [
        *(("numpy", case) for case in ("plain", "spread", "delayed")),
        *(("procedural", case) for case in ("plain", "delayed")),
        ("explicit", "spread"),
    ],
)
def test_every_device_gives_the_spikes_of_the_reference(device, case):
    network, stimulus = spiking(), pixel_currents(images(4), 40, 1e-3)
    if case != "plain":
        network = spread_start(network, seed=1)
    if case == "delayed":  # and lossy
        network = with_common_delay(SpikeLoss(0.2).apply(network, stream(4, "loss")), 3e-3)
    names = [population.name for population in network.neurons]
    reference = simulate_reference(network, stimulus)
    assert all(reference[name].counts_by_trial.any() for name in names if network[name].spikes)
    assert_same_spikes(network, simulate(network, stimulus, DEVICES[device], record=names), reference)


@pytest.mark.parametrize(
    ("neuron", "synapse"), [(IF(), None), (LIF(), ExponentialConductance(5e-3))], ids=["if", "conductance"]
)
def test_other_neurons_and_synapses_do_too(neuron, synapse):
    network, stimulus = spiking(neuron, synapse), pixel_currents(images(2), 40, 1e-3)
    names = [population.name for population in network.neurons]
    simulated = simulate(network, stimulus, DEVICES["numpy"], record=names)
    assert_same_spikes(network, simulated, simulate_reference(network, stimulus))


def test_a_pooling_neuron_has_fired_as_often_as_its_busiest_input_one_step_before():
    network, n_steps = spiking(), 60
    recorded = simulate_reference(network, pixel_currents(images(3), n_steps, 1e-3))
    sources = {p.post: p for p in network.projections if isinstance(network[p.post].neuron, MaxPooling)}
    assert len(sources) == 3
    for name, projection in sources.items():
        counts = [np.zeros((3, n_steps, network[end].size), int) for end in (projection.pre, name)]
        for raster, end in zip(counts, (projection.pre, name), strict=True):
            spikes = recorded[end].spikes
            raster[spikes.trial(), spikes.step, spikes.neuron] = 1
        before, pooled = (raster.cumsum(axis=1) for raster in counts)
        window = projection.connectivity.matrix().toarray() > 0
        busiest = np.array([before[:, :, inputs].max(axis=2) for inputs in window]).transpose(1, 2, 0)
        # Nothing spikes in the last step.
        assert np.array_equal(pooled[:, 1:-1], busiest[:, :-2]), name
        assert pooled.max() > 1


def test_genn_is_told_that_it_cannot_count():
    network = spiking()
    with pytest.raises(UserError, match="max pooling counts spikes"):
        simulate(network, pixel_currents(images(1), 10, 1e-3), Device("genn"))


def test_a_stored_run_keeps_the_order_of_its_populations(tmp_path):
    network = spiking()
    shapes = {population.name: population.shape for population in network.neurons}
    recorded = simulate_reference(network, pixel_currents(images(2), 20, 1e-3))
    with RunFile(tmp_path / "run.h5", shapes) as file:
        file.append(recorded)
        file.describe_trials(label=np.array([0, 1]), index=np.array([0, 1]), ann_class=np.array([0, 1]))
        file.add_examples(recorded, np.array([0, 1]), np.zeros((2, *SHAPE), np.uint8))
    stored = load_run(tmp_path / "run.h5")
    assert list(stored.examples.populations) == list(stored.shapes) == list(shapes)


def test_the_rate_of_a_pooling_neuron_stands_for_the_largest_activation():
    conditions = Conditions(
        LIF(), ExponentialCurrent(5e-3), "rate-matched", 99.9, 200.0, 1e-3, 60e-3, "float64"
    )
    case = Case(branching(), images(5), np.arange(5), images(30, seed=4))
    compared = {layer.name: layer for layer in compare_layers(case, conditions, DEVICES["numpy"])}
    assert {"pool1", "pool2", "pool3"} < set(compared)
    for name in ("pool1", "pool2", "pool3"):
        assert compared[name].correlation > 0.98, name
        assert 0.8 < compared[name].slope < 1.1, name
