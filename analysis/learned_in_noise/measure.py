"""What is measured of a unit: a training and its processor time, or a learned network's answers."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.fingerprint import code_of
from bioscnn.experiments.retrained import TRAIN, retrain
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.files import read_npz
from bioscnn.noise import Noise
from bioscnn.quantities import parse_quantity
from bioscnn.seeds import stream
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.run import train_learned as train_network
from bioscnn.stdp.study import LearnedStudy, read_learned_study

CARD = "card"
EVERY = 2500
"""Images after which a training says how far it is."""


class TrainingProgress(Silent):
    """Progress of a training: what is being done, and how many images it has seen."""

    def __init__(self, bench: Bench, what: str) -> None:
        self._bench, self._what, self._stage, self._seen = bench, what, "", 0

    def stage(self, what: str) -> None:
        """Pass on a stage."""
        self._stage, self._seen = what, 0
        self._bench.progress.stage(f"{self._what}: {what}")

    def trial(self) -> None:
        """Count an image."""
        self._seen += 1
        if self._seen % EVERY == 0:
            self._bench.progress.stage(f"{self._what}: {self._stage}, {self._seen:,} images")


def processor_seconds() -> float:
    """Return the processor time of this process and of those that it waited for, s."""
    return sum(os.times()[:4])


def train_converted(unit: Unit, bench: Bench) -> Outcome:
    """Train as `bioscnn.experiments.retrained.retrain` does, with ``cpu_seconds``; NaN if it was resumed."""
    resumed, begun = _folder(unit).exists(), processor_seconds()
    outcome = retrain(unit, bench)
    return {**outcome, "cpu_seconds": _cost(begun, resumed=resumed)}


def train_learned(unit: Unit, bench: Bench) -> Outcome:
    """Train a learned network; an interrupted training goes on where it was.

    Options: ``learned``, its study; ``changes`` of it.

    Returns
    -------
    mapping of ndarray
        What it learned, by name; ``card``, JSON; ``cpu_seconds``, NaN of a training that was resumed.
    """
    study, folder = learned_study(unit), _folder(unit)
    resumed, begun = folder.exists(), processor_seconds()
    file, card = train_network(study, bench.data, folder, TrainingProgress(bench, unit.variant))
    cost, arrays = _cost(begun, resumed=resumed), read_npz(file)
    assert arrays is not None
    rmtree(folder, ignore_errors=True)
    return {**arrays, CARD: np.array(json.dumps(card)), "cpu_seconds": cost}


def classify_learned(unit: Unit, bench: Bench) -> Outcome:
    """Return what the network that a unit needs answers to the images of its study, with its noise.

    The images are those that a converted network of the same study sees, noise and all. Options as of
    `train_learned`.

    Returns
    -------
    mapping of ndarray
        ``label``, ``chosen`` and, of competing neurons, ``chosen_likelihood``: classes, int16, shape
        (n_trials,). ``spikes`` and ``input_spikes``, int64, shape (n_trials,). ``synops`` per trial and
        ``trial_ms``, float64, shape ().
    """
    return classify_with(needed(unit, bench), unit, bench)


def classify_with(network: LearnedNetwork, unit: Unit, bench: Bench) -> Outcome:
    """Return the answers of a learned network to the images of a unit, as `classify_learned` does."""
    config, study = unit.study.config, learned_study(unit)
    noises = list(config.noise.values())
    on_images = any(noise.acts_on == "images" for noise in noises)
    shown = (bench.input(config) if on_images else bench.clean(config)).examples
    for noise in noises:
        if noise.acts_on == "network" and noise.name != "spike-loss":
            arrays = with_noise(network.arrays, noise, stream(config.simulation.seed, "noise", noise.name))
            network = replace(network, arrays=arrays)
    own = {noise.name: noise for noise in noises if noise.name in ("spike-loss", "spike-jitter")}
    simulation = study.config.simulation.model_copy(update={"seed": config.simulation.seed})
    noisy = study.config.model_copy(update={"noise": own, "simulation": simulation})
    answers = study.rule.classify(noisy, network, shown, Silent())
    by_likelihood = answers.more.get("chosen_likelihood")
    presentations = answers.more.get("presentations")
    learning: Any = study.config.learning
    trial = learning.neuron.duration if presentations is None else learning.shown * presentations.mean()
    own_spikes = [counts for population, counts in answers.spikes.items() if population != "input"]
    likely = {} if by_likelihood is None else {"chosen_likelihood": by_likelihood.astype(np.int16)}
    return {
        "label": shown.labels.astype(np.int16),
        "chosen": answers.chosen.astype(np.int16),
        **likely,
        "spikes": np.sum(own_spikes, axis=0).astype(np.int64),
        "input_spikes": answers.spikes["input"].astype(np.int64),
        "synops": np.array(float(answers.synops or 0)),
        "trial_ms": np.array(1e3 * float(trial)),
    }


def learned_study(unit: Unit) -> LearnedStudy:
    """Return the study of the learned network of a unit."""
    study = read_learned_study(unit.options["learned"], unit.options["changes"])
    assert study is not None
    return study


def needed(unit: Unit, bench: Bench) -> LearnedNetwork:
    """Return the learned network that a unit needs."""
    arrays = dict(bench.given[unit.needs[0]])
    card = json.loads(str(arrays.pop(CARD)))
    del arrays["cpu_seconds"]
    return LearnedNetwork(Path(f"{unit.variant}.npz"), arrays, card)


def with_noise(
    arrays: dict[str, NDArray[Any]] | Any, noise: Noise, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Return what a learned network knows, with noise of its plastic synapses or of the neurons they reach.

    ``weight-noise`` and ``quantisation`` are those of converted networks; a weight stays 0 or more.
    ``threshold-mismatch`` multiplies the distance from rest to the threshold of each excitatory neuron by a
    lognormal factor of mean 1. ``dead-neurons`` get no input, and so never fire.

    Parameters
    ----------
    arrays : mapping of ndarray
        Of a competitive network: ``weight``, shape (n_inputs, n_neurons), and ``kept_theta``, V, shape
        (n_neurons,). Of a convolutional one: ``first`` and ``second``.
    noise : Noise
        Its kind and strength.
    rng : numpy.random.Generator
        Where chance comes from.

    Raises
    ------
    UserError
        If the noise is not defined for the network.
    """
    changed, amount = dict(arrays), float(noise.amount)
    weights = [name for name in ("weight", "first", "second") if name in arrays]
    if noise.name == "quantisation":
        for name in weights:
            largest, levels = arrays[name].astype(np.float64).max(), 2 ** (amount - 1) - 1
            rounded = np.rint(arrays[name] / largest * levels) / levels * largest
            changed[name] = rounded.astype(arrays[name].dtype)
    elif noise.name == "weight-noise" and weights == ["weight"]:
        factors = rng.normal(1, amount, arrays["weight"].shape)
        changed["weight"] = np.maximum(arrays["weight"] * factors, 0).astype(arrays["weight"].dtype)
    elif noise.name == "dead-neurons" and weights == ["weight"]:
        dead = rng.random(arrays["weight"].shape[1]) < amount
        changed["weight"] = np.where(dead, 0, arrays["weight"]).astype(arrays["weight"].dtype)
    elif noise.name == "threshold-mismatch" and weights == ["weight"]:
        variance, theta = np.log1p(amount**2), arrays["kept_theta"]
        factors = rng.lognormal(-variance / 2, np.sqrt(variance), len(theta))
        changed["kept_theta"] = (factors * (theta + BELOW) - BELOW).astype(theta.dtype)
    else:
        raise UserError("no such noise of a learned network", key="noise", value=noise.name)
    return changed


BELOW = parse_quantity("13 mV", "voltage") - parse_quantity("20 mV", "voltage")
"""``V_th - offset`` of bioscnn/stdp/competitive/excitatory.toml: the threshold without theta, V."""


def _folder(unit: Unit) -> Path:
    return cache_folder() / "training" / f"{unit.id}-{code_of(unit.measure)}"


def _cost(begun: float, *, resumed: bool) -> NDArray[np.float64]:
    return np.array(np.nan if resumed else processor_seconds() - begun)


TRAIN_CONVERTED = Measure(train_converted, TRAIN.inputs, TRAIN.core)
TRAIN_LEARNED = Measure(train_learned)
CLASSIFY_LEARNED = Measure(classify_learned)
