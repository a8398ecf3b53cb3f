"""The ledger on conversions that were broken on purpose, with real digits: it names what was broken."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.ann import read_model
from bioscnn.conversion import METHODS
from bioscnn.datasets import load_dataset
from bioscnn.ledger import Case, Conditions, draw_up, spiking_classes
from bioscnn.ledger import ledger as ledger_module
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.simulation import Device
from bioscnn.simulation.simulate import Silent

pytestmark = pytest.mark.slow

AS_TRAINED = Conditions(
    neuron=LIF(),
    synapse=ExponentialCurrent(5e-3),
    normalisation="rate-matched",
    percentile=99.9,
    max_rate=200.0,
    dt=1e-3,
    duration=30e-3,
    precision="float64",
)


@pytest.fixture(autouse=True)
def without_all_off(monkeypatch):
    """Simulate the single causes alone: all off takes ten times as long, and tests/cli has it."""
    monkeypatch.setattr(ledger_module, "switch_all_off", lambda now, graph: now)


def explained(graph, conditions, trials, calibration=None):
    images = load_dataset("mnist", "validation").take(trials)
    case = Case(graph, images.intensities(), images.labels, calibration)
    return draw_up(case, conditions, "peak-potential", Device("cpp_standalone"))


def test_no_normalisation_is_named():
    graph = read_model("mnist-small-relu")
    calibration = load_dataset("mnist", "validation").take(slice(4000, 4500)).intensities()
    ledger = explained(graph, replace(AS_TRAINED, normalisation="none"), 600, calibration)
    assert ledger.first == "normalisation"


def test_a_long_refractory_period_is_named():
    ledger = explained(read_model("mnist-small"), replace(AS_TRAINED, neuron=LIF(t_ref=10e-3)), 1000)
    assert ledger.first == "refractory ceiling"


def test_a_coarse_time_step_is_named():
    """In a network that was fine-tuned for 30 ms, so that start-up costs it nothing of its own.

    Trained on rates alone, a network loses in six steps what settling and a longer window give back too.
    """
    graph = read_model("mnist-small-fine-tuned")
    ledger = explained(graph, replace(AS_TRAINED, dt=5e-3), 3000)
    assert (ledger.first, ledger.rivals) == ("time step", ())


def test_matched_rates_lose_less_than_any_other_normalisation():
    """In 30 ms, counted in decisions that differ from those of the trained network."""
    graph, images = read_model("mnist-small-relu"), load_dataset("mnist", "validation").take(1000)
    calibration = load_dataset("mnist", "validation").take(slice(4000, 4500)).intensities()
    case = Case(graph, images.intensities(), images.labels, calibration)
    wanted = {method: replace(AS_TRAINED, normalisation=method) for method in METHODS}
    chosen = spiking_classes(case, wanted, "peak-potential", Device("cpp_standalone"), Silent())
    trained = graph.forward(case.images).argmax(axis=1)
    lost = {method: np.sum(classes != trained) for method, classes in chosen.items()}
    assert lost["rate-matched"] == min(lost.values())
    assert lost["rate-matched"] < lost["none"] / 2
