"""Procedural projections give the spikes of listed synapses: byte for byte, whatever the geometry."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from bench.scaling import event_case
from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import Convolution, Dense, Pooling, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.build import COMPILER_FLAGS
from bioscnn.spikes import SpikeTrains
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.networks import currents, every_layer

pytestmark = [
    pytest.mark.slow,
    # A drawn network is long when it is printed, which Hypothesis warns of.
    pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"),
]

SYNAPSE = ExponentialCurrent(5e-3)
NETWORKS_A_PROGRAM = 20
TRIALS = 5


def assert_same_spikes(network, one, other):
    for population in network.neurons:
        a, b = one[population.name], other[population.name]
        assert a.counts_by_neuron.tobytes() == b.counts_by_neuron.tobytes(), population.name
        if population.spikes:
            assert a.spikes.neuron.tobytes() == b.spikes.neuron.tobytes(), population.name
            assert a.spikes.step.tobytes() == b.spikes.step.tobytes(), population.name
            assert a.spikes.trial_start.tobytes() == b.spikes.trial_start.tobytes(), population.name


@st.composite
def maps(draw, shape):
    """A convolution, pooling or dense map from a shape: any window, stride, padding and groups."""
    rng = stream(draw(st.integers(0, 2**31)), "map")
    kind = draw(st.sampled_from(["convolution", "convolution", "pooling", "dense"]))
    if kind == "dense":
        post = draw(st.sampled_from([(7,), (1,), (2, 3, 2)]))
        return Dense(shape, post, rng.normal(0.2, 1, (np.prod(post), np.prod(shape))))
    window, stride, padding, size = [], [], [], []
    for length in shape[1:]:
        before, after = (draw(st.integers(0, 2)) for _ in range(2))
        window.append(draw(st.integers(1, min(5, length + before + after))))
        stride.append(draw(st.integers(1, 4)))
        # A window that lies in the padding alone has no mean.
        padding.append((min(before, window[-1] - 1), min(after, window[-1] - 1)))
        size.append((length + sum(padding[-1]) - window[-1]) // stride[-1] + 1)
    window, stride, around = (
        tuple(window),
        tuple(stride),
        tuple(n for side in zip(*padding, strict=True) for n in side),
    )
    if kind == "pooling":
        counts = draw(st.booleans())
        return Pooling(shape, (shape[0], *size), stride, around, window, rng.normal(3, 1, shape[0]), counts)
    # The last row, or column, is hidden from windows that would reach it.
    around = (*around[:2], *(-1 if draw(st.booleans()) else after for after in around[2:]))
    groups = draw(st.sampled_from([n for n in (1, 2, 3, 4) if shape[0] % n == 0]))
    channels = groups * draw(st.integers(1, 4))
    kernel = rng.normal(0.2, 1, (channels, shape[0] // groups, *window))
    return Convolution(shape, (channels, *size), stride, around, kernel, groups)


@st.composite
def networks(draw):
    """Networks side by side, each a drawn map from the input to a layer of its own, and input spikes."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 8)), draw(st.integers(1, 8)))
    populations, projections = [Population("input", shape)], []
    for k in range(NETWORKS_A_PROGRAM):
        connectivity = draw(maps(shape))
        assume(connectivity.n_synapses)  # without any, Brian2 has nothing to connect
        per_spike = 3e-9 / np.sqrt(connectivity.fan_out().mean() + 1)
        scale = per_spike * np.ones(connectivity.pre_shape[0]), np.ones(connectivity.post_shape[0])
        name = f"layer{k}"
        populations.append(
            Population(name, connectivity.post_shape, LIF(t_ref=draw(st.sampled_from([0, 1e-3, 3e-3]))))
        )
        projections.append(Projection("input", name, connectivity.scaled(*scale), SYNAPSE))
    raster = stream(draw(st.integers(0, 2**31)), "input").random((TRIALS, 29, np.prod(shape))) < 0.2
    trial, step, neuron = np.nonzero(raster)
    stimulus = SpikeTrains.from_events(
        trial, step, neuron, n_trials=TRIALS, size=raster.shape[2], n_steps=30, dt=1e-3
    )
    return SpikingNetwork(tuple(populations), tuple(projections)), stimulus


PROGRAMS = int(os.environ.get("BIOSCNN_TEST_PROGRAMS", "1"))
"""Programs of `NETWORKS_A_PROGRAM` networks that are drawn; 10 take five minutes."""

