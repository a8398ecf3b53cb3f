"""Random numbers: one seed a run, one child stream a purpose, never the global generator."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the random generator of one purpose of one run.

    Streams of different purposes are independent, and adding one changes none of the others.

    Parameters
    ----------
    seed : int
        The seed of the run, >= 0.
    *purpose : str or int
        What the numbers are for, such as ``"threshold-mismatch", 3``.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> int(stream(1, "weights").integers(100)) == int(stream(1, "weights").integers(100))
    True
    """
    digest = hashlib.sha256("/".join(map(str, purpose)).encode()).digest()
    words = np.frombuffer(digest, dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(int(word) for word in words)))
