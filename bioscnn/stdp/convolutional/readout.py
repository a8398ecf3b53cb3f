"""The linear classifier on top, which alone learns from labels: logistic regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST_SPREAD = 1e-3
"""Standard deviation, in PSPs, below which a feature counts as constant."""


@dataclass(frozen=True, eq=False)
class LinearReadout:
    """A class for each image: ``argmax(features @ weights + bias)``.

    Parameters
    ----------
    weights : ndarray of float32, shape (n_features, n_classes)
    bias : ndarray of float32, shape (n_classes,)
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def evidence(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the evidence for each class, shape (n_images, n_classes)."""
        return np.asarray(features @ self.weights + self.bias, np.float32)

    def chosen(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the class of each image, shape (n_images,)."""
        return np.asarray(self.evidence(features).argmax(axis=1), np.int64)


def fit_readout(
    features: NDArray[np.float32], labels: NDArray[np.int64], n_classes: int, penalty: float, iterations: int
) -> LinearReadout:
    """Fit a multinomial logistic regression.

    Parameters
    ----------
    features : ndarray of float32, shape (n_images, n_features)
        Standardised in place: they are other numbers afterwards.
    labels : ndarray of int64, shape (n_images,)
        0 to n_classes - 1, each at least once.
    n_classes : int
    penalty : float
        Of half the sum of squared weights, beside the summed loss of the images; scikit-learn's 1/C.
    iterations : int
        Of L-BFGS, at most.

    Returns
    -------
    LinearReadout
        Of features that are not standardised.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), np.float32(SMALLEST_SPREAD))
    features -= mean
    features /= spread
    model = LogisticRegression(C=1 / penalty, max_iter=iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is part of the recipe
        model.fit(features, labels)
    weights, bias = model.coef_.T.astype(np.float64), model.intercept_.astype(np.float64)
    if n_classes == 2:  # one column says both
        weights, bias = np.hstack([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
    weights /= spread[:, None]
    return LinearReadout(weights.astype(np.float32), (bias - mean @ weights).astype(np.float32))
