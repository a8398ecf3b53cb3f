"""How often equal classifiers are called different, in one test and in families of tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from analysis.coverage.answers import Setting, answers
from bioscnn.seeds import stream
from bioscnn.statistics import Estimate, corrected, difference

REPETITIONS = 2000
FAMILY, FAMILIES = 20, 1000
EFFECT = 0.04
"""True difference of those classifiers of a family that differ."""

Row = dict[str, Any]


def size_rows(repetitions: int = REPETITIONS) -> Iterator[Row]:
    """Yield the rows of ``docs/tables/false-positives.csv``, one per setting of equally good classifiers.

    ``false_positive``: share of the experiments with p < .05, in %.
    """
    several = list(product(("normal", "skewed"), (0.1, 1.0, 10.0)))
    for accuracy, trials, seeds in product((0.7, 0.9, 0.99), (50, 500), (1, 2, 5, 10)):
        for effects, ratio in several if seeds > 1 else [("normal", 0.0)]:
            setting = Setting(accuracy, accuracy, effects, seeds, trials, ratio)
            p = np.array([estimate.p for estimate in _differences(setting, repetitions, "size")])
            yield {
                "accuracy": accuracy, "effects": effects, "seeds": seeds, "trials": trials, "ratio": ratio,
                "repetitions": repetitions, "false_positive": 100 * float(np.mean(p < 0.05)),
            }  # fmt: skip


def family_rows(seeds: int, trials: int = 500, families: int = FAMILIES) -> Iterator[Row]:
    """Yield rows of ``docs/tables/families.csv``: all, half or none of the true differences are zero.

    ``false_claim``: share of the families in which any difference is called significant that is zero.
    ``power``: share of the other differences that are. ``together``: share of the families in which all
    corrected intervals hold their true values. In %.
    """
    for zeros in (FAMILY, FAMILY // 2, 0):
        true = np.where(np.arange(FAMILY) < zeros, 0.0, EFFECT)
        ratio = 1.0 if seeds > 1 else 0.0
        settings = [Setting(0.9 + effect, 0.9, "normal", seeds, trials, ratio) for effect in true]
        tests = [_differences(setting, families, k, zeros) for k, setting in enumerate(settings)]
        judged = [corrected(family) for family in zip(*tests, strict=True)]
        significant = np.array([[estimate.significant for estimate in family] for family in judged])
        ends = [[(estimate.low_holm, estimate.high_holm) for estimate in family] for family in judged]
        low, high = np.moveaxis(ends, 2, 0)
        yield {
            "seeds": seeds, "trials": trials, "tests": FAMILY, "zero": zeros, "families": families,
            "false_claim": 100 * float(significant[:, :zeros].any(axis=1).mean()) if zeros else None,
            "power": 100 * float(significant[:, zeros:].mean()) if zeros < FAMILY else None,
            "together": 100 * float(((low <= true) & (true <= high)).all(axis=1).mean()),
        }  # fmt: skip


def _differences(setting: Setting, repetitions: int, *purpose: str | int) -> list[Estimate]:
    first, second = answers(setting, repetitions, stream(1, "false claims", str(setting), *purpose))
    return [difference(a, b) for a, b in zip(first, second, strict=True)]
