"""Recorded spikes have the order of the network's neurons, in whatever order a simulator lists them."""

import os
import subprocess

import numpy as np
import pytest

from bioscnn.seeds import stream
from bioscnn.simulation.build import COMPILER_FLAGS
from bioscnn.simulation.shape import TEMPLATES

PROGRAM = """
#include "recorders.h"

int main(int, char** arguments)
{
    bioscnn::SpikeRecorder spikes("p", std::atoi(arguments[1]), std::atoi(arguments[2]));
    bioscnn::File steps("steps", "rb");
    std::vector<int32_t> fired;
    for (int64_t trial = 0; trial < bioscnn::n_trials; trial++)
    {
        for (int64_t step = 0; step < bioscnn::n_steps; step++)
        {
            int32_t n;
            steps.read(&n, 1);
            fired.resize(n);
            steps.read(fired.data(), n);
            spikes.add(fired.data(), n);
        }
        spikes.end_trial();
    }
    spikes.end_run();
}
"""
N_TRIALS, N_STEPS = 3, 5


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorder")
    (folder / "main.cpp").write_text(PROGRAM)
    words = [os.environ.get("CXX", "g++"), *COMPILER_FLAGS, f"-I{TEMPLATES}", "main.cpp", "-o", "main"]
    subprocess.run(words, cwd=folder, check=True)
    return folder / "main"


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(("size", "channels"), [(24, 4), (24, 1), (24, 24), (70_000, 7)])
def test_spikes_of_a_step_come_in_the_order_of_the_networks_numbers(
    tmp_path, program, size, channels, shuffled
):
    draw = stream(1, f"{size} {channels}")
    steps = [
        np.flatnonzero(draw.random(size) < draw.choice([0, 0.1, 0.9])) for _ in range(N_TRIALS * N_STEPS)
    ]
    listed = [draw.permutation(fired) if shuffled else fired for fired in steps]
    for name, value in (("n_steps", N_STEPS), ("n_trials", N_TRIALS)):
        np.array([value], np.int64).tofile(tmp_path / name)
    np.array([1e-3]).tofile(tmp_path / "dt")
    np.arange(N_TRIALS).tofile(tmp_path / "trials")
    np.concatenate([np.array([len(fired), *fired], np.int32) for fired in listed]).tofile(tmp_path / "steps")
    (tmp_path / "p.record_spikes").touch()
    subprocess.run(
        [program, str(size), str(channels)], env=os.environ | {"BIOSCNN_FOLDER": str(tmp_path)}, check=True
    )
    number = np.uint16 if size < 2**16 else np.int32
    in_network = [np.sort(fired % channels * (size // channels) + fired // channels) for fired in steps]
    np.testing.assert_array_equal(np.fromfile(tmp_path / "p.spikes", number), np.concatenate(in_network))
    np.testing.assert_array_equal(np.fromfile(tmp_path / "p.step_counts", number), [len(f) for f in steps])
