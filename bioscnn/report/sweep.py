"""The page of a sweep: which parameters matter, and what comes out where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import render_template, write_page

if TYPE_CHECKING:
    from bioscnn.report.pictures import Picture
    from bioscnn.report.sweep_folder import SweepStudy


def write_sweep_report(folder: Path) -> Path:
    """Write the ``report.html`` of a sweep into its folder.

    The page is one file that loads nothing else.

    Parameters
    ----------
    folder : Path
        With ``points.csv``, ``summary.json``, ``sweep.toml``, and what `bioscnn.report.sweep_folder` says of
        designs that effects are computed from.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the sweep is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.sweep_folder import read_sweep_folder

    return write_page(folder, render_sweep(read_sweep_folder(folder)))


def render_sweep(study: SweepStudy) -> str:
    """Return the page of a sweep as HTML."""
    from bioscnn.plots.parameters import outcome_of
    from bioscnn.report import sweep_words as words
    from bioscnn.report.sweep_folder import FIX

    values: dict[str, Any] = {
        "study": study,
        "summary": study.summary,
        "question": words.QUESTIONS[study.kind],
        "design": words.DESIGNS[study.kind],
        "judged": words.is_judged(study),
        "headlines": words.headlines(study),
        "figures": draw_sweep_figures(study),
        "effects": list(words.effects_tables(study)),
        "extremes": words.extremes(study),
        "outcomes": [outcome_of(name) for name in study.outcomes],
        "failures": words.failures(study),
    }
    return render_template("sweep.html", values, FIX)


def draw_sweep_figures(study: SweepStudy) -> dict[str, Picture]:
    """Draw the figures of the page by name; those that the design and what came out allow."""
    return {
        name: figure.simulated if study.simulated else figure
        for name, figure in (_effects(study) | _points(study)).items()
    }


def _effects(study: SweepStudy) -> dict[str, Picture]:
    """Draw what is known of effects."""
    from bioscnn import plots
    from bioscnn.plots.parameters import outcome_of
    from bioscnn.report import sweep_words as words
    from bioscnn.report.pictures import wide

    found: dict[str, Picture] = {}
    name, effects = outcome_of(study.main).name, study.effects
    keys = [parameter.key for parameter in study.order]
    if effects is not None and study.kind == "morris":
        found["effects"] = wide(
            lambda width: plots.morris_plane(effects[effects["outcome"] == study.main], width=width),
            f"Scatter plot of the mean size of the effects of parameters on {name} against their spread",
            words.effects_caption(study),
        )
        found["bars"] = wide(
            lambda width: plots.effect_bars(effects, width=width),
            "Bar charts of the mean size of the effects of parameters, an outcome each",
            words.bars_caption(study),
        )
    elif effects is not None:
        found["effects"] = wide(
            lambda width: plots.sobol_bars(effects, width=width),
            "Bar charts of the share of the variance that each parameter makes, an outcome each",
            words.effects_caption(study),
        )
    pairs = study.interactions
    pairs = None if pairs is None else pairs[pairs["outcome"] == study.main].dropna()
    if pairs is not None and len(pairs) > 1:
        found["interactions"] = wide(
            lambda width: plots.interactions(pairs, keys, width=width),
            f"Triangle of the shares of the variance of {name} that pairs of parameters make",
            words.interactions_caption(study),
        )
    if study.alone is not None:
        alone, measured = study.alone, [one for one in study.outcomes if one in study.alone]
        moved = [one for one in study.order if one.key in set(alone["parameter"])]
        found["alone"] = wide(
            lambda width: plots.one_at_a_time(
                alone, moved, measured, trials=study.summary["trials"], width=width
            ),
            "Line charts of the outcomes while one parameter goes through its range",
            words.alone_caption(study),
        )
    return found


def _points(study: SweepStudy) -> dict[str, Picture]:
    """Draw the points themselves."""
    from bioscnn import plots
    from bioscnn.plots.parameters import outcome_of
    from bioscnn.report import sweep_words as words
    from bioscnn.report.pictures import wide

    points, main, order = study.done.dropna(subset=[study.main]), study.main, study.order
    name, found = outcome_of(study.main).name, {}
    if points.empty:
        return {}
    if len(order) > 1:
        x, y = order[:2]
        found["surface"] = wide(
            lambda width: plots.response_surface(points, x, y, main, width=width),
            f"Map of {name} over two parameters",
            words.surface_caption(study, x, y),
        )
    found["main"] = wide(
        lambda width: plots.main_effects(points, order, main, width=width),
        f"Small charts of {name} against each parameter",
        words.main_caption(study),
    )
    if len(order) > 2:
        found["parallel"] = wide(
            lambda width: plots.parallel_coordinates(points, order, main, width=width),
            f"Lines through the values of all parameters, coloured by {name}",
            words.parallel_caption(study),
        )
    return found
