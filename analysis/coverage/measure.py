"""Coverage and width of intervals in many settings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.coverage.answers import Setting, answers
from analysis.coverage.methods import (
    Ends,
    chosen_for_differences,
    chosen_for_proportions,
    crossed_bootstrap,
    others,
)
from bioscnn.seeds import stream

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


def coverage_table() -> list[Row]:
    """Return the rows of ``docs/tables/coverage.csv``."""
    rows: list[Row] = []
    for setting in settings():
        rows += coverage_rows(setting, OF_THE_LARGEST if setting.trials == max(TRIALS) else REPETITIONS)
    return rows


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
