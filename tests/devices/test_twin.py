"""The differentiable twin and Brian2 agree spike for spike."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, LIFRate, read_model  # noqa: E402
from bioscnn.conversion import convert  # noqa: E402
from bioscnn.datasets import load_dataset  # noqa: E402
from bioscnn.encoding import pixel_currents  # noqa: E402
from bioscnn.network import OUTPUT, READOUT  # noqa: E402
from bioscnn.neurons import LIF, ExponentialCurrent, LeakyIntegrator  # noqa: E402
from bioscnn.simulation import Device, simulate  # noqa: E402
from bioscnn.training.examples import SpikeExamples  # noqa: E402
from bioscnn.training.torch_network import TorchNetwork  # noqa: E402
from bioscnn.training.twin import Clock, run_twin  # noqa: E402
from tests.networks import every_layer, spikes  # noqa: E402


def strided_and_pooled():
    """Draw a network with padding, groups, pooling, and neurons of another refractory period."""
    rng = np.random.default_rng(1)
    neuron = LIFRate(tau_m=15e-3, t_ref=3e-3)
    return LayerGraph(
        "pooled",
        (1, 28, 28),
        (
            Conv2d(rng.normal(0, 1.2, (4, 1, 3, 3)), rng.normal(0.5, 0.3, 4), (2, 2), (1, 0, 1, 1)),
            neuron,
            AveragePool2d((2, 2), (2, 2), (0, 1, 0, 0)),
            Conv2d(rng.normal(0, 1.5, (6, 2, 3, 3)), rng.normal(0.8, 0.3, 6), groups=2),
            neuron,
            Flatten(),
            Dense(rng.normal(0, 0.4, (10, 6 * 5 * 5)), rng.normal(0, 0.1, 10)),
        ),
    )


@pytest.mark.parametrize("name", ["mnist-small", "mnist-small-fine-tuned", "pooled"])
def test_the_twin_and_brian_agree_spike_for_spike_on_100_images(name):
    graph = strided_and_pooled() if name == "pooled" else read_model(name)
    digits = load_dataset("mnist", "validation")
    images = digits.intensities()[:: len(digits) // 100][:100]
    clock, neuron = Clock(), next(layer for layer in graph.layers if isinstance(layer, LIFRate))
    run = run_twin(TorchNetwork(graph, torch.float64), torch.from_numpy(images).double(), clock)

    network = convert(graph, LIF(tau_m=neuron.tau_m, t_ref=neuron.t_ref), ExponentialCurrent(clock.tau_s))
    populations = [p.name for p in network.neurons if p.name.startswith("conv")]
    recording = simulate(
        network,
        pixel_currents(images, clock.n_steps, clock.dt),
        Device("cpp_standalone", "float64", jobs=2),
        record={*populations, READOUT},
    )
    assert_the_same(recording, populations, run)


def assert_the_same(recording, populations, run):
    """Assert that a recording and a run of the twin have the same spikes and potentials."""
    assert len(populations) == len(run.spikes)
    for population, twin in zip(populations, run.spikes, strict=True):
        trains = recording[population].spikes
        spikes = np.zeros((trains.n_trials, trains.n_steps, trains.size), bool)
        spikes[trains.trial(), trains.step, trains.neuron] = True
        assert spikes.sum() > 1000
        np.testing.assert_array_equal(
            twin.detach().flatten(2).numpy().swapaxes(0, 1) == 1, spikes, population
        )
    # The readout has a resistance of its own; potentials are recorded in single precision.
    volts = LIF().rheobase * LeakyIntegrator().R_m * run.potentials.detach().numpy().swapaxes(0, 1)
    np.testing.assert_allclose(recording[READOUT].potentials, volts, rtol=1e-5, atol=1e-8)


def test_the_twin_and_brian_agree_spike_for_spike_on_input_spikes_of_300_steps():
    graph, clock = every_layer(seed=3), Clock(duration=300e-3)
    trains = spikes(20, clock.n_steps)
    examples = SpikeExamples(trains, np.zeros(20, np.int64), graph.input_shape)
    run = run_twin(
        TorchNetwork(graph, torch.float64), examples.batch(torch.arange(20)).double(), clock, input_rate=100.0
    )
    network = convert(graph, LIF(), ExponentialCurrent(clock.tau_s), input_rate=100.0)
    populations = [p.name for p in network.neurons if p.name not in (OUTPUT, READOUT)]
    recording = simulate(
        network, trains, Device("cpp_standalone", "float64", jobs=2), record={*populations, READOUT}
    )
    assert_the_same(recording, populations, run)
