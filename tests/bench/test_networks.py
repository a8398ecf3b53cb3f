"""The network of IF or LIF neurons that the peers are given is the one that bioscnn simulates."""

import numpy as np
import pytest

from bench.contestants.bioscnn import load
from bench.networks import AT_ONCE, SAME_MODEL, problem_of
from bench.problem import Layer, Problem, Stimulus, count, intensities, read_problem, write_problem
from bench.vgg import ACTIVE, vgg
from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, ReLU, write_onnx
from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains

CHANGES = [*SAME_MODEL, "network.model=mnist-small-relu", "dataset.trials=3"]
RECORDINGS = [
    "network.model=nmnist-small", "neuron.model=lif", *AT_ONCE, "dataset.recordings=simulated",
    "dataset.trials=2", "simulation.duration=100 ms",
]  # fmt: skip


def by_hand(problem: Problem, stimulus: Stimulus, delay: bool) -> list[float]:
    """Spikes of each layer per example; with a delay they arrive a step later, none in the last step."""
    layers = problem.layers[:-1]
    totals = np.zeros(len(layers))
    for trial in range(count(stimulus)):
        inputs = frames(problem, stimulus[trial : trial + 1])
        potentials, spikes, signal = [], [], inputs[0]
        for layer in layers:
            signal = np.zeros_like(convolution(signal, layer))
            potentials.append(signal.copy())
            spikes.append(signal.copy())
        before_that = np.zeros_like(inputs[0])
        for now in inputs[: problem.n_steps - delay]:
            before = list(spikes)
            arriving = before_that if delay and isinstance(stimulus, SpikeTrains) else now
            for number, layer in enumerate(layers):
                sources = before if delay else spikes
                current = convolution(arriving if number == 0 else sources[number - 1], layer)
                potentials[number] *= problem.leak
                potentials[number] += current + layer.bias[:, None, None]
                spikes[number] = (potentials[number] > 1).astype(float)
                potentials[number] -= spikes[number]
                totals[number] += spikes[number].sum()
            before_that = now
    return (totals / count(stimulus)).tolist()


def frames(problem: Problem, example: Stimulus) -> np.ndarray:
    """What comes in at each step of an example."""
    if not isinstance(example, SpikeTrains):
        return np.repeat(example, problem.n_steps, axis=0)
    dense = np.zeros((problem.n_steps, example.size))
    dense[example.step, example.neuron] = 1
    return dense.reshape(-1, *problem.shape)


def convolution(image: np.ndarray, layer: Layer) -> np.ndarray:
    side = layer.pool
    channels, height, width = (image.shape[0], image.shape[1] // side, image.shape[2] // side)
    image = image[:, : height * side, : width * side].reshape(channels, height, side, width, side)
    image = np.pad(image.mean(axis=(2, 4)), [(0, 0), *[(layer.padding, layer.padding)] * 2])
    windows = np.lib.stride_tricks.sliding_window_view(image, layer.weight.shape[2:], axis=(1, 2))
    windows = windows[:, :: layer.stride, :: layer.stride]
    return np.einsum("cyxkl,ockl->oyx", windows, layer.weight, dtype=np.float64)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(CHANGES, "mean-potential")[0]


@pytest.mark.slow
def test_bioscnn_fires_like_the_plain_layers_that_hand_spikes_on_a_step_later(problem):
    images = problem.stimulus(3)
    fired = load(problem).spikes(images, 1, "jobs=1")
    assert fired == pytest.approx(by_hand(problem, images, delay=True), rel=2e-3)
    # Peers pass through all layers within a step, and fire in the last one too.
    assert 1.02 < sum(by_hand(problem, images, delay=False)) / sum(fired) < 1.10


@pytest.fixture(scope="module")
def events() -> Problem:
    return problem_of(RECORDINGS, "mean-potential", "nmnist")[0]


@pytest.mark.slow
def test_of_recordings_too_whose_events_come_in_as_spikes_to_neurons_with_a_leak(events):
    assert events.leak == pytest.approx(np.exp(-1 / 20)) and events.shape == (2, 34, 34)
    recordings = events.stimulus(2)
    fired = load(events).spikes(recordings, 1, "jobs=1")
    assert fired == pytest.approx(by_hand(events, recordings, delay=True), rel=2e-3)
    assert min(fired) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["events", "problem"])
@pytest.mark.parametrize("variant", ["", "channels-last", "bfloat16"])
def test_torch_by_hand_fires_like_the_plain_layers(name, variant, request):
    torch_loop = pytest.importorskip("bench.contestants.torch_loop", reason="needs torch")
    problem = request.getfixturevalue(name)
    stimulus = problem.stimulus(2)
    fired = torch_loop.load(problem).spikes(stimulus, 2, variant)
    expected = by_hand(problem, stimulus, delay=False)
    assert fired == pytest.approx(expected, rel=0.02 if variant == "bfloat16" else 1e-3)


