"""The timing experiment of a network that learned without labels: the same question, tables and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done
from bioscnn.experiments.timing.experiment import TimingExperiment
from bioscnn.experiments.timing.learned_measure import labelled_images, layer_spikes, network, study_of
from bioscnn.experiments.unit import Unit
from bioscnn.stdp.study import LearnedStudy
from bioscnn.studies import Study
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.config.tables import Simulation
from bioscnn.studies.disturbance import refuse_noise

MEASURES = "bioscnn.experiments.timing.learned_measure"


@dataclass(frozen=True)
class LearnedTiming(TimingExperiment):
    """The question what the times of spikes carry in a network that learned without labels.

    Each image is shown once. `TimingExperiment` says what is done to the spikes.

    Parameters
    ----------
    learned : Path
        The study file, or the name of a shipped one.
    changes : tuple of str
        Keys that are changed in it.
    study, perturb, folds, layers
        As of `TimingExperiment`. `of` makes the study: images, trial and seed are those of the learned one,
        and nothing asks for its neurons.
    """

    learned: Path = Path()
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, file: Path, changes: Sequence[str], learned: LearnedStudy, **options: Any) -> LearnedTiming:
        """Return the experiment of a learned study, which was read from a file with these changes."""
        config = learned.config
        refuse_noise(config, "the timing experiment perturbs the spikes of a network without noise")
        duration, dt = learned.rule.time_shown(config)
        simulation = Simulation().model_copy(update={
            "duration": duration, "dt": dt, "round_t_ref": True,
            "precision": config.simulation.precision, "seed": config.simulation.seed,
        })  # fmt: skip
        named = Study(learned.name, StudyConfig(dataset=config.dataset, simulation=simulation), learned.edits)
        return cls(named, learned=file, changes=tuple(changes), **options)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Nothing beside the units."""
        return {}

    @property
    def _options(self) -> dict[str, Any]:
        return {"learned": str(self.learned), "changes": list(self.changes)}

    def plan(self, bench: Bench) -> list[Unit]:
        """Return every layer under every perturbation and none, its information, and the control sets."""
        if self.collapsed is not None:
            raise UserError(
                "images have no time that could collapse", key="--collapsed", value=self.collapsed
            )
        self._refuse_few_trials(labelled_images(self._options, bench))
        there = layer_spikes(self._options, bench)
        self._refuse_perturbations(min(spikes.n_steps for spikes in there.values()))
        layers = {layer: float(there[layer].n_spikes) for layer in self._layers_of(list(there))}
        decides = {
            "weights": network(self._options, bench).sha256,
            "keys": study_of(self._options).config.written(),
        }
        return self._units(MEASURES, layers, self._options | decides)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, effects, comparisons, information, controls and the verdict."""
        learned = network(self._options, bench)
        study = study_of(self._options)
        layers = self._layers_of(list(layer_spikes(self._options, bench)))
        facts = {
            "simulated": False,
            "network": learned.name,
            "collapsed_network": None,
            "weights_sha256": learned.sha256,
            "collapsed_sha256": None,
            "readout": study.rule.read_by(study.config),
        }
        return self._analysis(done, layers, labelled_images(self._options, bench), facts)
