"""How many bits about the class a neuron's response carries: its spike count, its latency, or both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class Information:
    """Mutual information between the class of a trial and the response of each neuron.

    Parameters
    ----------
    bits : ndarray of float64, shape (size,)
        Estimate, corrected for the bias of few trials. It may be slightly negative where there is none.
    raw, bias : ndarray of float64, shape (size,)
        Estimate from the frequencies as they are, and what was subtracted.
    shuffled, shuffled_sd : ndarray of float64, shape (size,)
        Mean and standard deviation of the corrected estimate with permuted classes: what is left of the
        bias, and how far chance alone moves the estimate.
    n : int
        Number of trials.
    """

    bits: NDArray[np.float64]
    raw: NDArray[np.float64]
    bias: NDArray[np.float64]
    shuffled: NDArray[np.float64]
    shuffled_sd: NDArray[np.float64]
    n: int


def mutual_information(
    response: NDArray[np.integer],
    labels: NDArray[np.integer],
    *,
    rng: np.random.Generator,
    shuffles: int = 20,
) -> Information:
    r"""Estimate the mutual information between the class and the response of each neuron.

    The plug-in estimate, less the first-order bias

    .. math:: \frac{1}{2 N \ln 2} \left( \sum_s (R_s - 1) - (R - 1) \right)

    with the number :math:`R_s` of different responses seen in class :math:`s`, and :math:`R` in all
    :math:`N` trials. Responses that are possible but never came are not counted, so that with few trials a
    part of the bias remains, which the shuffled classes show.

    What timing adds to the count is the information of both less that of the count:
    ``mutual_information(joint_response(count, latency), ...).bits - mutual_information(count, ...).bits``.

    Parameters
    ----------
    response : ndarray of int, shape (n_trials, size)
        Small whole numbers, 0 or more: `count_response`, `latency_response`, `joint_response`.
    labels : ndarray of int, shape (n_trials,)
        Class of each trial.
    rng : numpy.random.Generator
        For the permutations. The same permutation serves all neurons.
    shuffles : int
        Number of permutations, 2 or more.

    Returns
    -------
    Information

    Raises
    ------
    UserError
        If shapes disagree, a response is negative or no whole number, or there are fewer than two trials a
        class.

    References
    ----------
    Panzeri and Treves (1996), Analytical estimates of limited sampling biases in different information
    measures, Network 7:87.

    Examples
    --------
    >>> labels = np.repeat([0, 1, 2, 3], 50)
    >>> response = np.stack([labels, labels % 2, np.zeros_like(labels)], axis=1)
    >>> mutual_information(response, labels, rng=np.random.default_rng(1)).raw
    array([2., 1., 0.])
    """
    classes, stimulus = np.unique(labels, return_inverse=True)
    _check(response, labels, len(classes), shuffles)
    raw, bias = _estimate(response, stimulus, len(classes))
    null = []
    for _ in range(shuffles):
        plug_in, its_bias = _estimate(response, rng.permutation(stimulus), len(classes))
        null.append(plug_in - its_bias)
    return Information(
        raw - bias, raw, bias, np.mean(null, axis=0), np.std(null, axis=0, ddof=1), len(labels)
    )


def _check(response: NDArray[np.integer], labels: NDArray[np.integer], n_classes: int, shuffles: int) -> None:
    if response.ndim != 2 or labels.shape != response.shape[:1]:
        raise UserError(
            "responses and labels do not belong to the same trials",
            value=(response.shape, labels.shape),
            expected="shapes (n_trials, size) and (n_trials,)",
        )
    if len(labels) < 2 * n_classes:
        raise UserError(
            "too few trials to estimate information",
            value=len(labels),
            expected=f"at least {max(2 * n_classes, 2)} trials for {n_classes} classes",
        )
    if not np.issubdtype(response.dtype, np.integer) or response.min(initial=0) < 0:
        raise UserError("a response is not one of 0, 1, 2 ...", key="response", expected="whole numbers")
    if shuffles < 2:
        raise UserError("too few permutations", key="shuffles", value=shuffles, expected="2 or more")


def _estimate(
    response: NDArray[np.integer], stimulus: NDArray[np.integer], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the plug-in estimate and its bias, both of shape (size,), bits."""
    n, size = response.shape
    n_responses = int(response.max(initial=0)) + 1
    index = (response + n_responses * np.arange(size)) * n_classes + stimulus[:, None]
    joint = np.bincount(index.ravel(), minlength=size * n_responses * n_classes)
    joint = joint.reshape(size, n_responses, n_classes)
    by_response, by_class = joint.sum(axis=2), np.bincount(stimulus, minlength=n_classes)

    counts = np.arange(n + 1)
    surprise = counts * np.log2(np.maximum(counts, 1))
    total = surprise[joint].sum(axis=(1, 2)) - surprise[by_response].sum(axis=1) - surprise[by_class].sum()
    seen = np.count_nonzero(joint, axis=(1, 2)) - n_classes, np.count_nonzero(by_response, axis=1) - 1
    return np.log2(n) + total / n, (seen[0] - seen[1]) / (2 * n * np.log(2))


def count_response(trains: SpikeTrains, largest: int = 4) -> NDArray[np.int64]:
    """Return each neuron's spike count, ``largest`` standing for that many or more, (n_trials, size).

    Raises
    ------
    UserError
        If ``largest`` is not 1 or more.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(3), np.array([1, 4, 6]), np.array([0, 3]), size=2, n_steps=10, dt=1e-3)
    >>> count_response(trains, largest=2)
    array([[2, 0]])
    """
    if largest < 1:
        raise UserError("no such largest count", key="largest", value=largest, expected="1 or more")
    return np.minimum(trains.counts(), largest)


def latency_response(trains: SpikeTrains, bins: int = 4) -> NDArray[np.int64]:
    """Return the bin of each neuron's first spike, 1 (early) to ``bins`` (late), or 0 for silence.

    The bins of a neuron are filled alike, over all trials in which it fires; equal latencies share a bin. A
    neuron is so measured on its own scale: deep layers, which fire late, lose no resolution. The bins do not
    depend on the classes.

    Returns
    -------
    ndarray of int64, shape (n_trials, size)

    Raises
    ------
    UserError
        If ``bins`` is not 1 or more.

    Examples
    --------
    >>> step, start = np.array([3, 1, 7, 5]), np.array([0, 1, 2, 3, 4, 4])
    >>> trains = SpikeTrains(np.zeros(4), step, start, size=1, n_steps=10, dt=1e-3)
    >>> latency_response(trains, bins=2)[:, 0]
    array([1, 1, 2, 2, 0])
    """
    from scipy.stats import rankdata

    if bins < 1:
        raise UserError("no such number of bins", key="bins", value=bins, expected="1 or more")
    first = trains.first_step()
    fires = first < trains.n_steps
    place = (rankdata(first, axis=0) - 0.5) / np.maximum(fires.sum(axis=0), 1)
    return np.where(fires, 1 + np.floor(place * bins).astype(np.int64), 0)


def joint_response(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number the pairs of two responses, shape (n_trials, size).

    Examples
    --------
    >>> joint_response(np.array([[0], [1], [2]]), np.array([[1], [0], [1]]))[:, 0]
    array([1, 2, 5])
    """
    return first.astype(np.int64) * (int(second.max(initial=0)) + 1) + second
