"""The table [cluster] of somebody's sweep file brings no command into the script of a job."""

from __future__ import annotations

import asyncio
import shlex

import pytest

from bioscnn.batch_jobs import KEYS, cluster_options
from bioscnn.errors import UserError
from bioscnn.experiments.batch import make_cluster
from bioscnn.experiments.executors import Where
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


GOOD = {
    "cores": 4,
    "processes": 2,
    "job_cpu": 8,
    "memory": "2 GB",
    "job_mem": "4G",
    "walltime": "01:00:00",
    "death_timeout": 90,
    "queue": "short",
    "account": "m1234_g",
    "project": "vision-lab.2",
    "job_name": "sweep-1",
    "interface": "lo",
    "resource_spec": "select=1:ncpus=4:mem=8gb",
}
"""A value of every key that a batch system takes."""

HOSTILE = [
    " --preload evil.py",
    " --export=ALL,PYTHONPATH=.",
    "\ntouch CODE_RAN",
    "\n#SBATCH --export=ALL",
    "; touch CODE_RAN",
    "$(touch CODE_RAN)",
    "`touch CODE_RAN`",
    "|a",
    "&a",
    ">a",
    "'",
    '"',
    "\\",
    "\r",
    "\t-x",
    "\u2028x",
    "\u00a0-x",
    "/../x",
    "@elsewhere",
    ":prologue=evil.sh",
    "#",
    "%x",
    "\u0663",
]
"""What no value may go on with."""


@pytest.mark.parametrize("key", KEYS)
def test_no_value_goes_on_with_another_word_or_begins_as_an_option(key):
    cluster_options({key: GOOD[key]})
    refused = [f"{GOOD[key]}{more}" for more in HOSTILE] + [
        f"-{GOOD[key]}",
        f" {GOOD[key]}",
        f"{GOOD[key]}\n",
    ]
    for value in [*refused, *HOSTILE, "", "-p x", f"{GOOD[key]}" * 200, True, None, [GOOD[key]], {"a": 1}]:
        with pytest.raises(UserError) as raised:
            cluster_options({key: value})
        assert (raised.value.key, raised.value.value) == (f"cluster.{key}", value) and raised.value.expected


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key in GOOD for value in (0, -1, float("nan"), float("inf"))]
    + [(key, 1) for key in ("queue", "account", "project", "job_name", "interface", "resource_spec")]
    + [(key, 1.5) for key in ("cores", "processes", "job_cpu", "job_mem", "walltime")]
    + [(key, "4") for key in ("cores", "processes", "job_cpu")]
    + [("death_timeout", "60 s 60"), ("death_timeout", "60 --preload evil.py"), ("walltime", "1 hour")]
    + [
        ("job_mem", "4 G"),
        ("queue", "short,-x"),
        ("queue", "short --export=ALL,PYTHONPATH=. --output=.bashrc"),
    ]
    + [("resource_spec", "nodes=1:ppn=4,prologue=evil.sh"), ("resource_spec", "select=1 -S evil.sh")]
    + [("resource_spec", "select=1:host=-S"), ("resource_spec", "gpu_model=$(id)")],
)
def test_a_key_takes_values_of_its_own_kind_alone(key, value):
    with pytest.raises(UserError) as raised:
        cluster_options({key: value})
    assert raised.value.key == f"cluster.{key}"


@pytest.mark.parametrize(
    ("key", "value"),
    [("memory", value) for value in (2_000_000_000, 2e9, "2GB", "1.5 GiB", "500 mb")]
    + [("walltime", value) for value in (60, "90", "30:00", "2-00", "2-12:00:00", "10:00:00:00")]
    + [("death_timeout", value) for value in (60.5, "60", "0.5 s")]
    + [("queue", "short,long"), ("interface", "eth0.100"), ("interface", "eth0:1"), ("account", "_12")]
    + [("resource_spec", value) for value in ("nodes=2:ppn=4,mem=2gb", "select=1:ncpus=4+2:ncpus=1:ngpus=1")]
    + [("resource_spec", "select=2:ncpus=1,place=scatter:excl")]
    + [("resource_spec", "select=1:gpu_model=a100:host=node-7"), ("death_timeout", "5 minutes")],
)
def test_what_batch_systems_take_is_handed_on(key, value):
    given = value.replace(" ", "") if isinstance(value, str) else value
    assert cluster_options({key: value}) == {key: given}


