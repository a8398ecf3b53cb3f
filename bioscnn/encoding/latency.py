"""One spike a cell, the sooner the more it is excited."""

from __future__ import annotations

import numpy as np

from bioscnn.encoding.rank_order import RankCode
from bioscnn.spikes import SpikeTrains


def latency(code: RankCode, n_steps: int, dt: float) -> SpikeTrains:
    """Spread the spikes of rank-order codes evenly over the trial, in their order.

    Parameters
    ----------
    code : RankCode
        One image a trial.
    n_steps : int
        Steps of a trial. Rank r of N fires in step ``r (n_steps - 1) // N``; nothing fires in the last.
    dt : float
        Duration of a step, s.

    Returns
    -------
    SpikeTrains
        One neuron a cell, each with one spike at most.
    """
    count = np.diff(code.start)
    step = code.rank() * (n_steps - 1) // np.repeat(count, count)
    return SpikeTrains.from_events(
        code.image(), step, code.neuron, n_trials=code.n_images, size=code.size, n_steps=n_steps, dt=dt
    )
