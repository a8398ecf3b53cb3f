"""Measures of the timing experiment of a learned network: classes from perturbed spikes, information."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bioscnn.datasets import ImageSet
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.timing.measure import FORM_OF_INFORMATION, SPIKING, decoded, information_in
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.metrics.decoding import CODES
from bioscnn.noise import parse_perturbation
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.run import network_of
from bioscnn.stdp.study import LearnedStudy, read_learned_study
from bioscnn.studies.examples import load_images

Options = Mapping[str, Any]
"""``learned``, a study, and ``changes`` of it."""


def classes(unit: Unit, bench: Bench) -> Outcome:
    """Perturb the spikes of a layer of a learned network, and classify what is left.

    Options: ``learned``, ``changes``; others as of `bioscnn.experiments.timing.measure.classes`.

    Returns
    -------
    mapping of ndarray
        Classes by the network from this layer on and by each decoder, int16, shape (n_trials,).

    Raises
    ------
    RuntimeError
        If a layer's own spikes, shown to the rest of the network, do not do what they did in the whole one.
    """
    options, seed = unit.options, unit.study.config.simulation.seed
    layer, label = options["layer"], options["perturbation"]
    study, labels = study_of(options), labelled_images(options, bench).labels
    there, learned = layer_spikes(options, bench), network(options, bench)
    spikes = there[layer]
    if label is not None:
        spikes = parse_perturbation(label).apply(spikes, stream(seed, "timing", layer, label))
    chosen = study.rule.answers(study.config, learned, layer, spikes)
    if label is None:
        first = next(iter(there))
        if not np.array_equal(chosen, study.rule.answers(study.config, learned, first, there[first])):
            raise RuntimeError(
                f"the spikes of {layer!r}, shown to what comes after it, do not do what they did"
            )
    answers = {SPIKING: chosen, **decoded(spikes, labels, options["folds"], seed)}
    return {method: of_method.astype(np.int16) for method, of_method in answers.items()}


def information(unit: Unit, bench: Bench) -> Outcome:
    """Return what `bioscnn.experiments.timing.measure.information` does, of a layer of a learned network."""
    layer, labels = unit.options["layer"], labelled_images(unit.options, bench).labels
    spikes = layer_spikes(unit.options, bench)[layer]
    return information_in(spikes, labels, layer, unit.study.config.simulation.seed)


def study_of(options: Options) -> LearnedStudy:
    """Return the learned study that options name."""
    study = read_learned_study(options["learned"], options["changes"])
    assert study is not None
    return study


def labelled_images(options: Options, bench: Bench) -> ImageSet:
    """Return the images of the study that options name."""
    keys = study_of(options).config.dataset
    images: ImageSet = bench.keep(
        "images of a learned study",
        keys.model_dump(),
        lambda: load_images(keys, keys.split, keys.trials, bench.data),
    )
    return images


def network(options: Options, bench: Bench) -> LearnedNetwork:
    """Return the network of the study that options name."""
    learned: LearnedNetwork = bench.keep(
        "learned network",
        _named(options),
        lambda: network_of(study_of(options), labelled_images(options, bench)),
    )
    return learned


def layer_spikes(options: Options, bench: Bench) -> dict[str, SpikeTrains]:
    """Return the spikes of each layer of the network that options name, the input first."""
    study = study_of(options)
    spikes: dict[str, SpikeTrains] = bench.keep(
        "spikes of a learned network",
        _named(options),
        lambda: study.rule.spikes(study.config, network(options, bench), labelled_images(options, bench)),
    )
    return spikes


def _named(options: Options) -> tuple[str, tuple[str, ...]]:
    return options["learned"], tuple(options["changes"])


CLASSES = Measure(classes, form=lambda unit: dict.fromkeys((SPIKING, *CODES), "int trials"))
INFORMATION = Measure(information, form=lambda unit: FORM_OF_INFORMATION)
