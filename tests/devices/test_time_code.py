"""The time code: the same single spikes on every device, and the activations that they say."""

import numpy as np
import pytest

from bioscnn.ann import (
    INPUT,
    Add,
    AveragePool2d,
    Conv2d,
    Dense,
    Flatten,
    LayerGraph,
    MaxPool2d,
    Node,
    ReLU,
)  # fmt: skip
from bioscnn.conversion import convert_to_times, time_scales
from bioscnn.encoding import spike_times
from bioscnn.neurons import LIF, ExponentialCurrent, TimeCode
from bioscnn.noise import NoisyMembrane, SpikeLoss, ThresholdMismatch, TimeConstantMismatch, with_common_delay
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.reference import simulate_reference
from tests.devices.test_procedural import assert_same_spikes

SHAPE, N_IMAGES = (2, 9, 9), 6
CODE = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)
DEVICES = {
    "numpy": Device("numpy"),
    "procedural": Device("cpp_standalone", "float64"),
    "explicit": Device("cpp_standalone", "float64", connectivity="explicit"),
}


def residual():
    """A network with max pooling, average pooling, and a branch that is a layer shorter than the other."""
    rng = stream(3, "weights")

    def conv(n_out, n_in):
        weight = rng.normal(0.1, 1.0, (n_out, n_in, 3, 3)) / np.sqrt(9 * n_in)
        return Conv2d(
            weight.astype(np.float32), rng.normal(0, 0.1, n_out).astype(np.float32), padding=(1,) * 4
        )

    dense = Dense(
        (rng.normal(0, 1, (5, 16)) / 4).astype(np.float32), rng.normal(0, 0.1, 5).astype(np.float32)
    )
    return LayerGraph(
        "residual",
        SHAPE,
        (
            Node("first", conv(4, 2), (INPUT,)),
            Node("rectified", ReLU(), ("first",)),
            Node("pooled", MaxPool2d((3, 3), (2, 2), (1, 1, 0, 0)), ("rectified",)),
            Node("inner", conv(4, 4), ("pooled",)),
            Node("hidden", ReLU(), ("inner",)),
            Node("outer", conv(4, 4), ("hidden",)),
            Node("sum", Add(), ("outer", "pooled")),
            Node("together", ReLU(), ("sum",)),
            Node("mean", AveragePool2d((2, 2), (2, 2)), ("together",)),
            Node("flat", Flatten(), ("mean",)),
            Node("logits", dense, ("flat",)),
        ),
    )


GRAPH = residual()
IMAGES = stream(1, "images").random((N_IMAGES, *SHAPE)).astype(np.float32)
SCALES = time_scales(GRAPH, IMAGES, 90)
STAGE_OF = {"rectified": "conv1", "hidden": "conv2", "together": "conv3"}


def network(dt=CODE.dt, **keys):
    return convert_to_times(GRAPH, LIF(), ExponentialCurrent(5e-3), dt, scales=SCALES, **keys)


def shown(code=CODE, windows=4, later=0):
    """The input, in just as many steps as the network needs: max pooling takes one."""
    n_steps = windows * code.window_steps + 2 + later
    return spike_times(IMAGES.reshape(N_IMAGES, -1), code, n_steps)


def quantised_logits(code, images):
    """The centred logits of the trained network with every activation rounded to what a spike can say."""

    def compute(node, inputs):
        after = node.layer.forward(*inputs)
        if node.name not in STAGE_OF:
            return after
        scale = SCALES[STAGE_OF[node.name]]
        return code.quantised(after / scale) * scale

    values = code.quantised(images)
    logits = GRAPH.evaluate(values, compute)["logits"]
    return logits - logits.mean(axis=1, keepdims=True)


def evidence(recording):
    return recording["readout"].potentials[:, -1] * 10 / 20e-3 * SCALES["output"]


@pytest.fixture(scope="module")
def oracle():
    return simulate_reference(network(), shown())


def test_potentials_at_the_end_are_the_logits_of_rounded_activations(oracle):
    logits = quantised_logits(CODE, IMAGES)
    assert np.abs(evidence(oracle) - logits).max() < 1e-6 * np.abs(logits).max()


def test_every_neuron_fires_once_at_most_and_says_what_is_nearest(oracle):
    window = CODE.window_steps
    said = GRAPH.evaluate(CODE.quantised(IMAGES), lambda node, x: node.layer.forward(*x))["rectified"]
    ages = CODE.ages_of(said.reshape(N_IMAGES, -1) / SCALES["conv1"])
    trial, neuron = np.nonzero(ages)
    spikes = oracle["conv1"].spikes
    assert np.array_equal(spikes.neuron[np.lexsort((spikes.neuron, spikes.trial()))], neuron)
    assert np.array_equal(spikes.first_step()[trial, neuron], 2 * window - ages[trial, neuron])
    assert all(
        part.spikes.counts().max() == 1
        for name, part in oracle.populations.items()
        if name != "readout" and name != "output"
    )


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_devices_give_the_spikes_of_the_oracle(oracle, device):
    recording = simulate(network(), shown(), device, record=list(oracle.populations))
    assert_same_spikes(network(), recording, oracle)


def test_a_synaptic_delay_moves_the_windows_and_nothing_else(oracle):
    delayed, stimulus = with_common_delay(network(delay=2e-3), 2e-3), shown(later=10)[:2]
    recording = simulate(delayed, stimulus, DEVICES["numpy"], record=list(oracle.populations))
    assert_same_spikes(delayed, recording, simulate_reference(delayed, stimulus))
    assert np.allclose(evidence(recording), evidence(oracle)[:2], rtol=1e-6)


@pytest.mark.slow
def test_at_a_fine_time_step_the_evidence_is_the_logits():
    code = TimeCode(CODE.tau_m, CODE.tau_s, 0.05e-3)
    recording = simulate(network(code.dt), shown(code), DEVICES["procedural"], record=["output", "readout"])
    logits = quantised_logits(TimeCode(20e-3, 5e-3, 1e-6), IMAGES)
    assert np.abs(evidence(recording) - logits).max() < 0.02 * np.abs(logits).max()


@pytest.mark.slow
def test_noise_of_neurons_and_axons_is_that_of_the_oracle(oracle):
    noisy = network()
    for noise in (NoisyMembrane(1e-3), ThresholdMismatch(0.1), TimeConstantMismatch(0.1), SpikeLoss(0.1)):
        noisy = noise.apply(noisy, stream(5, noise.name))
    recording = simulate(noisy, shown(), DEVICES["procedural"], record=list(oracle.populations))
    assert_same_spikes(noisy, recording, simulate_reference(noisy, shown()))
    assert np.abs(evidence(recording) - evidence(oracle)).max() > 0.05
