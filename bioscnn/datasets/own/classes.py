"""Names and numbers of classes: what they may be, and that every one has examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError

FEWEST, MOST = 2, 1000
"""Classes that a data set may have."""

LONGEST_NAME = 100

_FROM_ZERO = "the labels begin at 1: store each label less 1, so that 0 is the first class"


def check_classes(names: Sequence[str], file: Path) -> tuple[str, ...]:
    """Return the names of classes if they can be shown and told apart.

    Letters of any script will do, and so do ``<``, ``$`` and the like, which pages and figures show as they
    are. What controls a terminal or turns text around will not.

    Raises
    ------
    UserError
        If there are fewer than two names or more than 1,000, or a name is empty, long, hidden or not unique.
    """
    if not FEWEST <= len(names) <= MOST:
        raise UserError(
            "one class alone cannot be told from others" if len(names) == 1 else "no such number of classes",
            file=file,
            key="classes",
            value=", ".join(names[:3]) if names else "none",
            expected=f"{FEWEST} to {MOST:,} classes",
        )
    for name in names:
        if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
            raise UserError(
                "the name of a class cannot be shown",
                file=file,
                key="class",
                value=name,
                expected=f"1 to {LONGEST_NAME} printable characters",
                fix="rename it",
            )
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise UserError("two classes of one name", file=file, key="class", value=twice)
    return tuple(names)


def check_labels(labels: NDArray[Any], n_examples: int, file: Path, key: str) -> NDArray[np.int64]:
    """Return labels as whole numbers if there is one for each example.

    Raises
    ------
    UserError
        If they are of another kind, number or shape, or negative.
    """
    check_labels_header(labels.shape, labels.dtype, n_examples, file, key)
    labels = labels.ravel()
    outside = np.flatnonzero((labels < 0) | (labels.astype(np.float64) >= MOST))
    if len(outside):
        raise UserError(
            f"the label of example {outside[0]} is none of a class",
            file=file,
            key=key,
            value=int(labels[outside[0]]),
            expected=f"0 to at most {MOST - 1}",
        )
    return labels.astype(np.int64)


def check_labels_header(
    shape: tuple[int, ...], dtype: np.dtype[Any], n_examples: int, file: Path, key: str
) -> None:
    """Refuse labels of another kind, number or shape by what a header tells, before they are read.

    Raises
    ------
    UserError
    """
    one_each = len(shape) == 1 or (len(shape) == 2 and 1 in shape)
    if not one_each or dtype.kind not in "iu":
        fix = f'store {key}.astype("int64")'
        if not one_each and len(shape) == 2:
            fix = f"store {key}.argmax(axis=1)"
        elif dtype.kind in "US":
            fix = f"classes, {key} = numpy.unique({key}, return_inverse=True), and store both"
        raise UserError(
            "labels of another kind",
            file=file,
            key=key,
            value=f"{dtype} of shape {shape}",
            expected="one whole number for each example, 0 for the first class",
            fix=fix,
        )
    if math.prod(shape) != n_examples:
        raise UserError(
            "labels and examples of different number",
            file=file,
            key=key,
            value=f"{math.prod(shape):,} labels",
            expected=f"{n_examples:,}, one for each example",
        )


def classes_of(labels: NDArray[np.int64], names: Sequence[str] | None, file: Path) -> tuple[str, ...]:
    """Return the names of the classes that labels number: those given, else the numbers themselves.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Of all parts together.
    names : sequence of str, optional
        As given beside the data.
    file : Path
        Named in errors.

    Raises
    ------
    UserError
        If a label has no name, or a class has no example.
    """
    n_classes = int(labels.max()) + 1
    if names is not None and n_classes > len(names):
        row = int(labels.argmax())
        raise UserError(
            f"the label of example {row} names no class",
            file=file,
            key="labels",
            value=n_classes - 1,
            expected=f"0 to {len(names) - 1}, the classes {', '.join(names[:5])}{' ...' * (len(names) > 5)}",
            fix=_FROM_ZERO if labels.min() == 1 else None,
        )
    classes = check_classes(tuple(map(str, range(n_classes))) if names is None else tuple(names), file)
    missing = sorted(set(range(len(classes))) - set(np.unique(labels).tolist()))
    if missing:
        raise UserError(
            "a class without examples",
            file=file,
            key="labels",
            value=", ".join(classes[label] for label in missing[:5]),
            expected=f"examples of each of the labels 0 to {len(classes) - 1}",
            fix=_FROM_ZERO if missing == [0] else "number the classes 0, 1, 2, ... without gaps",
        )
    return classes