@pytest.mark.parametrize("time_axis", [0, 1])
@pytest.mark.parametrize("channels_last", [False, True])
def test_frames_of_all_steps_hold_each_event_where_its_neuron_is(events, time_axis, channels_last):
    torch_frames = pytest.importorskip("bench.contestants.torch_frames", reason="needs torch")
    spikes = events.stimulus(2)
    expected = np.stack([frames(events, spikes[k : k + 1]) for k in range(2)], axis=1)
    stepwise = list(torch_frames.frame_by_frame(spikes, events.shape, channels_last))
    assert np.array_equal(np.stack(stepwise), expected)
    whole = torch_frames.all_frames(spikes, events.shape, channels_last, time_axis)
    assert np.array_equal(whole, np.moveaxis(expected, 0, time_axis).reshape(-1, *events.shape))


@pytest.mark.slow
def test_padding_pooling_and_dense_layers_reach_the_peers_as_the_network_has_them(tmp_path):
    rng = stream(1, "weights")

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)

    once, around = (1, 1), (1, 1, 1, 1)
    layers = (
        Conv2d(weights(4, 1, 3, 3), None, (2, 2), around), ReLU(), AveragePool2d((2, 2), (2, 2)),
        Conv2d(weights(5, 4, 3, 3), None, once, around), ReLU(), AveragePool2d((2, 2), (2, 2)),
        Conv2d(weights(6, 5, 3, 3), None, once, around), ReLU(), Flatten(),
        Dense(weights(7, 54)), ReLU(), Dense(weights(10, 7)),
    )  # fmt: skip
    write_onnx(LayerGraph("tiny", (1, 28, 28), layers), tmp_path / "tiny.onnx")
    changes = [*SAME_MODEL, f"network.model={tmp_path / 'tiny.onnx'}", "dataset.trials=3"]
    tiny, _ = problem_of(changes, "mean-potential")
    assert [layer.weight.shape[1:] for layer in tiny.layers] == [
        (1, 3, 3), (4, 3, 3), (5, 3, 3), (6, 3, 3), (7,),
    ]  # fmt: skip
    assert [(layer.stride, layer.padding, layer.pool) for layer in tiny.layers] == [
        (2, 1, 1), (1, 1, 2), (1, 1, 2), (1, 0, 1), (1, 0, 1),
    ]  # fmt: skip
    images = tiny.stimulus(3)
    fired = load(tiny).spikes(images, 1, "jobs=1")
    assert fired == pytest.approx(by_hand(tiny, images, delay=True), rel=5e-3)
    assert min(fired) > 1


def test_a_channel_of_the_large_network_is_active_in_the_wanted_share_of_places():
    images = load_dataset("mnist").take(20).intensities()
    graph = vgg(images)
    assert sum(isinstance(layer, Conv2d) for layer in graph.layers) == 14
    for layer in graph.layers[:12]:
        images = layer.forward(images)
    active = (images > 0).mean(axis=(0, 2, 3))  # fewer in the first layers, which see much that is black
    assert active == pytest.approx(np.full(256, ACTIVE), abs=0.01)


@pytest.mark.parametrize("name", ["problem", "events"])
def test_a_problem_is_the_same_after_writing_and_reading(name, request, tmp_path):
    problem = request.getfixturevalue(name)
    write_problem(problem, tmp_path)
    read = read_problem(tmp_path)
    for key in ("network", "n_steps", "study", "readout", "shape", "leak"):
        assert getattr(read, key) == getattr(problem, key)
    assert np.array_equal(read.labels, problem.labels)
    assert np.array_equal(read.examples, problem.examples)
    if name == "problem":
        assert np.array_equal(read.calibration, problem.calibration)
    for mine, other in zip(read.layers, problem.layers, strict=True):
        assert (mine.stride, mine.padding, mine.pool) == (other.stride, other.padding, other.pool)
        assert np.array_equal(mine.weight, other.weight) and np.array_equal(mine.bias, other.bias)


def test_images_come_again_after_the_last_one(problem):
    assert np.array_equal(problem.stimulus(7)[[0, 3, 6]], intensities(problem.examples[[0, 0, 0]]))


def test_recordings_come_again_after_the_last_one(events):
    assert events.stimulus(5)[2:4] == events.stimulus(2)


def test_a_network_with_detailed_neurons_has_no_plain_layers():
    detailed, _ = problem_of(["network.model=mnist-small", "dataset.trials=1"], "peak-potential")
    assert detailed.layers == () and detailed.calibration is None


def test_an_unknown_network_is_refused():
    with pytest.raises(UserError, match="mnist-huge"):
        problem_of([*SAME_MODEL, "network.model=mnist-huge", "dataset.trials=1"], "mean-potential")
