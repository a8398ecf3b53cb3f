"""Figures of the timing experiment's page, with their captions."""

from __future__ import annotations

from bioscnn import plots
from bioscnn.experiments.timing import words
from bioscnn.experiments.timing.words import Shown
from bioscnn.report.page import Figure, Folded, Part


def controls(shown: Shown) -> Figure:
    """Draw what the decoders find in the control sets."""
    return Figure(
        lambda width: plots.control_sets(shown.controls, width=width),
        "Accuracy in % of the decoders on two sets of made-up spikes, clean and jittered",
        words.controls_caption(shown),
        of_recordings=False,
    )


def primary(shown: Shown) -> Figure:
    """Draw the differences of the primary family with their corrected intervals."""
    return Figure(
        lambda width: plots.primary_differences(shown.primary, shown.summary["margin"], width=width),
        "Differences of accuracy in points, one row per question that was asked in advance",
        words.primary_figure_caption(shown),
    )


def jitter(shown: Shown) -> Figure:
    """Draw accuracy against jitter, layer by layer."""
    return Figure(
        lambda width: plots.accuracy_against_jitter(
            shown.accuracy, chance=shown.summary["chance"], width=width
        ),
        f"Line charts of accuracy in % against the jitter of spikes in ms, in {len(shown.layers)} layers",
        words.jitter_caption(shown),
    )


def effects(shown: Shown) -> list[Part]:
    """Draw what the perturbations of each layer change, all layers but the first folded."""
    first, *others = (_effects_at(shown, layer) for layer in shown.layers)
    folded = zip(shown.layers[1:], others, strict=True)
    return [first, *(Folded(f"The same at {layer}", [figure]) for layer, figure in folded)]


def _effects_at(shown: Shown, layer: str) -> Figure:
    return Figure(
        lambda width: plots.perturbation_effects(shown.effects, layer, width=width),
        f"What each perturbation of layer {layer} does to the accuracy of each method, in points",
        words.effects_caption(shown, layer),
    )


def information(shown: Shown) -> Figure:
    """Draw the bits in single neurons."""
    return Figure(
        lambda width: plots.information_bars(shown.information, width=width),
        "Bar chart of the bits that a neuron carries about the class, by layer",
        words.information_caption(shown),
    )


def spikes(shown: Shown) -> list[Part]:
    """Draw what the unperturbed spikes are like."""
    from bioscnn import metrics, plots

    first, examples = shown.layers[0], shown.examples
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
    return [
        Figure(
            lambda width: plots.three_rates(*rates, window, width=width),
            f"Three firing rates of layer {first} in Hz",
            words.rates_caption(first, *rates, window),
        ),
        Figure(
            lambda width: plots.intervals_histogram(intervals, trains.dt, width=width),
            "Histogram of inter-spike intervals in ms, by layer",
            words.intervals_caption(shown),
        ),
        Figure(
            lambda width: plots.latency_distribution(latencies, trains.n_steps * trains.dt, width=width),
            "Share of neurons that have fired, against time in ms, by layer",
            words.latencies_caption(shown),
        ),
        Figure(
            lambda width: plots.distance_matrix(
                distances, shown.labels, shown.summary["classes"], name="van Rossum distance", width=width
            ),
            f"Matrix of the distances between {trains.n_trials} trials, sorted by class",
            words.distances_caption(shown, distances),
        ),
    ]
