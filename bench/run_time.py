"""What `bioscnn plan` says a study will take, over what its simulation took, in turns.

python -m bench.run_time mnist-small=5000 mnist-large=1000 my-network.onnx=20,"simulation.duration=10 ms"
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import simulate_batches
from bioscnn.simulation.program import build, obtain
from bioscnn.simulation.storage import RunFile
from bioscnn.studies import read_study
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.scores import Scores

ROUNDS = 5
STUDY = Path(__file__).parents[1] / "sims" / "mnist.toml"


def simulated_seconds(case: Prepared) -> float:
    """Time what a run calls its simulation."""
    scores = Scores(case.network, case.study.config.readout.rule, len(case.examples), case.input.spikes)
    with TemporaryDirectory() as folder:
        shapes = {population.name: population.shape for population in case.network.neurons}
        begun = perf_counter()
        with RunFile(Path(folder) / "run.h5", shapes) as file:
            batches = simulate_batches(case.network, case.stimulus, case.device, record={OUTPUT, READOUT})
            for batch in batches:
                file.append(batch)
                scores.add(batch)
        return perf_counter() - begun


def main(networks: list[str]) -> None:
    """Print the median and the range of the ratio for each network that is asked for."""
    cases = {}
    for text in networks:
        named, *changes = text.split(",")
        model, _, trials = named.partition("=")
        case_changes = [f"network.model={model}", f"dataset.trials={trials}", *changes]
        study = read_study(STUDY, case_changes)
        case = prepare(study, None)
        if case.program is not None and obtain(case.program) is None:
            build(case.program)
        cases[text] = study, case, [], []
    for _ in range(ROUNDS):
        for study, case, planned, taken in cases.values():
            planned.append(plan_study(study, None).seconds)
            taken.append(simulated_seconds(case))
    for text, (_, _, planned, taken) in cases.items():
        ratios = np.array(planned) / taken
        print(
            f"{text}: planned {np.median(planned):.2f} s, took {np.median(taken):.2f} s, ratio "
            f"{np.median(ratios):.2f}, {ratios.min():.2f} to {ratios.max():.2f}, n = {ROUNDS}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
