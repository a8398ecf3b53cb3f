"""The shipped networks of recordings: what their cards say, and what a real camera's recordings say."""

import os
from pathlib import Path

import pytest

from bioscnn.ann import read_card, read_model, shipped_models
from bioscnn.datasets.caltech import find_photographs
from bioscnn.datasets.folders import data_folder
from bioscnn.datasets.recordings import EVENT_DATASETS, record_once
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import proportion
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.run import run_study
from bioscnn.studies.study import read_study

OF_RECORDINGS = [name for name in shipped_models() if "recordings" in read_card(name)]
REAL = Path(os.environ.get("BIOSCNN_DATA", "")) / "N-MNIST"
needs_real = pytest.mark.skipif(
    not os.environ.get("BIOSCNN_DATA") or not REAL.is_dir(), reason="needs N-MNIST in BIOSCNN_DATA"
)


def validation_recordings(name):
    """Return every fourth recording that chose the network's epoch, simulated as it was for its training."""
    dataset, first = name.split("-")[0], read_card(name)["recordings"]["validation_from"]
    if dataset == "ncaltech101" and find_photographs("validation", data_folder(None)) is None:
        pytest.skip("needs the photographs of Caltech101")
    # A recording does not depend on its neighbours, so the others need not be made.
    of_camera = EVENT_DATASETS[dataset]
    images = of_camera.images("validation", data_folder(None), False)
    return record_once(images.take(slice(first, None, 4)), of_camera.camera)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_RECORDINGS)
def test_a_shipped_network_classifies_unseen_recordings_as_its_card_says(name):
    card, recordings = read_card(name), validation_recordings(name)
    settings = card["settings"]
    steps = [round(settings[key] / settings["dt"]) for key in ("duration", "frame")]
    shown = EventInput(
        recordings, steps[0], settings["dt"], card["recordings"]["bin_size"], steps[1], settings["input_rate"]
    )
    accuracy = proportion(shown.ann_class(read_model(name)) == recordings.labels)
    assert accuracy.low <= card["validation"]["accuracy"] <= accuracy.high


def test_networks_of_both_sets_of_recordings_ship():
    assert {name.split("-")[0] for name in OF_RECORDINGS} == set(EVENT_DATASETS)


@needs_real
@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_network_that_saw_only_simulated_recordings_classifies_real_ones(tmp_path):
    study = read_study("sims/nmnist.toml", ["dataset.trials=400", "dataset.recordings=real"])
    summary = run_study(study, data=None, out=tmp_path / "run", results=tmp_path, progress=Silent()).summary
    assert summary["simulated"] is False
    assert summary["accuracy"]["mean-potential"][0] > 0.96
