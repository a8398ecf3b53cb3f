"""What the trained and the spiking network decide under given conditions, simulated once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bioscnn.readout
from bioscnn.ann import LIFRate, Node, ReLU
from bioscnn.caches import cache_folder, keep_arrays
from bioscnn.conversion import simplified
from bioscnn.conversion.stages import stages
from bioscnn.encoding import SpikeTrains, Stimulus
from bioscnn.files import read_npz
from bioscnn.ledger.conditions import Case, Conditions
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import final_decisions
from bioscnn.simulation import Device, Progress, simulate_batches
from bioscnn.simulation.cpp_device import constant_files
from bioscnn.simulation.shape import ProgramShape

Classes = NDArray[np.int64]
_STEPS_AT_ONCE = 400_000
_IMAGES_AT_ONCE = 200


def ann_classes(case: Case, conditions: Conditions) -> Classes:
    """Return the class that the trained network gives each trial, shape (n_trials,).

    With `Conditions.rates_in_ann`, a soft LIF rate is computed with gamma = 0, and the activation of a
    rectifier is the one that the rate of the neuron stands for (`Normalisation.activation`). Logits are
    computed from these, and are no rates themselves.
    """
    if not conditions.rates_in_ann:
        return case.answers
    normalisation, graph = case.normalisation(conditions), simplified(case.graph)
    cut = stages(graph)

    def compute(node: Node, inputs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        if isinstance(node.layer, LIFRate):
            return replace(node.layer, gamma=0.0).forward(*inputs)
        if normalisation is None or not isinstance(node.layer, ReLU):
            return node.layer.forward(*inputs)
        own = [stage for stage in cut if stage.node == node.name]
        rates = [normalisation.activation(stage, inputs[0][:, stage.channels]) for stage in own]
        return np.concatenate(rates, axis=1)

    parts = []
    for first in range(0, len(case.images), _IMAGES_AT_ONCE):
        outputs = graph.evaluate(case.images[first : first + _IMAGES_AT_ONCE], compute)
        parts.append(outputs[graph.nodes[-1].name].argmax(axis=1))
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class _Simulation:
    """One simulation, from which several windows may be read."""

    shape: ProgramShape
    stimulus: Stimulus
    key: str


def spiking_classes(
    case: Case, wanted: Mapping[str, Conditions], rule: str, device: Device, progress: Progress
) -> dict[str, Classes]:
    """Return the class that the spiking network chooses in each trial, by the name of the conditions.

    Conditions that differ in the window only share a simulation. Every outcome is kept in the cache folder
    under a hash of all that decides it, so an interrupted ledger goes on where it was.
    """
    chosen: dict[str, Classes] = {}
    waiting: dict[str, tuple[_Simulation, list[str]]] = {}
    for name, conditions in wanted.items():
        simulation = _simulation(case, conditions, device)
        path = _path(simulation, conditions, rule)
        known = _kept(path, len(case.labels))
        if known is not None:
            chosen[name] = known
        else:
            waiting.setdefault(simulation.key, (simulation, []))[1].append(name)
    for simulation, names in waiting.values():
        first_steps = [wanted[name].first_step for name in names]
        told = _Named(progress, ", ".join(names))
        outcomes = _simulate(simulation, first_steps, rule, device, told)
        for name, classes in zip(names, outcomes, strict=True):
            keep_arrays(_path(simulation, wanted[name], rule), {"classes": classes})
            chosen[name] = classes
    return chosen


class _Named:
    """Progress of one simulation, which may come in several portions, under the name of its conditions."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._stage, self._begun = progress, f"simulating {name}", False

    def stage(self, what: str) -> None:
        if what != "simulating":
            self._progress.stage(what)
        elif not self._begun:
            self._begun = True
            self._progress.stage(self._stage)

    def trial(self) -> None:
        self._progress.trial()


def _simulation(case: Case, conditions: Conditions, device: Device) -> _Simulation:
    network = case.network(conditions)
    stimulus = conditions.stimulus(case.images)
    shape = ProgramShape(network, not network.takes_currents, conditions.precision, device.connectivity)
    clock = conditions.n_steps, conditions.dt
    digest = hashlib.sha256(f"{shape.key()} {device.name} {clock}".encode())
    for name, values in constant_files(shape).items():
        digest.update(name.encode() + values.tobytes())
    for projection in network.projections:
        if projection.synapse is None:
            digest.update(projection.connectivity.synapses()[2].tobytes())
    for population in network.neurons:
        if population.bias is not None:
            digest.update(population.bias.tobytes())
    spikes = isinstance(stimulus, SpikeTrains)
    for part in ("neuron", "step", "trial_start") if spikes else ("values",):
        digest.update(getattr(stimulus, part).tobytes())
    return _Simulation(shape, stimulus, digest.hexdigest())


def _simulate(
    simulation: _Simulation, first_steps: Sequence[int], rule: str, device: Device, progress: Progress
) -> list[Classes]:
    parts: list[list[Classes]] = [[] for _ in first_steps]
    for stimulus in _portions(simulation.stimulus):
        for batch in simulate_batches(
            simulation.shape.network,
            stimulus,
            replace(device, precision=simulation.shape.precision),
            record=(OUTPUT, READOUT),
            progress=progress,
        ):
            for first, classes in zip(first_steps, parts, strict=True):
                classes.append(final_decisions(batch.from_step(first), rule))
    return [np.concatenate(classes) for classes in parts]


def _portions(stimulus: Stimulus) -> Iterator[Stimulus]:
    """Cut the trials into portions whose potentials fit into memory."""
    size = max(1, _STEPS_AT_ONCE // stimulus.n_steps)
    for first in range(0, stimulus.n_trials, size):
        yield stimulus[first : first + size]


def _path(simulation: _Simulation, conditions: Conditions, rule: str) -> Path:
    readout = Path(bioscnn.readout.__file__).read_text(encoding="utf-8")
    words = [simulation.key, conditions.first_step, rule, readout]
    return cache_folder() / "ledger" / f"{hashlib.sha256(repr(words).encode()).hexdigest()[:32]}.npz"


def _kept(path: Path, n_trials: int) -> Classes | None:
    """Return what was kept; None if nothing is there or the file is damaged."""
    classes = (read_npz(path) or {}).get("classes")
    good = classes is not None and classes.shape == (n_trials,) and classes.dtype.kind in "iu"
    return classes if good else None
