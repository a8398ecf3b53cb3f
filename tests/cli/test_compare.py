"""Two runs compared on the command line."""

import json
import shutil

import pytest

from bioscnn.printing.devices import print_comparison
from bioscnn.studies.comparison import RunComparison
from bioscnn.terminal import OUT
from tests.cli.test_commands import STUDY
from tests.program import assert_refused, bioscnn
from tests.runs import change_json, move_spike, recorded, write_run
from tests.sweeps import ROOT


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two equal runs, and one with a spike a step later."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "a", recorded())
    shutil.copytree(folder / "a", folder / "b")
    shutil.copytree(folder / "a", folder / "c")
    return folder, move_spike(folder / "c", "conv2", 3)


def test_equal_runs_end_with_code_0(runs):
    done = bioscnn(runs[0], "compare", "a", "b")
    assert done.returncode == 0, done.stderr
    assert "The runs are identical, spike for spike." in done.stdout
    assert json.loads(bioscnn(runs[0], "compare", "a", "b", "--json").stdout)["identical"] is True


def test_runs_that_differ_end_with_code_1_and_say_where(runs):
    folder, (neuron, step) = runs
    done = bioscnn(folder, "compare", "a", "c")
    assert done.returncode == 1 and done.stderr == ""
    assert f"trial 3, conv2, neuron {neuron}, step {step}: a spike in the first run alone" in done.stdout
    assert "trials whose spikes differ: 1 of 6 (16.7 %)" in done.stdout
    assert "Rounding does not explain it" in done.stdout
    asked = bioscnn(folder, "compare", "a", "c", "--json")
    assert asked.returncode == 1
    told = json.loads(asked.stdout)
    assert told["trials_that_differ"] == {"n": 1, "share": pytest.approx(1 / 6), "trials": [3]}
    first = told["first_divergence"]
    assert (first["trial"], first["population"], first["neuron"], first["step"]) == (3, "conv2", neuron, step)
    assert told["class_changed"]["n"] == 0 and told["causes"]["not rounding"] == 1


def test_the_keys_of_ones_own_neuron_are_one_row_beside_a_known_neuron(runs):
    folder, _ = runs
    own = {"model": str(ROOT / "sims" / "neurons" / "exponential.toml")}
    write_run(folder / "own", recorded(), neuron=own, network={"model": "mnist-small-relu"})
    done = bioscnn(folder, "compare", "a", "own")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("neuron.")]
    assert rows == [["neuron.model", "lif", "exponential"]]
    assert done.stdout.index("No difference in accuracy was found") < done.stdout.index("key that differs")
    told = json.loads(bioscnn(folder, "compare", "a", "own", "--json").stdout)["keys_that_differ"]
    assert "neuron.definition.threshold" in told


def test_other_networks_are_compared_by_their_trials_and_end_with_code_0(runs):
    folder, _ = runs
    write_run(folder / "d", recorded(), neuron={"t_ref": "3 ms"})
    done = bioscnn(folder, "compare", "a", "d")
    assert done.returncode == 0, done.stderr
    assert "neuron.t_ref" in done.stdout and "No difference in accuracy was found" in done.stdout
    told = json.loads(bioscnn(folder, "compare", "a", "d", "--json").stdout)
    assert told["keys_that_differ"] == {"neuron.t_ref": ["2 ms", "3 ms"]}
    assert told["spike_by_spike"] is False and "identical" not in told
    quantities = {row["quantity"]: row for row in told["differences"]}
    assert list(quantities) == ["accuracy", "latency_ms", "spikes_per_trial"]
    assert not any(row["significant"] for row in told["differences"])


def test_one_trial_has_no_interval(tmp_path):
    for folder, t_ref in (("a", "2 ms"), ("b", "3 ms")):
        write_run(tmp_path / folder, recorded(1), neuron={"t_ref": t_ref})
    said = bioscnn(tmp_path, "compare", "a", "b").stdout
    assert "unknown: one trial" in said and "inf" not in said


def test_what_a_run_did_not_record_is_said_so(capsys, monkeypatch):
    monkeypatch.setattr(OUT, "width", 80)
    settings = {"folder": "a", "device": "numpy", "connectivity": "explicit", "precision": "float64"}
    unknown = settings | {"brian2": None, "commit": None}
    long = "neuron.definition.parameters.tau_of_the_slow_current"
    keys = {"neuron.tau_a": (None, "100 ms"), long: ("V > V_th and " * 9, None)}
    print_comparison(RunComparison((unknown, unknown), 3, keys, (), None))
    said = capsys.readouterr().out
    assert "None" not in said and said.count("not recorded") == 4
    assert "…" not in said  # a key is read to its end


def test_what_cannot_be_compared_ends_with_code_2(runs, tmp_path):
    assert_refused(bioscnn(runs[0], "compare", "a", "nowhere"), "no such run", "nowhere")
    other = shutil.copytree(runs[0] / "a", tmp_path / "other")
    change_json(other / "summary.json", data_sha256="0" * 64)
    assert_refused(bioscnn(runs[0], "compare", "a", other), "not of the same trials", "data SHA-256")
    (other / "run.h5").write_bytes(b"no HDF5")
    shutil.copyfile(runs[0] / "a" / "summary.json", other / "summary.json")
    assert_refused(bioscnn(runs[0], "compare", "a", other), "not a complete recording", "run.h5", "fix:")


@pytest.mark.slow
def test_all_devices_of_this_machine_give_the_same_spikes(tmp_path):
    done = bioscnn(tmp_path, "devices", STUDY, "--trials", 10)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("numpy ", "cpp_"))]
    assert [row[:3] for row in rows if row[2] == "float64"][:3] == [
        ["numpy", "explicit", "float64"],
        ["cpp_standalone", "explicit", "float64"],
        ["cpp_standalone", "auto", "float64"],
    ]
    assert len({row[3] for row in rows if row[2] == "float64"}) == 1
    # With single precision too: no trial is given another class.
    assert all(row[6] == "0" for row in rows) and len(rows) >= 4
    for name in ("devices.csv", "summary.json", "runs/cpp_standalone-auto-float32/run.h5"):
        assert (tmp_path / "results" / "devices" / "mnist" / name).is_file()
