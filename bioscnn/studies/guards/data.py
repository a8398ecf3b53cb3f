"""What is wrong with the examples of a study: known to the network already, of other data, shifted labels."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import read_card
from bioscnn.datasets import load_dataset
from bioscnn.datasets.own.duplicates import digests_of, in_training
from bioscnn.errors import UserError
from bioscnn.statistics import proportion
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.guards.finding import Finding, Kind
from bioscnn.studies.prepare import Loaded

SIMULATED = "-simulated"

FEW_TRIALS = 10
"""If all of so many are right, their interval begins at 72 %."""


def findings_of_data(loaded: Loaded, data: Path | None) -> list[Finding]:
    """Return findings on the examples of a study, by the card of its network.

    Parameters
    ----------
    loaded : Loaded
        The study.
    data : Path or None
        The data folder.
    """
    card = read_card(loaded.study.config.network.model) or {}
    learnt = _learnt(loaded, _trained_on(card))
    return [*_training_images(loaded, card, data, learnt), *_other_data(loaded, card, learnt)]


def few_trials(n: int) -> str | None:
    """Return a hint if so few trials say little about an accuracy, even if all of them are right."""
    if n >= FEW_TRIALS:
        return None
    low = proportion(np.ones(n, bool)).low
    what = "1 trial says" if n == 1 else f"{n} trials say"
    return f"{what} little: were all right, the 95 % interval would still begin at {100 * low:.0f} %"


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
    now = proportion(answers == labels)
    if len(labels) < 2 * n_classes or 2 * now.high >= 1:
        return
    from scipy.optimize import linear_sum_assignment  # which takes long to load

    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    true, renamed = linear_sum_assignment(confusion, maximize=True)
    best = proportion(true[np.argsort(renamed)][answers] == labels)
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


def at_chance(
    right: NDArray[np.bool_],
    ann_right: NDArray[np.bool_] | None,
    chance: float,
    found: Collection[Finding] = (),
    *,
    explainable: bool = True,
    described: bool = True,
) -> Iterator[Finding]:
    """Yield a hint if answers are no better than guesses, with the likely reason.

    Parameters
    ----------
    right : ndarray of bool, shape (n_trials,)
        Where the spiking network is right.
    ann_right : ndarray of bool, shape (n_trials,), optional
        Where the trained one is; None of a NIR graph.
    chance : float
        How often a guess is right, as a fraction: one over the number of classes, or the share of the most
        frequent one.
    found : collection of Finding
        What else was found.
    explainable : bool
        Whether ``bioscnn explain`` takes the run.
    described : bool
        Whether a card says how the trained network was trained, as one that ``bioscnn train`` wrote does.

    Notes
    -----
    A hint is given if the interval of the accuracy does not lie above `chance`. Fewer than `FEW_TRIALS`
    trials tell nothing, see `few_trials`; nor do trials of one class.
    """
    kinds = {finding.kind for finding in found}
    if not _like_guessing(right, chance) or chance == 1 or "labels-shifted" in kinds:
        return
    kind: Kind = "at-chance"
    reason = "trials too short, or rates lost in conversion, since the trained network does better"
    reason += "; `bioscnn explain` says which" if explainable else ""
    if "silent" in kinds:
        reason = "that a population has not fired"
    elif ann_right is None:
        reason = "another input than in its training, by encoding or dataset.mean, std and scale"
    elif _like_guessing(ann_right, chance):
        kind, reason = "ann-at-chance", "the trained network, which does no better"
        here = described and "other-data" not in kinds
        reason += ": train it longer, on more examples, or with other layers" if here else ""
    yield Finding(
        kind,
        f"the accuracy is no better than guessing, which is right in {100 * chance:.3g} % of these trials; "
        f"the likely reason is {reason}",
        certain=False,
    )


def _like_guessing(right: NDArray[np.bool_], chance: float) -> bool:
    return len(right) >= FEW_TRIALS and proportion(right).low <= chance


def _training_images(
    loaded: Loaded, card: Mapping[str, Any], data: Path | None, learnt: bool
) -> Iterator[Finding]:
    """Yield a finding if trials show what the network was trained on."""
    config, examples = loaded.study.config, loaded.examples
    trained_on, n = _trained_on(card), len(examples)
    same = _same_data(trained_on.get("name"), examples.name) or learnt
    what = "recordings" if config.dataset.recorded else "images"
    if examples.split == "train":
        if same or not trained_on:
            yield Finding(
                "training-images",
                f"the trials are training {what} of {examples.name}: "
                + ("the network was trained on them" if same else "a network that was trained on them")
                + ", and accuracy on them is no estimate of accuracy on others; set dataset.split",
                certain=same,
            )
        return
    if trained_on.get("sha256") == examples.sha256:
        doubled = n
    elif config.dataset.own is not None:
        doubled = 0
        with suppress(UserError):  # of training images that are damaged, which are no part of this run
            doubled = in_training(config.dataset.own, examples.split, n) or _in_known(config, card, n, data)
    else:
        return
    if doubled:
        yield Finding(
            "training-images",
            f"{doubled:,} of {n:,} trials show {what} that are training {what}, too: accuracy "
            "is too high by what the network remembers of them; take them out of one of the two",
        )


def _learnt(loaded: Loaded, trained_on: Mapping[str, Any]) -> bool:
    """Return whether trials are of the part train, and that part has what the network learnt, by its hash."""
    config, examples, learnt = loaded.study.config, loaded.examples, trained_on.get("sha256")
    if examples.split != "train" or learnt is None:
        return False
    own = config.dataset.own
    if learnt == examples.sha256 or own is None or own.count("train") != trained_on.get("n"):
        return bool(learnt == examples.sha256)
    with suppress(UserError):  # of images that are damaged, which are no part of this run
        return bool(learnt == own.load("train").sha256)
    return False


def _in_known(config: StudyConfig, card: Mapping[str, Any], n: int, data: Path | None) -> int:
    """Return how many of a user's images are in the data set that bioscnn knows and the network learnt."""
    own, name = config.dataset.own, _trained_on(card).get("name")
    if own is None or own.recorded or not isinstance(name, str) or ":" in name:
        return 0
    try:
        training = load_dataset(name, "train", data=data, download=False, size=config.dataset.size)
    except UserError:
        return 0  # of a user's own, or not on this machine
    images = own.load_images(config.dataset.split, n)
    if images.images.shape[1:] != training.images.shape[1:]:
        return 0
    training_digests = set(digests_of(training.pictures()))
    return sum(digest in training_digests for digest in digests_of(images.pictures()))


