"""Verdict sentences of the codes experiment: what differs, what noise does, which code where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.codes.contestants import JITTER, RATE, TIME
from bioscnn.experiments.codes.tables import ACCURACY, CLEAN, EXPLORATORY, PRIMARY, SPIKES
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import MINUS, capital, listed, points_of, share_of
from bioscnn.experiments.rows import EQUIVALENT, GAIN, LOSS
from bioscnn.report.formats import plural, probability

NAMES = {RATE: "rates", TIME: "spike times"}


def verdict_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return three sentences: the clean comparison, noise, and which code one would choose where.

    Parameters
    ----------
    summary : mapping
        With ``dataset``, ``n``, ``amount`` and ``margin``.
    tables : mapping
        Rows of ``clean``, ``front`` and ``comparisons``.
    """
    amount, rows = summary["amount"], tables["comparisons"]
    price = amount["prices"][len(amount["prices"]) // 2]
    clean = {row["code"]: row for row in tables["clean"] if row["price"] == price}
    primary = [row for row in rows if row["role"] == PRIMARY]
    accuracy, spikes = (
        next(row for row in primary if row["condition"] == CLEAN and row["outcome"] == outcome)
        for outcome in (ACCURACY, SPIKES)
    )
    disturbed = [row for row in primary if row["condition"] != CLEAN]
    soon = soonest(tables["front"], price)
    return [
        f"On {plural(summary['n'], 'test image')} of {summary['dataset']}, {amount['seeds']} networks of "
        f"each code, trained alike: {_came_to(clean[TIME])} by spike times, {_came_to(clean[RATE])} by "
        f"rates; the difference is {points_of(accuracy)} ({accuracy['finding']}), and {_count(spikes)} "
        "spikes per image, input included.",
        f"{capital(listed([_in_noise(row) for row in disturbed]))} ({len(primary)} tests, corrected "
        f"together; {100 * summary['margin']:g} point would matter).",
        _choice(accuracy, spikes, disturbed, clean, soon, rows, summary["margin"]),
    ]


def soonest(front: Sequence[Row], price: float) -> float:
    """Return the shortest trial, ms, in which rates are as right as spike times, by validation images.

    Infinite if there is none.
    """
    of_price = [row for row in front if row["price"] == price]
    accuracy = max(row["validation_accuracy"] for row in of_price if row["code"] == TIME)
    times = [
        row["time_ms"] for row in of_price if row["code"] == RATE and row["validation_accuracy"] >= accuracy
    ]
    return min(times, default=float("inf"))


def _came_to(row: Row) -> str:
    return (
        f"{share_of(row)} with {row['spikes']:,.0f} spikes and {row['synops']:,.0f} synaptic operations, "
        f"decided after {row['latency_ms']:.3g} ms"
    )


def _count(row: Row) -> str:
    text = f"{row['difference']:+,.0f} [{row['low_holm']:+,.0f}, {row['high_holm']:+,.0f}]"
    return f"{text}, p {probability(row['p_holm'])},".replace("-", MINUS)


def _in_noise(row: Row) -> str:
    what = f"a {row['condition']}" if row["condition"] == JITTER else row["condition"]
    return (
        f"under {what} of {row['setting']} spike times differ from rates by {points_of(row)}, "
        f"p {probability(row['p_holm'])} ({row['finding']})"
    )


def _choice(
    accuracy: Row,
    spikes: Row,
    disturbed: Sequence[Row],
    clean: Mapping[str, Row],
    soon: float,
    rows: Sequence[Row],
    margin: float,
) -> str:
    """Return for what one would choose each code, as the tables say it."""
    better: dict[str, list[str]] = {TIME: [], RATE: []}
    findings = {GAIN: TIME, LOSS: RATE}
    if accuracy["finding"] in findings:
        better[findings[accuracy["finding"]]].append(f"for accuracy ({_points(accuracy, margin)})")
    if spikes["significant"]:
        better[TIME if spikes["difference"] < 0 else RATE].append("where spikes are what costs")
    trial = clean[TIME]["trial_ms"]
    if soon < trial:
        better[RATE].append(f"where a decision is needed after {soon:g} ms, not {trial:g} ms")
    for row in disturbed:
        if row["finding"] in findings:
            better[findings[row["finding"]]].append(f"{_where(row)} ({_points(row, margin)})")
    noise = [row for row in rows if row["role"] == EXPLORATORY and row["severity"] is not None]
    for code, finding in ((TIME, GAIN), (RATE, LOSS)):
        kinds = dict.fromkeys(row["condition"] for row in noise if row["finding"] == finding)
        if kinds:
            better[code].append(f"(exploratory) in noise of the kinds {listed(list(kinds))}")
    chosen = [f"{NAMES[code]} {listed(reasons)}" for code, reasons in better.items() if reasons]
    same = [row for row in (accuracy, *disturbed) if row["finding"] == EQUIVALENT]
    rest = f" They are equivalent {listed([_where(row) for row in same])}." if same else ""
    return f"One would choose {'; '.join(chosen) or 'either: no difference was found'}.{rest}"


def _points(row: Row, margin: float) -> str:
    """Return a difference; one that is found and too small to matter is called so."""
    points = f"{100 * abs(row['difference']):.1f} points"
    small = max(abs(row["low_holm"]), abs(row["high_holm"])) < margin
    return f"{points}, less than would matter" if small else points


def _where(row: Row) -> str:
    return "on clean images" if row["condition"] == CLEAN else f"under {row['condition']} of {row['setting']}"
