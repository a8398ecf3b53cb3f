"""The page of cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bioscnn import plots
from bioscnn.experiments.columns import SHARE, compared
from bioscnn.experiments.crossval.tables import CROSS_VALIDATED, RATES, Classified
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.phrases import capital
from bioscnn.report.formats import plural, points, points_interval
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, Text, numbers

RECORDINGS = (*SHARE, numbers("n", "recordings"))

REFERENCE = (
    "Stone M. (1974), Cross-validatory choice and assessment of statistical predictions, Journal of the "
    "Royal Statistical Society B 36:111. Agresti A. and Min Y. (2005), Simple improved confidence intervals "
    "for comparing matched proportions, Statistics in Medicine 24:729."
)


def cross_validation_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a cross-validation."""
    tables, rule = analysis.tables, summary["readout"]
    compared = tables["comparisons"]
    return experiment_page(
        analysis,
        summary,
        about=f"cross-validation of {summary['network']}",
        docs="events",
        question="how well are recordings classified that trained nothing?",
        headlines=_headlines(analysis, summary),
        sections=[
            Section("time", "Accuracy over time", [_over_time(analysis.more["networks"], summary)]),
            Section(
                "accuracy",
                "Accuracy by readout",
                [
                    Table(
                        tables["accuracy"],
                        [Column("readout", "readout"), *RECORDINGS],
                        f"{RATES}: the trained network itself, without spikes; the others are read from the "
                        "spiking network at the end of the trial.",
                        group_by="network",
                    ),
                    *([_gains(analysis)] if compared else []),
                ],
                "Readouts",
            ),
            Section(
                "folds",
                "Fold by fold",
                [
                    Table(
                        tables["folds"],
                        [Column("fold", "fold"), *RECORDINGS],
                        f"Accuracy by {rule} on the recordings of each fold, of the network that was trained "
                        "on the others.",
                    )
                ],
                "Folds",
            ),
            Section(
                "tables",
                "Every number",
                [
                    Table(
                        tables["over-time"],
                        [numbers("time_ms", "time\n(ms)"), *RECORDINGS],
                        f"Accuracy by {rule} if trials ended then.",
                        group_by="network",
                        folded="Accuracy over time",
                        dense=True,
                    )
                ],
                "Tables",
            ),
            Section(
                "methods", "How it was made", [_methods(summary), Text(REFERENCE, "reference")], "Methods"
            ),
        ],
    )


def _headlines(analysis: Analysis, summary: Mapping[str, Any]) -> list[Headline]:
    rows = {(row["network"], row["readout"]): row for row in analysis.tables["accuracy"]}
    rule = summary["readout"]
    named = [
        (f"{capital(name)}, {readout}", rows[name, readout])
        for name in dict.fromkeys(name for name, _ in rows)
        for readout in (rule, RATES)
    ]
    headlines = [
        Headline.of_share(name, *(row[key] for key in ("accuracy", "low", "high"))) for name, row in named
    ]
    for row in analysis.tables["comparisons"]:
        interval = points_interval(row["low"], row["high"])
        note = f"points on {row['second']}; 95 %: {interval}"
        headlines.append(Headline("Gained by training", points(row["difference"]), note))
    return [*headlines, Headline("Recordings", f"{summary['n']:,}", f"in {plural(summary['folds'], 'fold')}")]


def _over_time(networks: list[Classified], summary: Mapping[str, Any]) -> Figure:
    rule, dt = summary["readout"], 1e-3 * summary["dt_ms"]
    curves = {
        done.name: [done.after(rule, step + 1) for step in range(done.right_by_step.shape[1])]
        for done in networks
    }
    return Figure(
        lambda width: plots.accuracy_over_time(curves, dt, chosen=CROSS_VALIDATED, width=width),
        "Line charts of accuracy in % against simulated time in ms, one line per network",
        f"Accuracy by {rule} if trials ended at each moment. Bands: 95 % intervals over "
        f"{plural(summary['n'], 'recording')}.",
    )


def _gains(analysis: Analysis) -> Table:
    return Table(
        analysis.tables["comparisons"],
        [
            Column(("first", "second"), "networks", lambda a, b: f"{a} against {b}", words=True),
            *compared(),
        ],
        "How much more often the first is right than the second, on the same recordings.",
    )


def _methods(s: Mapping[str, Any]) -> Facts:
    return Facts(
        {
            "Recordings": f"{plural(s['n'], 'recording')} of {s['dataset']}, {s['source']}",
            "Folds": f"{s['folds']}, stratified by class; every recording is classified once, by a network "
            "that was not trained on it",
            "Begins with": s["began_with"],
            "Trained in each fold": ", then ".join(s["stages"]),
            "Epoch": f"chosen by {s['n_choosing']} of the recordings that train; those of the fold choose "
            "nothing",
            "Simulation": f"{s['duration_ms']:g} ms in steps of {s['dt_ms']:g} ms, read by {s['readout']}, "
            f"device {s['device']}",
            "Intervals": "95 %, over recordings. Each fold has one network: training seeds did not vary.",
        }
    )
