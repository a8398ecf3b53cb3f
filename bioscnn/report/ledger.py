"""The section that says where the accuracy of a run goes, cause by cause and layer by layer."""

from __future__ import annotations

from typing import Any

from bioscnn import plots
from bioscnn.ledger import LayerComparison, Ledger
from bioscnn.report import captions
from bioscnn.report.formats import p_value, percent, points, points_interval
from bioscnn.report.page import Column, Facts, Figure, Section, Table, Text, numbers
from bioscnn.statistics import Estimate

CAUSES = [
    Column("cause", "cause"),
    numbers("part", "part\n(points)", points),
    numbers(("low", "high"), "95 % interval", points_interval),
    numbers("p_holm", "p, Holm", p_value),
    numbers("accuracy", "accuracy\nwithout it", percent),
    numbers("agreement", "gives the\nANN's class", percent),
    Column("change", "switched off by", words=True),
]


def _columns_of_layers(unit: str) -> list[Column]:
    digits = 1 if unit == "Hz" else 3
    return [
        Column("name", "population"),
        numbers("correlation", "correlation", ".3f"),
        numbers("slope", "slope", ".2f"),
        numbers("expected", f"expected\n({unit})", f"{{:.{digits}f}}".format),
        numbers("measured", f"spikes\n({unit})", f"{{:.{digits}f}}".format),
        numbers("bias", f"bias\n({unit})", f"{{:+.{digits}f}}".format),
        numbers("silent", "active, but\nsilent (%)", lambda share: f"{100 * share:.1f}"),
    ]


def ledger_section(ledger: Ledger, layers: list[LayerComparison]) -> Section:
    """Return the section of a ledger and of the rates of each layer."""
    waterfall = Figure(
        lambda width: plots.waterfall(ledger.ann, ledger.parts, ledger.as_run, width=width),
        f"Waterfall chart of accuracy in %, from the trained network over {len(ledger.parts)} parts",
        captions.ledger_caption(ledger),
    )
    causes = Table(
        _cause_rows(ledger),
        CAUSES,
        f"Each cause switched off by itself, everything else equal: n = {ledger.n_trials:,}, read by "
        f"{ledger.rule}. Points with 95 % intervals of paired differences. Intervals and p: corrected by "
        "Holm's method, of the parts over those of gap and disagreement, of the gap over gap and "
        "disagreement. Bold: the first cause.",
        bold="first",
    )
    reasons = ledger.not_applicable.items()
    meanings = {entry.cause: entry.meaning for entry in ledger.entries}
    rates = Figure(
        lambda width: plots.rates_against_activations(layers, width=width),
        f"Densities of what spikes say against what they should, in {len(layers)} populations",
        captions.layers_caption(layers),
    )
    return Section(
        "ledger",
        "Where the accuracy goes",
        [
            waterfall,
            causes,
            Facts(meanings | {name: f"Does not apply: {reason}." for name, reason in reasons}),
            Text("Layer by layer", "heading"),
            rates,
            Table(
                [vars(layer) | {"bias": layer.bias} for layer in layers], _columns_of_layers(layers[0].unit)
            ),
        ],
        "Ledger",
        "ledger",
    )


def _cause_rows(ledger: Ledger) -> list[dict[str, Any]]:
    rows = [
        _row(entry.cause, entry.accuracy_part, entry.accuracy, entry.agreement, entry.change)
        | {"first": ledger.first == entry.cause}
        for entry in ledger.entries
    ]
    left, gap = 1 - ledger.disagreement_unexplained.value, 1 - ledger.disagreement.value
    return [
        *rows,
        _row("interaction", ledger.interaction, None, None, "all together, beyond the sum"),
        _row("unexplained", ledger.unexplained, ledger.all_off, left, "left without any cause"),
        _row("gap to the ANN", ledger.gap, ledger.as_run, gap, "as it was run"),
    ]


def _row(
    cause: str, part: Estimate, accuracy: float | None, agreement: float | None, change: str
) -> dict[str, Any]:
    low, high = part.interval
    return {
        "cause": cause,
        "part": part.value,
        "low": low,
        "high": high,
        "p_holm": part.p_holm,
        "accuracy": accuracy,
        "agreement": agreement,
        "change": change.replace("->", "→"),
        "first": False,
    }
