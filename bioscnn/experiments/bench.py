"""What the units of an experiment share in one process: data, encodings and networks, loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bioscnn.ann import LayerGraph, read_model
from bioscnn.experiments.unit import Outcome
from bioscnn.fingerprint import hash_of
from bioscnn.ledger.conditions import spiking_network
from bioscnn.network import SpikingNetwork
from bioscnn.simulation import Progress
from bioscnn.simulation.simulate import Silent
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import noises_of, without_noise
from bioscnn.studies.inputs import Input
from bioscnn.studies.prepare import (
    Prepared,
    calibration_input,
    check_fit,
    conditions_of,
    furnished,
    input_kind,
    needs_calibration,
    trained_network,
)
from bioscnn.studies.study import Study

REMEMBERED = 4
"""Things of each kind that are kept in memory."""

NETWORKS = 12
"""Trained and converted networks that are kept in memory: experiments come back to each of them."""


class Bench:
    """Examples, encodings, trained and converted networks of a process, each made once.

    Parameters
    ----------
    data : Path or None
        Data folder.
    given : mapping, optional
        Outcomes of earlier rounds that units need, by what they call them; see `Unit.needs`.
    progress : Progress, optional
        Told about work that takes longer than reading.
    recordings : Path, optional
        Folder in which spikes and potentials are kept, to be read out again without simulating.
    """

    def __init__(
        self,
        data: Path | None,
        given: Mapping[str, Outcome] | None = None,
        progress: Progress | None = None,
        recordings: Path | None = None,
    ) -> None:
        self.data, self.recordings = data, recordings
        self.given: dict[str, Outcome] = dict(given or {})
        self.progress = progress or Silent()
        self._shelves: dict[str, list[tuple[Any, Any]]] = {}
        self._contents: dict[str, str] = {}

    @property
    def progress(self) -> Progress:
        """Who is told; nobody in a copy of the process that said who, which tells for all its workers."""
        return self._progress if os.getpid() == self._speaker else Silent()

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self._progress, self._speaker = progress, os.getpid()

    def case(self, study: Study, trained: LayerGraph | None = None) -> Prepared:
        """Return a study ready to be simulated: what `bioscnn.studies.prepare.prepare` returns, shared.

        Parameters
        ----------
        study : Study
            The study.
        trained : LayerGraph, optional
            A network that was trained meanwhile, in the place of the one that the study names.

        Raises
        ------
        UserError
            If the data cannot be had, the network does not fit them, or cannot be converted.
        """
        decided_by = study, None if trained is None else trained.sha256()
        case: Prepared = self.keep("case", decided_by, lambda: self._case(study, trained), most=1)
        return case

    def _case(self, study: Study, trained: LayerGraph | None) -> Prepared:
        config = study.config
        case_input, graph = self.input(config), self.graph(config) if trained is None else trained
        check_fit(graph, case_input, config.network.model)
        calibration = self.calibration(config, graph)
        network = self.network(config, graph, calibration)
        return Prepared(study, case_input, graph, calibration, network)

    def contents(self, config: StudyConfig) -> str:
        """Return the hash of the examples and of the trained network that a study names.

        What normalises a ReLU network counts too: it depends on whether training examples are here.
        """
        scaled = config.network.scale is not None
        named = repr((config.dataset.model_dump(), config.network.model, scaled))
        if named not in self._contents:
            parts = [self.clean(config).examples.sha256, self.read(config.network.model).sha256()]
            calibration = self.calibration(config, self.graph(config))
            if calibration is not None:
                parts.append(calibration.examples.sha256)
            self._contents[named] = hash_of(*parts)[:8]
        return self._contents[named]

    def clean(self, config: StudyConfig) -> Input:
        """Return the examples of a study, and how they are encoded, without any noise."""
        clean, keys = without_noise(config), config.dataset
        kind: Any = input_kind(config)
        loaded = self.keep(
            "examples",
            keys.model_dump(),
            lambda: kind.load(clean, keys.split, keys.trials, self.data, self.progress),
        )
        clean_input: Input = self.keep(
            "clean", self._encoded_by(clean), lambda: kind.of(loaded.examples, clean)
        )
        return clean_input

    def input(self, config: StudyConfig) -> Input:
        """Return the examples as a study shows them to its network, with its noise of images or spikes."""
        clean, kind = self.clean(config), input_kind(config)
        if noises_of(config, "images") or noises_of(config, "events"):
            on_examples: Any = kind
            case_input: Input = self.keep(
                "noisy", self._encoded_by(config), lambda: on_examples.of(clean.examples, config)
            )
        else:
            case_input = clean
        on_spikes = noises_of(config, "spikes")
        return case_input.with_spike_noise(on_spikes, config.simulation.seed) if on_spikes else case_input

    def graph(self, config: StudyConfig) -> LayerGraph:
        """Return the trained network of a study, which takes the intensities of its images."""
        decided_by = config.network.model, config.dataset.model_dump()
        graph: LayerGraph = self.keep("graph", decided_by, lambda: trained_network(config), NETWORKS)
        return graph

    def read(self, model: str) -> LayerGraph:
        """Return a trained network as its file has it."""
        graph: LayerGraph = self.keep("file", model, lambda: read_model(model))
        return graph

    def calibration(self, config: StudyConfig, graph: LayerGraph) -> Input | None:
        """Return the examples that normalise a ReLU network, of the same camera; None for other networks."""
        if not needs_calibration(config, graph):
            return None
        settled = self.clean(config).settled(without_noise(config))
        kind: Any = input_kind(settled)
        examples = settled.dataset.model_dump(exclude={"trials"})
        loaded = self.keep(
            "training examples", examples, lambda: calibration_input(settled, graph, self.data, self.progress)
        )
        encoded: Input = self.keep(
            "calibration", self._encoded_by(settled), lambda: kind.of(loaded.examples, settled)
        )
        return encoded

    def network(self, config: StudyConfig, graph: LayerGraph, calibration: Input | None) -> SpikingNetwork:
        """Return the converted network of a study with its weights, delay and noise."""
        return furnished(self.converted(config, graph, calibration), config)

    def converted(self, config: StudyConfig, graph: LayerGraph, calibration: Input | None) -> SpikingNetwork:
        """Return the network as conversion makes it, without weight scale, delay and noise of the study."""
        conditions = conditions_of(config)
        examples = None if calibration is None else calibration.examples.sha256
        encoded_by = None if calibration is None else self._encoded_by(config)
        network: SpikingNetwork = self.keep(
            "converted",
            (conditions, graph.sha256(), examples, encoded_by),
            lambda: spiking_network(
                conditions, graph, None if calibration is None else calibration.intensities()
            ),
            NETWORKS,
        )
        return network

    def forget(self) -> None:
        """Drop all that is remembered, so that it is read again."""
        self._shelves.clear()
        self._contents.clear()

    def keep(self, what: str, decided_by: Any, make: Callable[[], Any], most: int = REMEMBERED) -> Any:
        """Return a thing of some kind that is remembered under what decides it, or make it."""
        shelf = self._shelves.setdefault(what, [])
        for place, (key, thing) in enumerate(shelf):
            if key == decided_by:
                shelf.append(shelf.pop(place))
                return thing
        thing = make()
        shelf.append((decided_by, thing))
        del shelf[:-most]
        return thing

    @staticmethod
    def _encoded_by(config: StudyConfig) -> tuple[object, ...]:
        """Return all that decides how examples are encoded, noise of spikes left out."""
        encoding, simulation = config.encoding, config.simulation
        noises = [noise.label for what in ("images", "events") for noise in noises_of(config, what)]
        return (
            config.dataset.model_dump(),
            encoding,
            simulation.dt,
            simulation.duration,
            noises,
            # Only some are random, and only some have a layer of neurons in front.
            simulation.seed if noises or encoding.kind == "poisson" else None,
            config.neuron if encoding.kind in ("lif-layer", "rank-order", "spike-time") else None,
            config.synapse.tau_s if encoding.kind == "spike-time" else None,
        )
