"""Spikes whose times or numbers are taken away: the plan of the timing experiment, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from bioscnn.ann import read_model, shipped_models
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.rows import MARGIN
from bioscnn.experiments.timing.conditions import CLEAN, PRIMARY, perturbations
from bioscnn.experiments.timing.controls import control_rows
from bioscnn.experiments.timing.measure import READOUTS, SPIKING, example_trials, layer_names, rest_of
from bioscnn.experiments.timing.page import timing_page
from bioscnn.experiments.timing.tables import (
    Chosen,
    accuracy_rows,
    by_readout,
    compared_rows,
    information_rows,
    primary_rows,
)
from bioscnn.experiments.timing.verdict import facts_of, verdict_of
from bioscnn.experiments.unit import Unit
from bioscnn.metrics import least_trials
from bioscnn.noise import SACCADE_ENDS, Perturbation
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.prepare import Prepared, check_fit
from bioscnn.studies.study import Study

MEASURES = "bioscnn.experiments.timing.measure"
CONTROLS, INFORMATION = "control sets", "information in single neurons"


@dataclass(frozen=True)
class TimingExperiment(Experiment):
    """The question what the times of spikes carry that their number does not.

    The spikes of the input and of each hidden layer are perturbed. Each time, the rest of the network
    classifies what is left, and so do decoders that are trained anew on spikes perturbed alike.

    Parameters
    ----------
    study : Study
        Data, network, simulation and readout.
    perturb : sequence of str
        Perturbations, such as ``"jitter 5 ms"``; all that fit the trials if there are none.
    collapsed : str, optional
        A network, shipped or an ONNX file, that was trained on recordings collapsed in time; by default the
        shipped one of the data set, if there is one.
    folds : int
        Folds of the decoders' cross-validation.
    layers : sequence of str
        Layers whose spikes are perturbed; all of them if none are named.
    """

    study: Study
    perturb: Sequence[str] = ()
    collapsed: str | None = None
    folds: int = 5
    layers: Sequence[str] = ()
    name: ClassVar = "timing"
    page = staticmethod(timing_page)

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The weights of the network of collapsed recordings; everything else is in the units."""
        return {"collapsed_sha256": self._collapsed_sha256}

    @cached_property
    def perturbations(self) -> list[Perturbation]:
        """What is done to the spikes, in the order of the tables."""
        config = self.study.config
        saccades = config.dataset.name in EVENT_DATASETS and config.simulation.duration > SACCADE_ENDS[-1]
        return perturbations(config.simulation.duration, saccades, self.perturb)

    @cached_property
    def network_of_collapsed(self) -> str | None:
        """The network of recordings collapsed in time; None if there is none."""
        shipped = f"{self.study.config.dataset.name}-collapsed"
        return self.collapsed or (shipped if shipped in shipped_models() else None)

    @cached_property
    def _collapsed_sha256(self) -> str | None:
        name = self.network_of_collapsed
        return None if name is None else read_model(name).sha256()

    def plan(self, bench: Bench) -> list[Unit]:
        """Return every layer under every perturbation and none, its information, and the control sets."""
        refuse_noise(
            self.study.config, "the timing experiment perturbs the spikes of a network without noise"
        )
        self._refuse_perturbations(self.study.config.simulation.n_steps)
        case = bench.case(self.study)
        self._refuse_few_trials(case.examples)
        self._refuse_branches(case)
        self._refuse_collapsed(case, bench)
        layers = {layer: _work(case, layer) for layer in self._layers(case)}
        return self._units(MEASURES, layers, {}, collapsed=self.network_of_collapsed)

    def _units(
        self, measures: str, layers: Mapping[str, float], options: Mapping[str, Any], **of_classes: Any
    ) -> list[Unit]:
        """Return the units of layers with the work of each; options of all, and of those with classes."""
        units = [
            Unit(
                layer,
                label or CLEAN,
                self.study,
                f"{measures}:CLASSES",
                {"layer": layer, "perturbation": label, "folds": self.folds, **options, **of_classes},
                work=work,
            )
            for layer, work in layers.items()
            for label in (None, *(perturbation.label for perturbation in self.perturbations))
        ]
        units += [
            Unit(
                layer,
                INFORMATION,
                self.study,
                f"{measures}:INFORMATION",
                {"layer": layer, **options},
                work=work,
            )
            for layer, work in layers.items()
        ]
        # A thousand trials decoded four times as often as a layer's: begun first.
        longest = 4 * max(layers.values())
        spikes = "as made and jittered"
        return [*units, Unit(CONTROLS, spikes, self.study, f"{MEASURES}:CONTROLS", work=longest)]

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, effects, comparisons, information, controls and the verdict."""
        case = bench.case(self.study)
        return self._analysis(
            done,
            self._layers(case),
            case.examples,
            {
                "simulated": case.input.simulated,
                "network": self.study.config.network.model,
                "collapsed_network": self.network_of_collapsed,
                "weights_sha256": case.graph.sha256(),
                "collapsed_sha256": self._collapsed_sha256,
            },
        )

    def _analysis(
        self, done: Done, layers: Sequence[str], examples: ImageSet | EventSet, facts: Mapping[str, Any]
    ) -> Analysis:
        """Return the analysis of these layers; `facts` are of the network, and whether data are simulated."""
        config, labels = self.study.config, examples.labels
        outcomes = {
            (layer, label): dict(done[unit])
            for layer in layers
            for label in (CLEAN, *(perturbation.label for perturbation in self.perturbations))
            for unit in done.where(layer, label)
        }
        readouts = {
            label: outcome[READOUTS]
            for (layer, label), outcome in outcomes.items()
            if layer == layers[0] and READOUTS in outcome
        }
        chosen: Chosen = {
            place: {method: classes for method, classes in outcome.items() if method != READOUTS}
            for place, outcome in outcomes.items()
        }
        information = {layer: done[done.where(layer, INFORMATION)[0]] for layer in layers}
        effects, comparisons = compared_rows(chosen, labels, self.perturbations)
        tables = {
            "primary": primary_rows(effects, comparisons),
            "accuracy": accuracy_rows(chosen, labels, self.perturbations),
            "effects": effects,
            "comparisons": comparisons,
            "readouts": by_readout(readouts, labels) if readouts else [],
            "information": information_rows(information),
            "controls": control_rows(done[done.where(CONTROLS)[0]]),
        }
        summary = {
            "dataset": examples.name,
            "source": examples.source,
            "n": len(examples),
            "classes": list(examples.classes),
            "chance": 1 / len(examples.classes),
            "readout": config.readout.rule,
            "layers": list(layers),
            "conditions": [perturbation.label for perturbation in self.perturbations],
            "primary": list(PRIMARY),
            "margin": MARGIN,
            "folds": self.folds,
            "seed": config.simulation.seed,
            "data_sha256": examples.sha256,
            "of_images": isinstance(examples, ImageSet),
            **facts,
        }
        summary["facts"] = facts_of(summary, tables)
        trials = example_trials(labels)
        trains = {
            layer: SpikeTrains(
                outcome["neuron"],
                outcome["step"],
                outcome["trial_start"],
                outcome["bits"].shape[1],
                config.simulation.n_steps,
                config.simulation.dt,
            )
            for layer, outcome in information.items()
        }
        more = {"examples": trains, "labels": labels[trials]}
        return Analysis(
            examples.name,
            tables,
            verdict_of(summary, tables),
            _entry(summary, tables),
            summary,
            summary["simulated"],
            more=more,
        )

    def _layers(self, case: Prepared) -> list[str]:
        """Return the layers whose spikes are perturbed, in their order in the network."""
        return self._layers_of(layer_names(case))

    def _layers_of(self, there: Sequence[str]) -> list[str]:
        """Return those of the layers of a network that were asked for, or all."""
        for layer in self.layers:
            if layer not in there:
                raise UserError(
                    "no such layer of spikes", key="--layer", value=layer, expected=" | ".join(there)
                )
        return [layer for layer in there if layer in (self.layers or there)]

    def _refuse_perturbations(self, n_steps: int) -> None:
        """Refuse perturbations that do not fit trials of so many steps."""
        none, start = np.empty(0, np.int32), np.zeros(1, np.int64)
        nothing = SpikeTrains(none, none, start, 1, n_steps, self.study.config.simulation.dt)
        for perturbation in self.perturbations:
            perturbation.apply(nothing, stream(0, "nothing"))

    def _refuse_few_trials(self, examples: ImageSet | EventSet) -> None:
        counts = np.bincount(examples.labels, minlength=len(examples.classes))
        least = least_trials(self.folds)
        if self.folds < 2 or counts.min() < least:
            raise UserError(
                "too few trials to train decoders on some and to test them on others",
                key="dataset.trials",
                value=f"{counts.sum()}, of the rarest class {counts.min()}",
                expected=f"at least {least} of each class",
                fix="take more trials, or fewer folds (--folds)",
            )

    def _refuse_branches(self, case: Prepared) -> None:
        """Refuse a network in which a layer does not alone decide what comes after it."""
        try:
            for layer in layer_names(case):
                rest_of(case, layer)
        except ValueError as error:
            raise UserError(
                f"the spikes of one layer at a time are perturbed, and {error}",
                key="network.model",
                value=self.study.config.network.model,
                expected="a network without branches",
            ) from None

    def _refuse_collapsed(self, case: Prepared, bench: Bench) -> None:
        """Refuse a network of collapsed recordings that does not fit the recordings."""
        name = self.network_of_collapsed
        if name is None:
            return
        if case.input.spikes is None:
            raise UserError("images have no time that could collapse", key="--collapsed", value=name)
        check_fit(bench.read(name), case.input, name)


def _work(case: Prepared, layer: str) -> float:
    """Return about how long a unit of a layer takes: the neurons from there on."""
    names = [population.name for population in case.network.populations]
    return float(sum(case.network[later].size for later in names[names.index(layer) :]))


def _entry(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Entry:
    """Return the spiking network on clean spikes, and beside it all other methods."""
    first = summary["layers"][0]
    rows = {row["method"]: row for row in tables["accuracy"] if (row["kind"], row["layer"]) == (CLEAN, first)}
    spiking = rows.pop(SPIKING)
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        plural(summary["n"], "trial"),
        percent(spiking["accuracy"]),
        f"{percent_interval(spiking['low'], spiking['high'])} spiking network {summary['network']}, "
        "spikes as they are",
        [f"{method}: {share_of(row)}" for method, row in rows.items()],
    )
