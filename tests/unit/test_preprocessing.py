"""What was done to images before training is folded into the network exactly, and its absence is noticed."""

import numpy as np
import pytest

from bioscnn.ann import BatchNorm2d, Conv2d, Dense, Flatten, LayerGraph, ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.encoding import pixel_currents
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation.equations import input_current
from bioscnn.statistics import proportion
from bioscnn.studies import read_study
from bioscnn.studies.config import Dataset
from bioscnn.studies.preprocessing import preprocessed, preprocessing_hints

SHAPE = (3, 6, 6)


def graph(*before):
    rng = stream(1, "weights")
    conv = Conv2d(rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4), padding=(1, 1, 1, 1))
    dense = Dense(rng.normal(size=(10, 144)) / 12, rng.normal(size=10))
    return LayerGraph("any", SHAPE, (*before, conv, ReLU(), Flatten(), dense))


def images(n=5):
    return stream(2, "images").random((n, *SHAPE)).astype(np.float64)


@pytest.mark.parametrize(
    "keys",
    [
        {"mean": 0.13, "std": 0.31},
        {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]},
        {"scale": 255.0},
        {"invert": True},
        {"mean": 100.0, "std": 50.0, "scale": 255.0, "invert": True},
    ],
)
def test_the_network_computes_what_it_did_with_preprocessed_images(keys):
    dataset, x = Dataset(**keys), images()
    mean, std = (np.reshape(getattr(dataset, key), (-1, 1, 1)) for key in ("mean", "std"))
    shown = (dataset.scale * ((1 - x) if dataset.invert else x) - mean) / std
    ours = preprocessed(graph(), dataset).forward(x)
    np.testing.assert_allclose(ours, graph().forward(shown), rtol=1e-5, atol=1e-4)


def test_a_neuron_at_the_border_has_a_bias_of_its_own():
    """Padding is zero in the preprocessed image, which is no black pixel: the current says so."""
    dataset, x = Dataset(mean=0.5, std=0.25), images().astype(np.float32)
    whole, neuron = preprocessed(graph(), dataset), LIF()
    normalisation = normalise(whole, x, neuron)
    network = convert(whole, neuron, ExponentialCurrent(5e-3), normalisation=normalisation)
    current = input_current(network, network["conv1"], pixel_currents(x, 10, 1e-3).values)
    z, code = whole.activations(x)[1], normalisation.codes["conv1"]
    np.testing.assert_allclose(current, code.current(z).reshape(len(x), -1), rtol=1e-4, atol=1e-15)
    bias = network["conv1"].bias.reshape(4, 6, 6)
    assert np.ptp(bias[:, 2:4, 2:4], axis=(1, 2)).max() < 1e-12 < np.ptp(bias, axis=(1, 2)).min()
    assert len(network.projections) == 3  # the scaling is in the weights


def test_keys_that_fit_no_channel_are_refused():
    with pytest.raises(UserError) as refusal:
        preprocessed(graph(), Dataset(mean=[0.1, 0.2]))
    assert refusal.value.key == "dataset.mean"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (["dataset.std=0"], "dataset.std"),
        (["dataset.mean=[]"], "dataset.mean"),
        (["dataset.mean=0.1", "dataset.name=nmnist", "encoding.kind=events"], "dataset.mean"),
        (["dataset.mean=0.1", 'encoding.retina=["off-midget"]'], "encoding.kind"),
        (["dataset.scale=-1"], "dataset.scale"),
    ],
)
def test_impossible_preprocessing_is_refused_by_its_key(changes, key, tmp_path):
    (tmp_path / "s.toml").write_text("[dataset]\ntrials = 5\n")
    with pytest.raises(UserError) as refusal:
        read_study(tmp_path / "s.toml", changes)
    assert refusal.value.key == key


def test_a_study_without_preprocessing_is_written_as_before(tmp_path):
    (tmp_path / "s.toml").write_text("[dataset]\ntrials = 5\n")
    plain, scaled = (read_study(tmp_path / "s.toml", c) for c in ([], ["dataset.mean=0.5"]))
    assert "mean" not in plain.toml()
    assert "mean = [0.5]" in scaled.toml()
    (tmp_path / "again.toml").write_text(scaled.toml())
    assert read_study(tmp_path / "again.toml").config == scaled.config


def test_guessing_and_strange_statistics_are_hinted_at():
    x, labels = images(200).astype(np.float32), np.arange(200) % 10
    seen = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    ones, zeros = np.ones(3), np.zeros(3)
    right = graph(BatchNorm2d(ones, zeros, *seen))
    wrong = graph(BatchNorm2d(ones, zeros, seen[0] * 255, seen[1] * 255**2))
    guessed, good = proportion(labels[::-1] == labels), proportion(labels == labels)
    assert preprocessing_hints(right, x, good, Dataset()) == []
    (statistics,) = preprocessing_hints(wrong, x, good, Dataset())
    assert "first batch normalisation" in statistics
    (chance,) = preprocessing_hints(right, x, guessed, Dataset())
    assert "dataset.mean" in chance
    assert preprocessing_hints(right, x, guessed, Dataset(), trained_here=True) == []
    assert preprocessing_hints(preprocessed(wrong, Dataset(scale=255.0)), x, good, Dataset(scale=255.0)) == []
    # Exporters fold batch normalisation away. What a card describes was trained on what the study shows.
    poor = proportion(labels < 6)
    (asked,) = preprocessing_hints(right, x, poor, Dataset(), described=False)
    assert "60.0 %" in asked and "dataset.mean" in asked
    assert preprocessing_hints(right, x, good, Dataset(), described=False) == []
    assert preprocessing_hints(right, x, poor, Dataset(mean=(0.5,)), described=False) == []
    assert preprocessing_hints(right, x, poor, Dataset()) == []
