"""A learned network with fewer labels: its neurons labelled, or its classifier fitted, anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.learned_in_noise.measure import classify_with, learned_study, needed, processor_seconds
from bioscnn.datasets import ImageSet
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.competitive.classify import flat, restored
from bioscnn.stdp.competitive.training import answers_of, input_key
from bioscnn.stdp.convolutional.classify import LAYERS, architecture, keys_of
from bioscnn.stdp.convolutional.training import train_readout
from bioscnn.stdp.labels import mean_answers
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.studies.examples import load_images


def classify_relabelled(unit: Unit, bench: Bench) -> Outcome:
    """Label a learned network by the first so many training digits, and classify those of its study.

    Options: ``labels``, how many; others, and what is returned, as of
    `analysis.learned_in_noise.measure.classify_learned`, with ``cpu_seconds`` of the labelling.
    """
    study, begun = learned_study(unit), processor_seconds()
    shown = load_images(study.config.dataset, "train", unit.options["labels"], bench.data)
    network = relabelled(needed(unit, bench), shown, study.config.learning.seed)
    seconds = processor_seconds() - begun
    return {**classify_with(network, unit, bench), "cpu_seconds": np.array(seconds)}


def relabelled(network: LearnedNetwork, shown: ImageSet, seed: int) -> LearnedNetwork:
    """Return a network whose weights stay, and that uses no other labels than those of these images."""
    n_classes = len(shown.classes)
    if network.card["rule"] == "convolutional":
        first, second = (network.arrays[name].astype(np.float32) for name in LAYERS)
        readout = train_readout(architecture(keys_of(network)), (first, second), shown, Silent())
        return replace(network, arrays={**network.arrays, "readout": readout.weights, "bias": readout.bias})
    answers = answers_of(*restored(network), flat(shown), input_key(seed, "labels"), precision="float32")
    means = mean_answers(answers.counts, shown.labels, n_classes).astype(np.float32)
    return replace(network, arrays={**network.arrays, "answers": means})


RELABELLED = Measure(classify_relabelled)
