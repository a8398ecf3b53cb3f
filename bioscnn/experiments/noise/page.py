"""The page of a noise study: what noise destroys first, and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import percent, render_template, write_page

if TYPE_CHECKING:
    import pandas as pd

    from bioscnn.report.noise_folder import NoiseStudy
    from bioscnn.report.pictures import Picture


def write_noise_report(folder: Path) -> Path:
    """Write the ``report.html`` of a noise study into its folder.

    The page is one file that loads nothing else.

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
    from bioscnn.report.noise_folder import read_noise

    return write_page(folder, render_noise(read_noise(folder)))


def render_noise(study: NoiseStudy) -> str:
    """Return the page of a noise study as HTML."""
    from bioscnn.report import noise_words as words
    from bioscnn.report.noise_folder import FIX

    values: dict[str, Any] = {
        "study": study,
        "summary": study.summary,
        "headlines": words.headlines(study),
        "figures": draw_noise_figures(study),
        "kinds": words.kinds(study),
        "tables": {entry["name"]: _numbers(study, entry["name"]) for entry in study.summary["contestants"]},
        "compared": words.compared(study),
        "corrected": "p_holm" in study.comparisons,
    }
    return render_template("noise.html", values, FIX)


def draw_noise_figures(study: NoiseStudy) -> dict[str, Picture]:
    """Draw the figures of the page by name; ``gallery`` only if the study has pictures."""
    from bioscnn import plots
    from bioscnn.report import noise_words as words
    from bioscnn.report.pictures import wide

    accuracy, chance, severity = study.accuracy, study.chance, study.severity
    figures = {
        "fall": wide(
            lambda width: plots.first_to_fall(accuracy, severity, chance=chance, width=width),
            f"Bar chart of the accuracy in points that {study.main} loses to each kind of noise",
            words.fall_caption(study),
        ),
        "curves": wide(
            lambda width: plots.noise_curves(accuracy, chance=chance, width=width),
            "Line charts of accuracy in % against severity, a panel a kind of noise, a line a network",
            words.curves_caption(study),
        ),
        "helps": wide(
            lambda width: plots.what_helps(study.comparisons, width=width),
            "Differences of accuracy in points between two networks in each kind of noise, with intervals",
            words.helps_caption(study),
        ),
        "activity": wide(
            lambda width: plots.latency_and_spikes(accuracy, width=width),
            "Tables of median latency in ms and spikes a trial by kind of noise and severity, coloured",
            words.activity_caption(study),
        ),
    }
    if study.names:
        figures["gallery"] = wide(
            lambda width: plots.gallery(study.names, study.pictures, width=width),
            "Pictures of one example, clean and in noise of rising severity",
            words.gallery_caption(study),
        )
    return {
        name: figure.simulated if study.summary["simulated"] else figure for name, figure in figures.items()
    }


def _numbers(study: NoiseStudy, contestant: str) -> list[list[dict[str, str]]]:
    """Return the rows of the table of a contestant, a list a kind of noise, clean inputs first."""
    rows = study.accuracy[study.accuracy["contestant"] == contestant]
    keys = ["noise", "severity"]
    spiking, ann = (rows[rows["method"] == method] for method in ("spiking", "ann"))
    joined = spiking.merge(
        ann[[*keys, "accuracy", "low", "high"]], on=keys, how="left", suffixes=("", "_ann")
    )
    return [
        [_row(row) for _, row in group.sort_values("severity").iterrows()]
        for _, group in joined.groupby("noise", sort=False)
    ]


def _row(row: pd.Series) -> dict[str, str]:
    from bioscnn.plots.noise import name_of
    from bioscnn.report.noise_words import interval

    ann = row.accuracy_ann == row.accuracy_ann  # not NaN
    return {
        "noise": name_of(row.noise),
        "condition": f"{row.severity:.0f}: {row.amount}" if row.severity else "0",
        "accuracy": percent(row.accuracy),
        "interval": interval(row),
        "ann": percent(row.accuracy_ann) if ann else "",
        "ann_interval": f"[{100 * row.low_ann:.2f}, {100 * row.high_ann:.2f}]" if ann else "",
        "latency": f"{row.latency_ms:.3g}" if row.latency_ms == row.latency_ms else "",
        "spikes": f"{row.spikes:,.0f}" if row.spikes == row.spikes else "",
        "n": f"{row.n:,.0f} × {row.seeds:.0f}",
    }
