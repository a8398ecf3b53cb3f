"""Verdict sentences of a sweep, made of its numbers and no more certain than their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import listed
from bioscnn.experiments.sweep.analysis import MEASURE, ranked, step_of
from bioscnn.experiments.sweep.design import Design
from bioscnn.experiments.sweep.parameters import Parameter
from bioscnn.experiments.sweep.tables import ERROR
from bioscnn.statistics import proportion_of_counts

NAMED = 3
"""Most influential parameters that are named, at most."""

ALIKE = 0.9
"""Share of mu* that the mean effect has where nearly all effects have one sign."""

MIXED = 0.5
"""Share of mu* below which effects of either sign are said to balance."""

UNDER = {
    ("fixed", "wired"): "With weights as wired",
    ("fixed", "kept"): "With the gain of every layer kept",
    ("converted", "wired"): "Converted anew at every point",
}
"""What was done about the weights, by ``design.weights`` and ``design.gain``."""

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Curve:
    """One outcome of a parameter by itself.

    Parameters
    ----------
    written : tuple of str
        The values, as a study file has them.
    outcome : tuple of float
        Outcome at each of them.
    """

    written: tuple[str, ...]
    outcome: tuple[float, ...]

    @property
    def span(self) -> float:
        """Largest less smallest outcome."""
        return max(self.outcome) - min(self.outcome)


def curves_of(rows: Sequence[Row], outcome: str) -> dict[str, Curve]:
    """Return the curve of each parameter that was moved alone, of those of which no point failed."""
    broken = {row["parameter"] for row in rows if row[ERROR]}
    return {
        key: Curve(
            tuple(row["value"] for row in rows if row["parameter"] == key),
            tuple(float(row[outcome]) for row in rows if row["parameter"] == key),
        )
        for key in dict.fromkeys(row["parameter"] for row in rows)
        if key not in broken
    }


def main_outcome(columns: Sequence[str]) -> str:
    """Return the outcome that the verdict is about: the accuracy, if it is there."""
    return ACCURACY if ACCURACY in columns else columns[0]


def influential(kind: str, effects: Sequence[Row], outcome: str) -> list[Row]:
    """Return the parameters that act most on an outcome: at most `NAMED`, none whose interval has zero."""
    measure = MEASURE[kind]
    named = [row for row in ranked(effects, outcome, measure) if row[f"{measure}_low"] > 0]
    return [
        {
            "parameter": row["parameter"],
            measure: row[measure],
            "low": row[f"{measure}_low"],
            "high": row[f"{measure}_high"],
        }
        for row in named[:NAMED]
    ]


def verdict_of_effects(
    design: Design,
    effects: Sequence[Row],
    outcome: str,
    parameters: Mapping[str, Parameter],
    curves: Mapping[str, Curve],
    trials: int,
) -> list[str]:
    """Say which parameters matter most, which way each one goes, and whether each alone confirms it.

    Parameters
    ----------
    design : Design
        Of kind morris or sobol.
    effects : sequence of dict
        Rows of ``effects.csv``.
    outcome : str
        About which outcome.
    parameters : dict of Parameter
        By key.
    curves : dict of Curve
        Of the most influential parameters, each by itself.
    trials : int
        Trials per point.
    """
    kind = design.kind
    top = influential(kind, effects, outcome)
    rows = {row["parameter"]: row for row in effects if row["outcome"] == outcome}
    if not rows:
        return [f"The {_plain(outcome)} is the same at every point: no parameter acts on it over its range."]
    if not top:
        return [f"No effect on the {_plain(outcome)} was found: all intervals reach zero."]
    sentences = [_first(design, top, outcome, len(parameters))]
    sentences += [
        _way(kind, rows[effect["parameter"]], outcome, parameters[effect["parameter"]], curves, trials)
        for effect in top
    ]
    return [*sentences, *_check(kind, top, outcome, curves)]


def verdict_of_points(outcome: str, values: Mapping[str, float], trials: int) -> list[str]:
    """Say between what an outcome lies, where it is best, and how many points may be as good.

    Parameters
    ----------
    outcome : str
        Which.
    values : dict of float
        Of each point, by its parameters in words.
    trials : int
        Trials per point.
    """
    if not values:
        return ["No point could be computed."]
    best, worst = max(values, key=lambda name: values[name]), min(values, key=lambda name: values[name])
    if values[best] == values[worst]:
        return [f"The {_plain(outcome)} is {_text(outcome, values[best])} at every point."]
    sentences = [
        f"Over {len(values):,} points the {_plain(outcome)} lies between {_text(outcome, values[worst])} "
        f"({worst}) and {_text(outcome, values[best])} ({best})."
    ]
    if outcome == ACCURACY:
        alike = sum(not _apart(value, values[best], trials) for value in values.values()) - 1
        sentences.append(
            f"With {trials:,} trials per point, the 95 % intervals of {alike or 'none'} of the others "
            "overlap that of the best."
        )
    return sentences


def verdict_of_failures(failed: Mapping[int, str], n_points: int, sensitivity: bool) -> list[str]:
    """Say that points failed, and what is not computed for that."""
    first = min(failed)
    lost = " A sensitivity needs every point: no effects are computed." if sensitivity else ""
    return [
        f"{len(failed):,} of {n_points:,} points failed; the first, point {first}: {failed[first]}.{lost} "
        "Type the same with --retry to compute them again."
    ]


def _first(design: Design, top: Sequence[Row], outcome: str, n_parameters: int) -> str:
    kind, measure = design.kind, MEASURE[design.kind]
    named = [f"{row['parameter']} ({_size(kind, outcome, row, measure)})" for row in top]
    sentence = (
        f"{UNDER[design.weights, design.gain]}, of {n_parameters} parameters, the {_plain(outcome)} depends "
        f"most on {named[0]}"
        + (f", then on {listed(named[1:])}" if named[1:] else "")
        + f"; {_name(design)} with 95 % interval"
    )
    overlap = [
        (one["parameter"], other["parameter"]) for one, other in pairwise(top) if other["high"] > one["low"]
    ]
    if overlap:
        names = listed(list(dict.fromkeys(name for pair in overlap for name in pair)))
        sentence += f". The intervals of {names} overlap: their order is not known"
    return f"{sentence}."


def _name(design: Design) -> str:
    if design.kind == "sobol":
        return "total Sobol index"
    return f"mu*, the mean change by a step of {step_of(design)} of a range,"


def _size(kind: str, outcome: str, row: Row, measure: str) -> str:
    if kind == "sobol":
        return f"{row[measure]:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
    value, low, high = (_scaled(outcome, row[key]) for key in (measure, "low", "high"))
    return f"{value:.3g}{_unit(outcome)} [{low:.3g}, {high:.3g}]"


def _way(
    kind: str, row: Row, outcome: str, parameter: Parameter, curves: Mapping[str, Curve], trials: int
) -> str:
    parts = []
    curve = curves.get(parameter.key)
    if curve is not None:
        parts.append(f"alone, {_course(curve, outcome, parameter, trials)}")
    if kind == "morris":
        parts += _regularity(row, parameter)
    else:
        parts.append(_share(row))
    return f"{parameter.key}: {'; '.join(parts)}."


def _course(curve: Curve, outcome: str, parameter: Parameter, trials: int) -> str:
    """Return the course of an outcome over the range of a parameter, in words."""
    values, k, j = curve.outcome, int(np.argmax(curve.outcome)), int(np.argmin(curve.outcome))
    what, end = _plain(outcome), len(values) - 1

    def apart(one: int, other: int) -> bool:
        if outcome == ACCURACY:
            return _apart(values[one], values[other], trials)
        return values[one] != values[other]

    def at(index: int) -> str:
        return f"{_text(outcome, values[index])} at {short(curve.written[index])}"

    if not apart(j, k):
        return f"no change of the {what} was found, as all 95 % intervals overlap"
    if parameter.is_choice:
        return f"the {what} is highest, {at(k)}, and lowest, {at(j)}"
    for inside, word in ((k, "highest"), (j, "lowest")):
        if apart(inside, 0) and apart(inside, end):
            return f"the {what} is {word} within the range, {at(inside)}; it is {at(0)} and {at(end)}"
    return f"the {what} {'rises' if values[end] > values[0] else 'falls'} from {at(0)} to {at(end)}"


def short(written: str) -> str:
    """Return a value in words, a number with four digits."""
    number, _, unit = written.partition(" ")
    try:
        return f"{float(number):.4g} {unit}".rstrip()
    except ValueError:
        return written


def _regularity(row: Row, parameter: Parameter) -> list[str]:
    """Say whether elementary effects have one sign and one size."""
    parts = []
    if not parameter.is_choice:
        share = abs(row["mu"]) / row["mu_star"]
        if share >= ALIKE:
            parts.append(
                f"nearly wherever the others are, more of it {'raises' if row['mu'] > 0 else 'lowers'} it"
            )
        elif share <= MIXED:
            parts.append("more of it helps in some places and harms in others")
    if row["sigma"] > row["mu_star"]:
        parts.append("how much it does depends on the others, or on where in its range it is (sigma > mu*)")
    return parts


def _share(row: Row) -> str:
    """Return the share of the variance that a parameter makes by itself, in words."""
    if row["S1_low"] <= 0:
        return (
            f"with others it makes {100 * row['ST']:.0f} % of the variance; a share of its own was not found"
        )
    alone = f"by itself it makes {100 * row['S1']:.0f} % of the variance"
    if row["ST_low"] > row["S1_high"]:
        return f"{alone}, the rest of its {100 * row['ST']:.0f} % together with others"
    return f"{alone}; interactions with others were not found"


def _check(kind: str, top: Sequence[Row], outcome: str, curves: Mapping[str, Curve]) -> list[str]:
    """Say whether each parameter by itself confirms the ranking."""
    spans = {row["parameter"]: curves[row["parameter"]].span for row in top if row["parameter"] in curves}
    if len(spans) < 2:
        return []
    order = sorted(spans, key=lambda key: -spans[key])
    named = listed([f"{key} {_scaled(outcome, spans[key]):.3g}{_unit(outcome)}" for key in order])
    judged = "comes to the same order" if order == list(spans) else "gives another order"
    return [f"One at a time, from the study's own values, {judged}: the {_plain(outcome)} spans {named}."]


def _apart(one: float, other: float, trials: int) -> bool:
    """Whether the intervals of two accuracies do not overlap."""
    lower, upper = (proportion_of_counts(round(share * trials), trials) for share in sorted((one, other)))
    return lower.high < upper.low


def _plain(outcome: str) -> str:
    return outcome.partition(" [")[0]


def _is_share(outcome: str) -> bool:
    return outcome == ACCURACY or outcome.startswith("ledger.")


def _scaled(outcome: str, value: float) -> float:
    return 100 * value if _is_share(outcome) else value


def _unit(outcome: str) -> str:
    if _is_share(outcome):
        return " points"
    return f" {outcome.partition(' [')[2].rstrip(']')}".rstrip()


def _text(outcome: str, value: float) -> str:
    if outcome == ACCURACY:
        return f"{100 * value:.1f} %"
    return f"{_scaled(outcome, value):.4g}{_unit(outcome)}"
