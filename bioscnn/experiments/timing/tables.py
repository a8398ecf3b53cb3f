"""Tables of the timing experiment: accuracies, effects of perturbations, methods, information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.readouts import readout_rows
from bioscnn.experiments.rows import corrected_rows, finding, share_cells
from bioscnn.experiments.timing.conditions import CLEAN, PRIMARY
from bioscnn.experiments.timing.measure import COLLAPSED, RESPONSES, SPIKING
from bioscnn.experiments.unit import Outcome
from bioscnn.noise import Perturbation
from bioscnn.statistics import Estimate, difference, mean, proportion

PAIRS = (
    ("counts", "counts and times"),
    ("counts", "latencies"),
    ("counts", "ranks"),
    (COLLAPSED, SPIKING),
)
"""Methods that are compared on unperturbed spikes; of these, the first pair at the first layer is primary."""

PRIMARY_FAMILY = "primary"
PRIMARY_COLUMNS = (
    "difference", "low", "high", "lost", "won", "p", "p_holm", "low_holm", "high_holm", "significant",
    "finding", "trials",
)  # fmt: skip

Chosen = Mapping[tuple[str, str], Mapping[str, NDArray[np.integer]]]
"""Classes by layer and label of the perturbation, then by method."""


def accuracy_rows(
    chosen: Chosen, labels: NDArray[np.integer], perturbations: Sequence[Perturbation]
) -> list[Row]:
    """Return ``accuracy.csv``: one row per layer, perturbation and method.

    Parameters
    ----------
    chosen : mapping
        Classes by layer and label, `CLEAN` among the labels; by method.
    labels : ndarray of int, shape (n_trials,)
        True classes.
    perturbations : sequence of Perturbation
        What the labels stand for.
    """
    kinds = {perturbation.label: perturbation for perturbation in perturbations}
    return [
        {
            "layer": layer,
            **_kind(label, kinds.get(label)),
            "method": method,
            **share_cells(proportion(answers == labels)),
            "n": len(labels),
        }
        for (layer, label), methods in chosen.items()
        for method, answers in methods.items()
    ]


def compared_rows(
    chosen: Chosen, labels: NDArray[np.integer], perturbations: Sequence[Perturbation]
) -> tuple[list[Row], list[Row]]:
    """Return ``effects.csv`` and ``comparisons.csv``: differences of accuracies in the same trials.

    Effects have one row per layer, perturbation and method: the accuracy on perturbed less that on clean
    spikes. Comparisons have one row per layer and pair of `PAIRS`: the accuracy of the second method less
    that of the first, on clean spikes. ``lost`` and ``won``: trials that are right only before, only after.

    What was asked in advance, `conditions.PRIMARY` and times beside counts at the first layer, is corrected
    within the family `PRIMARY_FAMILY`; all other rows within one exploratory family per table. ``finding`` is
    that of `bioscnn.experiments.rows.finding`. Parameters as of `accuracy_rows`.
    """
    kinds = {perturbation.label: perturbation for perturbation in perturbations}
    first = next(iter(chosen))[0]
    effects, comparisons = [], []
    for (layer, label), methods in chosen.items():
        if label == CLEAN:
            pairs = [pair for pair in PAIRS if set(pair) <= methods.keys()]
            for pair in pairs:
                before, after = (methods[name] == labels for name in pair)
                primary = layer == first and pair == PAIRS[0]
                cells = {"layer": layer, "first": pair[0], "second": pair[1]}
                comparisons.append(_difference(cells, before, after, primary, "methods"))
            continue
        for method, answers in methods.items():
            before, after = chosen[layer, CLEAN][method] == labels, answers == labels
            primary = layer == first and method == SPIKING and label in PRIMARY
            cells = {"layer": layer, **_kind(label, kinds[label]), "method": method}
            effects.append(_difference(cells, before, after, primary, "perturbations"))
    rows = _by_family([*effects, *comparisons])
    return rows[: len(effects)], rows[len(effects) :]


def _difference(
    cells: Row, before: NDArray[np.bool_], after: NDArray[np.bool_], primary: bool, table: str
) -> tuple[Row, Estimate]:
    changed = {"lost": int(np.sum(before & ~after)), "won": int(np.sum(~before & after))}
    family = PRIMARY_FAMILY if primary else f"exploratory {table}"
    return {**cells, **changed, "family": family}, difference(after, before)


def _by_family(compared: Sequence[tuple[Row, Estimate]]) -> list[Row]:
    """Return rows in their order, each corrected within the family that it names."""
    rows: dict[int, Row] = {}
    for family in dict.fromkeys(cells["family"] for cells, _ in compared):
        places = [place for place, (cells, _) in enumerate(compared) if cells["family"] == family]
        corrected = corrected_rows([compared[place] for place in places], family)
        rows |= {
            place: {**row, "finding": finding(row)} for place, row in zip(places, corrected, strict=True)
        }
    return [rows[place] for place in range(len(compared))]


def primary_rows(effects: Sequence[Row], comparisons: Sequence[Row]) -> list[Row]:
    """Return ``primary.csv``: the rows that were asked in advance, under one name each."""
    named = [(row["label"], row) for row in effects]
    named += [(f"{row['second']} against {row['first']}", row) for row in comparisons]
    return [
        {"compared": name, **{key: row[key] for key in PRIMARY_COLUMNS}}
        for name, row in named
        if row["family"] == PRIMARY_FAMILY
    ]


def by_readout(readouts: Mapping[str, NDArray[np.integer]], labels: NDArray[np.integer]) -> list[Row]:
    """Return ``readouts.csv``: what the primary perturbations cost the spiking network, by every readout.

    Parameters
    ----------
    readouts : mapping of ndarray of int, shape (n_rules, n_trials)
        Classes by each of `RULES`, by label of what is done to the first layer, `CLEAN` among them.
    labels : ndarray of int, shape (n_trials,)
        True classes.
    """
    right = {label: chosen == labels for label, chosen in readouts.items()}

    def compared(k: int) -> list[tuple[Row, Estimate]]:
        clean = right[CLEAN][k]
        return [
            (
                {"label": label, "clean": float(clean.mean()), "accuracy": float(right[label][k].mean())},
                difference(right[label][k], clean),
            )
            for label in PRIMARY
            if label in right
        ]

    by_rule = {rule: corrected_rows(compared(k), "one readout") for k, rule in enumerate(RULES)}
    return [{**row, "finding": finding(row)} for row in readout_rows(by_rule)]


def information_rows(outcomes: Mapping[str, Outcome]) -> list[Row]:
    """Return ``information.csv``: one row per layer and response, means over the neurons of the layer.

    The interval is that of the mean over neurons: they are many, the trials are the same for all of them.
    """
    rows = []
    for layer, outcome in outcomes.items():
        for response, bits, shuffled in zip(RESPONSES, outcome["bits"], outcome["shuffled"], strict=True):
            rows.append(
                {
                    "layer": layer,
                    "response": response,
                    **share_cells(mean(bits), "bits"),
                    "shuffled": float(shuffled.mean()),
                    "neurons": len(bits),
                }
            )
    return rows


def _kind(label: str, perturbation: Perturbation | None) -> Row:
    return {
        "kind": CLEAN if perturbation is None else perturbation.name,
        "label": label,
        "severity": None if perturbation is None else perturbation.severity,
        "keeps_counts": perturbation is None or perturbation.keeps_counts,
    }
