"""Why Nengo's spikes are not those of the rule ``exact``: ``python -m bench.simulators.reasons``.

Two rules of Nengo's, one at a time. The second layer is simulated in NumPy under the spikes of the first,
which are the same in both. Nengo holds a synaptic current at its mean over a step, and lets the current
charge a neuron from the very moment at which its refractory period ends. Writes
docs/tables/simulators-reasons.csv.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.fluctuation import Charged
from bench.environments import interpreter
from bench.simulators.exchange import Clock
from bench.simulators.measure import DURATION, elsewhere, given, only_in_one, prepared, spiking
from bioscnn.network import Population, SpikingNetwork
from bioscnn.simulation import Recording
from bioscnn.spikes import SpikeTrains


def second_layer(
    network: SpikingNetwork, first: SpikeTrains, *, at_release: bool, constant: bool
) -> SpikeTrains:
    """Return the spikes of the second population under those of the first."""
    (projection,) = (p for p in network.projections if p.pre == network.neurons[0].name)
    population, matrix = network[projection.post], projection.connectivity.matrix()
    assert projection.synapse is not None
    found = []
    for trial in range(first.n_trials):
        cells = Charged(
            Population(population.name, population.shape, population.neuron, bias=population.bias),
            projection.synapse.parameters["tau_s"],
            first.dt,
            at_release=at_release,
            constant=constant,
        )
        own = first[trial : trial + 1]
        for step in range(first.n_steps):
            fired = cells.advance()
            found += [(trial, step, neuron) for neuron in fired]
            arriving = np.bincount(own.neuron[own.step == step], minlength=first.size)
            cells.arrived["I_syn"] += matrix @ arriving
    trials, steps, neurons = np.array(found, dtype=np.int64).reshape(-1, 3).T
    keys = {"n_trials": first.n_trials, "n_steps": first.n_steps, "dt": first.dt}
    return SpikeTrains.from_events(trials, steps, neurons, size=population.size, **keys)


def reasons(network: SpikingNetwork, nengo: Recording) -> list[dict[str, Any]]:
    """Return how many spikes of the second layer only one of them has, under each pair of rules."""
    first, second = (spiking(nengo)[population.name] for population in network.neurons[:2])
    return [
        {
            "dt_ms": 1e3 * first.dt,
            "current_constant_over_step": constant,
            "charged_from_release": at_release,
            "nengo_spikes": second.n_spikes,
            "only_in_one": only_in_one(
                second, second_layer(network, first, at_release=at_release, constant=constant)
            ),
            "n": first.n_trials,
        }
        for constant, at_release in product((False, True), repeat=2)
    ]


def main(trials: int = 50) -> None:
    """Measure at two time steps, print, and write the table."""
    rows = []
    for dt in (1.0, 0.1):
        case = prepared(trials, "exact", dt, 0.0)
        clock = Clock("LIF-unclipped", 1e-3 * dt, 0.0, round(DURATION / dt))
        nengo = elsewhere(interpreter("nengo"), "in_nengo", given(case.network, case.stimulus), clock)
        rows += reasons(case.network, nengo)
    table = pd.DataFrame(rows)
    table.to_csv(Path("docs/tables/simulators-reasons.csv"), index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
