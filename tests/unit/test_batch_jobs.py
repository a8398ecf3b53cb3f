"""The table [cluster] of somebody's sweep file brings no command into the script of a job."""

from __future__ import annotations

import pytest

from bioscnn.batch_jobs import cluster_options
from bioscnn.errors import UserError
from bioscnn.experiments.sweep import read_sweep
from tests.sweeps import write_sweep


@pytest.mark.parametrize(
    "key",
    [
        "job_script_prologue",
        "job_script_epilogue",
        "job_extra",
        "job_extra_directives",
        "env_extra",
        "python",
        "worker_command",
        "worker_extra_args",
        "extra",
        "shebang",
        "header_skip",
        "job_directives_skip",
        "local_directory",
        "log_directory",
        "shared_temp_directory",
        "nanny",
        "protocol",
        "security",
        "scheduler_options",
        "scheduler_cls",
        "submit_command_extra",
        "config_name",
        "coers",
    ],
)
def test_what_a_job_runs_is_no_matter_of_a_file(key):
    for value in ("x", ["touch CODE_RAN"], {"x": 1}, 1, True):
        with pytest.raises(UserError) as raised:
            cluster_options({key: value})
        assert raised.value.key == f"cluster.{key}" and "jobqueue.yaml" in raised.value.fix


@pytest.mark.parametrize(
    "value",
    [
        "short\ntouch CODE_RAN",
        "short; touch CODE_RAN",
        "$(touch CODE_RAN)",
        "`touch CODE_RAN`",
        "a|b",
        "a&b",
        "a>b",
        "-p x",
        "",
        "'",
        '"',
        "a\\",
        "short\r",
        "short\u2028x",
        "x" * 201,
        True,
        None,
        ["short"],
        {"a": 1},
    ],
)
@pytest.mark.parametrize("key", ["queue", "walltime", "memory", "job_name"])
def test_a_value_is_a_number_or_plain_text(key, value):
    with pytest.raises(UserError) as raised:
        cluster_options({key: value})
    assert raised.value.key == f"cluster.{key}"


def test_a_sweep_file_with_a_command_for_its_jobs_is_refused_when_it_is_read(tmp_path):
    file = write_sweep(
        tmp_path, 'kind = "random"\npoints = 3', '"neuron.t_ref" = { low = "1 ms", high = "4 ms" }'
    )
    good = file.read_text()
    file.write_text(good + '\n[cluster]\nqueue = "short"\ncores = 2\n')
    assert read_sweep(file).cluster == {"queue": "short", "cores": 2}
    file.write_text(good + '\n[cluster]\njob_script_prologue = ["touch CODE_RAN"]\n')
    with pytest.raises(UserError) as raised:
        read_sweep(file)
    assert raised.value.file == file and raised.value.key == "cluster.job_script_prologue"
