"""Perturbations one after the other."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.noise import Collapse, Combined, Equalise, Jitter, parse_perturbation
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains


@pytest.fixture
def trains():
    trial, step, neuron = np.nonzero(stream(1, "raster").random((20, 99, 30)) < 0.05)
    return SpikeTrains.from_events(trial, step, neuron, n_trials=20, size=30, n_steps=100, dt=1e-3)


def test_the_next_one_perturbs_what_the_first_one_leaves(trains):
    both = Combined((Collapse(), Equalise(2))).apply(trains, stream(1, "chance"))
    assert both == Equalise(2).apply(Collapse().apply(trains, stream(1, "none")), stream(1, "chance"))
    assert both != Equalise(2).apply(trains, stream(1, "chance"))
    assert (both.counts() == 2).all()


def test_counts_are_kept_if_all_parts_keep_them(trains):
    assert Combined((Collapse(), Jitter(5e-3))).keeps_counts
    assert not Combined((Collapse(), Equalise(2))).keeps_counts


def test_the_label_is_read_back():
    for label in ("collapse + equalise 2", "delete 30 % + jitter 5 ms + reverse"):
        assert parse_perturbation(label).label == label
    with pytest.raises(UserError, match="unknown perturbation"):
        parse_perturbation("collapse + ")
