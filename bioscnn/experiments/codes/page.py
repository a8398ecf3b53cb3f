"""The page of the codes experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.codes.contestants import RATE, TIME, UNTUNED
from bioscnn.experiments.codes.tables import ACCURACY, EXPLORATORY, PRIMARY, SPIKES
from bioscnn.experiments.codes.verdict import NAMES
from bioscnn.experiments.columns import FOUND, P_HOLM, SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.phrases import MINUS
from bioscnn.report.formats import number, percent, plural
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Part, Section, Table, Text, numbers

LEAD = (
    "A comparison of two networks that were trained differently is one of trainings. Here networks of one "
    "architecture learn for either code from the same images, distortions and teacher, for as many epochs, "
    "in batches of the same size, at the same price on spikes; then the simulator says what they come to."
)

NOT_EQUAL = (
    "What could not be equal: rates are trained as LIF neurons and then as their own differentiable "
    "simulation, spike times as rectifiers and then through rounded times; each has learning rates of its "
    "own, chosen on validation images with one seed. Images flow into rate networks as constant currents, "
    "which make no spikes and cannot jitter or get lost; to spike times they are spikes, and counted. "
    "Rank-ordered spikes have no differentiable simulation to be trained by, so they are not compared."
)


def codes_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a codes experiment."""
    clean = pd.DataFrame(analysis.tables["clean"])
    rows = pd.DataFrame(analysis.tables["comparisons"])
    return experiment_page(
        analysis,
        summary,
        about=f"codes {summary['study']}",
        question="rates or spike times, if both are trained alike?",
        lead=[LEAD],
        headlines=_headlines(clean, summary),
        sections=[
            Section("front", "Accuracy against spikes and time", [_front(analysis, summary)], "Front"),
            Section("primary", "What was asked in advance", _primary(rows, summary), "Primary"),
            Section("noise", "In noise, and with other parameters", _noise(analysis, rows), "Noise"),
            Section("tables", "Every number", _tables(analysis, clean, rows), "Tables"),
            Section("methods", "How it was made", _methods(summary), "Methods"),
        ],
    )


