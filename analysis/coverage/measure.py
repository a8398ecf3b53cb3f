"""Coverage, width and false positives in many settings, and in families of tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.coverage.answers import Setting, answers
from analysis.coverage.methods import (
    Ends,
    chosen_for_differences,
    chosen_for_proportions,
    crossed_bootstrap,
    others,
)
from analysis.coverage.tables import markdown
from bioscnn.seeds import stream
from bioscnn.statistics import corrected, difference
from bioscnn.studies.benchmark.markdown import Document

DOCS = Path("docs")
REPETITIONS, OF_THE_LARGEST = 2000, 1000
BOOTSTRAPPED = 400
VALUES_AT_ONCE = 4_000_000
ACCURACIES = ((0.72, 0.70), (0.93, 0.90), (0.99, 0.985))
EFFECTS, RATIOS = ("normal", "skewed"), (0.1, 1.0, 10.0)
SEEDS, TRIALS = (2, 5, 10), (50, 500, 5000)

Row = dict[str, Any]


def settings() -> Iterator[Setting]:
    """Yield all settings: with one seed, no seed has an effect."""
    for (first, second), trials in product(ACCURACIES, TRIALS):
        yield Setting(first, second, "normal", 1, trials, 0.0)
        for effects, seeds, ratio in product(EFFECTS, SEEDS, RATIOS):
            yield Setting(first, second, effects, seeds, trials, ratio)


def coverage_rows(setting: Setting, repetitions: int) -> list[Row]:
    """Return the rows of a setting: one for the difference, one for the first proportion.

    ``coverage``: how often the interval holds the true value, in %. ``width``: its median half width,
    divided by 1.96 standard deviations of the estimates, which is what one would take who knew them. The
    same of the other methods, for differences.
    """
    first, second = _answers(setting, repetitions)
    common = {
        "first": setting.first, "second": setting.second, "effects": setting.effects, "seeds": setting.seeds,
        "trials": setting.trials, "ratio": setting.ratio, "repetitions": repetitions,
    }  # fmt: skip
    rows = []
    differences = first.astype(np.float32) - second
    for outcome, values, true, method in (
        ("difference", differences, setting.true, chosen_for_differences),
        ("proportion", first.astype(np.float32), setting.first, chosen_for_proportions),
    ):
        oracle = 1.96 * float(values.mean((1, 2)).std())
        row = {"outcome": outcome, **common}
        pieces = [method(piece.astype(np.float64)) for piece in _pieces(values)]
        row |= _judged("", pieces, true, oracle)
        if outcome == "difference" and setting.seeds > 1:
            tried = [others(piece.astype(np.float64)) for piece in _pieces(values)]
            for name in tried[0]:
                row |= _judged(f"{name} ", [piece[name] for piece in tried], true, oracle)
            row |= _judged("bootstrap ", [crossed_bootstrap(values[:BOOTSTRAPPED])], true, oracle)
        rows.append(row)
    return rows


def _answers(setting: Setting, repetitions: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    rng = stream(1, "coverage", str(setting))
    at_once = max(1, VALUES_AT_ONCE // (setting.seeds * setting.trials))
    sizes = [min(at_once, repetitions - done) for done in range(0, repetitions, at_once)]
    pairs = [answers(setting, size, rng) for size in sizes]
    return tuple(np.concatenate(parts) for parts in zip(*pairs, strict=True))


def _pieces(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    at_once = max(1, VALUES_AT_ONCE // values[0].size)
    return [values[k : k + at_once] for k in range(0, len(values), at_once)]


def _judged(prefix: str, pieces: list[Ends], true: float, oracle: float) -> Row:
    low, high = (np.concatenate(ends) for ends in zip(*pieces, strict=True))
    held = (low - 1e-9 <= true) & (true <= high + 1e-9)
    width = float(np.median(high - low)) / 2 / oracle if oracle else np.nan
    return {f"{prefix}coverage": 100 * float(held.mean()), f"{prefix}width": width}


FAMILY, FAMILIES = 20, 1000
EFFECT = 0.04


def family_rows(seeds: int, trials: int = 500) -> Iterator[Row]:
    """Yield how families of tests end: none, half or all of the true differences are zero.

    ``false_positive``: share of the families in which any difference is called significant that is zero.
    ``power``: share of the other differences that are. ``interval``: coverage of one corrected interval.
    ``together``: share of the families in which all corrected intervals hold their true values.
    """
    for zeros in (FAMILY, FAMILY // 2, 0):
        true = np.where(np.arange(FAMILY) < zeros, 0.0, EFFECT)
        same, other = (
            Setting(0.90 + one, 0.90, "normal", seeds, trials, 1.0 if seeds > 1 else 0.0)
            for one in (0.0, EFFECT)
        )
        pairs = [
            _answers_of_family(one, k, zeros)
            for k, one in enumerate([same] * zeros + [other] * (FAMILY - zeros))
        ]
        false = power = interval = together = 0.0
        for repetition in range(FAMILIES):
            family = corrected([difference(a[repetition], b[repetition]) for a, b in pairs])
            significant = np.array([one.significant for one in family])
            held = np.array([one.low_holm <= t <= one.high_holm for one, t in zip(family, true, strict=True)])
            false += significant[:zeros].any()
            power += significant[zeros:].mean() if zeros < FAMILY else np.nan
            interval += held.mean()
            together += held.all()
        yield {
            "seeds": seeds, "trials": trials, "tests": FAMILY, "zero": zeros, "families": FAMILIES,
            **{
                name: 100 * count / FAMILIES
                for name, count in (("false_positive", false if zeros else np.nan), ("power", power),
                                    ("interval", interval), ("together", together))
            },
        }  # fmt: skip


def _answers_of_family(setting: Setting, k: int, zeros: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    first, second = answers(setting, FAMILIES, stream(1, "families", str(setting), k, zeros))
    shape = (FAMILIES, -1) if setting.seeds == 1 else first.shape
    return first.reshape(shape), second.reshape(shape)


def main() -> None:
    """Measure, write the tables, and fill the document."""
    document = Document(DOCS / "statistics.md", "coverage")
    rows: list[Row] = []
    for setting in settings():
        rows += coverage_rows(setting, OF_THE_LARGEST if setting.trials == max(TRIALS) else REPETITIONS)
    coverage = pd.DataFrame(rows)
    families = pd.DataFrame([row for seeds in (1, 2, 5) for row in family_rows(seeds)])
    (DOCS / "tables").mkdir(exist_ok=True)
    coverage.round(3).to_csv(DOCS / "tables" / "coverage.csv", index=False)
    families.round(1).to_csv(DOCS / "tables" / "coverage-families.csv", index=False)
    document.write(markdown(coverage, families))
