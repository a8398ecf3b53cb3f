"""A ledger as files: JSON that reads back as itself, and a tidy table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from typing import Any

from bioscnn.ledger.layers import LayerComparison
from bioscnn.ledger.ledger import Ledger
from bioscnn.result_versions import in_format, upgraded
from bioscnn.statistics import Estimate

NUMBERS = {"": "value"} | {f"_{name}": name for name in ("low", "high", "low_holm", "high_holm", "p_holm")}
"""Columns of the table, and what they hold of an estimate."""


def to_json(ledger: Ledger, layers: Sequence[LayerComparison]) -> str:
    """Return a ledger and its layers as JSON, with the bias of each layer."""
    rows = [{**asdict(layer), "bias": layer.bias} for layer in layers]
    content = asdict(ledger, dict_factory=_without_sampling)
    return json.dumps(in_format({**content, "layers": rows}), indent=1) + "\n"


def from_json(text: str) -> tuple[Ledger, list[LayerComparison]]:
    """Read what `to_json` has written.

    Raises
    ------
    ValueError
        If the text is something else, or a value of a ledger is not what it should be.
    """
    from pydantic import ValidationError

    try:
        content = upgraded(json.loads(text), [_with_units])
        layers = content.pop("layers")
        read = _schema().model_validate_json(json.dumps({"ledger": content, "layers": layers}))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a ledger: {error!r}") from None
    named = {read.ledger.first, *read.ledger.rivals} - {None, *(e.cause for e in read.ledger.entries)}
    if named:
        raise ValueError(f"ledger.first and rivals name {sorted(named)}, which no entry is about")
    for number, layer in enumerate(read.layers):
        if not _is_histogram(layer.counts, layer.measured_edges, layer.expected_edges):
            raise ValueError(f"layers.{number}: counts are none of bins with these edges")
    return read.ledger, read.layers


def _is_histogram(counts: list[list[int]], *edges: list[float]) -> bool:
    """Return whether there is a number for each bin of two axes, whose edges rise, and to above 0."""
    rows, columns = (len(ends) - 1 for ends in edges)
    fits = min(rows, columns) > 0 and len(counts) == rows and all(len(row) == columns for row in counts)
    rise = all(one <= other for ends in edges for one, other in pairwise(ends))
    return fits and rise and max(map(max, edges)) > 0 and all(0 <= n < 2**53 for row in counts for n in row)


@cache
def _schema() -> Any:
    """Return what a file holds, as pydantic reads it."""
    from pydantic import BaseModel, ConfigDict

    class File(BaseModel):
        model_config = ConfigDict(strict=True, allow_inf_nan=False)

        ledger: Ledger
        layers: list[LayerComparison]

    return File


def _with_units(content: dict[str, Any]) -> dict[str, Any]:
    """Return a ledger with the unit of its layers, which was Hz before there was a time code."""
    return {**content, "layers": [{"unit": "Hz", **layer} for layer in content["layers"]]}


def _without_sampling(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a dataclass; distributions of estimates only serve to correct them."""
    return {name: value for name, value in pairs if name != "sampling"}


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
    parts_of = [f"{what}_part{number}" for what in ("accuracy", "agreement") for number in NUMBERS]
    table.writerow(["part", "change", "n_trials", "accuracy", "agreement", *parts_of])
    for name, change, accuracy, agreement, *parts in rows:
        numbers = [getattr(part, field) for part in parts for field in NUMBERS.values()]
        table.writerow([name, change, ledger.n_trials, accuracy, agreement, *numbers])
    return text.getvalue()
