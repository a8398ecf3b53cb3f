"""A few trials of a study, simulated again with every spike, after other trials than the first time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.readout import not_finite
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.simulate import RECORDED_BYTES, simulate_batches
from bioscnn.studies.prepare import Prepared

MOST_BYTES = 16 * RECORDED_BYTES
"""Of potentials that are looked at, batch by batch."""


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
        would be more than 250 MB a trial, or more than `MOST_BYTES`.
    """
    network, back = prepared.network, chosen[::-1]
    names = {population.name for population in network.neurons}
    few = prepared.stimulus.take(back)
    a_trial = 4 * few.n_steps * sum(population.size for population in network.neurons)
    all_fit = a_trial < RECORDED_BYTES and a_trial * len(chosen) < MOST_BYTES
    seen = names if all_fit else set(potentials)
    kept, largest = [], dict.fromkeys(seen, 0.0)
    finite = {one.name: np.ones(one.size, bool) for one in network.neurons if one.name in seen}
    for batch in simulate_batches(network, few, prepared.device, record=names, potentials=seen, trials=back):
        populations = {}
        for name, population in batch.populations.items():
            traces = population.potentials
            if traces is not None:
                finite[name] &= np.isfinite(traces).all(axis=(0, 1))
                largest[name] = float(max(largest[name], traces.max(initial=0), -traces.min(initial=0)))
            populations[name] = population if name in potentials else replace(population, potentials=None)
        kept.append(Recording(populations, batch.n_steps, batch.dt))
    for name, of_neurons in finite.items():
        if n_bad := np.count_nonzero(~of_neurons):
            raise not_finite(name, f"{n_bad} of {len(of_neurons)} neurons")
    whole = Recording.concatenate(kept)
    in_order = np.arange(len(chosen))[::-1]
    return Recording(
        {
            name: PopulationRecording(
                population.counts_by_trial[::-1],
                population.counts_by_neuron,
                None if population.spikes is None else population.spikes.take(in_order),
                None if population.potentials is None else population.potentials[::-1],
            )
            for name, population in whole.populations.items()
        },
        whole.n_steps,
        whole.dt,
    ), largest
