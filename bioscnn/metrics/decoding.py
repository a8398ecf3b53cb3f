"""What a downstream reader could learn of the class from the counts, or from the times, of spikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

WINDOWS = (3, 6, 10, 30, 100)
"""Into so many windows, or into its steps, the decoder of counts and times divides a trial.

Its training data choose into how many.
"""

NARROW = 30
"""Windows beyond this number hold few spikes each, and are multiplied as sparse matrices."""

RIDGE = 1e-2
"""Regularisation of the decoders; the mean diagonal of the kernel is 1."""

Distances = NDArray[np.float32]


def _counts(trains: SpikeTrains) -> list[Distances]:
    return [_squared_distances(np.sqrt(trains.counts()))]


def _latencies(trains: SpikeTrains) -> list[Distances]:
    return [_squared_distances(1 - trains.first_step() / trains.n_steps)]


def _ranks(trains: SpikeTrains) -> list[Distances]:
    from scipy.stats import rankdata

    first = trains.first_step()
    rank = rankdata(first, axis=1)  # those that fire, ordered by time, come before those that stay silent
    return [_squared_distances(np.where(first < trains.n_steps, 1 - rank / trains.size, 0))]


def _counts_and_times(trains: SpikeTrains) -> list[Distances]:
    (counts,) = _counts(trains)
    together = _scaled(counts)
    return [together + _scaled(_windowed(trains, number)) for number in windows_of(trains)]


def windows_of(trains: SpikeTrains) -> list[int]:
    """Return into how many windows the decoder of counts and times may divide trials; steps are the last."""
    return [number for number in WINDOWS if number < trains.n_steps] + [trains.n_steps]


CODES: Mapping[str, Callable[[SpikeTrains], list[Distances]]] = {
    "counts": _counts,
    "latencies": _latencies,
    "ranks": _ranks,
    "counts and times": _counts_and_times,
}
"""What a decoder is told of each neuron: its spikes; its first spike; the rank of that; spikes in windows."""


def decode(
    trains: SpikeTrains, labels: NDArray[np.integer], code: str, *, folds: int = 5, seed: int = 1
) -> NDArray[np.int64]:
    """Decode the class of every trial by a decoder that was trained on other trials.

    A kernel ridge regression (a least-squares support vector machine) of the classes on a Gaussian kernel,
    cross-validated in stratified folds. Two trials are compared by

    * ``"counts"``: the square roots of each neuron's spike count;
    * ``"latencies"``: the time left at each neuron's first spike, 0 for a silent one;
    * ``"ranks"``: the rank of each first spike among all neurons, 0 for a silent one;
    * ``"counts and times"``: the counts, and beside them the counts in windows, from a third of the trial to
      a single step; which of `windows_of`, an inner cross-validation of the training trials chooses.

    A code that contains whether a neuron fired contains part of its count: only decoders of trains with equal
    counts are blind to it.

    Parameters
    ----------
    trains : SpikeTrains
        Of one population.
    labels : ndarray of int, shape (n_trials,)
        Classes.
    code : str
        A key of `CODES`.
    folds : int
        Parts into which the trials are divided.
    seed : int
        Of the division, the same for every code.

    Returns
    -------
    ndarray of int64, shape (n_trials,)
        The class that each trial was given by the decoder that had not seen it.

    Raises
    ------
    UserError
        If the code is unknown, or the rarest class has fewer trials than `least_trials`.

    References
    ----------
    Saunders, Gammerman and Vovk (1998), Ridge regression learning algorithm in dual variables, ICML.
    """
    from sklearn.model_selection import StratifiedKFold

    if code not in CODES:
        raise UserError("unknown code", key="code", value=code, expected=" | ".join(CODES))
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    if folds < 2 or rarest < least_trials(folds):
        raise UserError(
            "too few trials to train a decoder and to test it on others",
            key="folds",
            value=folds,
            expected=f"2 or more, with {least_trials(folds)} trials of each class; the rarest has {rarest}",
            fix="take more trials (dataset.trials)",
        )
    distances = CODES[code](trains)
    chosen = np.empty(len(labels), np.int64)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(labels, labels):
        best = distances[0]
        if len(distances) > 1:
            inner = StratifiedKFold(2, shuffle=True, random_state=seed)
            parts = [(train[a], train[b]) for a, b in inner.split(labels[train], labels[train])]
            right = [
                sum(int(np.sum(_predict(d, labels, a, b) == labels[b])) for a, b in parts) for d in distances
            ]
            best = distances[int(np.argmax(right))]
        chosen[test] = _predict(best, labels, train, test)
    return chosen


def least_trials(folds: int) -> int:
    """Return how many trials of each class decoders need: one per fold, and two beside those of any fold.

    Those two are in different halves of the inner cross-validation.
    """
    return 4 if folds == 2 else folds


def _predict(
    distances: Distances, labels: NDArray[np.integer], train: NDArray[np.int64], test: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the classes of the test trials, by kernel ridge regression on the training trials."""
    from sklearn.kernel_ridge import KernelRidge

    training_distances = distances[np.ix_(train, train)]
    classes, target = np.unique(labels[train], return_inverse=True)
    width = np.median(training_distances) or 1.0  # 0 where all trials are the same
    model = KernelRidge(alpha=RIDGE, kernel="precomputed")
    model.fit(np.exp(-training_distances / width), np.eye(len(classes))[target])
    scores = model.predict(np.exp(-distances[np.ix_(test, train)] / width))
    return np.asarray(classes[scores.argmax(axis=1)], np.int64)


def _squared_distances(features: NDArray[np.floating]) -> Distances:
    """Return the squared Euclidean distances between the rows, (n, n)."""
    rows = np.asarray(features, np.float32)
    return _from_products(rows @ rows.T)


def _from_products(products: Distances) -> Distances:
    """Return the squared distances between vectors that have these inner products."""
    squares = products.diagonal()
    return np.asarray(np.maximum(squares[:, None] + squares - 2 * products, 0))


def _windowed(trains: SpikeTrains, windows: int) -> Distances:
    """Return the squared distances between trials by the counts in windows, summed window by window."""
    window = trains.step * windows // trains.n_steps
    if windows > NARROW:
        return _coincident(trains, window, windows)
    index = trains.trial() * trains.size + trains.neuron
    total = np.zeros((trains.n_trials, trains.n_trials), np.float32)
    for k in range(windows):
        counts = np.bincount(index[window == k], minlength=trains.n_trials * trains.size)
        total += _squared_distances(np.sqrt(counts).reshape(trains.n_trials, trains.size))
    return total


def _coincident(trains: SpikeTrains, window: NDArray[np.integer], windows: int) -> Distances:
    """Return what `_windowed` does, from the pairs of trials with spikes of a neuron in the same window."""
    from scipy.sparse import csr_array

    place = window.astype(np.int64) * trains.size + trains.neuron
    shape = trains.n_trials, windows * trains.size
    counts = csr_array((np.ones(len(place), np.float32), (trains.trial(), place)), shape=shape)
    counts.sum_duplicates()
    counts.data = np.sqrt(counts.data)
    return _from_products((counts @ counts.T).toarray())


def _scaled(distances: Distances) -> Distances:
    return distances / (distances.mean() or 1.0)
