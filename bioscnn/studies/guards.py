"""What could be silently wrong with a run: findings that its summary, its report and the terminal show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bioscnn.ann import read_card
from bioscnn.datasets import load_dataset
from bioscnn.datasets.own.duplicates import digests_of, in_training
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, SpikingNetwork
from bioscnn.neurons import MaxPooling
from bioscnn.simulation import Recording
from bioscnn.statistics import proportion
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.prepare import Prepared, rounding_of
from bioscnn.studies.scores import Scores

AT_CEILING = 0.5
"""Share of the trains of a population that may be at the refractory ceiling before a run says so."""

NEAR = 1.1
"""Mean interval of a train at the ceiling, in shortest intervals, at most."""

SIMULATED = "-simulated"


@dataclass(frozen=True)
class Finding:
    """One thing that is, or may be, wrong with a run.

    Parameters
    ----------
    kind : str
        One word of `KINDS`, for programs.
    text : str
        A sentence for people.
    certain : bool
        Whether it is known; otherwise it cannot be decided from the inside, and is a hint.
    """

    kind: str
    text: str
    certain: bool = True


KINDS = (
    "training-images",
    "other-data",
    "other-classes",
    "other-split",
    "labels-shifted",
    "silent",
    "at-ceiling",
    "rounded-t-ref",
    "border-leak",
)
"""All kinds of findings."""


def findings_of(
    prepared: Prepared, scores: Scores, examples: Recording, chosen: NDArray[np.int64], data: Path | None
) -> list[Finding]:
    """Return what is, or may be, wrong with a run; nothing, as a rule.

    Parameters
    ----------
    prepared : Prepared
        The study.
    scores : Scores
        Of all trials.
    examples : Recording
        Of `bioscnn.studies.repetition.simulate_again`.
    chosen : ndarray of int64, shape (n_examples,)
        Which trials these are.
    data : Path or None
        The data folder.
    """
    config = prepared.study.config
    card = read_card(config.network.model) or {}
    answers = (
        prepared.ann_class if prepared.has_ann else scores.decided(config.readout.rule)[:, -1]
    )  # of the network before anything was converted, where there is one
    classes = prepared.examples.classes
    rounded = rounding_of(config)
    return [
        *_training_images(prepared, card, data),
        *_other_data(prepared, card),
        *labels_shifted(answers, prepared.examples.labels, len(classes)),
        *_silent(prepared, scores),
        *at_ceiling(prepared.network, examples),
        *([] if rounded is None else [Finding("rounded-t-ref", rounded)]),
        *_leaks(prepared.network, scores, examples, chosen),
    ]


def labels_shifted(
    answers: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> Iterator[Finding]:
    """Yield a hint if answers are mostly wrong, and mostly right once the classes are renamed.

    Parameters
    ----------
    answers, labels : ndarray of int64, shape (n_trials,)
        Classes of the network, and true ones.
    n_classes : int
        How many there are.

    Notes
    -----
    Of all ways to rename the classes, the one under which most answers are right is an assignment problem,
    of the confusion matrix. A hint is given if the interval of the share that is right under it lies above
    one half, and above twice that of the share that is right as it is.
    """
    if len(labels) < 2 * n_classes:
        return
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    true, renamed = linear_sum_assignment(confusion, maximize=True)
    best, now = (proportion(right == labels) for right in (true[np.argsort(renamed)][answers], answers))
    if best.low <= max(0.5, 2 * now.high):
        return
    seen = np.flatnonzero(confusion[true, renamed])
    steps = np.unique((true - renamed)[seen] % n_classes)
    how = f"answers + {steps[0]}" if len(steps) == 1 else "its classes in another order"
    if len(steps) == 1 and 2 * steps[0] > n_classes:
        how = f"answers - {n_classes - steps[0]}"
    yield Finding(
        "labels-shifted",
        f"the network is right in {100 * now.value:.1f} % of the trials, and {how} would be in "
        f"{100 * best.value:.1f} %: labels may be shifted, or classes in another order than in its training",
        certain=False,
    )


def at_ceiling(network: SpikingNetwork, recording: Recording) -> Iterator[Finding]:
    """Yield a finding for each population of which most trains are as dense as refractory periods allow.

    A train is that of one neuron in one trial, with at least three spikes.
    """
    for population in network.neurons:
        t_ref, spikes = getattr(population.neuron, "t_ref", None), recording[population.name].spikes
        if t_ref is None or spikes is None or not population.spikes:
            continue
        shortest = round(t_ref / recording.dt) + 1
        train = spikes.trial() * spikes.size + spikes.neuron
        counts = np.bincount(train, minlength=spikes.n_trials * spikes.size)
        first = np.full(len(counts), spikes.n_steps)
        last = np.zeros(len(counts), np.int64)
        np.minimum.at(first, train, spikes.step)
        np.maximum.at(last, train, spikes.step)
        dense = counts >= 3
        mean = (last - first)[dense] / (counts[dense] - 1)
        share = float(np.mean(mean <= NEAR * shortest)) if dense.any() else 0.0
        if share > AT_CEILING:
            yield Finding(
                "at-ceiling",
                f"{100 * share:.0f} % of the spike trains of {population.name} fire as fast as refractory "
                "periods let them, so that they tell large activations apart no more: weights or input "
                "currents are too large for neuron.t_ref",
            )


def _silent(prepared: Prepared, scores: Scores) -> Iterator[Finding]:
    """Yield a finding for each population that has not fired at all, where it could have."""
    for population in prepared.network.neurons:
        name = population.name
        if not population.spikes or isinstance(population.neuron, MaxPooling) or scores.fires(name):
            continue
        if not prepared.has_ann and (name == OUTPUT or "_" in name):  # NIR: see `notes` of its conversion
            continue
        yield Finding(
            "silent",
            f"{name} has not fired in any trial: weights or input currents are too small for neuron.V_th, or "
            "trials too short",
        )


def _leaks(
    network: SpikingNetwork, scores: Scores, examples: Recording, chosen: NDArray[np.int64]
) -> Iterator[Finding]:
    """Yield a finding if trials had other spikes when other trials came before them."""
    if any(population.noise and population.noise.xi for population in network.neurons):
        return  # no two runs have the same noise
    other = np.zeros(len(chosen), bool)
    for population in network.neurons:
        name = population.name
        other |= scores.spikes_by_trial(name)[chosen] != examples[name].counts_by_trial
    if other.any():
        yield Finding(
            "border-leak",
            f"{np.count_nonzero(other)} of {len(chosen)} trials fired other numbers of spikes when other "
            "trials came before them: no trial must depend on the one before it; please report this",
        )


def _training_images(prepared: Prepared, card: Mapping[str, Any], data: Path | None) -> Iterator[Finding]:
    """Yield a finding if trials show what the network was trained on."""
    config, examples = prepared.study.config, prepared.examples
    known, n = _trained_on(card), len(examples)
    same = _same_data(known.get("name"), examples.name)
    what = "recordings" if config.dataset.recorded else "images"
    if examples.split == "train":
        if same or not known:
            yield Finding(
                "training-images",
                f"the trials are training {what} of {examples.name}: "
                + ("the network was trained on them" if same else "a network that was trained on them")
                + ", and accuracy on them is no estimate of accuracy on others; set dataset.split",
                certain=same,
            )
        return
    if known.get("sha256") == examples.sha256:
        doubled = n
    elif config.dataset.own is not None:
        doubled = in_training(config.dataset.own, examples.split, n) or _in_known(config, card, n, data)
    else:
        return
    if doubled:
        yield Finding(
            "training-images",
            f"{doubled:,} of {n:,} trials show {what} that are training {what}, too, byte by byte: accuracy "
            "is too high by what the network remembers of them; take them out of one of the two",
        )


def _in_known(config: StudyConfig, card: Mapping[str, Any], n: int, data: Path | None) -> int:
    """Return how many of a user's images are in the data set that bioscnn knows and the network learnt."""
    own, name = config.dataset.own, _trained_on(card).get("name")
    if own is None or own.recorded or not isinstance(name, str) or ":" in name:
        return 0
    try:
        training = load_dataset(name, "train", data=data, download=False, size=config.dataset.size)
    except UserError:
        return 0  # of a user's own, or not on this machine
    shown = own.load_images(config.dataset.split, n).images
    if shown.shape[1:] != training.images.shape[1:] or shown.dtype != training.images.dtype:
        return 0
    known = set(digests_of(training.images))
    return sum(digest in known for digest in digests_of(shown))