def _headlines(clean: pd.DataFrame, summary: Mapping[str, Any]) -> list[Headline]:
    prices = summary["amount"]["prices"]
    middle_price = clean[clean["price"] == prices[len(prices) // 2]]
    return [
        Headline.of_share(f"{NAMES[row.code]}, {row.spikes:,.0f} spikes", row.accuracy, row.low, row.high)
        for row in middle_price.itertuples()
    ]


def _front(analysis: Analysis, summary: Mapping[str, Any]) -> Figure:
    rows = pd.DataFrame(analysis.tables["front"])
    rows["name"] = [named(row.code, row.price) for row in rows.itertuples()]
    return Figure(
        lambda width: plots.front_of_codes(rows, width=width),
        "Accuracy in % against spikes per image and against the end of the trial, for each code and price",
        f"Each point: {plural(summary['amount']['seeds'], 'network')} on {summary['n']:,} test images; bars: "
        "95 % intervals over images and training seeds; what is far below the best is left out. A line joins "
        "the times at which rates of one price are read. Filled: on the front by validation images, where no "
        "other point has at least the accuracy for fewer spikes, or in less time.",
    )


def named(code: str, price: float) -> str:
    """Return the name of the networks of a code and a price."""
    return f"{NAMES[code]}, {'not fine-tuned' if price == UNTUNED else f'price {price:g}'}"


def _primary(rows: pd.DataFrame, summary: Mapping[str, Any]) -> list[Part]:
    primary = rows[rows["role"] == PRIMARY]
    return [
        Text(
            "Spike times less rates at the middle price. This family was fixed before the networks were "
            "trained; p and intervals are corrected by Holm's method within it."
        ),
        _accuracies(primary[primary["outcome"] == ACCURACY], "Differences of accuracy in points."),
        _spikes(primary[primary["outcome"] == SPIKES]),
    ]


def _noise(analysis: Analysis, rows: pd.DataFrame) -> list[Part]:
    conditions = pd.DataFrame(analysis.tables["conditions"])
    keys = ["condition", "setting"]
    wide = conditions.pivot_table(index=keys, columns="code", values=["accuracy", "low", "high"], sort=False)
    wide.columns = [f"{name}_{code}" for name, code in wide.columns]
    of_accuracy = rows[(rows["outcome"] == ACCURACY) & (rows["condition"] != "clean")]
    table = of_accuracy.merge(wide.reset_index(), on=keys)
    shares = [
        numbers((f"accuracy_{code}", f"low_{code}", f"high_{code}"), f"{NAMES[code]}\n(%)", _share)
        for code in (RATE, TIME)
    ]
    return [
        Table(
            table,
            [
                Column(("condition", "setting"), "condition", lambda *words: " ".join(words), words=True),
                *shares,
                numbers("difference", "difference\n(points)", _points),
                *FOUND,
            ],
            "Accuracy of each code; the difference is that of spike times from rates. Exploratory but for "
            "the primary rows of the section above; the exploratory rows are a family of their own.",
            dense=True,
        )
    ]


def _share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", MINUS)


def _accuracies(rows: pd.DataFrame, caption: str) -> Table:
    return Table(
        rows,
        [
            Column(("condition", "setting", "price"), "compared", _named, words=True),
            *compared(),
            *FOUND,
        ],
        caption,
        dense=True,
    )


def _named(condition: str, setting: str, price: float) -> str:
    return f"{condition} {setting}".strip() + f", price {price:g}"


def _spikes(rows: pd.DataFrame) -> Table:
    return Table(
        rows,
        [
            Column(("condition", "setting", "price"), "compared", _named, words=True),
            numbers("difference", "difference", "+,.0f"),
            numbers(("low", "high"), "95 % interval", "+,.0f"),
            P_HOLM,
        ],
        "Differences of spikes per image, input included.",
        dense=True,
    )


def _tables(analysis: Analysis, clean: pd.DataFrame, rows: pd.DataFrame) -> list[Part]:
    exploratory = rows[(rows["role"] == EXPLORATORY) & (rows["condition"] == "clean")]
    return [
        Table(
            clean,
            [
                Column("code", "code", NAMES.__getitem__),
                numbers("price", "price", "g"),
                *SHARE,
                numbers("spikes", "spikes", number),
                numbers("input_spikes", "input", number),
                numbers("synops", "synops", number),
                numbers("latency_ms", "decided\n(ms)", number),
                numbers("trial_ms", "trial\n(ms)", number),
                numbers("events_flop", "events\n(FLOP)", number),
                numbers("stimulus_flop", "stimulus\n(FLOP)", number),
            ],
            "Means over networks, per image; synops are synaptic operations. Energy by events: 0.08 FLOP for "
            "each (Hunsberger and Eliasmith 2016); what turns an image into currents is done once, and "
            "stands beside it.",
            dense=True,
        ),
        _accuracies(exploratory[exploratory["outcome"] == ACCURACY], "Other prices (exploratory)."),
        _spikes(exploratory[exploratory["outcome"] == SPIKES]),
        Table(
            pd.DataFrame(analysis.tables["networks"]),
            [
                Column("code", "code", NAMES.__getitem__),
                numbers("price", "price", "g"),
                numbers("seed", "seed"),
                numbers("accuracy", "accuracy", percent),
                numbers("spikes", "spikes", number),
                numbers("latency_ms", "decided\n(ms)", number),
            ],
            "Every network on the test images.",
            folded="Every network",
            dense=True,
        ),
    ]


def _methods(s: Mapping[str, Any]) -> list[Part]:
    amount, batches = s["amount"], [stage["batch_size"] for stage in s["training"][RATE]]
    rates = {code: [stage["learning_rate"] for stage in stages] for code, stages in s["training"].items()}
    return [
        Facts(
            {
                "Equal for both codes": f"architecture, {amount['examples']:,} training images and their "
                f"distortions, teacher, {plural(amount['epochs'], 'epoch')} on activations and "
                f"{plural(amount['own_epochs'], 'epoch')} on what the neurons fire, batches of "
                f"{batches[0]}, then {batches[1]}, prices {', '.join(map('{:g}'.format, amount['prices']))} "
                "per thousand hidden spikes of an image",
                "Learning rates": "; ".join(
                    f"{NAMES[code]} {first:g}, then {second:g}" for code, (first, second) in rates.items()
                ),
                "Chosen by validation images": "the best epoch of a training; the front, by the first "
                f"{amount['choosing']:,}",
                "Tested on": f"{s['source']}; in noise, the first {amount['noise_trials']:,}",
                "Trials": "; ".join(
                    f"{NAMES[code]} {duration:g} ms" for code, duration in s["duration_ms_by_code"].items()
                ),
                "Intervals": f"95 %, over images and {plural(amount['seeds'], 'training seed')}; each "
                "network meets noise of its own",
            }
        ),
        Text(NOT_EQUAL),
    ]
