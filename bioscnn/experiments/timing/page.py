"""The page of the timing experiment: what the times of spikes carry that their number does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn.experiments.columns import FOUND, SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.timing import captions, figures
from bioscnn.experiments.timing.captions import PageTables
from bioscnn.report.formats import percent, plain, plural
from bioscnn.report.page import Column, Facts, Folded, Page, Part, Section, Table, Text, numbers

LEAD = (
    "A spike train has a number of spikes and the times at which they come. This experiment takes the times "
    "away from the same recordings in many ways, with and without the numbers, and asks each time whether "
    "the class can still be found: by the spiking network, and by decoders that are given only numbers or "
    "only times."
)

FAILED = (
    "Where the answer is known, the method did not find it, so that nothing follows from what it finds here. "
    "Failed: "
)

CONTROLS = (
    "Two sets of made-up spikes whose answer is known. In timing only, classes differ in when neurons fire "
    "and never in how often: a decoder of counts has to stay at chance, and jitter has to destroy what the "
    "others find. In counts only, it is the other way round."
)

PUBLISHED = (
    {"from": "Iyer et al.", "data": "N-MNIST", "method": "time-collapsed CNN", "accuracy": 0.9923},
    {
        "from": "Iyer et al.",
        "data": "N-Caltech101, 101 classes",
        "method": "time-collapsed CNN",
        "accuracy": 0.7801,
    },
)

REFERENCE = (
    "Iyer L. R., Chua Y. and Li H. (2021), Is neuromorphic MNIST neuromorphic? Analyzing the discriminative "
    "power of neuromorphic datasets in the time domain, Frontiers in Neuroscience 15:608567. Agresti A. and "
    "Min Y. (2005), Simple improved confidence intervals for comparing matched proportions, Statistics in "
    "Medicine 24:729. Holm S. (1979), A simple sequentially rejective multiple test procedure, Scandinavian "
    "Journal of Statistics 6:65."
)

CHANGED = numbers(("lost", "won"), "lost,\nwon", lambda lost, won: f"{lost:.0f}, {won:.0f}")


def timing_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a timing experiment."""
    names = ("primary", "accuracy", "effects", "comparisons", "readouts", "controls", "information")
    frames = {name: pd.DataFrame(analysis.tables[name]) for name in names}
    tables = PageTables(
        **frames, summary=summary, examples=analysis.more["examples"], labels=analysis.more["labels"]
    )
    _, failed = captions.expectations(tables)
    return experiment_page(
        analysis,
        summary,
        title=summary["dataset"],
        about=f"timing study {summary['study']}",
        docs="timing",
        question="what do the times of spikes carry that their number does not?",
        lead=[LEAD],
        warnings=[f"{FAILED}{'; '.join(failed)}."] if failed else [],
        headlines=captions.headlines(tables),
        sections=[
            Section("how", "How it was asked", _how(tables), "How"),
            Section(
                "controls",
                "Can the method see anything?",
                [Text(CONTROLS), figures.controls(tables)],
                "Controls",
            ),
            *_primary(tables),
            Section("methods", "Do times tell what counts do not?", [_methods(tables)], "Methods"),
            Section("jitter", "Accuracy against jitter", [figures.jitter(tables)], "Jitter"),
            Section(
                "perturbations",
                "What each perturbation changes",
                figures.effects(tables),
                "Perturbations",
            ),
            Section(
                "information",
                "Bits in counts and in latencies",
                [figures.information(tables)],
                "Information",
            ),
            Section("spikes", "The spikes themselves", figures.spikes(tables), "Spikes"),
            Section("literature", "Beside the literature", _literature(tables), "Literature"),
            Section("tables", "Every number", _tables(tables), "Tables"),
        ],
    )


def _how(tables: PageTables) -> list[Part]:
    s = tables.summary
    methods = [name for name in captions.METHODS if name in set(tables.accuracy["method"])]
    simulated = " (simulated)" if s["simulated"] else ""
    return [
        Facts(
            {
                "Recordings": f"{plural(s['n'], 'recording')} of {s['dataset']}, {s['duration_ms']:g} ms "
                f"each in steps of {s['dt_ms']:g} ms{simulated}",
                "Source": s["source"],
                "Classes": f"{len(s['classes'])}: {', '.join(s['classes'])}",
                "Spiking network": s["network"],
                "Time-collapsed CNN": plain(s["collapsed_network"]),
                "Decoders": f"cross-validated in {plural(s['folds'], 'fold')}: trained on spikes perturbed "
                "alike, never tested on a recording that they were trained with",
                "Layers": ", ".join(tables.layers),
            }
        ),
        Table(
            [{"name": name, "what": captions.METHODS[name]} for name in methods],
            [Column("name", "method"), Column("what", "what it is given", words=True)],
            "Who is asked for the class.",
        ),
        Table(
            captions.perturbations(tables),
            [Column("name", "perturbation"), Column("what", "what happens", words=True)],
            "What is done to the spikes. Counts: the number of spikes of each neuron in each trial.",
            group_by="counts",
        ),
        Text(
            "Accuracies and differences have 95 % intervals over recordings. Each accuracy is compared with "
            "that of the same method on the same recordings with clean spikes. p is corrected by Holm's "
            f"method within its family: {captions.families(tables)}. Significant: the corrected p is below "
            "0.05, and the interval corrected alike leaves zero out. That nothing significant was found is "
            "no evidence of no effect; only an interval that excludes what would matter is."
        ),
    ]


