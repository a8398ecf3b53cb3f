"""Synaptic operations of single trials, and their mean over trials."""

from pathlib import Path

import numpy as np
import pytest

from bioscnn.metrics import synaptic_operations_by_trial, synaptic_operations_per_trial
from bioscnn.network import READOUT
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"


@pytest.mark.parametrize("model", ["mnist-small-relu", "mnist-small"])
def test_synaptic_operations_of_the_trials_have_the_mean_that_counts_of_spikes_give(model):
    prepared = prepare(read_study(STUDY, ["dataset.trials=5", f"network.model={model}"]), None)
    names = [population.name for population in prepared.network.neurons if population.spikes]
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record=names, potentials={READOUT}
    )
    by_trial = synaptic_operations_by_trial(prepared.network, recording)
    assert by_trial.shape == (5,) and np.ptp(by_trial) > 0
    assert by_trial.mean() == synaptic_operations_per_trial(prepared.network, recording)
