"""The page of a noise study: what noise destroys first, and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn import plots
from bioscnn.plots.noise import name_of
from bioscnn.plots.noise_effects import row_name
from bioscnn.report import noise_words as words
from bioscnn.report.files import refuse_incomplete
from bioscnn.report.formats import (
    percent,
    percent_interval,
    plain,
    plural,
    points,
    points_interval,
    probability,
)
from bioscnn.report.noise_folder import FIX, NoiseStudy, read_noise
from bioscnn.report.page import (
    Column,
    Facts,
    Figure,
    Page,
    Part,
    Section,
    Table,
    Text,
    code,
    emphasis,
    made_from,
    muted,
    write_page,
)
from bioscnn.report.provenance import provenance_rows

if TYPE_CHECKING:
    import pandas as pd

REFERENCES = (
    "Mu N. and Gilmer J. (2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337. "
    "Hu Y., Liu S.-C. and Delbruck T. (2021), v2e: from video frames to realistic DVS events, CVPR "
    "Workshops. Newcombe R. G. (1998), Interval estimation for the difference between independent "
    "proportions, Statistics in Medicine 17:873."
)


def write_noise_report(folder: Path) -> Path:
    """Write the ``report.html`` of a noise study into its folder.

    Parameters
    ----------
    folder : Path
        With ``accuracy.csv``, ``comparisons.csv``, ``summary.json`` and ``examples.npz``; see
        `bioscnn.report.noise_folder` for what they hold.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the study is missing or damaged, or the page cannot be written.
    """
    study = read_noise(folder)
    with refuse_incomplete(FIX):
        page = noise_page(study)
    return write_page(page, folder)


def noise_page(study: NoiseStudy) -> Page:
    """Return the page of a noise study."""
    summary = study.summary
    return Page(
        title=summary["title"],
        eyebrow=("bioscnn · noise study ", emphasis(summary["study"])),
        question="what does noise destroy first, and does the biology help?",
        verdict=summary["verdict"],
        headlines=words.headlines(study),
        sections=list(_sections(study)),
        provenance=provenance_rows(summary),
        simulated=summary["simulated"],
        footer=made_from("accuracy.csv", "comparisons.csv", "examples.npz", "summary.json"),
    )


def _sections(study: NoiseStudy) -> Iterator[Section]:
    accuracy, comparisons, chance, severity = study.accuracy, study.comparisons, study.chance, study.severity
    fall = Figure(
        lambda width: plots.first_to_fall(accuracy, severity, chance=chance, width=width),
        f"Bar chart of the accuracy in points that {study.main} loses to each kind of noise",
        words.fall_caption(study),
    )
    yield Section("fall", "What falls first", [fall])
    curves = Figure(
        lambda width: plots.noise_curves(accuracy, chance=chance, width=width),
        "Line charts of accuracy in % against severity, one panel per kind of noise, one line per network",
        words.curves_caption(study),
    )
    yield Section("curves", "Accuracy against severity", [curves], short="Severity")
    helps = Figure(
        lambda width: plots.what_helps(comparisons, width=width),
        "Differences of accuracy in points between two networks in each kind of noise, with intervals",
        words.helps_caption(study),
    )
    yield Section("helps", "What helps", [helps])
    activity = Figure(
        lambda width: plots.latency_and_spikes(accuracy, width=width),
        "Tables of median latency in ms and spikes per trial by kind of noise and severity, coloured",
        words.activity_caption(study),
    )
    yield Section("activity", "Latency and spikes in noise", [activity], short="Latency and spikes")
    yield Section("noises", "The noises", _noises(study))
    numbers = [numbers_table(study, contestant["name"]) for contestant in study.summary["contestants"]]
    yield Section("tables", "Every number", [*numbers, comparisons_table(comparisons)], short="Tables")
    yield Section("methods", "How it was made", _methods(study), short="Methods")


def _noises(study: NoiseStudy) -> list[Part]:
    gallery = Figure(
        lambda width: plots.gallery(study.names, study.pictures, width=width),
        "Pictures of one example, clean and in noise of rising severity",
        words.gallery_caption(study),
    )
    rows = [
        {
            "place": f"{place[:1].upper()}{place[1:]}",
            "name": kind.name,
            "what": (
                f"{kind.what} Severity {study.severity}: {kind.meaning}. ",
                muted(f"Settings: {kind.settings}."),
            ),
        }
        for place, kinds in words.kinds(study).items()
        for kind in kinds
    ]
    table = Table(
        rows,
        [Column("name", "noise", words=True), Column("what", "what happens", words=True)],
        f"What each kind of noise is, what severity {study.severity} of it means, and its settings at "
        "severities 1 to 5.",
        group_by="place",
    )
    return [gallery, table] if study.names else [table]


def numbers_table(study: NoiseStudy, contestant: str) -> Table:
    """Return the table of a contestant: one row per kind of noise and severity, clean inputs first."""
    rows = study.accuracy[study.accuracy["contestant"] == contestant]
    keys = ["noise", "severity"]
    spiking, ann = (rows[rows["method"] == method] for method in ("spiking", "ann"))
    joined = spiking.merge(
        ann[[*keys, "accuracy", "low", "high"]], on=keys, how="left", suffixes=("", "_ann")
    )
    order = {noise: place for place, noise in enumerate(joined["noise"].unique())}
    joined = joined.sort_values(
        keys, key=lambda column: column.map(order) if column.name == "noise" else column
    )
    columns = [
        Column(("severity", "amount"), "severity:\nsetting", _condition),
        Column("accuracy", "accuracy", percent, numeric=True),
        Column(("low", "high"), "95 % interval\n(%)", percent_interval, numeric=True),
        Column("accuracy_ann", "ANN", percent, numeric=True),
        Column(("low_ann", "high_ann"), "95 % interval\n(%)", percent_interval, numeric=True),
        Column("latency_ms", "latency\n(ms)", "{:.3g}".format, numeric=True),
        Column("spikes", "spikes", "{:,.0f}".format, numeric=True),
        Column(("n", "seeds"), "n", "{:,.0f} × {:.0f}".format, numeric=True),
    ]
    return Table(
        joined.assign(kind=joined["noise"].map(name_of)),
        columns,
        "Accuracy of the spiking network with its 95 % interval, and of the trained network that it was made "
        "from (ANN) where the noise reaches it. Latency: median over trials. Spikes: per trial. n: trials × "
        "seeds of the noise.",
        group_by="kind",
        folded=f"Accuracy, latency and spikes of {contestant}",
        dense=True,
    )


def _condition(severity: float, amount: str) -> str:
    return f"{severity:.0f}: {amount}" if severity else "0"


def comparisons_table(comparisons: pd.DataFrame) -> Table:
    """Return the table of all comparisons: one row per question, pair and kind of noise."""
    corrected = "p_holm" in comparisons
    pairs = [
        f"{words.QUESTIONS.get(row.question, row.question)}\n{row['first']} less {row.second}"
        for _, row in comparisons.iterrows()
    ]
    p_holm = [Column("p_holm", "p, Holm", _p, numeric=True)] if corrected else []
    return Table(
        comparisons.assign(pair=pairs),
        [
            Column("noise", "noise", row_name),
            Column("difference", "difference\n(points)", points, numeric=True),
            Column(("low", "high"), "95 % interval", points_interval, numeric=True),
            Column("p", "p", _p, numeric=True),
            *p_holm,
            Column("n", "n", "{:,.0f}".format, numeric=True),
        ],
        "Accuracy of the first less that of the second, in the same noise, in points."
        f"{' Holm: corrected for all of these comparisons.' if corrected else ''} n: trials.",
        group_by="pair",
        folded="What helps: every comparison",
        dense=True,
    )


def _p(p: float) -> str:
    return probability(p).removeprefix("= ")


def _methods(study: NoiseStudy) -> list[Part]:
    summary = study.summary
    networks = Table(
        summary["contestants"],
        [
            Column("name", "network"),
            Column("model", "model", code),
            Column("about", "what it is", words=True),
        ],
        "Who is compared; the first one is judged by itself.",
    )
    facts = Facts(
        {
            "Data": summary["source"],
            "Trials": f"{plural(summary['n'], 'trial')} in each condition, the same ones in all; noise of "
            f"{plural(summary['seeds'], 'seed')}",
            "Noise of inputs": "Images and recordings get their noise before anything else, so that the "
            "trained network meets it too.",
            "Noise of networks": "Synapses, neurons and axons get theirs after the conversion; the trained "
            "network has none of them.",
            "Severities": "The settings of severities 1 to 5 are in the table of the noises; those of images "
            "are MNIST-C's where it has that noise, but for gentler ones of blur, as its own leave nothing "
            "of a digit.",
            f"Simulation of {study.main}": f"{plain(summary['duration_ms'])} ms in steps of "
            f"{plain(summary['dt_ms'])} ms, read by {summary['readout']}, device {summary['device']}",
            "Intervals": "95 %, over trials and seeds of the noise.",
        }
    )
    return [networks, facts, Text(REFERENCES, "reference")]
