"""The IF network that the peers are given is the one that bioscnn simulates."""

import numpy as np
import pytest

from bench.contestants.bioscnn import load
from bench.networks import SAME_MODEL, problem_of
from bench.problem import Layer, Problem, intensities, read_problem, write_problem
from bioscnn.errors import UserError

CHANGES = [*SAME_MODEL, "network.model=mnist-small-relu", "dataset.trials=3"]


def by_hand(problem: Problem, images: np.ndarray, delay: bool) -> float:
    """Spikes of an image; with a delay they arrive a step later, and none is fired in the last step."""
    total, layers = 0.0, problem.layers[:-1]
    for image in images:
        potentials, spikes, signal = [], [], image
        for layer in layers:
            signal = np.zeros_like(convolution(signal, layer))
            potentials.append(signal.copy())
            spikes.append(signal.copy())
        for _ in range(problem.n_steps - delay):
            before = list(spikes)
            for number, layer in enumerate(layers):
                sources = before if delay else spikes
                current = convolution(image if number == 0 else sources[number - 1], layer)
                potentials[number] += current + layer.bias[:, None, None]
                spikes[number] = (potentials[number] > 1).astype(float)
                potentials[number] -= spikes[number]
                total += spikes[number].sum()
    return total / len(images)


def convolution(image: np.ndarray, layer: Layer) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(image, layer.weight.shape[2:], axis=(1, 2))
    windows = windows[:, :: layer.stride, :: layer.stride]
    return np.einsum("cyxkl,ockl->oyx", windows, layer.weight, dtype=np.float64)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(CHANGES, "mean-potential")[0]


@pytest.mark.slow
def test_bioscnn_fires_like_the_plain_layers_that_hand_spikes_on_a_step_later(problem):
    images = problem.intensities(3)
    fired = load(problem).spikes(images, 1, "jobs=1")
    assert fired == pytest.approx(by_hand(problem, images, delay=True), rel=2e-3)
    # Peers pass through all layers within a step, and fire in the last one too.
    assert 1.02 < by_hand(problem, images, delay=False) / fired < 1.10


def test_a_problem_is_the_same_after_writing_and_reading(problem, tmp_path):
    write_problem(problem, tmp_path)
    read = read_problem(tmp_path)
    assert (read.network, read.n_steps, read.study, read.readout) == (
        problem.network, problem.n_steps, problem.study, problem.readout,
    )  # fmt: skip
    for name in ("images", "labels", "calibration"):
        assert np.array_equal(getattr(read, name), getattr(problem, name))
    for mine, other in zip(read.layers, problem.layers, strict=True):
        assert mine.stride == other.stride
        assert np.array_equal(mine.weight, other.weight) and np.array_equal(mine.bias, other.bias)


def test_images_come_again_after_the_last_one(problem):
    assert np.array_equal(problem.intensities(7)[[0, 3, 6]], intensities(problem.images[[0, 0, 0]]))


def test_a_network_with_detailed_neurons_has_no_plain_layers():
    detailed, _ = problem_of(["network.model=mnist-small", "dataset.trials=1"], "peak-potential")
    assert detailed.layers == () and detailed.calibration is None


def test_an_unknown_network_is_refused():
    with pytest.raises(UserError, match="mnist-huge"):
        problem_of([*SAME_MODEL, "network.model=mnist-huge", "dataset.trials=1"], "mean-potential")
