"""The model of a sweep: a spiking network, shown the same examples at every point."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.ann import LayerGraph
from bioscnn.errors import UserError
from bioscnn.ledger import draw_up
from bioscnn.ledger.causes import CAUSES
from bioscnn.ledger.conditions import spiking_network
from bioscnn.metrics import (
    decision_latency,
    spikes_per_trial,
    synaptic_operations_per_trial,
)
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.simulation.program import build, obtain
from bioscnn.simulation.shape import ProgramShape
from bioscnn.simulation.simulate import Silent
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import noises_of, without_noise
from bioscnn.studies.explain import case_of
from bioscnn.studies.inputs import Input
from bioscnn.studies.prepare import (
    Loaded,
    calibration_input,
    check_fit,
    conditions_of,
    convert_for,
    device_of,
    input_kind,
    load,
    trained_network,
    with_fixed_weights,
)
from bioscnn.studies.scores import informed_steps
from bioscnn.studies.study import Study
from bioscnn.studies.sweep.points import Point

COLUMNS = {
    "accuracy": ("accuracy",),
    "latency": ("latency [ms]",),
    "spikes": ("spikes",),
    "synops": ("synops",),
    "ledger": tuple(f"ledger.{name}" for name in (*(c.name for c in CAUSES), "interaction", "unexplained")),
}
"""Columns of each outcome of a sweep file."""


@dataclass(frozen=True)
class NetworkModel:
    """A study's network under the parameters of a point.

    Parameters
    ----------
    study : Study
        The nominal point.
    key : str
        Hash of the study, its data and its weights: what is loaded elsewhere must be the same.
    data : Path or None
        Data folder.
    converted : bool
        Whether the network is converted anew at every point; otherwise it is converted for the nominal one,
        and the parameters change under its weights.
    outcomes : tuple of str
        Of `COLUMNS`.
    """

    study: Study = field(compare=False)
    key: str
    data: Path | None
    converted: bool
    outcomes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the outcomes."""
        return tuple(column for outcome in self.outcomes for column in COLUMNS[outcome])

    def shape(self, point: Point) -> str | None:
        """Return the name of the program of a point."""
        return _workbench(self).shape(point.study.config)

    def is_built(self, point: Point) -> bool:
        """Whether the program is in the cache of this machine."""
        program = _workbench(self).program(point.study.config)
        return program is None or obtain(program) is not None

    def build(self, point: Point) -> None:
        """Compile the program of a point, if it is not in the cache of this machine."""
        program = _workbench(self).program(point.study.config)
        if program is not None and obtain(program) is None:
            build(program)

    def run(self, point: Point) -> dict[str, float]:
        """Simulate a point."""
        bench, found = _workbench(self), {}
        if set(self.outcomes) - {"ledger"}:
            found = bench.simulate(point.study.config)
        if "ledger" in self.outcomes:
            found |= bench.ledger(point.study)
        return {column: found[column] for column in self.columns}


@lru_cache(maxsize=1)
def _workbench(model: NetworkModel) -> Workbench:
    """Return what a process needs for all points, loaded at the first of them."""
    loaded = load(model.study, model.data)
    if loaded.key != model.key:
        raise UserError(
            "the data or the weights here are not those of the sweep",
            value=loaded.key,
            expected=model.key,
            fix="give all processes the same bioscnn, data folder and files of networks",
        )
    return Workbench(loaded, model.data, model.converted)


