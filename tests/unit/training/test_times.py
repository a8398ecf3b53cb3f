"""Training on spike times: what a spike says, what it costs, and that the trained network says the same."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d, ReLU  # noqa: E402
from bioscnn.conversion import simplified  # noqa: E402
from bioscnn.errors import UserError  # noqa: E402
from bioscnn.neurons import TimeCode  # noqa: E402
from bioscnn.studies import read_study  # noqa: E402
from bioscnn.studies.recipe import recipe_of  # noqa: E402
from bioscnn.studies.recipes import find_recipe  # noqa: E402
from bioscnn.training.architectures import Architecture  # noqa: E402
from bioscnn.training.layers import parse_layers  # noqa: E402
from bioscnn.training.settings import RateSettings, SpikeSettings, TimeSettings  # noqa: E402
from bioscnn.training.spike_times import TimesNetwork, _SpikeTime, measured_scales  # noqa: E402
from bioscnn.training.train import train  # noqa: E402
from tests.networks import every_layer, images  # noqa: E402
from tests.processes import ROOT  # noqa: E402
from tests.unit.training.test_training import Killed, bars  # noqa: E402

CODE = TimeCode(20e-3, 5e-3, 1e-3)
POOLED = Architecture((2, 9, 8), parse_layers("4c3 mp2 6c2 d7"), 5, ReLU()).initial("pooled", 2)
NETWORKS = {"every layer": every_layer(ReLU()), "max pooling": POOLED}
QUICK = TimeSettings(epochs=4, batch_size=32, shift=0.5, seed=3)
SETS = (*bars(320, 1), *bars(200, 2))


@pytest.fixture(scope="module")
def start():
    tiny = Architecture((1, 8, 8), parse_layers("4c3 4c3s2"), 2, ReLU()).initial("tiny", 3)
    return train(tiny, *SETS, RateSettings(epochs=2, batch_size=32, shift=0.5))[0]


def rounded(x, code=CODE):
    values = torch.tensor(code.values, dtype=torch.float32)
    before = torch.cat([torch.zeros(1), values[:-1]])
    return _SpikeTime.apply(x, (before + values) / 2, torch.cat([torch.zeros(1), values]))


@pytest.mark.parametrize("dt", [1e-3, 3e-3, 0.1e-3, 25e-6])
@pytest.mark.parametrize("shape", [(5, 3, 7, 6), (50, 20)])
def test_values_are_rounded_to_those_that_a_spike_time_says(dt, shape):
    code = TimeCode(20e-3, 5e-3, dt)
    x = torch.from_numpy(np.random.default_rng(1).uniform(-0.3, 1.3, shape).astype(np.float32))
    for ordered in (x, x.to(memory_format=torch.channels_last)) if len(shape) == 4 else (x,):
        values, spikes = rounded(ordered, code)
        np.testing.assert_allclose(values, code.quantised(x), atol=1e-6)
        assert spikes == np.count_nonzero(code.ages_of(x))


def test_the_slope_goes_straight_through_the_rounding_and_a_spike_has_that_of_its_price():
    x = torch.tensor([-0.5, -0.001, 0.01, 0.3, 0.99, 1.01, 3.0], requires_grad=True)
    values, spikes = rounded(x)
    (2 * values.sum() + 7 * spikes).backward()
    smallest, inside = CODE.values[0] / 2, x.detach().numpy()[2:5]
    np.testing.assert_allclose(x.grad[2:5], 2 + 7 * smallest / (inside + smallest) ** 2, rtol=1e-5)
    assert x.grad[[0, 1, 5, 6]].tolist() == [0, 0, 0, 0]


def test_no_slope_is_infinite_where_the_price_would_be():
    x = torch.tensor([-float(np.float32(CODE.values[0] / 2))], requires_grad=True)
    rounded(x)[1].backward()
    assert x.grad.tolist() == [0]


@pytest.mark.parametrize("graph", NETWORKS.values(), ids=NETWORKS)
def test_scales_that_were_learnt_vanish_into_the_weights(graph):
    scales = [0.7, 3.0, 1.9][: sum(isinstance(layer, ReLU) for layer in simplified(graph).layers)]
    learnt, x = TimesNetwork(graph, CODE, scales), torch.from_numpy(images(40))
    folded = learnt.to_graph()
    said = TimesNetwork(folded, CODE).run(x)
    assert torch.equal(learnt.run(x).logits, said.logits)
    assert learnt.run(x).spikes == said.spikes and all(said.spikes)
    # A ReLU network is the same whatever the scales.
    np.testing.assert_allclose(folded.forward(images(9)), graph.forward(images(9)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("graph", NETWORKS.values(), ids=NETWORKS)
def test_the_network_says_what_each_layer_makes_of_rounded_values(graph):
    """An oracle in float64 that shares no code but the values of the time code."""
    scales, x = measured_scales(graph, torch.from_numpy(images(40)), 99.9), images(40)
    trained = TimesNetwork(graph, CODE, scales).to_graph()
    counts = [np.count_nonzero(CODE.ages_of(x))]

    def say(node, inputs):
        value = node.layer.forward(inputs[0])
        if isinstance(node.layer, ReLU):
            value = CODE.quantised(value)
        if isinstance(node.layer, ReLU | MaxPool2d):
            counts.append(np.count_nonzero(value))
        return value

    said = trained.evaluate(CODE.quantised(x), say)[trained.nodes[-1].name]
    with torch.no_grad():
        run = TimesNetwork(trained, CODE).run(torch.from_numpy(x))
    assert [int(n) for n in run.spikes] == pytest.approx(counts, abs=2)
    assert float(run.spikes_per_image()) == pytest.approx(sum(counts) / 40, abs=0.1)
    close = np.isclose(run.logits, said, rtol=1e-3, atol=1e-3).all(1)
    assert close.sum() >= 38, "a value at a border may be rounded the other way in float32"


def test_scales_are_percentiles_of_the_largest_activations_of_images():
    graph, x = every_layer(ReLU()), images(300)
    values = simplified(graph).activations(x)
    rectified = [isinstance(layer, ReLU) for layer in simplified(graph).layers]
    largest = [v.reshape(300, -1).max(1) for v, kept in zip(values, rectified, strict=True) if kept]
    expected = [np.percentile(of_images, 90) for of_images in largest]
    np.testing.assert_allclose(measured_scales(graph, torch.from_numpy(x), 90), expected, rtol=1e-4)


def test_training_learns_and_a_price_makes_spikes_fewer(start):
    before = TimesNetwork(start, CODE).run(torch.from_numpy(SETS[2]))
    cards = [train(start, *SETS, replace(QUICK, spike_penalty=price))[1] for price in (0, 300)]
    free, dear = (card["spiking"] for card in cards)
    assert free["accuracy"] > max(0.95, float((before.logits.argmax(1).numpy() == SETS[3]).mean()))
    assert dear["accuracy"] > 0.9 and dear["spikes_per_image"] < 0.8 * free["spikes_per_image"]
    assert cards[0]["code"] == {"kind": "time", "scale": 1.0, "tau_m": 20e-3, "tau_s": 5e-3, "dt": 1e-3}
    assert cards[0]["stage"] == "times" and free["duration_ms"] == 27.0


def test_the_card_counts_what_the_network_that_is_written_says(start):
    graph, card = train(start, *SETS, replace(QUICK, epochs=1))
    with torch.no_grad():
        run = TimesNetwork(graph, CODE).run(torch.from_numpy(SETS[2]))
    assert card["spiking"]["accuracy"] == np.mean(run.logits.argmax(1).numpy() == SETS[3])
    assert card["spiking"]["spikes_per_image"] == pytest.approx(float(run.spikes_per_image()))


def test_a_killed_training_continues_to_the_same_bits(start, tmp_path, monkeypatch):
    monkeypatch.setattr("bioscnn.training.fit._CHECKPOINT_EVERY", 7)
    short = replace(QUICK, epochs=2, spike_penalty=1)
    whole, card = train(start, *SETS, short)

    def kill(done, total, records):
        if done == 16:
            raise Killed

    with pytest.raises(Killed):
        train(start, *SETS, short, checkpoint=tmp_path / "tiny.npz", progress=kill)
    resumed, again = train(start, *SETS, short, checkpoint=tmp_path / "tiny.npz")
    assert resumed == whole and again["epochs"] == card["epochs"]


def test_scales_are_learnt_unless_they_are_held(start):
    held, learnt = (
        train(start, *SETS, replace(QUICK, epochs=1, learn_scales=learns))[0] for learns in (False, True)
    )
    assert held != learnt


@pytest.mark.parametrize(
    ("layers", "neuron", "problem"),
    [("4c3", LIFRate(), "rates of LIF neurons"), ("4c3", None, "no weights of its own behind the last")],
)
def test_networks_without_values_for_spike_times_are_refused(layers, neuron, problem):
    graph = Architecture((1, 8, 8), parse_layers(layers), 2, neuron or ReLU()).initial("x", 1)
    if neuron is None:
        graph = LayerGraph("x", (1, 8, 8), (*graph.layers, ReLU()))
    with pytest.raises(UserError, match=problem) as refused:
        train(graph, *SETS, QUICK)
    assert refused.value.key == "training.start"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (["synapse.tau_s=20 ms"], "synapse.tau_s"),
        (["simulation.dt=6 ms", "neuron.t_ref=6 ms"], "simulation.dt"),
        (["synapse.model=conductance"], "training.on"),
        (["neuron.model=if"], "training.on"),
        (["encoding.kind=poisson"], "training.on"),
        (["encoding.gain=2"], "encoding.gain"),
        (["training.times.scale=0"], "training.times.scale"),
    ],
)
def test_studies_without_spike_times_are_refused(changes, key):
    with pytest.raises(UserError) as refused:
        recipe_of(read_study(ROOT / "sims" / "networks" / "mnist-small-relu.toml", changes), "times")
    assert refused.value.key == key


def test_keys_of_the_rates_are_refused_where_a_network_is_made_on_times():
    with pytest.raises(UserError) as refused:
        read_study(ROOT / "sims" / "networks" / "mnist-small-time.toml", ["training.epochs=3"])
    assert (refused.value.key, refused.value.fix) == ("training.epochs", "write training.times.epochs")


def test_recordings_are_refused():
    with pytest.raises(UserError, match="a recording has spikes of its own"):
        recipe_of(read_study(ROOT / "sims" / "networks" / "nmnist-small-relu.toml"), "times")


def test_a_recipe_says_the_price_and_the_code_of_its_study():
    recipe = find_recipe("mnist-small-time", ["simulation.dt=0.5 ms", "neuron.tau_m=15 ms"])
    settings = recipe.settings(100)
    assert (recipe.stage, recipe.start) == ("times", "mnist-small-relu")
    assert settings.code == TimeCode(15e-3, 5e-3, 0.5e-3) and settings.spike_penalty > 0
    beside = recipe_of(read_study(ROOT / "sims" / "networks" / "mnist-small-relu.toml"), "times")
    assert (beside.name, beside.start) == ("mnist-small-relu-time", "mnist-small-relu")
    assert find_recipe("mnist-small-relu-time") == beside


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (SpikeSettings, "readout", "any"),
        (RateSettings, "teacher_sees", "any"),
        (RateSettings, "precision", "float16"),
        (RateSettings, "average", 1.0),
        (TimeSettings, "percentile", 101.0),
        (TimeSettings, "noise", 1.5),
    ],
)
def test_a_setting_that_cannot_be_is_refused(kind, key, value):
    with pytest.raises(UserError) as refused:
        kind(**{key: value})
    assert (refused.value.key, refused.value.value) == (key, value)
