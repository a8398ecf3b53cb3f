"""What a simulation costs in time: ratios of the same short run, never seconds."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import replace

from bioscnn.simulation import simulate_batches
from bioscnn.studies.prepare import Prepared

REPEATS = 5
USUAL_STEPS = 15_000
STEPS = {"numpy": 300}
"""Time steps of a timed run on a device that is slow; the others take `USUAL_STEPS`."""


def time_ratios(prepared: Sequence[Prepared]) -> list[float]:
    """Return how much of a processor's time a simulation takes on every rung, in units of the first one.

    The first trials are simulated in one process without recording, on every rung in turn, and that several
    times; the least time of a rung counts, since whatever else a machine does can only add to it.

    Parameters
    ----------
    prepared : sequence of Prepared
        The rungs, the first one first. Their programs are compiled.
    """
    rounds = [[_seconds(one) for one in prepared] for _ in range(REPEATS)]
    best = [min(times) for times in zip(*rounds, strict=True)]
    return [time / best[0] for time in best]


def _seconds(prepared: Prepared) -> float:
    stimulus, device = prepared.stimulus, replace(prepared.device, jobs=1)
    trials = max(1, STEPS.get(device.name, USUAL_STEPS) // stimulus.n_steps)
    begun = _processor_time()
    for _ in simulate_batches(prepared.network, stimulus[:trials], device):
        pass
    return _processor_time() - begun


def _processor_time() -> float:
    """Return the seconds that this process, and the programs that it ran, have kept a processor busy."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