def _other_data(loaded: Loaded, card: Mapping[str, Any], learnt: bool) -> Iterator[Finding]:
    """Yield a finding if the card names other data, other classes or another split than the study has."""
    examples, own, trained_on = loaded.examples, loaded.study.config.dataset.own, _trained_on(card)
    classes, name = card.get("classes"), trained_on.get("name")
    if isinstance(classes, list) and classes != list(examples.classes):
        yield Finding(
            "other-classes",
            f"the network was trained to tell {_some(classes)} apart, in this order, and the data have "
            f"{_some(list(examples.classes))}",
        )
    if isinstance(name, str) and not (_same_data(name, examples.name) or learnt):
        yield Finding(
            "other-data",
            f"the network was trained on {name}, and the trials show {examples.name}",
            certain=False,
        )
    source = trained_on.get("source")
    if own is None or not isinstance(source, str) or name != examples.name:
        return
    then = source.rpartition(": ")[2]
    now = own.source("train").rpartition(": ")[2] if own.count("train") else "no images to compare with"
    if then != now:
        yield Finding(
            "other-split",
            f"the network was trained on {then}, and this study has for training {now}: its trials may be "
            "training images of the network",
            certain=False,
        )


def _trained_on(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the training data that a card names; nothing if it names none that can be read."""
    data = card.get("data")
    train = data.get("train") if isinstance(data, dict) else None
    return train if isinstance(train, dict) else {}


def _same_data(card_name: object, data_name: str) -> bool:
    """Return whether two names are of the same data; simulated and real recordings are of the same images."""
    return isinstance(card_name, str) and card_name.removesuffix(SIMULATED) == data_name.removesuffix(
        SIMULATED
    )


def _some(names: list[Any]) -> str:
    return ", ".join(map(str, names[:5])) + (" ..." if len(names) > 5 else "")
