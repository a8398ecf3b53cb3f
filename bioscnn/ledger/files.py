"""A ledger as files: JSON that reads back as itself, and a tidy table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from typing import Any

from bioscnn.ledger.layers import LayerComparison
from bioscnn.ledger.ledger import Entry, Ledger
from bioscnn.metrics import Difference


def to_json(ledger: Ledger, layers: Sequence[LayerComparison]) -> str:
    """Return a ledger and its layers as JSON, with the bias of each layer."""
    rows = [{**asdict(layer), "bias": layer.bias} for layer in layers]
    return json.dumps({**asdict(ledger), "layers": rows}, indent=1) + "\n"


def from_json(text: str) -> tuple[Ledger, list[LayerComparison]]:
    """Read what `to_json` has written.

    Raises
    ------
    ValueError
        If the text is something else.
    """
    try:
        content = json.loads(text)
        entries = tuple(Entry(**_with_differences(entry)) for entry in content["entries"])
        kept = {field.name: content[field.name] for field in fields(Ledger)}
        rivals = tuple(content["rivals"])
        ledger = Ledger(**{**_with_differences(kept), "entries": entries, "rivals": rivals})
        names = [field.name for field in fields(LayerComparison)]
        layers = [LayerComparison(**{name: row[name] for name in names}) for row in content["layers"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a ledger: {error!r}") from error
    return ledger, layers


def _with_differences(content: dict[str, Any]) -> dict[str, Any]:
    ends = {field.name for field in fields(Difference)}
    return {
        name: Difference(**value) if isinstance(value, dict) and set(value) == ends else value
        for name, value in content.items()
    }


def to_csv(ledger: Ledger) -> str:
    """Return a ledger as a tidy table, one line a part; accuracy and agreement as shares."""
    lines: list[tuple[str, str, float | str, float | str, Difference, Difference]] = [
        (e.cause, e.change, e.accuracy, e.agreement, e.accuracy_part, e.agreement_part)
        for e in ledger.entries
    ]
    left, run = (1 - part.value for part in (ledger.disagreement_unexplained, ledger.disagreement))
    lines += [
        ("interaction", "", "", "", ledger.interaction, ledger.disagreement_interaction),
        ("unexplained", "", ledger.all_off, left, ledger.unexplained, ledger.disagreement_unexplained),
        ("gap", "", ledger.as_run, run, ledger.gap, ledger.disagreement),
    ]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    ends = [f"{what}_{end}" for what in ("accuracy", "agreement") for end in ("part", "low", "high")]
    table.writerow(["part", "change", "n_trials", "accuracy", "agreement", *ends])
    for name, change, accuracy, agreement, *parts in lines:
        numbers = [number for part in parts for number in astuple(part)]
        table.writerow([name, change, ledger.n_trials, accuracy, agreement, *numbers])
    return text.getvalue()
