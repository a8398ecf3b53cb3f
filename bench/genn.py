"""How long GeNN takes on a CPU beside C++ by Brian2 alone, and by bioscnn with listed synapses.

GENN_PATH=... .venv-genn/bin/python -m bench.genn
"""

from __future__ import annotations

import json
from collections.abc import Callable
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Any

from bench.contestants.brian2_plain import Brian2
from bench.networks import problem_of
from bench.roster import READOUT as RULE
from bioscnn.doctor import require_genn
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import Device, simulate

NETWORK, DIGITS, ROUNDS = "mnist-small", 200, 15
PLAIN = "Brian2"
DEVICES = {
    "cpp explicit": Device("cpp_standalone", "float64", connectivity="explicit"),
    "genn": Device("genn", "float64", use_gpu=False),
}


def measure() -> dict[str, Any]:
    """Return the time that a digit takes each program in double precision, and its ratio to that of Brian2.

    Each program classifies the same digits once a round; what counts is the processor time of the program,
    from its start to its end, without compiling. Ratios are taken within a round: median, lowest, highest.
    """
    require_genn(use_gpu=False)
    problem, ready = problem_of([f"network.model={NETWORK}", f"dataset.trials={DIGITS}"], RULE)
    plain, images = Brian2(problem), problem.stimulus(DIGITS)

    def ours(device: Device) -> Callable[[], Any]:
        return lambda: simulate(ready.network, ready.stimulus, device, record=[OUTPUT], potentials=[READOUT])

    runs = {PLAIN: lambda: plain.run(images, counting=False)}
    runs |= {name: ours(device) for name, device in DEVICES.items()}
    for run in runs.values():
        run()  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            before = _processor_time()
            run()
            seconds[name].append(_processor_time() - before)
    ratios = {
        name: [a / b for a, b in zip(taken, seconds[PLAIN], strict=True)] for name, taken in seconds.items()
    }
    return {
        "network": NETWORK,
        "digits": DIGITS,
        "rounds": ROUNDS,
        "ms_a_digit": {name: 1e3 * median(taken) / DIGITS for name, taken in seconds.items()},
        "ratio_to_brian2": {name: [median(r), min(r), max(r)] for name, r in ratios.items()},
    }


def _processor_time() -> float:
    """Return the processor time of all programs that have ended, s."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
