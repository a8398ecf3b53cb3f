"""The page of the comparison of converted and learned networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.learned_in_noise.contestants import CONTESTANTS, Learned
from analysis.learned_in_noise.tables import PRIMARY
from bioscnn.experiments.columns import FOUND, P_HOLM, SHARE
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.phrases import listed
from bioscnn.report.formats import number, points
from bioscnn.report.page import Column, Facts, Headline, Page, Section, Table, numbers


def learned_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page: costs, differences, accuracies."""
    cost = pd.DataFrame(analysis.tables["cost"])
    rows = pd.DataFrame(analysis.tables["comparisons"])
    named = Column(("first", "second", "noise"), "compared", "{} less {}, {}".format, words=True)
    difference = [named, numbers("difference", "difference\n(points)", points), *FOUND, P_HOLM]
    of_role = {role: Table(some, difference, f"Accuracy, {role}. A family of its own, corrected by Holm.",
                           dense=True) for role, some in rows.groupby("role", sort=False)}  # fmt: skip
    costs = [
        Column("network", "network", words=True),
        *SHARE,
        numbers("labels", "labels", number),
        numbers("training_s", "training\n(s of a processor)", number),
        numbers("spikes", "spikes", number),
        numbers("synops", "synaptic\noperations", number),
        numbers("trial_ms", "trial\n(ms)", number),
    ]
    accuracies = [Column("noise", "noise"), Column("network", "network", words=True), *SHARE]
    return experiment_page(
        analysis,
        summary,
        about="converted and learned",
        question="which networks are right more often?",
        docs="stdp",
        headlines=[
            Headline.of_share(row.network, row.accuracy, row.low, row.high) for row in cost.itertuples()
        ],
        sections=[
            Section("cost", "Clean digits",
                    [Table(cost, costs, "Means over networks and digits.", dense=True)], "Cost"),
            Section("primary", "What was asked in advance", [of_role.pop(PRIMARY)], "Primary"),
            Section("exploratory", "All other differences", list(of_role.values()), "Exploratory"),
            Section("noise", "In noise", [
                Table(pd.DataFrame(analysis.tables["accuracy"]), accuracies,
                      f"Severity {summary['amount']['severity']}.", dense=True),
                Facts(_unfit()),
            ], "Noise"),
        ],
    )  # fmt: skip


def _unfit() -> dict[str, str]:
    """Return which noises each learned network cannot have, and why."""
    return {
        f"{name} cannot have": listed([f"{noise} ({why})" for noise, why in one.unfit.items()])
        for name, one in CONTESTANTS.items()
        if isinstance(one, Learned)
    }
