"""Training on spike times counts what the simulator fires: as many spikes, and the same classes."""

import numpy as np
import pytest

import bioscnn
from bioscnn.ann import read_model
from bioscnn.datasets import load_dataset
from bioscnn.neurons import TimeCode
from tests.processes import ROOT

torch = pytest.importorskip("torch")

from bioscnn.training.spike_times import TimesNetwork  # noqa: E402

N = 20


@pytest.mark.usefixtures("undrawn")
def test_the_simulator_fires_as_many_spikes_as_training_has_counted(tmp_path):
    name = "mnist-small-time"
    study, digits = ROOT / "sims" / "networks" / f"{name}.toml", load_dataset("mnist", "validation")
    done = bioscnn.run(study, {"dataset.trials": N, "simulation.device": "numpy"}, out=tmp_path)
    network = TimesNetwork(read_model(name), TimeCode(20e-3, 5e-3, 1e-3))
    for digit, trial in zip(digits.images[:N], done.decisions.itertuples(), strict=True):
        with torch.no_grad():
            run = network.run(torch.from_numpy(digit[None].astype(np.float32) / 255))
        assert trial.chosen_class == int(run.logits.argmax())
        assert trial.spikes == int(run.hidden_spikes())
