"""Which class is taken for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(
    chosen: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Count trials by true class (rows) and chosen class (columns).

    Parameters
    ----------
    chosen, labels : ndarray of int64, shape (n_trials,)
        Chosen and true class of each trial, 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    return np.bincount(labels * n_classes + chosen, minlength=n_classes**2).reshape(n_classes, n_classes)
