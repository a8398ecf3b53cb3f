"""The page of a filter study: which cells of the retina help, clean and in noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import percent, plural, points, probability, render_template, write_page

if TYPE_CHECKING:
    import pandas as pd

    from bioscnn.report.filters_folder import FilterStudy
    from bioscnn.report.pictures import Picture

PIXELS = "pixels"


def write_filters_report(folder: Path) -> Path:
    """Write the ``report.html`` of a filter study into its folder.

    The page is one file that loads nothing else.

    Parameters
    ----------
    folder : Path
        With ``table.csv``, ``means.csv``, ``comparisons.csv`` and ``summary.json``; see
        `bioscnn.report.filters_folder` for what they hold.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the study is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.filters_folder import read_filters

    return write_page(folder, render_filters(read_filters(folder)))


def render_filters(study: FilterStudy) -> str:
    """Return the page of a filter study as HTML."""
    from bioscnn.noise import find_noise
    from bioscnn.plots.filters import NOISES, ORDERS
    from bioscnn.report.filters_folder import FIX

    means = study.means
    values: dict[str, Any] = {
        "summary": study.summary,
        "headlines": headlines(study),
        "figures": draw_filter_figures(study),
        "noises": {
            NOISES[name].capitalize(): (noise.__doc__ or "").partition("\n")[0]
            + f" Severity 1 to {len(noise.LEVELS)}: {', '.join(f'{level:g}' for level in noise.LEVELS)}."
            for name, noise in [(name, find_noise(name)) for name in NOISES if name != "none"]
        },
        "n_front_ends": means["label"].nunique(),
        "compared": [
            [_compared(row) for _, row in group.iterrows()]
            for _, group in study.comparisons.groupby(["question", "a", "b"], sort=False)
        ],
        "tables": {
            ORDERS[ranked]: [
                [_row(row) for _, row in group.iterrows()]
                for _, group in means[means["rank_order"] == ranked].groupby("label", sort=False)
            ]
            for ranked in ORDERS
        },
    }
    return render_template("filters.html", values, FIX)


def headlines(study: FilterStudy) -> list[dict[str, str]]:
    """Return the numbers to begin with: name, value and note of each."""
    best, filtered = study.summary["best"], study.summary["best_filtered"]
    chosen = {best: "Chosen, of all", filtered: "Chosen, of those with cells", PIXELS: "Pixels, no cells"}
    if best == filtered:
        chosen[best] = "Chosen"
    found = []
    for label, name in chosen.items():
        if label in set(study.means["label"]):
            row = study.of(label)
            note = f"{'' if label == PIXELS else f'{label}; '}95 %: {_interval(row)}"
            found.append({"name": name, "value": percent(row.accuracy), "note": note})
    return found


def draw_filter_figures(study: FilterStudy) -> dict[str, Picture]:
    """Draw the figures of the page by name."""
    from bioscnn import plots
    from bioscnn.report.pictures import wide

    means, labels = study.means, _stressed(study)
    return {
        "accuracies": wide(
            lambda width: plots.front_end_accuracies(means, width=width),
            f"Accuracy in % of {plural(means['label'].nunique(), 'front end')}, clean and in noise",
            accuracies_caption(study),
        ),
        "noise": wide(
            lambda width: plots.accuracy_in_noise(means, labels, width=width),
            f"Line charts of the accuracy in % of {plural(len(labels), 'front end')} against noise",
            noise_caption(study),
        ),
    }


def _stressed(study: FilterStudy) -> list[str]:
    """Return the front ends that are drawn as lines: pixels, those that were chosen, and all cells."""
    from bioscnn.encoding import FOVEAL_PIT

    summary, known = study.summary, set(study.means["label"])
    asked = (
        PIXELS,
        summary["best"],
        summary["best_filtered"],
        summary["best_in_noise"],
        " + ".join(FOVEAL_PIT),
    )
    return [label for label in dict.fromkeys(asked) if label in known]


def accuracies_caption(study: FilterStudy) -> str:
    """Say between what the accuracies lie, and how the table is read."""
    clean = study.means[study.means["noise"] == "none"].sort_values("accuracy")
    worst, best = clean.iloc[0], clean.iloc[-1]
    return (
        f"Accuracy in %, mean over {plural(study.summary['n_seeds'], 'seed')}, each of "
        f"{plural(study.summary['n_test'], 'test image')}. On clean images it lies between "
        f"{percent(worst.accuracy)} ({worst.label}) and {percent(best.accuracy)} ({best.label}). Black "
        "dots: the cells of a front end. Bold: the highest of a condition; none was chosen by that, but by "
        "validation images."
    )


def noise_caption(study: FilterStudy) -> str:
    """Say what the strongest noise leaves of the pixels and of the front end that was chosen in noise."""
    from bioscnn.plots.filters import NOISES

    told = []
    label = study.summary["best_in_noise"]
    for noise, rows in study.means[study.means["noise"] != "none"].groupby("noise", sort=False):
        severity = rows["severity"].max()
        of = rows[rows["severity"] == severity].set_index("label")["accuracy"]
        told.append(
            f"{NOISES[str(noise)]} of severity {severity:g} leaves {percent(of[label])} of {label}"
            + (f", {percent(of[PIXELS])} of the pixels" if PIXELS in of and label != PIXELS else "")
        )
    return f"{'; '.join(told)}. Severity 0: clean images. Bands: 95 % Wilson intervals."


def _interval(row: pd.Series) -> str:
    return f"[{100 * row.low:.2f}, {100 * row.high:.2f}]"


def _condition(row: pd.Series) -> str:
    from bioscnn.plots.filters import NOISES

    return NOISES[row.noise] + ("" if row.noise == "none" else f" {row.severity:g}")


def _compared(row: pd.Series) -> dict[str, str]:
    return {
        "question": row.question,
        "pair": f"{row.b} against {row.a}",
        "condition": _condition(row),
        "difference": points(row.difference),
        "interval": f"[{points(row.low)}, {points(row.high)}]",
        "p": probability(row.p).removeprefix("= "),
        "p_holm": probability(row.p_holm).removeprefix("= "),
    }


def _row(row: pd.Series) -> dict[str, str]:
    return {
        "label": row.label,
        "condition": _condition(row),
        "accuracy": percent(row.accuracy),
        "interval": _interval(row),
        "seeds": f"{100 * row.lowest:.2f} to {100 * row.highest:.2f}",
        "ann": percent(row.ann_accuracy),
        "spikes": f"{row.spikes:,.0f}",
        "latency": f"{row.latency_ms:.3g}",
    }
