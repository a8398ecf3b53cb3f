"""Tables of the timing experiment: accuracies, effects of perturbations, methods, information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.rows import corrected_rows, share_cells
from bioscnn.experiments.timing.conditions import CLEAN
from bioscnn.experiments.timing.measure import COLLAPSED, RESPONSES, SPIKING
from bioscnn.experiments.unit import Outcome
from bioscnn.noise import Perturbation
from bioscnn.statistics import difference, mean, proportion

PAIRS = (
    ("counts", "counts and times"),
    ("counts", "latencies"),
    ("counts", "ranks"),
    (COLLAPSED, SPIKING),
)
"""Methods that are compared with each other on unperturbed spikes."""

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
    kinds = {one.label: one for one in perturbations}
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


def effect_rows(
    chosen: Chosen, labels: NDArray[np.integer], perturbations: Sequence[Perturbation]
) -> list[Row]:
    """Return ``effects.csv``: accuracy on perturbed less that on clean spikes, of the same method and trials.

    One row per layer, perturbation and method. ``lost`` and ``won``: trials that are right only with clean,
    only with perturbed spikes. Parameters as of `accuracy_rows`.
    """
    kinds = {one.label: one for one in perturbations}
    compared = []
    for (layer, label), methods in chosen.items():
        for method, answers in methods.items() if label != CLEAN else ():
            before, after = chosen[layer, CLEAN][method] == labels, answers == labels
            cells = {"layer": layer, **_kind(label, kinds[label]), "method": method}
            compared.append((cells | _changed(before, after), difference(after, before)))
    return corrected_rows(compared, "perturbations")


def comparison_rows(chosen: Chosen, labels: NDArray[np.integer]) -> list[Row]:
    """Return ``comparisons.csv``: accuracy of the second method less that of the first, on clean spikes.

    One row per layer and pair of `PAIRS`. Parameters as of `accuracy_rows`.
    """
    compared = []
    for (layer, label), methods in chosen.items():
        for first, second in PAIRS:
            if label == CLEAN and {first, second} <= methods.keys():
                before, after = (methods[name] == labels for name in (first, second))
                cells = {"layer": layer, "first": first, "second": second} | _changed(before, after)
                compared.append((cells, difference(after, before)))
    return corrected_rows(compared, "methods")


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


def _changed(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Row:
    return {"lost": int(np.sum(before & ~after)), "won": int(np.sum(~before & after))}
