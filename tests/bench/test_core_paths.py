"""The paths whose pace users feel, timed by pytest-benchmark: `pytest tests/bench/test_core_paths.py`."""

from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import process_time

import numpy as np
import pytest

from bench.limit import Limit
from bioscnn.datasets import EventFile, EventStream, write_events
from bioscnn.network import OUTPUT, READOUT
from bioscnn.report import write_report
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.cpp_device import constant_files
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.run import run_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore:Benchmarks are automatically disabled"
    ),  # in parallel they say nothing
]


def ready(model, trials=500):
    return prepare(
        read_study("sims/mnist.toml", [f"network.model={model}", f"dataset.trials={trials}"]), None
    )


@pytest.mark.parametrize("model", ["mnist-small", "mnist-large"])
@pytest.mark.parametrize("recorded", ["output", "all spikes"])
def test_simulating_500_images_on_one_core(benchmark, model, recorded):
    case = ready(model)
    record = [OUTPUT] if recorded == "output" else [p.name for p in case.network.neurons]

    def run():
        return simulate(case.network, case.stimulus, Device(), record=record, potentials=[READOUT])

    recording = benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    assert recording[READOUT].potentials.shape == (500, 30, 10)


def test_preparing_a_study(benchmark):
    case = benchmark.pedantic(lambda: ready("mnist-large"), rounds=5)
    assert case.stimulus.n_trials == 500


def test_writing_down_what_a_program_reads(benchmark):
    shape = ready("mnist-large").program
    files = benchmark.pedantic(lambda: constant_files(shape), rounds=5)
    assert {"conv2_to_conv3.w", "conv1.I_stim"} <= set(files)


def test_reading_events(benchmark, tmp_path):
    """Three hundred recordings of the size of N-MNIST's; at least 20 million events a second of one core."""
    n_recordings, n_events = 300, 4200
    rng = stream(1, "benchmark")
    for number in range(n_recordings):
        x, y = rng.integers(0, 34, (2, n_events))
        t_us = np.sort(rng.integers(0, 315_000, n_events))
        recording = EventStream(x, y, t_us, rng.integers(0, 2, n_events) == 1, (34, 34))
        write_events(tmp_path / f"{number:05}.bin", recording)
    files = [EventFile(path, (34, 34)) for path in tmp_path.iterdir()]
    seconds = []

    def read():
        begun = process_time()  # other programs do not count
        for file in files:
            file.read()
        seconds.append(process_time() - begun)

    benchmark.pedantic(read, rounds=5, warmup_rounds=1)
    assert n_recordings * n_events / min(seconds) > 20e6


def test_the_report(benchmark, tmp_path):
    run = run_study(
        read_study("sims/mnist.toml", ["dataset.trials=500"]),
        data=None, out=tmp_path / "run", results=tmp_path, progress=Silent(),
    )  # fmt: skip
    benchmark.pedantic(lambda: write_report(run.folder), rounds=3)
    assert (run.folder / "report.html").stat().st_size > 100_000


def timed(call):
    """Processor time, in s, of this process and of the program that it runs: other programs do not count."""

    def spent():
        return sum(sum(getrusage(whose)[:2]) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN))

    begun = spent()
    call()
    return spent() - begun


@pytest.mark.parametrize("model", ["mnist-small", "mnist-large"])
def test_a_generated_program_keeps_up_with_one_written_by_hand(model, tmp_path):
    """Whole calls in turn, until one does; `make bench` has the figures of an idle machine."""
    case, by_hand = ready(model, 1000), Limit.build(tmp_path)
    shares = []
    while len(shares) < 12 and max(shares, default=0) <= 0.7:
        ours = timed(
            lambda: simulate(case.network, case.stimulus, Device(), record=[OUTPUT], potentials=[READOUT])
        )
        shares.append(timed(lambda: by_hand.run(case.network, case.stimulus)) / ours)
    assert max(shares) > 0.7, shares