class Workbench:
    """Examples, trained networks and calibrations, kept between the points of a process."""

    def __init__(self, loaded: Loaded, data: Path | None, converted: bool) -> None:
        self._loaded, self._data, self._converted = loaded, data, converted
        config = loaded.study.config
        # Every point adds its noise to the examples anew.
        clean, keys, shown = without_noise(config), config.dataset, loaded.input
        if clean != config:
            shown = input_kind(config).load(clean, keys.split, keys.trials, data, Silent())
        self._examples, self._settled = shown.examples, shown.settled(config).dataset
        self._shapes: dict[str, str | None] = {}
        self._kept: dict[str, tuple[Any, Any]] = {}

    def shape(self, config: StudyConfig) -> str | None:
        """Return the name of the program of a point; asked of one point of each signature only."""
        signature = signature_of(config)
        if signature not in self._shapes:
            program = self.program(config)
            self._shapes[signature] = None if program is None else program.key()
        return self._shapes[signature]

    def program(self, config: StudyConfig) -> ProgramShape | None:
        """Return the shape of the program of a point."""
        network = self.network(config)
        return device_of(config).program(network, not network.takes_currents, config.simulation.dt)

    def network(self, config: StudyConfig) -> SpikingNetwork:
        """Return the network of a point."""
        if not self._converted:
            return with_fixed_weights(self._keep("nominal", (), self._nominal), config)
        graph = self._graph(config)
        return convert_for(config, graph, self._calibration(config, graph))

    def _nominal(self) -> SpikingNetwork:
        """Return the network of the nominal point, without what is changed after conversion."""
        loaded = self._loaded
        intensities = None if loaded.calibration is None else loaded.calibration.intensities()
        return spiking_network(conditions_of(loaded.study.config), loaded.graph, intensities)

    def simulate(self, config: StudyConfig) -> dict[str, float]:
        """Return accuracy, latency, spikes and synaptic operations of a point."""
        network, shown = self.network(config), self._input(config)
        if self._converted:
            check_fit(self._graph(config), shown, config.network.model)
        recording = simulate(
            network,
            shown.stimulus,
            replace(device_of(config), jobs=1),
            record={OUTPUT, READOUT},
            potentials={READOUT},
        )
        decided = decisions(recording, config.readout.rule)
        latency = decision_latency(decided, recording.dt, informed_steps(network, recording))
        return {
            "accuracy": float(np.mean(decided[:, -1] == shown.examples.labels)),
            "latency [ms]": float(1e3 * np.median(latency)),
            "spikes": spikes_per_trial(recording),
            "synops": synaptic_operations_per_trial(network, recording, shown.spikes),
        }

    def ledger(self, study: Study) -> dict[str, float]:
        """Return what each cause takes of the accuracy of a point; one that does not apply takes nothing."""
        config, graph = study.config, self._graph(study.config)
        calibration = self._calibration(config, graph)
        conditions = conditions_of(config)
        device = replace(device_of(config), jobs=1, precision=conditions.precision)
        case = case_of(Loaded(study, self._input(config), graph, calibration), len(self._examples))
        parts = draw_up(case, conditions, config.readout.rule, device).parts
        names = (column.removeprefix("ledger.") for column in COLUMNS["ledger"])
        return {f"ledger.{name}": parts[name].value if name in parts else 0.0 for name in names}

    def _input(self, config: StudyConfig) -> Input:
        """Return the examples as a point encodes them."""
        kind: Any = input_kind(config)
        noises = [noise.label for what in ("images", "events", "spikes") for noise in noises_of(config, what)]
        encoding, simulation = config.encoding, config.simulation
        decided_by = (
            encoding,
            simulation.dt,
            simulation.duration,
            noises,
            # Only some are random, and only some have a layer of neurons in front.
            simulation.seed if noises or encoding.kind == "poisson" else None,
            config.neuron if encoding.kind in ("lif-layer", "rank-order") else None,
        )
        shown: Input = self._keep("input", decided_by, lambda: kind.of(self._examples, config))
        return shown

    def _graph(self, config: StudyConfig) -> LayerGraph:
        loaded = self._loaded.study.config
        decided_by = config.network.model, config.dataset
        if decided_by == (loaded.network.model, loaded.dataset):
            return self._loaded.graph
        graph: LayerGraph = self._keep("graph", decided_by, lambda: trained_network(config))
        return graph

    def _calibration(self, config: StudyConfig, graph: LayerGraph) -> Input | None:
        """Return what normalises the network of a point; of the same camera as the examples."""
        config = config.model_copy(update={"dataset": self._settled})
        decided_by = config.network.model, config.encoding, config.neuron, config.simulation
        found: Input | None = self._keep(
            "calibration", decided_by, lambda: calibration_input(config, graph, self._data)
        )
        return found

    def _keep(self, what: str, decided_by: Any, make: Callable[[], Any]) -> Any:
        """Return the last thing of a kind again, if the same decides it."""
        if what not in self._kept or self._kept[what][0] != decided_by:
            self._kept[what] = (decided_by, make())
        return self._kept[what][1]


def signature_of(config: StudyConfig) -> str:
    """Return all words of a study, and which of its numbers are zero: more does not shape a program."""

    def reduced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reduced(inside) for key, inside in value.items()}
        if isinstance(value, str):
            return value if not value[:1].isdecimal() else float(value.split()[0]) != 0
        return value if isinstance(value, list | tuple) else bool(value)

    tables = config.model_dump(exclude={"dataset", "readout"})
    return json.dumps(reduced(tables))
