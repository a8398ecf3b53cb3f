"""Which class a neuron stands for, and what neurons vote for: all that labels are used for.

References
----------
Diehl and Cook (2015), https://doi.org/10.3389/fncom.2015.00099, section 2.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError

UNASSIGNED = -1
"""Class of a neuron that answered to no labelled image."""


LEAST = 0.01
"""Spikes per image that `likelihoods` add to the mean answers of every neuron: none is impossible."""


def mean_answers(
    counts: NDArray[np.integer], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Return the mean spikes of each neuron in answer to images of each class.

    Parameters
    ----------
    counts : ndarray of int, shape (n_images, n_neurons)
        Spikes in answer to labelled training images, weights held.
    labels : ndarray of int64, shape (n_images,)
        Their classes.
    n_classes : int
        How many classes there are.

    Returns
    -------
    ndarray of float64, shape (n_classes, n_neurons)

    Raises
    ------
    UserError
        If a class has no image, or no neuron fired at all.
    """
    if len(counts) != len(labels):
        raise UserError(
            "spikes and labels of different numbers of images",
            value=len(labels),
            expected=f"{len(counts)}, one label per image",
        )
    images = np.bincount(labels, minlength=n_classes)
    if (missing := np.flatnonzero(images == 0)).size:
        raise UserError(
            f"no labelled image shows class {missing[0]}, so no neuron can stand for it",
            key="learning.label_examples",
            value=len(labels),
            expected="images of every class",
            fix="label more images",
        )
    spikes = np.zeros((n_classes, counts.shape[1]))
    np.add.at(spikes, labels, counts)
    if not spikes.any():
        raise UserError(
            "no neuron answered to any labelled image",
            key="learning",
            fix="train longer, or look at the thresholds",
        )
    return spikes / images[:, None]


def assign(answers: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the class to which each neuron answers with most spikes per image; `UNASSIGNED` if to none.

    Parameters
    ----------
    answers : ndarray, shape (n_classes, n_neurons)
        As of `mean_answers`.
    """
    return np.where(answers.any(axis=0), answers.argmax(axis=0), UNASSIGNED).astype(np.int64)


def votes(counts: NDArray[np.integer], assigned: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return the mean spikes of the neurons of each class, shape (n_images, n_classes).

    A class without neurons has -1: nobody votes for it, and an image to which no neuron answers is not its.

    Raises
    ------
    UserError
        If the numbers of neurons differ.
    """
    if counts.shape[1] != len(assigned):
        raise UserError("classes of another number of neurons", value=len(assigned),
                        expected=f"{counts.shape[1]}, one per neuron")  # fmt: skip
    member = np.equal.outer(assigned, np.arange(n_classes))
    size = member.sum(axis=0)
    return np.where(size, counts @ member.astype(np.float64) / np.maximum(size, 1), -1.0)


def likelihoods(counts: NDArray[np.integer], answers: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the log likelihood of each class, shape (n_images, n_classes), but for what all classes share.

    Neurons are taken for independent, and their counts for Poisson numbers whose means are `answers` and
    `LEAST` spikes more (naive Bayes); all classes are equally probable.

    Raises
    ------
    UserError
        If the numbers of neurons differ.
    """
    if counts.shape[1] != answers.shape[1]:
        raise UserError(
            "answers of another number of neurons",
            value=answers.shape[1],
            expected=f"{counts.shape[1]}, a mean per class and neuron",
        )
    means = answers.astype(np.float64) + LEAST
    return np.asarray(counts @ np.log(means).T - means.sum(axis=1))
