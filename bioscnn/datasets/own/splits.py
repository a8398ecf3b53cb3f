"""Which examples are for training, for validation and for testing: as the data say, else by a seed.

A part that is drawn is drawn from each class alike. No example is in two parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn import seeds
from bioscnn.datasets.event_folders import turns
from bioscnn.errors import UserError

ALL = ""
"""Name of the part of data that come in no parts."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Rows of one split, classes taking turns, and how they were chosen, as a phrase for people."""

    rows: NDArray[np.int64]
    chosen: str


def split_up(
    labels: NDArray[np.int64],
    classes: Sequence[str],
    part_rows: Mapping[str, NDArray[np.int64]],
    shares: Mapping[str, float],
    seed: int,
    file: Path,
) -> dict[str, Split]:
    """Return the splits of a data set.

    Data that come in the parts ``train`` and ``test`` keep them, and validation is drawn from ``train``
    unless it is a part of its own. Data that come in no parts are split into three.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Class of every example.
    classes : sequence of str
        Names of the classes.
    part_rows : mapping of ndarray of int64
        Rows of each part that the data come in; of `ALL` if they come in none.
    shares : mapping of float
        Of ``validation`` and ``test``: which share of each class is drawn for it.
    seed : int
        Of the draw.
    file : Path
        Named in errors.

    Returns
    -------
    dict of Split
        A part that is empty is not in it.

    Raises
    ------
    UserError
        If a class has too few examples.

    Examples
    --------
    >>> labels = np.repeat([0, 1], 10)
    >>> parts = split_up(labels, "ab", {ALL: np.arange(20)}, {"validation": 0.2, "test": 0.2}, 1, Path("x"))
    >>> {name: len(part.rows) for name, part in parts.items()}
    {'test': 4, 'validation': 4, 'train': 12}
    """
    rows = dict(part_rows)
    pool = rows.pop(ALL) if ALL in rows else rows.pop("train", np.empty(0, np.int64))
    drawn = [
        name for name in ("test", "validation") if name not in rows and (ALL in part_rows or name != "test")
    ]
    if not len(pool):
        drawn = []
    parts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ("test", "validation", "train")}
    for label, name in enumerate(classes):
        rng = seeds.stream(seed, "own-data-split", label)
        for part, own in rows.items():
            parts[part].append(rng.permutation(own[labels[own] == label]))
        left = rng.permutation(pool[labels[pool] == label])
        counts = [max(1, round(shares[part] * len(left))) if shares[part] else 0 for part in drawn]
        if len(pool) and sum(counts) >= len(left):
            raise UserError(
                "a class has too few examples to be split",
                file=file,
                key="class",
                value=f"{name}: {len(left)}",
                expected=f"at least {sum(counts) + 1}, one for each of train, {', '.join(reversed(drawn))}",
                fix="add some, or set dataset.test_share or dataset.validation_share to 0",
            )
        for part, count in zip(drawn, counts, strict=True):
            parts[part].append(left[:count])
            left = left[count:]
        parts["train"].append(left)
    splits = {}
    for part, of_classes in parts.items():
        chosen = np.concatenate(of_classes) if of_classes else np.empty(0, np.int64)
        if len(chosen):
            splits[part] = Split(chosen[turns(labels[chosen])], _how(part, drawn, part_rows, shares, seed))
    return splits


def _how(
    part: str,
    drawn: Sequence[str],
    part_rows: Mapping[str, NDArray[np.int64]],
    shares: Mapping[str, float],
    seed: int,
) -> str:
    if part in drawn:
        what = "all" if ALL in part_rows else "the part train"
        return f"{100 * shares[part]:g} % of {what}, drawn class by class with seed {seed}"
    taken = [name for name in drawn if shares[name]]
    if part == "train" and taken:
        what = "all" if ALL in part_rows else "the part train"
        return f"the rest of {what} once {' and '.join(reversed(taken))} are drawn with seed {seed}"
    return "all" if ALL in part_rows else f"the part {part} as it was given"
