"""Numbers of docs/physics.md that no other command measures: `python -m analysis.physics`.

How much too fast a plain Brian2 LIF neuron fires, how far an adapting neuron is from its settled rate, how
far one under conductances is from that under the currents that they replace, and what a ReLU network does
where conductances are matched at other potentials. Writes docs/tables/physics*.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.ann import read_model
from bioscnn.claims import made_now, write_table
from bioscnn.claims.record import data_hash
from bioscnn.encoding import Currents
from bioscnn.network import OUTPUT, READOUT, Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, AdaptiveLIF, ExponentialConductance, SpikingNeuron
from bioscnn.readout import final_decisions
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

TABLE = Path("docs/tables/physics.csv")
MATCHED = Path("docs/tables/physics-matched-synapses.csv")
SECONDS, SETTLED = 20.0, 5.0
POTENTIALS = {"0": 0.0, "V_th/4": 0.25, "V_th/2": 0.5, "3/4 V_th": 0.75, "V_th": 1.0}
"""Where conductances are matched, in units of the threshold."""

NETWORK, DATA = "mnist-small-relu", "mnist validation 1000"
CHANGES = (f"network.model={NETWORK}", "dataset.split=validation", "dataset.trials=1000")


def currents() -> NDArray[np.float64]:
    """Return constant currents from just above the rheobase, in units of it."""
    return np.linspace(1.025, 12, 40)


def excess_of_plain_brian2(dt: float) -> NDArray[np.float64]:
    """Return by how much the rates of plain Brian2 exceed the closed form, a share of it, by current."""
    import brian2

    neuron, drive = LIF(), currents()
    brian2.prefs.codegen.target = "numpy"
    cells = brian2.NeuronGroup(
        len(drive), "dv/dt = (j - v)/tau_m : 1 (unless refractory)\nj : 1", threshold="v > 1",
        reset="v = 0", refractory=neuron.t_ref * brian2.second, method="exact", dt=dt * brian2.second,
        namespace={"tau_m": neuron.tau_m * brian2.second},
    )  # fmt: skip
    cells.j = drive
    counter = brian2.SpikeMonitor(cells, record=False)
    brian2.Network(cells, counter).run(SECONDS * brian2.second)
    return np.asarray(counter.count / SECONDS / neuron.rate(drive * neuron.rheobase) - 1)


def excess_of_adaptation(dt: float) -> NDArray[np.float64]:
    """Return by how much settled rates of the adapting neuron exceed the closed form, a share, by current."""
    neuron, drive = AdaptiveLIF(), currents() * LIF().rheobase
    n = len(drive)
    network = SpikingNetwork(
        (Population("input", (n,)), Population("cells", (n,), neuron)),
        (Projection("input", "cells", Dense((n,), (n,), np.eye(n)), None),),
    )
    stimulus = Currents(drive[None].astype(np.float32), round(SECONDS / dt), dt)
    recording = simulate(network, stimulus, Device("cpp_standalone", "float64"), record=["cells"])
    spikes = recording["cells"].spikes
    assert spikes is not None
    late = np.bincount(spikes.neuron[spikes.step * dt >= SETTLED], minlength=n)
    return np.asarray(late / (SECONDS - SETTLED) / neuron.rate(drive) - 1)


def rate_under_conductances(drive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rate of a LIF neuron under the conductances that replace currents, in rheobases, Hz."""
    neuron, synapse = LIF(), ExponentialConductance()
    opened = drive * neuron.V_th / (synapse.E_e - neuron.working_potential)  # R_m g
    above = np.maximum(opened * synapse.E_e / (1 + opened) / neuron.V_th, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (neuron.t_ref - neuron.tau_m / (1 + opened) * np.log1p(-1 / above)))


def claims() -> Iterator[dict[str, Any]]:
    """Yield the numbers of sentences, in %."""
    yield {"claim": "plain-brian2-too-fast", "value": excess_of_plain_brian2(1e-3).max()}
    for dt in (1.0, 0.5):
        yield {"claim": f"adaptation-low-at-{dt:g}-ms", "value": -excess_of_adaptation(1e-3 * dt).mean()}
    drive = np.linspace(1.2, 3, 181)
    apart = rate_under_conductances(drive) / LIF().rate(drive * LIF().rheobase) - 1
    yield {"claim": "conductances-apart", "value": np.abs(apart).max()}


def matched_at(network: SpikingNetwork, part: float) -> SpikingNetwork:
    """Return a network whose conductances are matched to currents at this part of the threshold."""

    def matched(projection: Projection) -> Projection:
        neuron, synapse = network[projection.post].neuron, projection.synapse
        if not (isinstance(neuron, SpikingNeuron) and isinstance(synapse, ExponentialConductance)):
            return projection
        V = part * neuron.parameters["V_th"]
        factor = synapse.weight_of_a_current(V) / synapse.weight_of_a_current(neuron.working_potential)
        connectivity = projection.connectivity
        pre, post = (np.ones(shape[0]) for shape in (connectivity.pre_shape, connectivity.post_shape))
        return replace(projection, connectivity=connectivity.scaled(pre, factor * post))

    return replace(network, projections=tuple(map(matched, network.projections)))


def matched_rows() -> Iterator[dict[str, Any]]:
    """Yield spikes per digit and accuracy with currents, and with conductances matched at each potential."""
    for name, changes in (("currents", ()), ("conductances", ("synapse.model=conductance",))):
        prepared = prepare(read_study("mnist", [*CHANGES, *changes]), None)
        for matched, part in POTENTIALS.items() if changes else [("", 0.0)]:
            network = matched_at(prepared.network, part)
            recording = simulate(network, prepared.stimulus, prepared.device, record=[OUTPUT],
                                 potentials=[READOUT])  # fmt: skip
            spikes = {p.name: recording[p.name].counts_by_trial.mean() for p in network.neurons}
            right = final_decisions(recording, "peak-potential") == prepared.examples.labels
            yield {
                "synapses, matched at": f"{name}, {matched}" if matched else name,
                "first layer": round(spikes["conv1"]),
                "second layer": round(spikes["conv2"]),
                "third layer": round(spikes["conv3"]),
                "output": round(spikes[OUTPUT], 1),
                "accuracy by peak potential": round(100 * right.mean(), 1),
            }


def main() -> None:
    """Measure, and write both tables."""
    modules = ("bioscnn.simulation", "bioscnn.conversion", "bioscnn.neurons")
    made = made_now("python -m analysis.physics", "currents", *modules)
    numbers = pd.DataFrame(claims()).assign(unit="%")
    numbers["value"] = (100 * numbers["value"]).round(2)
    digits = pd.DataFrame(matched_rows())
    of_digits = replace(
        made, varied="trials", data={DATA: data_hash(DATA, None) or ""},
        weights={NETWORK: read_model(NETWORK).sha256()},
        units={**dict.fromkeys(digits, "1"), "accuracy by peak potential": "%"},
    )  # fmt: skip
    for path, table, record in ((TABLE, numbers, made), (MATCHED, digits, of_digits)):
        write_table(path, table.to_csv(index=False).encode(), record)
        print(table.to_string(index=False), end="\n\n")


if __name__ == "__main__":
    main()
