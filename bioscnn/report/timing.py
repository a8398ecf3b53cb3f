"""The page of a timing study: what the times of spikes carry that their number does not."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import render_template, write_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bioscnn.report.pictures import Picture
    from bioscnn.report.timing_folder import TimingStudy


def write_timing_report(folder: Path) -> Path:
    """Write the ``report.html`` of a timing study into its folder.

    The page is one file that loads nothing else.

    Parameters
    ----------
    folder : Path
        With ``accuracy.csv``, ``comparisons.csv``, ``controls.csv``, ``information.csv``, ``verdict.json``
        and ``summary.json``; see `bioscnn.report.timing_folder` for what they hold.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the study is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.timing_folder import read_timing

    return write_page(folder, render_timing(read_timing(folder)))


def render_timing(study: TimingStudy) -> str:
    """Return the page of a timing study as HTML."""
    from bioscnn.report import timing_words as words
    from bioscnn.report.timing_folder import FIX

    methods = study.accuracy["method"].unique()
    values: dict[str, Any] = {
        "study": study,
        "summary": study.summary,
        "verdict": study.verdict,
        "failed": words.expectations(study)[1],
        "headlines": words.headlines(study),
        "methods": {name: words.METHODS.get(name, "") for name in methods},
        "families": words.families(study),
        "figures": draw_timing_figures(study),
        "ours": study.accuracy[
            (study.accuracy["layer"] == study.layers[0]) & (study.accuracy["family"] == "clean")
        ].to_dict("records"),
        "tables": {
            layer: [group.to_dict("records") for _, group in rows.groupby("label", sort=False)]
            for layer, rows in study.accuracy.groupby("layer", sort=False)
        },
        "compared": words.compared(study),
        "controls": study.controls.to_dict("records"),
        "information": study.information.to_dict("records"),
    }
    return render_template("timing.html", values, FIX)


def draw_timing_figures(study: TimingStudy) -> dict[str, Picture]:
    """Draw the figures of the page by name; those of the perturbations are named ``effects-LAYER``."""
    from bioscnn import plots
    from bioscnn.report import timing_words as words
    from bioscnn.report.pictures import wide

    chance = study.summary["chance"]
    figures = {
        "jitter": wide(
            lambda width: plots.accuracy_against_jitter(study.accuracy, chance=chance, width=width),
            f"Line charts of accuracy in % against the jitter of spikes in ms, in {len(study.layers)} layers",
            words.jitter_caption(study),
        ),
        "information": wide(
            lambda width: plots.information_bars(study.information, width=width),
            "Bar chart of the bits that a neuron carries about the class, by layer",
            words.information_caption(study),
        ),
    }
    for layer in study.layers:
        figures[f"effects-{layer}"] = wide(
            partial(_draw_effects, study, layer),
            f"What each perturbation of layer {layer} does to the accuracy of each method, in points",
            words.effects_caption(study, layer),
        )
    figures |= _draw_spikes(study)
    if study.summary["simulated"]:
        figures = {name: figure.simulated for name, figure in figures.items()}
    controls = wide(
        lambda width: plots.control_sets(study.controls, width=width),
        "Accuracy in % of the decoders on two sets of made-up spikes, clean and jittered",
        words.controls_caption(study),
    )
    return {**figures, "controls": controls}


def _draw_spikes(study: TimingStudy) -> dict[str, Picture]:
    """Draw what the unperturbed spikes are like."""
    from bioscnn import metrics, plots
    from bioscnn.report import timing_words as words
    from bioscnn.report.pictures import wide

    first, examples = study.layers[0], study.examples
    trains = examples[first]
    window = trains.dt * words.window_steps(trains.n_steps)
    rates = (
        metrics.time_averaged_rate(trains),
        metrics.population_rate(trains, window),
        metrics.trial_averaged_rate(trains, window),
    )
    intervals = {name: metrics.intervals(train) for name, train in examples.items()}
    latencies = {name: metrics.first_spike_latency(train).ravel() for name, train in examples.items()}
    distances = metrics.van_rossum_distance(trains, words.TAU)
    return {
        "rates": wide(
            lambda width: plots.three_rates(*rates, window, width=width),
            f"Three firing rates of layer {first} in Hz",
            words.rates_caption(first, *rates, window),
        ),
        "intervals": wide(
            lambda width: plots.intervals_histogram(intervals, trains.dt, width=width),
            "Histogram of inter-spike intervals in ms, by layer",
            words.intervals_caption(study),
        ),
        "latencies": wide(
            lambda width: plots.latency_distribution(latencies, trains.n_steps * trains.dt, width=width),
            "Share of neurons that have fired, against time in ms, by layer",
            words.latencies_caption(study),
        ),
        "distances": wide(
            lambda width: plots.distance_matrix(
                distances, study.labels, study.summary["classes"], name="van Rossum distance", width=width
            ),
            f"Matrix of the distances between {trains.n_trials} trials, sorted by class",
            words.distances_caption(study, distances),
        ),
    }


def _draw_effects(study: TimingStudy, layer: str, width: float) -> Figure:
    from bioscnn import plots

    return plots.perturbation_effects(study.accuracy, layer, width=width)
