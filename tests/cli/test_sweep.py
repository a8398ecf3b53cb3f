"""The verb `sweep`: its plan, its exit codes, what it refuses."""

import json

import pytest

from tests.program import assert_refused, bioscnn
from tests.sweeps import ROOT, write_sweep

EXAMPLE = ROOT / "sims" / "sweeps" / "mnist-morris.toml"
T_REF = '"neuron.t_ref" = { low = "1 ms", high = "4 ms" }'


def test_a_plan_counts_points_and_programs_and_simulates_nothing(tmp_path):
    done = bioscnn(tmp_path, "sweep", EXAMPLE, "--plan", "--json", "--jobs", "3", "--trials", "10")
    plan = json.loads(done.stdout)
    assert (plan["n_points"], plan["trials"], plan["programs"], plan["jobs"]) == (260, 10, 2, 3)
    assert plan["seconds"] > 0 and not (tmp_path / "results").exists()
    told = bioscnn(tmp_path, "sweep", EXAMPLE, "--plan", "--jobs", "3", "--trials", "10").stdout
    assert "260 points of 10 trials" in told and "programs  2, of which" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--dask", "tcp://1.2.3.4:1", "--slurm", "2"), ("only one of",)),
        (("--jobs", "2", "--pbs", "2"), ("--pbs",)),
        (("--dask", "nonsense"), ("not the address of a Dask scheduler", "nonsense")),
        (("--set", "simulation.dt=3 ms"), ("neuron.t_ref", "no whole number of time steps")),
        (("--trials", "100000"), ("dataset.trials", "at most 5000")),
    ],
)
def test_what_cannot_be_is_told_before_any_work(tmp_path, words, told):
    write_sweep(tmp_path, 'kind = "random"\npoints = 3', T_REF, changes="")
    assert_refused(bioscnn(tmp_path, "sweep", "sweep.toml", *words), *told)
    assert not (tmp_path / "results").exists()


def test_a_batch_system_that_is_not_here_is_told(tmp_path):
    write_sweep(tmp_path, 'kind = "random"\npoints = 3', T_REF, changes="")
    done = bioscnn(tmp_path, "sweep", "sweep.toml", "--pbs", "2", PATH="/nowhere")
    assert_refused(done, "no PBS here", "--pbs", "qsub")
    assert not (tmp_path / "results").exists()


def test_a_missing_file_and_a_missing_study_are_told(tmp_path):
    assert_refused(bioscnn(tmp_path, "sweep", "none.toml"), "no such sweep file", "none.toml")
    file = write_sweep(tmp_path, 'kind = "random"', T_REF)
    file.write_text(file.read_text().replace("mnist.toml", "mnits.toml"))
    assert_refused(bioscnn(tmp_path, "sweep", "sweep.toml"), "no such study file", "mnits.toml")
