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
    return spread([rate / other_rate for rate, other_rate in zip(rates, others, strict=True)])


def rows_of(measured: Sequence[Measured], labels: np.ndarray | None) -> list[Row]:
    """Return a row for each entry and table.

    Parameters
    ----------
    measured : sequence of Measured
        Of one size, from the same rounds.
    labels : ndarray of int64, shape (n,), or None
        True classes of the first images; None where weights are random and classes mean nothing.
    """
    rows = []
    for entry_measured in measured:
        for table in entry_measured.entry.tables:
            reference = reference_of(measured, table)
            n = min(len(entry_measured.classes), len(reference.classes))
            rows.append(
                {
                    "table": table,
                    "size": entry_measured.entry.size,
                    "network": entry_measured.entry.problem,
                    "simulator": entry_measured.entry.simulator,
                    "kind": entry_measured.entry.kind,
                    "images_per_second": spread(entry_measured.rates),
                    "ratio_to_bioscnn": ratios(reference.rates, entry_measured.rates),
                    "peak_mb": entry_measured.peak_mb,
                    "process_peak_mb": entry_measured.process_peak_mb,
                    "program_peak_mb": entry_measured.program_peak_mb or None,
                    "accuracy": None if labels is None else accuracy(entry_measured.classes, labels),
                    "compared_with_bioscnn": n,
                    "same_class_as_bioscnn": float(
                        np.mean(np.array(entry_measured.classes[:n]) == np.array(reference.classes[:n]))
                    ),
                    "spikes_per_image": sum(entry_measured.layer_spikes),
                    "layer_spikes": entry_measured.layer_spikes,
                    "batch": entry_measured.batch if len(entry_measured.entry.batches) > 1 else None,
                    "batch_at_an_end": entry_measured.batch
                    in (entry_measured.entry.batches[0], entry_measured.entry.batches[-1]),
                    "variant": entry_measured.variant or "plain",
                    "recorded": entry_measured.entry.recorded,
                    "images": entry_measured.images,
                    "rates": entry_measured.rates,
                }
            )
    return rows


def accuracy(classes: Sequence[int], labels: np.ndarray) -> dict[str, float]:
    """Return the share of right classes with its 95 % interval, and of how many."""
    share = proportion(np.array(classes) == labels[: len(classes)])
    return {"value": share.value, "low": share.low, "high": share.high, "n": len(classes)}


def reference_of(measured: Sequence[Measured], table: str) -> Measured:
    """Return the entry that a table compares all others with.

    Raises
    ------
    ValueError
        If it is absent.
    """
    for candidate in measured:
        if candidate.entry.reference and table in candidate.entry.tables:
            return candidate
    raise ValueError(f"bioscnn itself could not be measured for the table {table}")


def against_the_fastest(measured: Sequence[Measured], table: str) -> list[Row]:
    """Compare each entry of bioscnn in a table with the fastest torch library and the fastest peer of all.

    Plain Brian2 is no peer here; the program written by hand in C is a limit.
    """
    here = [candidate for candidate in measured if table in candidate.entry.tables]
    rows = []
    for against, kinds in (("torch library", PEERS[:1]), ("peer", PEERS), ("limit", ("limit",))):
        others = [candidate for candidate in here if candidate.entry.kind in kinds]
        if not others:
            continue
        fastest = max(others, key=lambda candidate: median(candidate.rates))
        rows += [
            {
                "table": table,
                "size": candidate.entry.size,
                "network": candidate.entry.problem,
                "simulator": candidate.entry.simulator,
                "against": against,
                "fastest": fastest.entry.simulator,
                "times_as_fast": ratios(candidate.rates, fastest.rates),
            }
            for candidate in here
            if candidate.entry.kind == "bioscnn"
        ]
    return rows


def absent_rows(absent: dict[Entry, str]) -> list[Row]:
    """Return rows of the entries that could not be measured, and why."""
    return [
        {"simulator": entry.simulator, "size": entry.size, "network": entry.problem, "reason": reason}
        for entry, reason in absent.items()
    ]
