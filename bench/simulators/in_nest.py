"""The network in NEST: ``python -m bench.simulators.in_nest NETWORK.npz OUT.npz MODEL DT DELAY STEPS``.

``iaf_psc_exp`` fires at the ends of steps; ``iaf_psc_exp_ps`` at any time, and its spikes travel with their
exact times (Morrison et al. 2007, Neural Computation 19:47; Hanuschkin et al. 2010, Frontiers in
Neuroinformatics 4:113). Both solve the equations exactly between spikes, and begin again from zero after
each. NEST's units are ms, mV, pF, pA; a delay is at least one step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np
from numpy.typing import NDArray

from bench.simulators.exchange import Cells, Clock, Fired, Network, read_network, write_activity

NEVER = 1e9
"""Threshold of neurons that do not fire, mV."""


def parameters(cells: Cells) -> dict[str, float]:
    """Return a population in the units of NEST; potentials are deviations from rest."""
    in_nest = {
        "E_L": 0.0,
        "V_m": 0.0,
        "V_reset": 0.0,
        "V_th": NEVER if cells.V_th is None else 1e3 * cells.V_th,
        "C_m": 1e12 * cells.tau_m / cells.R_m,
        "tau_m": 1e3 * cells.tau_m,
        "tau_syn_ex": 1e3 * cells.tau_s,
        "tau_syn_in": 1e3 * cells.tau_s,
    }
    return in_nest if cells.V_th is None else in_nest | {"t_ref": 1e3 * cells.t_ref}


def build(network: Network, clock: Clock) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Make neurons, synapses, recorders of spikes and of potentials."""
    nest.ResetKernel()
    nest.resolution = 1e3 * clock.dt
    neurons = {cells.name: nest.Create(clock.model, cells.size, parameters(cells)) for cells in network.cells}
    for synapses in network.synapses:
        pre, post = (np.array(neurons[name].tolist()) for name in (synapses.pre, synapses.post))
        with_weights = {
            "weight": 1e12 * synapses.weight,
            "delay": np.full(len(synapses.weight), 1e3 * clock.delay),
        }
        nest.Connect(pre[synapses.source], post[synapses.target], "one_to_one", with_weights)
    spikes, potentials = {}, {}
    for cells in network.cells:
        if cells.V_th is None:
            keys = {"record_from": ["V_m"], "interval": 1e3 * clock.dt}
            potentials[cells.name] = nest.Create("multimeter", params=keys)
            nest.Connect(potentials[cells.name], neurons[cells.name])
        else:
            spikes[cells.name] = nest.Create("spike_recorder", params={"time_in_steps": True})
            nest.Connect(neurons[cells.name], spikes[cells.name])
    return neurons, spikes, potentials


def run(network: Network, clock: Clock) -> tuple[dict[str, Fired], dict[str, NDArray[np.float64]]]:
    """Simulate every trial in a network of its own; recorders get the last step only some steps later."""
    fired: dict[str, Fired] = {cells.name: [] for cells in network.cells if cells.V_th is not None}
    traces: dict[str, list[NDArray[np.float64]]] = {
        cells.name: [] for cells in network.cells if cells.V_th is None
    }
    for trial in range(network.n_trials):
        neurons, spikes, potentials = build(network, clock)
        for name, drive in network.drive.items():
            neurons[name].I_e = 1e12 * drive[trial]
        nest.Simulate(1e3 * (clock.n_steps * clock.dt + 2 * clock.delay + 2e-3))
        for name, recorder in spikes.items():
            step = np.array(recorder.events["times"], dtype=np.int64) - 1
            inside = step < clock.n_steps
            neuron = np.array(recorder.events["senders"])[inside] - neurons[name][0].global_id
            fired[name].append((trial, step[inside], neuron))
        for name, recorder in potentials.items():
            size = len(neurons[name])
            values = np.empty((clock.n_steps, size))
            step = np.rint(recorder.events["times"] / (1e3 * clock.dt)).astype(int) - 1
            inside = step < clock.n_steps
            neuron = np.array(recorder.events["senders"])[inside] - neurons[name][0].global_id
            values[step[inside], neuron] = 1e-3 * np.array(recorder.events["V_m"])[inside]
            traces[name].append(values)
    return fired, {name: np.array(values) for name, values in traces.items()}


if __name__ == "__main__":
    source, out, name, dt, delay, n_steps = sys.argv[1:]
    nest.set_verbosity("M_ERROR")
    write_activity(
        Path(out), *run(read_network(Path(source)), Clock(name, float(dt), float(delay), int(n_steps)))
    )
