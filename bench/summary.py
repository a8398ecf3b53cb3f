"""From measurements to rows: medians, spread, ratios within rounds, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from bench.measure import Measured
from bench.roster import Entry
from bioscnn.statistics import proportion

Row = dict[str, Any]
PEERS = ("torch library", "JAX library", "by hand")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, lowest and highest."""
    return {"median": median(values), "low": min(values), "high": max(values)}


def ratios(rates: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """Return how many times as fast the first is as the other, round by round, summed up by `spread`.

    A disturbance that lasts longer than a round hits both, and drops out.
    """
    return spread([rate / other for rate, other in zip(rates, others, strict=True)])


def rows_of(measured: Sequence[Measured], labels: np.ndarray) -> list[Row]:
    """Return a row for each entry and table.

    Parameters
    ----------
    measured : sequence of Measured
        Of one size, from the same rounds.
    labels : ndarray of int64, shape (n,)
        True classes of the first images.
    """
    rows = []
    for one in measured:
        for table in one.entry.tables:
            reference = reference_of(measured, table)
            right = np.array(one.classes) == labels[: len(one.classes)]
            share = proportion(right)
            n = min(len(one.classes), len(reference.classes))
            rows.append(
                {
                    "table": table,
                    "size": one.entry.size,
                    "network": one.entry.problem,
                    "simulator": one.entry.simulator,
                    "kind": one.entry.kind,
                    "images_per_second": spread(one.rates),
                    "ratio_to_bioscnn": ratios(reference.rates, one.rates),
                    "peak_mb": one.peak_mb,
                    "process_peak_mb": one.process_peak_mb,
                    "program_peak_mb": one.program_peak_mb or None,
                    "accuracy": {"value": share.value, "low": share.low, "high": share.high, "n": len(right)},
                    "same_class_as_bioscnn": float(
                        np.mean(np.array(one.classes[:n]) == np.array(reference.classes[:n]))
                    ),
                    "spikes_per_image": one.spikes_per_image,
                    "batch": one.batch if len(one.entry.batches) > 1 else None,
                    "variant": one.variant or "plain",
                    "recorded": one.entry.recorded,
                    "images": one.images,
                    "rates": one.rates,
                }
            )
    return rows


def reference_of(measured: Sequence[Measured], table: str) -> Measured:
    """Return the entry that a table compares all others with.

    Raises
    ------
    ValueError
        If it is absent.
    """
    for one in measured:
        if one.entry.reference and table in one.entry.tables:
            return one
    raise ValueError(f"bioscnn itself could not be measured for the table {table}")


def against_the_fastest(measured: Sequence[Measured], table: str) -> list[Row]:
    """Compare each entry of bioscnn in a table with the fastest torch library and the fastest peer of all.

    Plain Brian2 is no peer here; the program written by hand in C is a limit.
    """
    here = [one for one in measured if table in one.entry.tables]
    found = []
    for against, kinds in (("torch library", PEERS[:1]), ("peer", PEERS), ("limit", ("limit",))):
        others = [one for one in here if one.entry.kind in kinds]
        if not others:
            continue
        fastest = max(others, key=lambda one: median(one.rates))
        found += [
            {
                "table": table,
                "size": one.entry.size,
                "network": one.entry.problem,
                "simulator": one.entry.simulator,
                "against": against,
                "fastest": fastest.entry.simulator,
                "times_as_fast": ratios(one.rates, fastest.rates),
            }
            for one in here
            if one.entry.kind == "bioscnn"
        ]
    return found


def absent_rows(absent: dict[Entry, str]) -> list[Row]:
    """Return who could not be measured, and why."""
    return [
        {"simulator": entry.simulator, "network": entry.problem, "reason": reason}
        for entry, reason in absent.items()
    ]
