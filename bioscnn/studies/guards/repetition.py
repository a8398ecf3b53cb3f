"""A few trials of a study, simulated again with every spike, after other trials than the first time."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from bioscnn.readout import not_finite
from bioscnn.simulation import PopulationRecording, Recording, simulate
from bioscnn.simulation.simulate import RECORDED_BYTES
from bioscnn.studies.prepare import Prepared


def simulate_again(
    prepared: Prepared, chosen: NDArray[np.int64], potentials: Collection[str]
) -> tuple[Recording, dict[str, float]]:
    """Simulate some trials in the opposite order; a trial that depends on the one before it then differs.

    Parameters
    ----------
    prepared : Prepared
        The study.
    chosen : ndarray of int64, shape (n,)
        Which trials.
    potentials : collection of str
        Populations of which the potentials are wanted.

    Returns
    -------
    recording : Recording
        Of the trials in the order of `chosen`, with the spikes of all populations.
    largest : dict of float
        Largest magnitude of a potential, V, of each population whose potentials were looked at.

    Raises
    ------
    UserError
        If potentials are infinite or no numbers, of any population; of those in `potentials` alone where all
        would be more than 250 MB.
    """
    network, back = prepared.network, chosen[::-1]
    names = {population.name for population in network.neurons}
    few = prepared.stimulus.take(back)
    n_bytes = 4 * len(chosen) * few.n_steps * sum(population.size for population in network.neurons)
    seen = names if n_bytes < RECORDED_BYTES else set(potentials)
    recording = simulate(network, few, prepared.device, record=names, potentials=seen, trials=back)
    populations, largest = {}, {}
    for name, population in recording.populations.items():
        traces, spikes = population.potentials, population.spikes
        if traces is not None:
            _require_finite(name, traces)
            largest[name] = float(max(traces.max(initial=0), -traces.min(initial=0)))
        populations[name] = PopulationRecording(
            population.counts_by_trial[::-1],
            population.counts_by_neuron,
            None if spikes is None else spikes.take(np.arange(len(chosen))[::-1]),
            traces[::-1] if traces is not None and name in potentials else None,
        )
    return Recording(populations, recording.n_steps, recording.dt), largest


def _require_finite(name: str, traces: NDArray[np.float32]) -> None:
    n_bad = traces.shape[2] - int(np.count_nonzero(np.isfinite(traces).all(axis=(0, 1))))
    if n_bad:
        raise not_finite(name, f"{n_bad} of {traces.shape[2]} neurons")
