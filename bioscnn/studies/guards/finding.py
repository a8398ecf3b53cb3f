"""One thing that is, or may be, wrong with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "training-images",
    "other-data",
    "other-classes",
    "other-split",
    "labels-shifted",
    "at-chance",
    "ann-at-chance",
    "no-input",
    "silent",
    "at-ceiling",
    "coarse-precision",
    "rounded-t-ref",
    "border-leak",
]


@dataclass(frozen=True)
class Finding:
    """One thing that is, or may be, wrong with a run; an entry of ``warnings`` in its summary.

    Parameters
    ----------
    kind : str
        What it is, for programs.
    text : str
        A sentence for people.
    certain : bool
        Whether it is known; otherwise it cannot be decided from the inside, and is a hint.
    """

    kind: Kind
    text: str
    certain: bool = True