def _other_data(prepared: Prepared, card: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding if the card names other data, other classes or another split than the study has."""
    examples, own, known = prepared.examples, prepared.study.config.dataset.own, _trained_on(card)
    classes, name = card.get("classes"), known.get("name")
    if isinstance(classes, list) and classes != list(examples.classes):
        yield Finding(
            "other-classes",
            f"the network was trained to tell {_some(classes)} apart, in this order, and the data have "
            f"{_some(list(examples.classes))}",
        )
    if isinstance(name, str) and not _same_data(name, examples.name):
        yield Finding(
            "other-data",
            f"the network was trained on {name}, and the trials show {examples.name}",
            certain=False,
        )
    source = known.get("source")
    if own is None or not own.count("train") or not isinstance(source, str) or name != examples.name:
        return
    then, now = (text.rpartition(": ")[2] for text in (source, own.load("train", 1).source))
    if then != now:
        yield Finding(
            "other-split",
            f"the network was trained on {then}, and this study has for training {now}: its trials may be "
            "training images of the network",
            certain=False,
        )


def _trained_on(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a card says of the training data; nothing if it says nothing that can be read."""
    data = card.get("data")
    train = data.get("train") if isinstance(data, dict) else None
    return train if isinstance(train, dict) else {}


def _same_data(known: object, shown: str) -> bool:
    """Return whether two names are of the same data; simulated and real recordings are of the same images."""
    return isinstance(known, str) and known.removesuffix(SIMULATED) == shown.removesuffix(SIMULATED)


def _some(names: list[Any]) -> str:
    return ", ".join(map(str, names[:5])) + (" ..." if len(names) > 5 else "")