def _primary(tables: PageTables) -> list[Section]:
    """Return the section of what was asked in advance; none if none of it was done."""
    if not len(tables.primary):
        return []
    parts: list[Part] = [
        figures.primary(tables),
        Table(
            tables.primary,
            [
                Column("compared", "compared", words=True),
                *compared(),
                *FOUND,
                CHANGED,
            ],
            captions.primary_caption(tables),
            dense=True,
        ),
    ]
    return [Section("primary", "What was asked in advance", parts, "Primary")]


def _methods(tables: PageTables) -> Table:
    pair = Column(
        ("second", "first"), "methods", lambda second, first: f"{second} against {first}", words=True
    )
    return Table(
        tables.comparisons,
        [Column("layer", "layer"), pair, *compared(), CHANGED],
        "Two methods on the same clean spikes. Difference: how much more often the first is right, in "
        "points. Lost, won: recordings that only the second, only the first gets right.",
        dense=True,
    )


def _literature(tables: PageTables) -> list[Part]:
    s = tables.summary
    data = f"{s['dataset']}, {len(s['classes'])} classes"
    here = [{"from": "here", "data": data, **row} for row in tables.clean.to_dict("records")]
    simulated = (
        " The recordings of this study are simulated, theirs are real: the numbers do not compare one to one."
    )
    return [
        Text(
            "Iyer, Chua and Li (2021) asked this of N-MNIST and N-Caltech101. Their hypothesis is that the "
            "timing of spikes holds no information beyond the image that is left when time is summed over; "
            f"a CNN on such images is what they hold it against.{simulated * bool(s['simulated'])}"
        ),
        Table(
            [*({"low": None, "high": None} | row for row in PUBLISHED), *here],
            [
                Column("from", "from"),
                Column("data", "data", words=True),
                Column("method", "method"),
                *SHARE,
            ],
        ),
        Text(REFERENCE, "reference"),
    ]


def _tables(tables: PageTables) -> list[Part]:
    bits = "{:.4f}".format
    facts = {name.replace("_", " "): plain(value) for name, value in tables.summary["facts"].items()}
    return [
        *(
            Table(
                tables.with_effects(layer),
                [Column("method", "method"), *SHARE, *compared("low_effect", "high_effect"), CHANGED],
                "Difference to clean spikes in points. Lost, won: recordings that the method gets right only "
                "with clean, only with perturbed spikes.",
                group_by="label",
                folded=f"Accuracy, spikes of {layer} perturbed",
                dense=True,
            )
            for layer in tables.layers
        ),
        *(
            [
                Table(
                    tables.readouts,
                    [
                        Column("readout", "readout"),
                        numbers("clean", "clean", percent),
                        numbers("accuracy", "perturbed", percent),
                        *compared(),
                        Column("finding", "finding"),
                    ],
                    f"What was asked in advance of the spiking network, by every readout, spikes of "
                    f"{tables.layers[0]} perturbed. Exploratory, each readout a family of its own.",
                    group_by="label",
                    folded="Other readouts",
                    dense=True,
                )
            ]
            if len(tables.readouts)
            else []
        ),
        Table(
            tables.controls,
            [
                Column("set", "set"),
                Column("label", "spikes"),
                Column("method", "decoder"),
                *SHARE,
                numbers("chance", "chance", percent),
                Column("expected", "expected"),
                Column(
                    ("expected", "passed"),
                    "as expected",
                    lambda expected, passed: ("yes" if passed else "no") if expected else "",
                ),
            ],
            folded="Controls",
            dense=True,
        ),
        Table(
            tables.information,
            [
                Column("layer", "layer"),
                Column("response", "response"),
                numbers("neurons", "neurons"),
                numbers("bits", "bits", bits),
                numbers(("low", "high"), "95 % interval", lambda low, high: f"[{bits(low)}, {bits(high)}]"),
                numbers("shuffled", "shuffled classes", bits),
            ],
            folded="Information",
            dense=True,
        ),
        *([Folded("What the verdict rests on", [Facts(facts)])] if facts else []),
    ]
