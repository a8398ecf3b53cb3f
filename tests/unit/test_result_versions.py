"""Results of earlier versions are read, and those of a newer one are refused by name."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest

from bioscnn import large_arrays
from bioscnn.errors import UserError
from bioscnn.ledger.files import from_json
from bioscnn.report.folder import read_facts, read_run
from bioscnn.result_versions import FORMAT, KEY, upgraded
from bioscnn.simulation.storage import load_run
from tests.browser.conftest import made_up_ledger, write_made_up_run
from tests.results import write_results
from tests.runs import change_json


def test_a_ledger_from_before_the_time_code_is_read_as_one_in_hertz():
    ledger = json.loads(made_up_ledger())
    assert ledger.pop(KEY) == FORMAT
    for layer in ledger["layers"]:
        assert layer.pop("unit") == "Hz"
    assert from_json(json.dumps(ledger)) == from_json(made_up_ledger())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_made_up_run(tmp_path_factory.mktemp("run"), 2, n_classes=2, explained=True)


def test_results_that_do_not_say_their_format_are_read_as_they_were(run):
    summary, _ = read_facts(run)
    assert KEY not in summary and read_run(run).explained is not None


@pytest.mark.parametrize("name", ["summary.json", "provenance.json", "ledger.json"])
@pytest.mark.parametrize("found", [FORMAT + 1, -1, "1", 1.0, None, True])
def test_a_format_that_is_not_known_is_refused_with_the_file(run, tmp_path, name, found):
    folder = shutil.copytree(run, tmp_path / "run")
    change_json(folder / name, **{KEY: found})
    with pytest.raises(UserError, match="newer bioscnn" if found == FORMAT + 1 else "format is") as raised:
        read_run(folder)
    assert raised.value.file == folder / name and raised.value.fix


def test_the_index_tells_results_of_a_newer_bioscnn_from_damaged_ones(tmp_path):
    from bioscnn.report import write_index

    results = write_results(tmp_path / "results")
    for path in results.rglob("summary.json"):
        if path.parent.name == "as-written-1234":
            change_json(path, **{KEY: FORMAT + 1})
    assert "a newer bioscnn wrote it" in write_index(results).read_text()


def test_each_upgrade_leads_from_one_format_to_the_next():
    steps = [lambda old: {**old, "b": old["a"]}]
    assert upgraded({"a": 1}, steps)["b"] == 1
    assert "b" not in upgraded({KEY: FORMAT, "a": 1}, steps)


def test_a_recording_that_does_not_fit_into_memory_lies_in_a_file_and_is_the_same(run, monkeypatch):
    expected = load_run(run / "run.h5").recording.potentials()
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 100)
    found = load_run(run / "run.h5").recording.potentials()
    assert isinstance(found.base, np.memmap) and np.array_equal(found, expected)


def test_a_recording_that_claims_far_more_than_its_file_can_hold_is_refused(run, tmp_path):
    path = shutil.copytree(run, tmp_path / "run") / "run.h5"
    with h5py.File(path, "a") as file:
        n_trials, n_steps = file["populations/readout/potentials"].shape[:2]
        del file["populations/readout"]
        size = 10**9  # never written: 4 GB for each step of a trial
        group = file.create_group("populations/readout")
        group.attrs["shape"] = (size,)
        group["counts_by_trial"] = np.zeros(n_trials, np.int64)
        group.create_dataset("counts_by_neuron", (size,), np.int64, chunks=(10**6,))
        group.create_dataset("potentials", (n_trials, n_steps, size), np.float32, chunks=(1, 1, 10**6))
    with pytest.raises(UserError, match="too large for what the file holds"):
        load_run(path)
