"""A ledger as files: JSON that reads back as itself, and a tidy table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from bioscnn.ledger.layers import LayerComparison
from bioscnn.ledger.ledger import Entry, Ledger
from bioscnn.statistics import Estimate

NUMBERS = {"part": "value"} | {name: name for name in ("low", "high", "low_holm", "high_holm", "p_holm")}
"""Columns of the table, and what they hold of an estimate."""


def to_json(ledger: Ledger, layers: Sequence[LayerComparison]) -> str:
    """Return a ledger and its layers as JSON, with the bias of each layer."""
    rows = [{**asdict(layer), "bias": layer.bias} for layer in layers]
    content = asdict(ledger, dict_factory=_without_sampling)
    return json.dumps({**content, "layers": rows}, indent=1) + "\n"


def from_json(text: str) -> tuple[Ledger, list[LayerComparison]]:
    """Read what `to_json` has written.

    Raises
    ------
    ValueError
        If the text is something else, or the ledger of an earlier version.
    """
    try:
        content = json.loads(text)
        entries = tuple(Entry(**_with_estimates(Entry, entry)) for entry in content["entries"])
        read = {field.name: content[field.name] for field in fields(Ledger)}
        rivals = tuple(content["rivals"])
        ledger = Ledger(**{**_with_estimates(Ledger, read), "entries": entries, "rivals": rivals})
        names = [field.name for field in fields(LayerComparison)]
        layers = [LayerComparison(**{name: row[name] for name in names}) for row in content["layers"]]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a ledger of this version: {error!r}") from error
    return ledger, layers


def _without_sampling(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a dataclass; distributions of estimates only serve to correct them."""
    return {name: value for name, value in pairs if name != "sampling"}


def _with_estimates(kind: type[Entry | Ledger], content: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a ledger or an entry with their estimates."""
    names = {field.name for field in fields(kind) if field.type == Estimate.__name__}
    return {name: _estimate(value) if name in names else value for name, value in content.items()}


def _estimate(content: dict[str, Any]) -> Estimate:
    return Estimate(**{**content, "varied": tuple(content["varied"])})


def to_csv(ledger: Ledger) -> str:
    """Return a ledger as a tidy table, one row per part; accuracy and agreement as shares."""
    rows: list[tuple[str, str, float | str, float | str, Estimate, Estimate]] = [
        (e.cause, e.change, e.accuracy, e.agreement, e.accuracy_part, e.agreement_part)
        for e in ledger.entries
    ]
    left, run = (1 - part.value for part in (ledger.disagreement_unexplained, ledger.disagreement))
    rows += [
        ("interaction", "", "", "", ledger.interaction, ledger.disagreement_interaction),
        ("unexplained", "", ledger.all_off, left, ledger.unexplained, ledger.disagreement_unexplained),
        ("gap", "", ledger.as_run, run, ledger.gap, ledger.disagreement),
    ]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    ends = [f"{what}_{end}" for what in ("accuracy", "agreement") for end in NUMBERS]
    table.writerow(["part", "change", "n_trials", "accuracy", "agreement", *ends])
    for name, change, accuracy, agreement, *parts in rows:
        numbers = [getattr(part, field) for part in parts for field in NUMBERS.values()]
        table.writerow([name, change, ledger.n_trials, accuracy, agreement, *numbers])
    return text.getvalue()
