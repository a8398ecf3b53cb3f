"""Training: the same seed, the same network, also after a kill; what the card and the files say."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.ann import BatchNorm2d, LIFRate, ReLU, read_card, read_onnx, shipped_models, write_onnx  # noqa: E402
from bioscnn.conversion import simplified  # noqa: E402
from bioscnn.errors import UserError  # noqa: E402
from bioscnn.spikes import SpikeTrains  # noqa: E402
from bioscnn.studies.recipes import find_recipe, find_recipes  # noqa: E402
from bioscnn.studies.training import train_recipe  # noqa: E402
from bioscnn.training import room  # noqa: E402
from bioscnn.training.architectures import Architecture  # noqa: E402
from bioscnn.training.layers import parse_layers  # noqa: E402
from bioscnn.training.room import training_memory  # noqa: E402
from bioscnn.training.settings import RateSettings, SpikeSettings  # noqa: E402
from bioscnn.training.train import train  # noqa: E402

TINY = Architecture((1, 8, 8), parse_layers("4c3 4c3s2"), 2, LIFRate())
QUICK = RateSettings(epochs=8, batch_size=32, shift=0.5, seed=3)
ON_SPIKES = SpikeSettings(epochs=2, batch_size=32, shift=0.5, seed=3)
START = TINY.initial("tiny", 3)


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
    return train(START, *bars(640, 1), *bars(200, 2), QUICK)


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
    again = train(START, *bars(640, 1), *bars(200, 2), QUICK)[0]
    assert again == trained[0]


def test_training_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(START, *bars(64, 1), *bars(20, 2), replace(QUICK, epochs=1, threads=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_card_says_how_many_images_the_twin_classified():
    few = train(START, *bars(64, 1), *bars(1500, 2), replace(QUICK, epochs=1))[1]["spiking"]
    assert few["n"] == 1000
    assert few["accuracy"] * few["n"] == pytest.approx(round(few["accuracy"] * few["n"]))


def test_the_images_that_the_twin_classifies_are_of_all_classes_in_whatever_order_they_come():
    from bioscnn.training.measure import drawn_rows

    turns, ordered = torch.arange(9000) % 10, torch.arange(9000) // 900
    for labels in (turns, ordered):
        counts = torch.bincount(labels[drawn_rows(9000, 500)], minlength=10)
        assert counts.sum() == 500 and counts.min() > 25
    assert drawn_rows(7, 500).tolist() == list(range(7))


def test_noise_is_off_by_default_and_then_nothing_is_drawn_for_it(trained, monkeypatch):
    def unasked(*_):
        raise AssertionError("noise that nobody asked for")

    monkeypatch.setattr("bioscnn.training.examples.image_noise", unasked)
    short = replace(QUICK, epochs=1)
    train(START, *bars(64, 1), *bars(20, 2), short)
    with pytest.raises(AssertionError, match="nobody asked for"):
        train(START, *bars(64, 1), *bars(20, 2), replace(short, noise=0.5))


def test_a_network_that_has_seen_noise_classifies_noisy_images_better():
    from bioscnn.training.noise import image_noise

    def noisy(n, seed):
        images, labels = bars(n, seed)
        rng = torch.Generator().manual_seed(seed)
        return image_noise(torch.from_numpy(images), 1.0, rng).numpy(), labels

    chosen_by = noisy(1000, 2)  # without noise, many epochs are equally good
    plain, hardened = (
        train(START, *bars(640, 1), *chosen_by, replace(QUICK, noise=share, spiking_images=0))[0]
        for share in (0, 0.8)
    )
    images, labels = noisy(10_000, 5)
    before, after = (np.mean(graph.forward(images).argmax(1) != labels) for graph in (plain, hardened))
    assert after < 0.7 * before


def test_noisy_versions_of_other_images_than_those_of_training_are_refused():
    images, labels = bars(64, 1)
    with pytest.raises(UserError, match="the noisy train images are no images for tiny"):
        train(START, images, labels, *bars(20, 2), QUICK, noisy_images=images[None, :50])


def test_another_seed_gives_another_network(trained):
    other = train(START, *bars(640, 1), *bars(200, 2), replace(QUICK, seed=4))[0]
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
        START,
        *bars(64, 1),
        *bars(20, 2),
        replace(QUICK, epochs=2),
        progress=lambda *call: calls.append((*call[:2], len(call[2]))),
    )
    assert [call[0] for call in calls] == [0, 1, 2, 2, 3, 4, 4]
    assert {call[1] for call in calls} == {4}
    assert calls[-1][2] == 2


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"shift": -1}, "shift"),
        ({"noise": 1.5}, "noise"),
        ({"tau_s": 0}, "tau_s"),
        ({"decide_from": 30e-3}, "decide_from"),
        ({"decide_from": 29.6e-3}, "decide_from"),  # which is the step behind the last
    ],
)
def test_impossible_settings_are_refused(change, key):
    with pytest.raises(UserError) as refusal:
        SpikeSettings(**change)
    assert refusal.value.key == key


def test_the_average_of_the_weights_of_all_batches_is_the_network():
    from bioscnn.training.checkpoint import State
    from bioscnn.training.torch_network import TorchNetwork

    network, state, weights = TorchNetwork(START), State(), []
    for step in range(1, 60):
        with torch.no_grad():
            network.parameters[0].add_(step)
        state.step = step
        state.move_average(network, 0.8)
        weights.append(network.copy_state()[0])
    # The first batches count for less the fewer there are; from the 35th on each average keeps 0.8.
    expected = weights[0]
    for step, weight in enumerate(weights, 1):
        keeps = min(0.8, (1 + step) / (10 + step))
        expected = keeps * expected + (1 - keeps) * weight
    assert np.allclose(state.average[0], expected, rtol=1e-4)
    with state.averaged(network):
        assert np.array_equal(network.copy_state()[0], state.average[0])
    assert np.array_equal(network.copy_state()[0], weights[-1])


def test_averaged_weights_are_those_that_are_measured_and_returned(trained):
    """At a rate of learning that never falls far, the average is the steadier network."""
    one_batch = replace(QUICK, epochs=1, batch_size=640)
    plain, averaged = (
        train(START, *bars(640, 1), *bars(200, 2), replace(one_batch, average=keeps))[0]
        for keeps in (0, 0.999)
    )
    assert plain == averaged, "of one batch, the average is that batch"
    graph, card = train(START, *bars(640, 1), *bars(200, 2), replace(QUICK, average=0.9))
    images, labels = bars(200, 2)
    assert graph != trained[0]
    assert card["validation"]["accuracy"] == np.mean(graph.forward(images).argmax(1) == labels) > 0.95
    blank = graph.activations(np.zeros((1, 1, 8, 8)))
    assert all(blank[k].max() == 0 for k, layer in enumerate(graph.layers) if isinstance(layer, LIFRate))


@pytest.mark.parametrize("neuron", [LIFRate(), ReLU()], ids=["lif", "relu"])
def test_layers_of_16_bits_train_nearly_the_same_network_of_32(neuron):
    start = Architecture((1, 8, 8), parse_layers("6c3 bn 6c3s2 bn d8"), 2, neuron).initial("half", 3)
    data = (*bars(320, 1), *bars(200, 2))
    losses, graphs = [], []
    for precision in ("float32", "bfloat16"):
        graph, card = train(start, *data, replace(QUICK, epochs=4, precision=precision))
        losses.append([epoch["loss"] for epoch in card["epochs"]])
        graphs.append(graph)
        assert card["validation"]["accuracy"] > 0.95
    assert losses[1] == pytest.approx(losses[0], rel=0.2) and losses[1] != losses[0]
    assert graphs[1].layers[0].weight.dtype == np.float32


def test_a_teacher_that_sees_examples_as_they_are_teaches_the_same_where_nothing_is_distorted(trained):
    still = replace(QUICK, epochs=1, rotation=0, shift=0, scaling=0, shear=0)

    def losses(settings):
        sees = [replace(settings, teacher_sees=what) for what in ("distorted", "clean")]
        cards = [train(START, *bars(64, 1), *bars(20, 2), each, teacher=trained[0])[1] for each in sees]
        return [card["epochs"][0]["loss"] for card in cards]

    distorted, clean = losses(still)
    assert clean == pytest.approx(distorted, rel=1e-4)
    distorted, clean = losses(replace(still, shift=3))
    assert clean != pytest.approx(distorted, rel=1e-3)


def test_training_that_diverges_says_so_and_leaves_nothing_that_refuses_a_smaller_rate(tmp_path):
    kept = tmp_path / "kept.npz"
    with pytest.raises(UserError, match="no longer a number") as refusal:
        train(START, *bars(64, 1), *bars(20, 2), replace(QUICK, weight_decay=1e30), checkpoint=kept)
    assert refusal.value.key == "learning_rate"
    train(START, *bars(64, 1), *bars(20, 2), replace(QUICK, epochs=1), checkpoint=kept)


def test_pixels_of_0_to_255_are_refused():
    images, labels = bars(10, 1)
    with pytest.raises(UserError) as refusal:
        train(START, images * 255, labels, images, labels, QUICK)
    assert refusal.value.value == "float32 of shape (10, 1, 8, 8)"


def test_bytes_are_taken_as_pixels_and_train_as_their_intensities_do():
    images, labels = bars(64, 1)
    pixels = np.rint(255 * images).astype(np.uint8)
    settings = replace(QUICK, epochs=1)
    of_bytes, of_floats = (
        train(START, shown, labels, shown[:20], labels[:20], settings)[0]
        for shown in (pixels, pixels.astype(np.float32) / np.float32(255))
    )
    assert of_bytes == of_floats


def test_labels_beyond_the_classes_are_refused():
    images, labels = bars(10, 1)
    with pytest.raises(UserError, match="the train labels do not fit"):
        train(START, images, labels + 1, images, labels, QUICK)


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="mnist-large-relu"):
        find_recipes("mnist-huge")


def test_a_data_set_names_its_recipes_each_behind_the_one_it_begins_with():
    names = [recipe.name for recipe in find_recipes("mnist")]
    for first, then in (("mnist-small", "mnist-small-fine-tuned"), ("mnist-small-relu", "mnist-small-time")):
        assert names.index(first) < names.index(then)
    assert sorted(names) == [name for name in shipped_models() if name.startswith("mnist-")]


def test_training_without_torch_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(UserError, match="extra train of bioscnn"):
        train(START, *bars(64, 1), *bars(20, 2), QUICK)


@pytest.fixture
def few_digits(monkeypatch):
    from bioscnn.datasets import load_dataset

    digits = load_dataset("mnist").take(200)
    monkeypatch.setattr("bioscnn.studies.examples.load_dataset", lambda *_, **__: digits)
    return digits


def shortened(name):
    return find_recipe(name).changed(seed=1, epochs=1)


def test_a_network_is_written_with_its_card_and_without_its_checkpoint(few_digits, tmp_path):
    file, card = train_recipe(shortened("mnist-small"), None, tmp_path)
    assert file == tmp_path / "mnist-small.onnx"
    assert read_onnx(file).sha256() == card["weights_sha256"]
    assert read_card(tmp_path / "mnist-small.onnx") == json.loads(json.dumps(card))
    assert card["command"] == "bioscnn train mnist-small --seed 1 --epochs 1"
    data = {"name": "mnist", "n": 200, "sha256": few_digits.sha256, "source": few_digits.source}
    assert card["data"]["train"] == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mnist-small.json", "mnist-small.onnx"]


def test_fine_tuning_begins_with_the_network_beside_it(few_digits, tmp_path):
    _, before = train_recipe(shortened("mnist-small"), None, tmp_path)
    _, card = train_recipe(shortened("mnist-small-fine-tuned"), None, tmp_path)
    assert card["started_from"] == "mnist-small"
    assert card["started_from_sha256"] == before["weights_sha256"]


def test_a_network_that_was_not_trained_here_is_not_written_over(few_digits, tmp_path):
    theirs = tmp_path / "mnist-small.onnx"
    theirs.write_bytes(b"theirs")
    with pytest.raises(UserError) as refused:
        train_recipe(shortened("mnist-small"), None, tmp_path)
    assert refused.value.file == theirs
    assert theirs.read_bytes() == b"theirs" and len(list(tmp_path.iterdir())) == 1


def test_fine_tuning_makes_a_network_right_within_the_trial(trained):
    # Two layers need some ten milliseconds to pass a bar on; trained on rates alone this one is late.
    tuned, card = train(trained[0], *bars(640, 1), *bars(200, 2), replace(ON_SPIKES, epochs=6))
    first, last = card["epochs"][0], card["epochs"][-1]
    assert last["loss"] < first["loss"]
    assert card["spiking"]["accuracy"] > 0.95
    assert tuned != trained[0]


def test_a_price_on_spikes_makes_them_fewer(trained):
    few, many = (
        train(trained[0], *bars(640, 1), *bars(200, 2), replace(ON_SPIKES, epochs=4, spike_penalty=price))[1]
        for price in (200.0, 0.0)
    )
    assert few["spiking"]["spikes_per_image"] < 0.9 * many["spiking"]["spikes_per_image"]


def test_a_price_on_rates_makes_spikes_fewer():
    few, many = (
        train(START, *bars(640, 1), *bars(200, 2), replace(QUICK, spike_penalty=price))[1]
        for price in (200.0, 0.0)
    )
    assert few["spiking"]["spikes_per_image"] < 0.9 * many["spiking"]["spikes_per_image"]


def test_a_relu_network_is_trained_and_has_no_spikes_to_fine_tune():
    relu = replace(TINY, neuron=ReLU()).initial("relu", 1)
    graph, card = train(relu, *bars(640, 1), *bars(200, 2), replace(QUICK, learning_rate=5e-3))
    assert card["validation"]["accuracy"] > 0.95
    assert card["spiking"] is None
    with pytest.raises(UserError) as refused:
        train(graph, *bars(64, 1), *bars(20, 2), ON_SPIKES)
    assert refused.value.value == "ReLU"


@pytest.mark.parametrize("neuron", [LIFRate(), ReLU()], ids=["lif", "relu"])
@pytest.mark.parametrize("layers", ["6c3p1 bn mp2 6c3 bn d16", "6c3 ap2 d16"])
def test_every_kind_of_layer_is_trained_and_written(tmp_path, layers, neuron):
    start = Architecture((1, 8, 8), parse_layers(layers), 2, neuron).initial("layers", 1)
    rate = 2e-2 if isinstance(neuron, LIFRate) else 5e-3
    graph, card = train(start, *bars(640, 1), *bars(200, 2), replace(QUICK, epochs=5, learning_rate=rate))
    write_onnx(graph, tmp_path / "layers.onnx")
    images, labels = bars(200, 2)
    right = np.mean(read_onnx(tmp_path / "layers.onnx").forward(images).argmax(1) == labels)
    assert right == pytest.approx(card["validation"]["accuracy"], abs=0.01) and right > 0.9
    assert not any(isinstance(layer, BatchNorm2d) for layer in graph.layers), "folded into the weights"
    if isinstance(neuron, LIFRate):
        rates = graph.activations(np.zeros((1, 1, 8, 8)))
        blank = [rates[k].max() for k, layer in enumerate(graph.layers) if isinstance(layer, LIFRate)]
        assert max(blank) == 0, "silent on a blank image"
        assert (card["spiking"] is None) == ("mp" in layers)


def test_a_killed_training_with_batch_normalisation_continues_to_the_same_result(tmp_path):
    start = Architecture((1, 8, 8), parse_layers("4c3 bn 4c3s2 bn"), 2, ReLU()).initial("bn", 3)
    data, settings = (*bars(320, 1), *bars(50, 2)), replace(QUICK, epochs=3)
    whole, _ = train(start, *data, settings)

    def kill(done, total, records):
        if done == 15:
            raise Killed

    with pytest.raises(Killed):
        train(start, *data, settings, checkpoint=tmp_path / "bn.npz", progress=kill)
    assert train(start, *data, settings, checkpoint=tmp_path / "bn.npz")[0] == whole


def test_a_last_batch_of_one_example_is_no_batch_to_normalise_by():
    start = Architecture((1, 8, 8), parse_layers("4c8 bn"), 2, LIFRate()).initial("one", 1)
    graph, card = train(start, *bars(33, 1), *bars(20, 2), replace(QUICK, epochs=1))
    assert card["n_train"] == 33 and all(
        np.isfinite(x.weight).all() for x in graph.layers if hasattr(x, "weight")
    )


def test_batch_normalisation_is_folded_before_a_network_is_trained_on_spikes():
    start = Architecture((1, 8, 8), parse_layers("4c3 4c3 bn"), 2, LIFRate(gamma=0.0)).initial("bn", 1)
    mean = np.full(4, 0.3, np.float32)
    start = start.with_layers(
        [replace(layer, mean=mean) if isinstance(layer, BatchNorm2d) else layer for layer in start.layers]
    )
    short = replace(ON_SPIKES, epochs=1)
    kept, folded = (
        train(graph, *bars(64, 1), *bars(20, 2), short)[0] for graph in (start, simplified(start))
    )
    assert kept.sha256() == folded.sha256()


def test_a_teacher_passes_on_what_the_labels_do_not_say(trained):
    images, _ = bars(640, 1)
    unlabelled = np.zeros(640, np.int64)
    alone, taught = (
        train(START, images, unlabelled, *bars(200, 2), replace(QUICK, teacher_weight=weight), trained[0])[1]
        for weight in (0.0, 1.0)
    )
    assert alone["validation"]["accuracy"] < 0.6
    assert taught["validation"]["accuracy"] > 0.95
    assert taught["teacher_sha256"] == trained[0].sha256()


def bars_of_spikes(n, seed):
    """Draw recordings of 60 ms in which the pixels of a bar spike often and all others now and then."""
    images, labels = bars(n, seed)
    rng = np.random.default_rng(seed)
    rate = np.where(images == 1, 80.0, 5.0).reshape(n, 1, -1)
    trial, step, neuron = np.nonzero(rng.random((n, 59, 64)) < 1e-3 * rate)
    trains = SpikeTrains.from_events(trial, step, neuron, n_trials=n, size=64, n_steps=60, dt=1e-3)
    return trains, labels


ON_EVENTS = {"duration": 60e-3, "frame": 20e-3, "readout": "mean-potential"}


def test_a_network_learns_from_input_spikes_on_rates_and_then_on_spikes():
    data = (*bars_of_spikes(640, 1), *bars_of_spikes(200, 2))
    rated, card = train(START, *data, replace(QUICK, shortest_window=0.0, **ON_EVENTS))
    assert card["validation"]["accuracy"] > 0.95
    tuned, card = train(rated, *data, replace(ON_SPIKES, epochs=4, decide_from=30e-3, **ON_EVENTS))
    assert card["spiking"]["accuracy"] > 0.95
    assert card["spiking"]["duration_ms"] == 60
    assert tuned != rated


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (replace(QUICK, **ON_EVENTS | {"duration": 30e-3}), "duration, dt"),
        (replace(QUICK, **ON_EVENTS | {"frame": 50e-3}), "frame"),
    ],
)
def test_spikes_of_another_trial_than_that_of_the_settings_are_refused(settings, key):
    with pytest.raises(UserError) as refusal:
        train(START, *bars_of_spikes(20, 1), *bars_of_spikes(20, 2), settings)
    assert refusal.value.key == key


def test_spikes_of_other_neurons_than_the_input_are_refused():
    trains, labels = bars_of_spikes(20, 1)
    wide = replace(trains, size=65)
    with pytest.raises(UserError, match="the train spikes are no input of tiny"):
        train(START, wide, labels, wide, labels, replace(QUICK, **ON_EVENTS))


class Killed(BaseException):
    """Stands for a kill: it leaves the process no time to tidy up."""


@pytest.fixture(
    scope="module",
    params=[
        QUICK,
        replace(QUICK, noise=0.5, average=0.9, precision="bfloat16"),
        replace(ON_SPIKES, epochs=8),
    ],
    ids=["rates", "noise, average, 16 bits", "spikes"],
)
def undisturbed(request):
    """Settings, data, and what a training comes to that nobody kills."""
    data = (*bars(320, 1), *bars(50, 2))
    return request.param, data, *train(START, *data, request.param)


@pytest.mark.parametrize("batches", [3, 40, 57])
def test_a_killed_training_continues_to_the_same_result(tmp_path, monkeypatch, undisturbed, batches):
    monkeypatch.setattr("bioscnn.training.fit._CHECKPOINT_EVERY", 7)
    settings, data, whole, card = undisturbed
    path, seen = tmp_path / "tiny.npz", []

    def kill(done, total, records):
        seen.append(done)
        if done == batches and seen[0] == 0:
            raise Killed

    with pytest.raises(Killed):
        train(START, *data, settings, checkpoint=path, progress=kill)
    seen[:] = []
    resumed, again = train(
        START, *data, settings, checkpoint=path, progress=lambda done, *_: seen.append(done)
    )
    assert seen[0] == batches // 7 * 7 or seen[0] == batches // 10 * 10
    assert resumed == whole
    assert again["epochs"] == card["epochs"]
    seen[:] = []
    train(START, *data, settings, checkpoint=path, progress=lambda done, *_: seen.append(done))
    assert len(seen) == 1, "what was trained to the end is not trained again"


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "tiny.npz"

    def kill(done, total, records):
        if records:
            raise Killed

    data = (*bars(64, 1), *bars(20, 2))
    with pytest.raises(Killed):
        train(START, *data, QUICK, checkpoint=path, progress=kill)
    with pytest.raises(UserError, match="of another training") as refusal:
        train(START, *data, replace(QUICK, seed=4), checkpoint=path)
    assert str(path) == str(refusal.value.file)


@pytest.mark.parametrize(
    "damage",
    [
        {"weights-0": None}, {"weights-0": np.zeros((2, 2), np.float32)}, {"weights-0": np.array("x")},
        {"best-0": None}, {"best-0": np.zeros(1, np.float32)}, {"exp_avg-0": np.zeros(3)},
        {"generator-order": np.zeros(5, np.uint8)}, {"generator-order": np.zeros(5056)},
        {"step": -1}, {"step": "a"}, {"step": 1.5}, {"step": None}, {"losses": 3}, {"losses": ["x"]},
        {"step": 10**9}, {"step": 10**400}, {"step": 1}, {"records": []}, {"losses": [0.5]},
        {"records": "abc"}, {"records": [{"epoch": 1}]}, {"records": [[]]}, {"identity": None},
        {"facts": np.array("[1]")}, {"facts": np.array(3)}, {"facts": np.array([{"a": 1}], object)},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_checkpoint_is_refused_whatever_is_damaged(checkpoint, tmp_path, damage):
    arrays = dict(np.load(io.BytesIO(checkpoint)))
    facts = json.loads(str(arrays["facts"]))
    for name, value in damage.items():
        held = facts if name in facts else arrays
        held[name] = value
        if value is None:
            del held[name]
    path = tmp_path / "x.npz"
    np.savez(
        path,
        **(
            {"facts": np.array(json.dumps(facts))}
            | {k: a for k, a in arrays.items() if k != "facts" or "facts" in damage}
        ),
    )
    with pytest.raises(UserError, match="not a checkpoint") as refused:
        train(START, *bars(64, 1), *bars(20, 2), QUICK, checkpoint=path)
    assert refused.value.file == path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """What is kept after the last epoch."""
    path = tmp_path_factory.mktemp("checkpoint") / "x.npz"
    train(START, *bars(64, 1), *bars(20, 2), QUICK, checkpoint=path)
    return path.read_bytes()


@pytest.mark.parametrize("content", [b"half a checkpoint", b"PK\x03\x04 half an archive"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "tiny.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a checkpoint"):
        train(START, *bars(64, 1), *bars(20, 2), QUICK, checkpoint=path)


def test_a_training_that_does_not_fit_into_memory_is_refused_with_a_batch_that_does(monkeypatch):
    wide = Architecture((1, 8, 8), parse_layers("64c1 64c1"), 2, LIFRate()).initial("wide", 1)
    needed = {n: training_memory(wide, replace(QUICK, batch_size=n), False) for n in (32, 1024)}
    monkeypatch.setattr(room, "memory", lambda: (needed[32] + needed[1024]) / 2)
    train(wide, *bars(8, 1), *bars(8, 2), replace(QUICK, epochs=1, spiking_images=0))
    with pytest.raises(UserError) as refused:
        train(wide, *bars(8, 1), *bars(8, 2), replace(QUICK, batch_size=1024))
    fits = int(refused.value.fix.partition("= ")[2].partition(",")[0])
    assert refused.value.key == "training.batch_size" and fits == pytest.approx((32 + 1024) / 2, abs=1)
    monkeypatch.setattr(room, "memory", lambda: 9e7)
    with pytest.raises(UserError, match="fewer or smaller layers"):
        train(wide, *bars(8, 1), *bars(8, 2), QUICK)


def test_memory_grows_with_what_is_held_at_a_time():
    """Spikes of every step are held, and every frame of a recording."""
    rates = training_memory(START, QUICK, recorded=False)
    assert training_memory(START, ON_SPIKES, recorded=False) > rates
    frames = replace(QUICK, duration=0.3, frame=0.05)
    assert training_memory(START, frames, recorded=True) > training_memory(START, frames, recorded=False)


def test_of_epochs_that_are_equally_good_the_last_is_kept_and_the_card_says_so():
    still = replace(QUICK, epochs=3, learning_rate=1e-9)
    _, card = train(START, *bars(64, 1), *bars(200, 2), still)
    assert len({epoch["validation_accuracy"] for epoch in card["epochs"]}) == 1
    assert card["best_epoch"] == 3 and card["best_epoch_is"].startswith("the last")


def test_training_stops_early_and_keeps_the_best_epoch():
    # Two classes of pure noise: nothing can be learnt, so the first epochs are as good as it gets.
    rng = np.random.default_rng(1)
    noise = rng.uniform(size=(200, 1, 8, 8)).astype(np.float32)
    labels = rng.integers(2, size=200)
    patient = replace(QUICK, epochs=40, patience=3)
    graph, card = train(START, noise[:100], labels[:100], noise[100:], labels[100:], patient)
    scores = [epoch["validation_accuracy"] for epoch in card["epochs"]]
    assert len(scores) < 40
    assert max(scores[-3:]) <= max(scores[:-3])
    assert card["validation"]["accuracy"] == max(scores)
    assert np.mean(graph.forward(noise[100:]).argmax(1) == labels[100:]) == max(scores)
