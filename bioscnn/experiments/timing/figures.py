"""Figures of the timing experiment's page, with their captions."""

from __future__ import annotations

from bioscnn import plots
from bioscnn.experiments.timing import captions
from bioscnn.experiments.timing.captions import PageTables
from bioscnn.report.page import Figure, Folded, Part


def controls(tables: PageTables) -> Figure:
    """Draw what the decoders find in the control sets."""
    return Figure(
        lambda width: plots.control_sets(tables.controls, width=width),
        "Accuracy in % of the decoders on two sets of made-up spikes, clean and jittered",
        captions.controls_caption(tables),
        of_recordings=False,
    )


def primary(tables: PageTables) -> Figure:
    """Draw the differences of the primary family with their corrected intervals."""
    return Figure(
        lambda width: plots.primary_differences(tables.primary, tables.summary["margin"], width=width),
        "Differences of accuracy in points, one row per question that was asked in advance",
        captions.primary_figure_caption(tables),
    )


def jitter(tables: PageTables) -> Figure:
    """Draw accuracy against jitter, layer by layer."""
    return Figure(
        lambda width: plots.accuracy_against_jitter(
            tables.accuracy, chance=tables.summary["chance"], width=width
        ),
        f"Line charts of accuracy in % against the jitter of spikes in ms, in {len(tables.layers)} layers",
        captions.jitter_caption(tables),
    )


def effects(tables: PageTables) -> list[Part]:
    """Draw what the perturbations of each layer change, all layers but the first folded."""
    first, *others = (_effects_at(tables, layer) for layer in tables.layers)
    folded = zip(tables.layers[1:], others, strict=True)
    return [first, *(Folded(f"The same at {layer}", [figure]) for layer, figure in folded)]


def _effects_at(tables: PageTables, layer: str) -> Figure:
    return Figure(
        lambda width: plots.perturbation_effects(tables.effects, layer, width=width),
        f"What each perturbation of layer {layer} does to the accuracy of each method, in points",
        captions.effects_caption(tables, layer),
    )


def information(tables: PageTables) -> Figure:
    """Draw the bits in single neurons."""
    return Figure(
        lambda width: plots.information_bars(tables.information, width=width),
        "Bar chart of the bits that a neuron carries about the class, by layer",
        captions.information_caption(tables),
    )


def spikes(tables: PageTables) -> list[Part]:
    """Draw what the unperturbed spikes are like."""
    from bioscnn import metrics, plots

    first, examples = tables.layers[0], tables.examples
    trains = examples[first]
    window = trains.dt * captions.window_steps(trains.n_steps)
    rates = (
        metrics.time_averaged_rate(trains),
        metrics.population_rate(trains, window),
        metrics.trial_averaged_rate(trains, window),
    )
    intervals = {name: metrics.intervals(train) for name, train in examples.items()}
    latencies = {name: metrics.first_spike_latency(train).ravel() for name, train in examples.items()}
    distances = metrics.van_rossum_distance(trains, captions.TAU)
    return [
        Figure(
            lambda width: plots.three_rates(*rates, window, width=width),
            f"Three firing rates of layer {first} in Hz",
            captions.rates_caption(first, *rates, window),
        ),
        Figure(
            lambda width: plots.intervals_histogram(intervals, trains.dt, width=width),
            "Histogram of inter-spike intervals in ms, by layer",
            captions.intervals_caption(tables),
        ),
        Figure(
            lambda width: plots.latency_distribution(latencies, trains.n_steps * trains.dt, width=width),
            "Share of neurons that have fired, against time in ms, by layer",
            captions.latencies_caption(tables),
        ),
        Figure(
            lambda width: plots.distance_matrix(
                distances, tables.labels, tables.summary["classes"], name="van Rossum distance", width=width
            ),
            f"Matrix of the distances between {trains.n_trials} trials, sorted by class",
            captions.distances_caption(tables, distances),
        ),
    ]
