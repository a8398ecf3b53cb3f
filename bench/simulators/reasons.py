"""Why spikes elsewhere are not those of the rule ``exact``: ``python -m bench.simulators.reasons``.

Two rules, one at a time. The second layer is simulated in NumPy under the spikes of the first, which are the
same everywhere. In Nengo and in NEST's model with precise times the current charges a neuron from the very
moment at which its refractory period ends; ``exact`` gives it that charge at once, under the current of its
spike. And Nengo holds a synaptic current at its mean over a step. Writes docs/tables/simulators-causes.csv.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.fluctuation import Charged
from bench.environments import AbsentError, interpreter
from bench.simulators.exchange import Clock
from bench.simulators.measure import DURATION, elsewhere, handed_over, moved, only_in_one, prepared, spiking
from bioscnn.claims import made_now, write_table
from bioscnn.errors import UserError
from bioscnn.network import Population, SpikingNetwork
from bioscnn.simulation import Recording
from bioscnn.spikes import SpikeTrains


def second_layer(
    network: SpikingNetwork, first: SpikeTrains, delay: int, *, at_release: bool, constant: bool
) -> SpikeTrains:
    """Return the spikes of the second population under those of the first, delayed by so many steps."""
    (projection,) = (p for p in network.projections if p.pre == network.neurons[0].name)
    population, matrix = network[projection.post], projection.connectivity.matrix()
    assert projection.synapse is not None
    events = []
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
            events += [(trial, step, neuron) for neuron in fired]
            arriving = np.bincount(own.neuron[own.step == step - delay], minlength=first.size)
            cells.arrived["I_syn"] += matrix @ arriving
    trials, steps, neurons = np.array(events, dtype=np.int64).reshape(-1, 3).T
    keys = {"n_trials": first.n_trials, "n_steps": first.n_steps, "dt": first.dt}
    return SpikeTrains.from_events(trials, steps, neurons, size=population.size, **keys)


def reasons(network: SpikingNetwork, there: Recording, delay: int) -> Iterator[dict[str, Any]]:
    """Yield how many spikes of the second layer only one of them has, or moved, under each pair of rules."""
    first, second = (spiking(there)[population.name] for population in network.neurons[:2])
    for constant, at_release in product((False, True), repeat=2):
        own = second_layer(network, first, delay, at_release=at_release, constant=constant)
        yield {
            "current_constant_over_step": constant,
            "charged_from_release": at_release,
            "spikes": second.n_spikes,
            "only_in_one": only_in_one(second, own),
            "moved": moved(second, own),
        }


def main() -> None:
    """Measure, print, and write the table."""
    rows: list[dict[str, Any]] = []
    for simulator, model, trials, dt, delay in (
        ("Nengo", "LIF-unclipped", 50, 1.0, 0.0),
        ("Nengo", "LIF-unclipped", 50, 0.1, 0.0),
        ("NEST", "iaf_psc_exp_ps", 10, 0.01, 1.0),
    ):
        case = prepared(trials, "exact", dt, 0.0)
        clock = Clock(model, 1e-3 * dt, 1e-3 * delay, round(DURATION / dt))
        python, given_there = interpreter(simulator.lower()), handed_over(case.network, case.stimulus)
        there = elsewhere(python, f"in_{simulator.lower()}", given_there, clock)
        about = {"simulator": simulator, "model": model, "dt_ms": dt, "delay_ms": delay, "n": trials}
        rows += [about | row for row in reasons(case.network, there, round(delay / dt))]
    table = pd.DataFrame(rows)
    made = made_now("python -m bench.simulators.reasons", "digits", "bioscnn.simulation")
    units = dict.fromkeys(("spikes", "only_in_one", "moved"), "spikes")
    content = table.to_csv(index=False).encode()
    write_table(Path("docs/tables/simulators-causes.csv"), content, replace(made, units=units))
    print(table.to_string(index=False))


if __name__ == "__main__":
    try:
        main()
    except (AbsentError, UserError) as error:
        sys.exit(str(error))
