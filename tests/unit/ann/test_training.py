"""Training: the same seed, the same network; the exact rate with a smooth slope."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.ann import LIFRate, read_card, read_onnx  # noqa: E402
from bioscnn.ann.architectures import Architecture, Convolution, find_architecture  # noqa: E402
from bioscnn.ann.augmentation import augment  # noqa: E402
from bioscnn.ann.observed_rates import observed_rates  # noqa: E402
from bioscnn.ann.torch_rate import lif_rate  # noqa: E402
from bioscnn.ann.training import train, train_shipped  # noqa: E402
from bioscnn.ann.training_settings import TrainingSettings  # noqa: E402
from bioscnn.errors import UserError  # noqa: E402
from bioscnn.neurons import soft_lif_rate  # noqa: E402

TINY = Architecture("tiny", "mnist", (1, 8, 8), (Convolution(4), Convolution(4, stride=(2, 2))), 2, LIFRate())
QUICK = TrainingSettings(epochs=8, batch_size=32, shift=0.5, seed=3)


def bars(n, seed):
    """Draw images of a horizontal (0) or vertical (1) bar in noise."""
    rng = np.random.default_rng(seed)
    labels, place = rng.integers(2, size=n), rng.integers(2, 6, size=n)
    images = rng.uniform(0, 0.2, size=(n, 1, 8, 8)).astype(np.float32)
    for image, label, at in zip(images, labels, place, strict=True):
        image[0][(slice(None), at) if label else (at, slice(None))] = 1
    return images, labels


@pytest.fixture(scope="module")
def trained():
    return train(TINY, *bars(640, 1), *bars(200, 2), QUICK)


def test_training_learns_what_can_be_learnt(trained):
    graph, card = trained
    images, labels = bars(200, 2)
    assert card["validation"]["accuracy"] == np.mean(graph.forward(images).argmax(1) == labels) > 0.95
    assert card["epochs"][-1]["loss"] < card["epochs"][0]["loss"]


def test_a_trained_network_is_silent_on_a_blank_image(trained):
    graph, _ = trained
    rates = graph.activations(np.zeros((1, 1, 8, 8)))
    neurons = [index for index, layer in enumerate(graph.layers) if isinstance(layer, LIFRate)]
    assert [rates[index].max() for index in neurons] == [0, 0]


def test_the_same_seed_gives_the_same_network(trained):
    again = train(TINY, *bars(640, 1), *bars(200, 2), QUICK)[0]
    assert again == trained[0]


def test_training_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(TINY, *bars(64, 1), *bars(20, 2), replace(QUICK, epochs=1, threads=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_another_seed_gives_another_network(trained):
    other = train(TINY, *bars(640, 1), *bars(200, 2), replace(QUICK, seed=4))[0]
    assert other != trained[0]


def test_the_card_says_what_was_done_and_goes_through_json(trained):
    graph, card = trained
    assert json.loads(json.dumps(card))["weights_sha256"] == graph.sha256()
    assert card["settings"]["seed"] == 3
    assert [entry["epoch"] for entry in card["epochs"]] == list(range(1, 9))
    low, high = card["validation"]["wilson_95"]
    assert low < card["validation"]["accuracy"] <= high


def test_progress_counts_batches_and_hands_over_finished_epochs():
    calls = []
    train(
        TINY,
        *bars(64, 1),
        *bars(20, 2),
        replace(QUICK, epochs=2),
        lambda *call: calls.append((*call[:2], len(call[2]))),
    )
    assert [call[0] for call in calls] == [1, 2, 2, 3, 4, 4]
    assert {call[1] for call in calls} == {4}
    assert calls[-1][2] == 2


@pytest.mark.parametrize("dead_below", [-3.0, 0.5])
def test_the_rate_is_exact_and_its_slope_that_of_the_soft_rate(dead_below):
    neuron = LIFRate(20e-3, 2e-3, 10e-3)
    J = torch.linspace(dead_below, 10, 400, dtype=torch.float64, requires_grad=True)
    rate = lif_rate(J, neuron, 0.2)
    np.testing.assert_allclose(rate.detach().numpy(), neuron.forward(J.detach().numpy()), rtol=1e-9)
    rate.sum().backward()
    at, step = J.detach().numpy(), 1e-6
    slope = [neuron.amplitude * soft_lif_rate(at + s, 20e-3, 2e-3, 0.2) for s in (-step, step)]
    alive = at > 1 - 15 * 0.2
    np.testing.assert_allclose(J.grad.numpy()[alive], ((slope[1] - slope[0]) / (2 * step))[alive], rtol=1e-5)


def observed(rate, **settings):
    rates = torch.full((50, 4, 10, 10), rate)
    noise = torch.Generator().manual_seed(1)
    return observed_rates(rates, 0.01, TrainingSettings(**settings), noise)


def test_without_noise_and_window_training_sees_the_rates_themselves():
    torch.testing.assert_close(
        observed(0.7, rate_noise=0, shortest_window=0), torch.full((50, 4, 10, 10), 0.7)
    )


def test_the_noise_on_a_rate_has_the_deviation_asked_for():
    x = observed(2.0, rate_noise=20, shortest_window=0)
    assert x.mean() == pytest.approx(2.0, abs=0.01)
    assert x.std() == pytest.approx(0.2, rel=0.05)


def test_a_short_window_costs_up_to_one_spike_and_a_quarter_on_average():
    x = observed(2.0, rate_noise=0, shortest_window=0.02)
    assert 1.5 <= x.min() < 1.55
    assert x.max() <= 2.0
    assert x.mean() == pytest.approx(2.0 - 0.5 / 4, abs=0.02)


def test_no_rate_becomes_negative_and_the_silent_stay_silent():
    assert observed(0.1, rate_noise=50).min() == 0
    assert observed(0.0, rate_noise=50).abs().max() == 0


def test_augmentation_of_width_zero_changes_nothing():
    still = TrainingSettings(rotation=0, shift=0, scaling=0, shear=0)
    images = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(augment(images, still, torch.Generator()), images, atol=1e-5, rtol=0)


def test_augmentation_moves_an_image_by_at_most_the_shift():
    moved = TrainingSettings(rotation=0, shift=2, scaling=0, shear=0)
    images = torch.zeros(200, 1, 9, 9)
    images[:, 0, 4, 4] = 1
    out = augment(images, moved, torch.Generator().manual_seed(1))
    column = (out.sum(2) * torch.arange(9)).sum((1, 2)) - 4
    assert 1.8 < column.abs().max() <= 2.0001
    torch.testing.assert_close(out.sum((1, 2, 3)), torch.ones(200))


@pytest.mark.parametrize(
    ("change", "key"),
    [({"epochs": 0}, "epochs"), ({"learning_rate": -1}, "learning_rate"), ({"shift": -1}, "shift")],
)
def test_impossible_settings_are_refused(change, key):
    with pytest.raises(UserError) as refusal:
        TrainingSettings(**change)
    assert refusal.value.key == key


def test_training_that_diverges_says_so():
    with pytest.raises(UserError, match="no longer a number") as refusal:
        train(TINY, *bars(640, 1), *bars(20, 2), replace(QUICK, learning_rate=1e30))
    assert refusal.value.key == "learning_rate"


def test_pixels_of_0_to_255_are_refused():
    images, labels = bars(10, 1)
    with pytest.raises(UserError) as refusal:
        train(TINY, images * 255, labels, images, labels, QUICK)
    assert "values in [0, 1]" in refusal.value.expected


def test_labels_beyond_the_classes_are_refused():
    images, labels = bars(10, 1)
    with pytest.raises(UserError, match="the train labels do not fit"):
        train(TINY, images, labels + 1, images, labels, QUICK)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="mnist-small"):
        find_architecture("mnist-large")


def test_training_without_torch_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(UserError, match=r"bioscnn\[train\]"):
        train(TINY, *bars(64, 1), *bars(20, 2), QUICK)


def test_a_shipped_network_is_written_with_its_card(monkeypatch, tmp_path):
    from bioscnn.datasets import load_dataset

    digits = load_dataset("mnist").take(200)
    monkeypatch.setattr("bioscnn.datasets.load_dataset", lambda name, split, data: digits)
    graph, card = train_shipped("mnist-small", None, tmp_path, TrainingSettings(epochs=1))
    assert read_onnx(tmp_path / "mnist-small.onnx") == graph
    assert read_card(tmp_path / "mnist-small.onnx") == json.loads(json.dumps(card))
    assert card["command"] == "bioscnn train mnist-small --seed 1 --epochs 1"
    assert card["data"]["train"] == {"name": "mnist", "n": 200, "sha256": digits.sha256}


def test_a_shipped_network_without_a_folder_is_refused_before_training(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        train_shipped("mnist-small", None, tmp_path / "none")