DIRECTIVES = {
    "slurm": [
        "#SBATCH -J sweep-1",
        "#SBATCH -p short",
        "#SBATCH -A m1234_g",
        "#SBATCH -n 1",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=4G",
        "#SBATCH -t 01:00:00",
    ],
    "pbs": [
        "#PBS -N sweep-1",
        "#PBS -q short",
        "#PBS -A m1234_g",
        "#PBS -l select=1:ncpus=4:mem=8gb",
        "#PBS -l walltime=01:00:00",
    ],
}


@pytest.mark.parametrize(("batch", "others"), [("slurm", ["resource_spec"]), ("pbs", ["job_cpu", "job_mem"])])
def test_the_script_of_a_job_holds_the_values_as_they_are(tmp_path, batch, others):
    pytest.importorskip("dask_jobqueue")
    table = {key: value for key, value in GOOD.items() if key not in [*others, "project"]}
    with make_cluster(Where(batch=batch, cluster=table), tmp_path) as cluster:
        lines = cluster.job_script().strip().splitlines()
    assert [line for line in lines[1:-1] if line] == DIRECTIVES[batch]
    words = shlex.split(lines[-1])[3:]
    security = [words.index(f"--tls-{name}") + 1 for name in ("ca-file", "cert", "key")]
    assert words[0].startswith("tls://") and all(words[at].startswith(f"{tmp_path}/") for at in security)
    security += [at - 1 for at in security]
    assert [word for at, word in enumerate(words) if at and at not in security] == [
        *("--name", "dummy-name", "--nthreads", "2", "--memory-limit", "0.93GiB", "--nworkers", "2"),
        *("--nanny", "--death-timeout", "90", "--interface", "lo", "--protocol", "tls://"),
    ]


@pytest.mark.parametrize("name", ["a;touch CODE_RAN", "$(touch CODE_RAN)", "a b", "a\nb", "é"])
def test_a_folder_whose_path_a_shell_would_run_is_refused_before_a_key_is_made(tmp_path, name):
    pytest.importorskip("dask_jobqueue")
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(UserError, match="path of the current folder"):
        make_cluster(Where(batch="slurm", cluster={"cores": 1, "memory": "1 GB"}), folder / "keys")
    assert list(folder.iterdir()) == []


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
    file.write_text(good + '\n[cluster]\ndeath_timeout = "60 --preload evil.py"\n')
    with pytest.raises(UserError) as raised:
        read_sweep(file)
    assert (raised.value.file, raised.value.key, raised.value.value) == (
        file,
        "cluster.death_timeout",
        "60 --preload evil.py",
    )


async def asked(address: str, security) -> object:
    """Ask a scheduler who it is."""
    from distributed.comm import connect

    arguments = {} if security is None else security.get_connection_args("client")
    comm = await connect(address, timeout=2, **arguments)
    try:
        await comm.write({"op": "identity", "reply": True})
        return (await comm.read())["type"]
    finally:
        comm.abort()


def test_nobody_else_talks_to_the_scheduler_of_jobs(tmp_path):
    pytest.importorskip("dask_jobqueue")
    from distributed import Security

    with make_cluster(Where(batch="slurm", cluster={"cores": 1, "memory": "1 GB"}), tmp_path) as cluster:
        address, open_to_all = cluster.scheduler_address, cluster.scheduler_address.replace("tls", "tcp")
        assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0, 0, 0]
        assert asyncio.run(asked(address, cluster.security)) == "Scheduler"
        for reached, stranger in ((open_to_all, None), (address, Security.temporary())):
            with pytest.raises(OSError):
                asyncio.run(asyncio.wait_for(asked(reached, stranger), 10))
