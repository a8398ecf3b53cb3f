"""The memory of a process is its own."""

import subprocess
import sys

import pytest

from bench.environments import ROOT

START = (
    "import subprocess, sys; big = b'x' * 400_000_000; subprocess.run([sys.executable, '-c', sys.argv[1]])"
)
PEAK = "from bench.memory import peak_of_this_process; print(peak_of_this_process())"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_a_process_does_not_count_the_one_that_started_it():
    done = subprocess.run(
        [sys.executable, "-c", START, PEAK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 5 < float(done.stdout) < 200
