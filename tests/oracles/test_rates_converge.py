"""The rates of a converted network approach the activations of the trained one as 1/T."""

import numpy as np
import pytest

from bioscnn.ann import read_model
from bioscnn.conversion import convert, rate_code, stage_outputs
from bioscnn.datasets import load_dataset
from bioscnn.encoding import pixel_currents
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.simulation import Device, simulate

pytestmark = pytest.mark.slow

DT, N_STEPS, SETTLED = 1e-3, 1500, 500
WINDOWS = np.array([30, 60, 125, 250, 500, 1000])  # steps, from the onset of the stimulus
LAYERS = ("conv1", "conv2", "conv3", "output")


@pytest.fixture(scope="module")
def rates():
    """By layer: the rates that the activations stand for, and counted ones by first and last step."""
    graph, neuron = read_model("mnist-small"), LIF()
    images = load_dataset("mnist", "validation").take(4).intensities()
    network = convert(graph, neuron, ExponentialCurrent(5e-3))
    recording = simulate(network, pixel_currents(images, N_STEPS, DT), Device(), record=LAYERS)
    expected = {
        stage.name: neuron.rate(rate_code(stage, neuron, None).current(before)).reshape(len(images), -1)
        for stage, before, _ in stage_outputs(graph, images)
    }

    def counted(layer, first, last):
        spikes = recording[layer].spikes
        inside = (spikes.step >= first) & (spikes.step < last)
        counts = np.zeros((len(images), spikes.size))
        np.add.at(counts, (spikes.trial()[inside], spikes.neuron[inside]), 1)
        return counts / ((last - first) * DT)

    return expected, counted


def exponent(error):
    """Slope of an error against the window, both logarithmic."""
    return np.polyfit(np.log(WINDOWS), np.log(np.abs(error)), 1)[0]


def test_where_currents_are_constant_the_error_is_that_of_counting(rates):
    """In the first layer: 1/T, and never more than a spike, start-up included."""
    expected, counted = rates
    errors = [counted("conv1", 0, steps) - expected["conv1"] for steps in WINDOWS]
    assert exponent([np.sqrt(np.mean(error**2)) for error in errors]) == pytest.approx(-1, abs=0.05)
    assert max(np.abs(error).max() * steps * DT for error, steps in zip(errors, WINDOWS, strict=True)) <= 1


@pytest.mark.parametrize("layer", LAYERS)
def test_start_up_and_counting_lose_a_fixed_number_of_spikes(rates, layer):
    """So the mean rate comes from below, and its distance to the settled one falls as 1/T."""
    _, counted = rates
    settled = counted(layer, SETTLED, N_STEPS).mean()
    missing = np.array([counted(layer, 0, steps).mean() for steps in WINDOWS]) - settled
    assert np.all(missing < 0)
    assert exponent(missing) == pytest.approx(-1, abs=0.15)


@pytest.mark.parametrize("layer", LAYERS)
def test_settled_rates_are_those_of_the_activations(rates, layer):
    """But for what spikes leave for good in deeper layers: a fluctuating current has another rate."""
    expected, counted = rates
    settled = counted(layer, SETTLED, N_STEPS)
    assert np.corrcoef(settled.ravel(), expected[layer].ravel())[0, 1] > 0.99
    assert settled.mean() == pytest.approx(expected[layer].mean(), rel=0.03)
    assert (np.sqrt(np.mean((settled - expected[layer]) ** 2)) > 1) == (layer != "conv1")
