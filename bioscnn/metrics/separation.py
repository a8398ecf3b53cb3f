"""How well a distance between trials tells their classes apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True)
class Separation:
    """Distances of each trial from those of its own class, and from those of the others.

    Parameters
    ----------
    within, between : ndarray of float64, shape (n_trials,)
        Mean distance from the other trials of the class, and from those of other classes.
    share : ndarray of float64, shape (n_trials,)
        How often a trial of another class is further away than one of the same class, ties counted half:
        1 where all are, 0.5 where the distance knows nothing of the class. It is the area under the curve of
        hits against false alarms, and does not depend on the unit of the distance.
    """

    within: NDArray[np.float64]
    between: NDArray[np.float64]
    share: NDArray[np.float64]


def class_separation(distances: NDArray[np.float64], labels: NDArray[np.integer]) -> Separation:
    """Compare the distances within classes with those between them, trial by trial.

    Parameters
    ----------
    distances : ndarray of float64, shape (n_trials, n_trials)
        Of each trial from each other one; the diagonal is not looked at.
    labels : ndarray of int, shape (n_trials,)
        Class of each trial.

    Returns
    -------
    Separation

    Raises
    ------
    UserError
        If shapes disagree, a class has one trial only, or there is one class only.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a receiver operating characteristic (ROC)
    curve, Radiology 143:29.

    Examples
    --------
    >>> place = np.array([0.0, 1.0, 5.0, 6.0])
    >>> found = class_separation(np.abs(place[:, None] - place), np.array([0, 0, 1, 1]))
    >>> found.within, found.between, found.share
    (array([1., 1., 1., 1.]), array([5.5, 4.5, 4.5, 5.5]), array([1., 1., 1., 1.]))
    """
    n = len(labels)
    if distances.shape != (n, n):
        raise UserError(
            "distances and labels do not belong to the same trials",
            value=distances.shape,
            expected=f"shape {(n, n)} for {n} labels",
        )
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or counts.min() < 2:
        raise UserError(
            "nothing to compare within classes or between them",
            key="labels",
            value=dict(zip(classes.tolist(), counts.tolist(), strict=True)),
            expected="two classes or more, of two trials or more each",
        )
    within, between, share = np.empty(n), np.empty(n), np.empty(n)
    for k, (row, label) in enumerate(zip(distances, labels, strict=True)):
        alike = labels == label
        others, own = row[~alike], row[alike & (np.arange(n) != k)]
        within[k], between[k] = own.mean(), others.mean()
        further = np.sign(others[:, None] - own)
        share[k] = (1 + further.mean()) / 2
    return Separation(within, between, share)
