"""The network in Nengo: ``python -m bench.simulators.in_nengo NETWORK.npz OUT.npz MODEL DT DELAY STEPS``.

``LIF`` is the neuron of the ancestor: within a step it finds the time at which a constant current crossed the
threshold, and is refractory from then on; its membrane is clipped at rest. ``LIF-unclipped`` is the same with
``min_voltage=-inf``. The threshold is 1, currents are in rheobases. A synapse takes effect a step later
and has no other delay; its filter is held over a step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from bench.simulators.exchange import Cells, Clock, Fired, Network, read_network, write_activity

MODELS = {"LIF": 0.0, "LIF-unclipped": -np.inf}
"""Lowest potential of each model."""


def unit(cells: Cells) -> float:
    """Return the factor of a current: in rheobases, or in the volts that it would hold."""
    return cells.R_m / (1.0 if cells.V_th is None else cells.V_th)


class Built:
    """The network in Nengo's objects; `now` holds the currents of the present trial."""

    def __init__(self, network: Network, clock: Clock) -> None:
        self.now = {population.name: np.zeros(population.size) for population in network.cells}
        self.ensembles: dict[str, Any] = {}
        self.probes: dict[str, Any] = {}
        cells = {population.name: population for population in network.cells}
        with nengo.Network(seed=1) as self.model:
            inputs = {
                population.name: self._add(population, MODELS[clock.model]) for population in network.cells
            }
            for synapses in network.synapses:
                post = cells[synapses.post]
                shape = post.size, cells[synapses.pre].size
                # A spike has the area 1, and so brings w tau_s.
                scaled = synapses.weight * post.tau_s * unit(post)
                matrix = coo_matrix((scaled, (synapses.target, synapses.source)), shape)
                nengo.Connection(
                    self.ensembles[synapses.pre].neurons,
                    inputs[synapses.post],
                    transform=nengo.Sparse(shape, init=matrix.tocsr()),
                    synapse=nengo.Lowpass(post.tau_s),
                )

    def _add(self, cells: Cells, lowest: float) -> Any:
        """Add a population and its currents; return where synapses end."""
        currents = nengo.Node(lambda t, name=cells.name: self.now[name], size_out=cells.size)
        if cells.V_th is None:
            end: Any = nengo.Node(size_in=cells.size)
            self.probes[cells.name] = nengo.Probe(end, synapse=nengo.Lowpass(cells.tau_m))
        else:
            neuron = nengo.LIF(
                tau_rc=cells.tau_m,
                tau_ref=cells.t_ref,
                min_voltage=lowest,
                initial_state={"voltage": nengo.dists.Choice([0])},
            )
            ensemble = nengo.Ensemble(
                cells.size, 1, neuron_type=neuron, gain=np.ones(cells.size), bias=np.zeros(cells.size)
            )
            self.ensembles[cells.name], end = ensemble, ensemble.neurons
        nengo.Connection(currents, end, synapse=None)
        return end


def run(network: Network, clock: Clock) -> tuple[dict[str, Fired], dict[str, NDArray[np.float64]]]:
    """Simulate trial by trial, in one network that is reset."""
    built = Built(network, clock)
    fired: dict[str, Fired] = {name: [] for name in built.ensembles}
    traces: dict[str, list[NDArray[np.float64]]] = {name: [] for name in built.probes}
    with nengo.Simulator(built.model, dt=clock.dt, progress_bar=False) as simulator:
        out = {
            name: simulator.signals[simulator.model.sig[ensemble.neurons]["out"]]
            for name, ensemble in built.ensembles.items()
        }
        for trial in range(network.n_trials):
            simulator.reset()
            for cells in network.cells:
                built.now[cells.name] = network.drive[cells.name][trial] * unit(cells)
            events: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {name: [] for name in out}
            for step in range(clock.n_steps):
                simulator.step()
                for name, signal in out.items():
                    neuron = np.flatnonzero(signal)
                    events[name].append((np.full(len(neuron), step), neuron))
            for name, parts in events.items():
                steps, neurons = (np.concatenate(part) for part in zip(*parts, strict=True))
                fired[name].append((trial, steps, neurons))
            for name, probe in built.probes.items():
                traces[name].append(np.array(simulator.data[probe]))
    return fired, {name: np.array(values) for name, values in traces.items()}


if __name__ == "__main__":
    source, destination, name, dt, delay, n_steps = sys.argv[1:]
    task_clock = Clock(name, float(dt), float(delay), int(n_steps))
    if task_clock.delay:
        sys.exit("Nengo's synapses have no delay of their own")
    write_activity(Path(destination), *run(read_network(Path(source)), task_clock))
