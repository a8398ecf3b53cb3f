"""The page of the times-needed experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import FOUND, SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.times_needed.kinds import ARCHITECTURE, DESCRIBED, NETWORKS, SPIKING
from bioscnn.experiments.times_needed.tables import EXPLORATORY, PRIMARY
from bioscnn.report.formats import plural, points
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Part, Section, Table, Text, numbers

LEAD = (
    "A network that was trained on spike times and fails without them may only have learned to rely on them. "
    "Here networks of one architecture are trained on recordings whose times are destroyed, and tested on "
    "recordings destroyed alike: what they lose is what the times are needed for."
)

REFERENCE = (
    "Iyer L. R., Chua Y. and Li H. (2021), Is neuromorphic MNIST neuromorphic? Analyzing the discriminative "
    "power of neuromorphic datasets in the time domain, Frontiers in Neuroscience 15:608567. Schuirmann D. "
    "J. (1987), A comparison of the two one-sided tests procedure and the power approach for assessing the "
    "equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15:657."
)


def times_needed_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a times-needed experiment."""
    accuracy, rule = pd.DataFrame(analysis.tables["accuracy"]), summary["readout"]
    rows = pd.DataFrame(analysis.tables["comparisons"])
    return experiment_page(
        analysis,
        summary,
        about=f"times needed {summary['study']}",
        docs="timing",
        question="does a network need the times of spikes, if it is trained without them?",
        lead=[LEAD],
        headlines=_headlines(accuracy, summary),
        sections=[
            Section("accuracy", "Trained and tested alike", [_figure(accuracy, rule, summary)], "Accuracy"),
            Section("primary", "What was asked in advance", _primary(rows, summary), "Primary"),
            Section("tables", "Every number", _tables(accuracy, rows), "Tables"),
            Section("methods", "How it was made", _methods(summary), "Methods"),
        ],
    )


def _headlines(accuracy: pd.DataFrame, summary: Mapping[str, Any]) -> list[Headline]:
    main = next(iter(summary["tested"]))
    spiking = accuracy[
        (accuracy["tested"] == main)
        & (accuracy["network"] == SPIKING)
        & (accuracy["readout"] == summary["readout"])
    ]
    return [
        Headline.of_share(f"{row.kind}, {main}", row.accuracy, row.low, row.high)
        for row in spiking.itertuples()
    ]


def _figure(accuracy: pd.DataFrame, rule: str, summary: Mapping[str, Any]) -> Figure:
    rows = accuracy[accuracy["readout"].isin(("", rule))]
    tested = " and ".join(f"{n:,} {name}" for name, n in summary["tested"].items())
    return Figure(
        lambda width: plots.accuracy_by_kind(rows, width=width),
        "Accuracy in % of each network by what is destroyed in the recordings",
        f"Tested on {tested} recordings, none of which trained a network or fitted the simulated camera; all "
        f"networks are trained on simulated ones. Bars: 95 % intervals over recordings and "
        f"{plural(summary['amount']['seeds'], 'training seed')}. The spiking network is read by {rule}.",
        of_recordings=False,
    )


def _primary(rows: pd.DataFrame, summary: Mapping[str, Any]) -> list[Part]:
    margin = points(summary["margin"]).lstrip("+")
    return [
        Text(
            "The spiking network by the study's readout: each kind against the original, and the original "
            "against the CNN of counts. This family was fixed before the networks were trained; p and "
            "intervals are corrected by Holm's method within it, for each set of test recordings. "
            f"Equivalent: the corrected interval excludes every difference of {margin} points or more."
        ),
        _comparisons(rows[rows["role"] == PRIMARY]),
    ]


def _comparisons(rows: pd.DataFrame, folded: str | None = None) -> Table:
    def pair(network: str, kind: str, against: str) -> str:
        return f"{network}, {kind} against {against}"

    return Table(
        rows,
        [
            Column(("network", "kind", "against"), "compared", pair, words=True),
            Column("readout", "readout"),
            *compared(),
            *FOUND,
        ],
        "Differences in points, same training seeds and recordings.",
        group_by="tested",
        folded=folded,
        dense=True,
    )


def _tables(accuracy: pd.DataFrame, rows: pd.DataFrame) -> list[Part]:
    return [
        Table(
            accuracy,
            [
                Column("network", "network"),
                Column("kind", "recordings"),
                Column("readout", "readout"),
                *SHARE,
                numbers("n", "n"),
                numbers("seeds", "seeds"),
            ],
            "Means over training seeds.",
            group_by="tested",
            dense=True,
        ),
        _comparisons(rows[rows["role"] == EXPLORATORY], "Exploratory comparisons: a family of their own"),
    ]


def _methods(s: Mapping[str, Any]) -> list[Part]:
    amount = s["amount"]
    return [
        Table(
            [{"kind": kind, "what": what} for kind, what in DESCRIBED.items()],
            [Column("kind", "recordings"), Column("what", "what is destroyed", words=True)],
        ),
        Table(
            [{"network": name, "what": what} for name, what in NETWORKS.items()],
            [Column("network", "network"), Column("what", "what it is", words=True)],
        ),
        Facts(
            {
                "Architecture": ARCHITECTURE,
                "Training on rates": f"{amount['examples']:,} simulated recordings, "
                f"{plural(amount['epochs'], 'epoch')}, frames of {s['frame_ms']:g} ms for every kind; the "
                f"epoch is chosen by {amount['choosing']} others",
                "Training on spikes": f"{amount['spike_examples']:,} of them, "
                f"{plural(amount['spike_epochs'], 'epoch')}",
                "Equal for all kinds": "architecture, initial weights by seed, recordings, their order, "
                "epochs, learning rates",
                "Tested on": s["source"],
                "Simulation": f"{s['duration_ms']:g} ms in steps of {s['dt_ms']:g} ms, read by "
                f"{s['readout']}, device {s['device']}",
                "Intervals": f"95 %, over recordings and {plural(amount['seeds'], 'training seed')}, each "
                "with a destruction of its own",
            }
        ),
        Text(REFERENCE, "reference"),
    ]
