"""What a run costs beyond its simulation, once its program is compiled: imports, loading, writing."""

import re
import subprocess
import sys
import time

import pytest

from tests.cli.test_commands import STUDY
from tests.program import BIOSCNN, bioscnn, bioscnn_anew

FOR_FIGURES = {"matplotlib", "PIL", "jinja2"}
FOR_OTHER_TASKS = {"brian2", "sympy", "torch", "seaborn", "pandas", "requests"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for runs whose program is compiled."""
    folder = tmp_path_factory.mktemp("start-up")
    done = bioscnn(folder, "run", STUDY, "--trials", 1)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_a_cached_run_imports_what_it_needs_when_it_needs_it(folder):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", BIOSCNN, "run", STUDY, "--trials", "100"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, _, after = done.stderr.partition("simulating ...")
    preparing, meanwhile = (
        set(re.findall(r"^import time:.*\| +(\w+)$", part, re.M)) for part in (before, after)
    )
    assert {"numpy", "h5py"} <= preparing and meanwhile >= FOR_FIGURES
    assert not preparing & (FOR_FIGURES | FOR_OTHER_TASKS)
    assert not meanwhile & FOR_OTHER_TASKS


@pytest.mark.slow
def test_the_same_run_again_is_drawn_only_if_a_file_of_it_has_changed(folder):
    def run():
        done = subprocess.run(
            [sys.executable, "-X", "importtime", BIOSCNN, "run", STUDY, "--trials", "100"],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done, set(re.findall(r"^import time:.*\| +(\w+)$", done.stderr, re.M))

    run()
    again, imported = run()
    assert "Same results as before" in again.stdout and "simulating" not in again.stderr
    assert not imported & (FOR_OTHER_TASKS | {"matplotlib", "PIL"})
    with (folder / "results" / "mnist" / "latest" / "config.toml").open("a") as file:
        file.write("# edited\n")
    again, imported = run()
    assert "Same results as before" in again.stdout and "matplotlib" in imported


@pytest.mark.slow
def test_a_thousand_digits_and_their_numbers_take_less_than_five_seconds(folder):
    for _ in range(3):  # another process may have the machine for a while
        begun = time.perf_counter()
        done = bioscnn_anew(folder, "run", STUDY, "--trials", 1000)
        wall = time.perf_counter() - begun
        total, parts = re.search(r"time +([\d.]+) s: (.*)", done.stdout).groups()
        parts = {name: float(seconds) for name, seconds in re.findall(r"([a-z]+) ([\d.]+)", parts)}
        report = parts["report"]
        assert parts.get("build", 0) == 0
        assert 0 < sum(parts.values()) <= float(total) + 0.3
        assert float(total) <= wall + 0.1
        if wall - float(report) < 5:
            return
    pytest.fail(f"{wall - float(report):.1f} s without the report")
