"""Amounts of images, seeds and epochs of experiments that train networks, and what is too few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bioscnn.errors import UserError

Amount = TypeVar("Amount")


def amount_for(dataset: str, amounts: Mapping[str, Amount], refusal: str) -> Amount:
    """Return the amount of a data set; `UserError` with the refusal for one that has none."""
    if dataset not in amounts:
        raise UserError(refusal, key="dataset.name", value=dataset, expected=" | ".join(amounts))
    return amounts[dataset]


def refuse_one_seed(seeds: int, key: str, reason: str) -> None:
    """Refuse fewer networks than two: nothing says then how much networks of different seeds differ."""
    if seeds < 2:
        raise UserError(
            reason, key=key, value=seeds, expected="2 or more; 5 for an interval that is worth its name"
        )