# A failing example is not made smaller: each is a program to compile. The first one, the simplest of all, is
# left out: single neurons tell nothing.
compiled = settings(
    max_examples=PROGRAMS + 1,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def quick_to_compile(monkeypatch):
    """Without vectors: hundreds of functions are compiled, and each is called a hundred times."""
    flags = ["-O1" if flag == "-O3" else flag for flag in COMPILER_FLAGS]
    monkeypatch.setattr("bioscnn.simulation.build.COMPILER_FLAGS", flags)


def test_drawn_networks_spike_as_with_synapses(quick_to_compile):
    """Against `brian2.Synapses` of the NumPy runtime, which needs no compiler."""
    n_spikes = []

    @compiled
    @given(networks())
    def identical(case):
        network, stimulus = case
        if network.source.size == 1:
            return
        record = [population.name for population in network.neurons]
        device = Device("cpp_standalone", "float64", connectivity="procedural")
        procedural = simulate(network, stimulus, device, record=record, potentials=[])
        explicit = simulate(network, stimulus, Device("numpy"), record=record, potentials=[])
        assert_same_spikes(network, procedural, explicit)
        n_spikes.extend(int(procedural[name].counts_by_neuron.sum()) for name in record)

    identical()
    assert len(n_spikes) >= NETWORKS_A_PROGRAM
    assert np.median(n_spikes) > 10


@settings(compiled, max_examples=2)
@given(networks())
def test_drawn_networks_spike_as_with_compiled_synapses(quick_to_compile, case):
    network, stimulus = case
    if network.source.size == 1:
        return
    record = [population.name for population in network.neurons]
    one, other = (
        simulate(
            network,
            stimulus,
            Device("cpp_standalone", "float32", connectivity=way),
            record=record,
            potentials=[],
        )
        for way in ("procedural", "explicit")
    )
    assert_same_spikes(network, one, other)


@pytest.mark.parametrize("model", ["mnist-small", "mnist-large"])
def test_shipped_networks_spike_as_with_synapses_on_100_images(model):
    changes = [f"network.model={model}", "dataset.trials=100", "simulation.precision=float64"]
    prepared = prepare(read_study("sims/mnist.toml", changes), None)
    record = [population.name for population in prepared.network.neurons]
    one, other = (
        simulate(
            prepared.network,
            prepared.stimulus,
            Device("cpp_standalone", "float64", jobs=2, connectivity=connectivity),
            record=record,
            potentials=[],
        )
        for connectivity in ("procedural", "explicit")
    )
    assert_same_spikes(prepared.network, one, other)
    assert sum(one[name].counts_by_neuron.sum() for name in record) > 100_000


def test_recordings_of_an_event_camera_take_the_same_path():
    """300 steps, 4,000 input spikes per trial."""
    network, stimulus = event_case(2)
    record = [population.name for population in network.neurons]
    device = Device("cpp_standalone", "float64", connectivity="procedural")
    procedural = simulate(network, stimulus, device, record=record, potentials=[])
    explicit = simulate(network, stimulus, Device("numpy"), record=record, potentials=[])
    assert_same_spikes(network, procedural, explicit)
    assert all(procedural[name].counts_by_neuron.sum() > 100 for name in record[:-2])


def test_what_no_rule_computes_is_listed_or_refused():
    network = convert(every_layer(), LIF(), SYNAPSE)
    ways = {f"{p.pre}_{p.post}": Device().simulates(p) for p in network.projections}
    assert ways["input_conv1"] == "current"
    assert ways["conv1_conv2"] == "listed"  # pooling whose windows at the border count fewer pixels
    assert ways["conv2_dense1"] == ways["dense1_output"] == "procedural"
    assert set(map(Device("numpy").simulates, network.projections)) == {"current", "explicit"}
    with pytest.raises(UserError, match="conv1_to_conv2"):
        simulate(network, currents(1), Device(connectivity="procedural"))
    with pytest.raises(UserError, match="only the device cpp_standalone"):
        Device("numpy", connectivity="procedural")


def test_a_window_needs_the_shape_of_its_populations_and_not_their_size_alone():
    kernel = Convolution((2, 3, 3), (4, 2, 2), (1, 1), (0, 0, 0, 0), np.ones((4, 2, 2, 2)))
    with pytest.raises(ValueError, match="does not have shape"):
        SpikingNetwork(
            (Population("input", (2, 3, 3)), Population("cells", (16,), LIF())),
            (Projection("input", "cells", kernel, SYNAPSE),),
        )
