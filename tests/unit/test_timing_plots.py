"""The figures of spike times: what is drawn is what was given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from bioscnn import plots
from bioscnn.plots.timing_question import LOOKS

DT = 1e-3
METHODS = ("spiking network", "counts", "latencies", "ranks", "counts and times", "time-collapsed CNN")
SPIKES = (
    ("jitter", "jitter 1 ms", 1e-3, True), ("jitter", "jitter 20 ms", 20e-3, True),
    ("collapse", "collapse", None, True), ("first-spike", "first-spike", None, False),
)  # fmt: skip
"""Kind, label, severity, and whether counts are kept."""


def accuracies(spikes=(("clean", "clean", None, True), *SPIKES)):
    """One row per layer, perturbation and method; the network of collapsed recordings at the input alone."""
    rows = [
        {"layer": layer, "kind": kind, "label": label, "severity": severity, "keeps_counts": keeps,
         "method": method, "accuracy": 0.9 - 0.05 * k - 0.02 * i, "low": 0.5, "high": 0.95}
        for layer in ("input", "conv1")
        for k, (kind, label, severity, keeps) in enumerate(spikes)
        for i, method in enumerate(METHODS[: 6 if layer == "input" else 5])
    ]  # fmt: skip
    return pd.DataFrame(rows)


def effects():
    """Differences to clean spikes, of which two are significant."""
    table = accuracies(SPIKES).assign(difference=lambda rows: rows["accuracy"] - 0.9)
    table["significant"] = table["label"].isin(["collapse", "first-spike"])
    return table


def controls():
    """One row per set of controls and method, of which one is not as expected."""
    rows = [
        {"set": name, "label": "clean", "method": method, "accuracy": 0.3, "low": 0.2, "high": 0.4,
         "chance": 0.1, "passed": (name, method) != ("timing only", "ranks")}
        for name in ("timing only", "counts only") for method in ("counts", "ranks")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def information():
    """One row per layer and response."""
    rows = [
        {"layer": layer, "response": response, "bits": 0.1 * (k + 1), "low": 0, "high": 1, "shuffled": 0.001}
        for layer in ("input", "conv1")
        for k, response in enumerate(("count", "latency", "both"))
    ]
    return pd.DataFrame(rows)


def rates():
    """Rates of a population that fires more in the second half: by neuron, by step, and by both."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(1, 20, 60)[:, None] * np.repeat([0.5, 1.5], 15)
    spikes = rng.poisson(rate * 0.01, (40, 60, 30))
    return spikes.sum(2) / 0.3, spikes.mean(1) / 0.01, spikes.mean(0) / 0.01


def lines_named(figure: Figure, panel: int, name: str):
    return [line for line in figure.axes[panel].lines if line.get_label() == name]


def stairs_of(axes):
    return [patch.get_data() for patch in axes.patches]


def test_the_three_rates_of_one_population_share_their_scale_and_their_mean():
    """Neurons fire more in the second half, which the first rate cannot show."""
    by_neuron, population, by_both = rates()
    figure = plots.three_rates(by_neuron, population, by_both, 0.01)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    marked = [axes.lines[-1].get_ydata()[0] for axes in figure.axes]
    assert marked == pytest.approx([population.mean()] * 3)
    courses = [stairs_of(axes)[-1].values for axes in figure.axes[1:]]
    np.testing.assert_allclose(courses[0], courses[1])
    assert courses[0][20:].mean() > 2 * courses[0][:10].mean()


def test_a_silent_population_has_three_rates_of_zero():
    plots.to_svg(plots.three_rates(np.zeros((3, 4)), np.zeros((3, 5)), np.zeros((4, 5)), 10e-3))


def test_equal_areas_of_the_interval_histogram_are_equally_many_intervals():
    intervals = {"a": np.arange(1, 301) * DT, "b": np.array([3, 3, 3, 70]) * DT}
    for values, (heights, edges, _) in zip(
        intervals.values(), stairs_of(plots.intervals_histogram(intervals, DT).axes[0]), strict=True
    ):
        assert np.sum(heights * np.diff(np.log10(edges))) == pytest.approx(100)
        expected = np.histogram(1e3 * values, edges)[0] / len(values)
        np.testing.assert_allclose(heights * np.diff(np.log10(edges)) / 100, expected)


def test_a_latency_curve_rises_at_each_first_spike_to_the_share_that_fires():
    latencies = {"conv1": np.array([[0.02, 0.05], [np.nan, 0.05]]), "output": np.full((2, 2), np.nan)}
    fired, silent = plots.latency_distribution(latencies, 0.3).axes[0].lines
    assert np.asarray(fired.get_xdata()).tolist() == pytest.approx([0, 20, 50, 300])
    assert np.asarray(fired.get_ydata()).tolist() == [0, 25, 75, 75]
    assert np.asarray(silent.get_ydata()).tolist() == [0, 0]
    assert silent.get_label() == "output  100 % silent"


def test_distances_are_sorted_by_class_with_a_line_at_each_border():
    distances = np.arange(25.0).reshape(5, 5)
    labels = np.array([2, 0, 2, 0, 0])
    axes = plots.distance_matrix(distances, labels, ["a", "b", "c"], name="d", unit="ms").axes[0]
    order = [1, 3, 4, 0, 2]
    np.testing.assert_array_equal(axes.images[0].get_array(), distances[np.ix_(order, order)])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "c"]
    assert {line.get_ydata()[0] for line in axes.lines[::2]} == {2.5}


def test_the_diagonal_does_not_set_the_colours_of_distances():
    distances = 3.0 + np.arange(16).reshape(4, 4)
    np.fill_diagonal(distances, 0)
    for shown in (distances, np.zeros((1, 1))):
        image = plots.distance_matrix(shown, np.zeros(len(shown), int), ["a"], name="d").axes[0].images[0]
        assert image.get_clim() == ((4, 17) if len(shown) > 1 else image.get_clim())


def test_separation_is_drawn_by_time_scale_whatever_the_order_of_the_rows():
    scale = np.array([1e-3, 10e-3, 100e-3])
    table = pd.DataFrame(
        {
            "spikes": ["a"] * 3 + ["b"] * 3,
            "scale": [*scale, *scale[::-1]],
            "within": 2.0,
            "between": [2.0, 3, 4, 8, 6, 2],
            "share": [0.5, 0.6, 0.7, 1, 0.8, 0.5],
        }
    ).assign(low=lambda rows: rows["share"] - 0.1, high=lambda rows: rows["share"] + 0.1)
    figure = plots.separation_by_scale(table)
    ratios, shares = figure.axes
    for k, (ratio, share) in enumerate((([1, 1.5, 2], [50, 60, 70]), ([1, 3, 4], [50, 80, 100]))):
        np.testing.assert_allclose(ratios.lines[k].get_xdata(), 1e3 * scale)
        np.testing.assert_allclose(ratios.lines[k].get_ydata(), ratio)
        np.testing.assert_allclose(shares.lines[k].get_ydata(), share)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "chance"]
    assert [text.get_text() for text in shares.get_xticklabels()] == ["1", "10", "100"]


def test_accuracy_is_drawn_in_percent_against_every_jitter_from_none_on():
    table = accuracies()
    figure = plots.accuracy_against_jitter(table, chance=0.1)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["input", "conv1"]
    ticks = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert ticks == ["0", "1", "20"]
    (line,) = lines_named(figure, 1, "latencies")
    rows = table[(table["layer"] == "conv1") & (table["method"] == "latencies")]
    chosen = rows[rows["kind"].isin(("clean", "jitter"))]
    np.testing.assert_allclose(line.get_ydata(), 100 * chosen["accuracy"])
    assert len(lines_named(figure, 0, "time-collapsed CNN")) == 1
    assert lines_named(figure, 1, "time-collapsed CNN") == []


def test_rows_in_another_order_give_the_same_line():
    table = accuracies()
    shuffled = table.sample(frac=1, random_state=1)
    (line,) = lines_named(plots.accuracy_against_jitter(table), 0, "ranks")
    panel = list(shuffled["layer"].unique()).index("input")
    (other,) = lines_named(plots.accuracy_against_jitter(shuffled), panel, "ranks")
    np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())


def test_effects_stand_in_two_groups_each_method_at_its_perturbation_and_full_if_significant():
    table = effects()
    kept, changed = plots.perturbation_effects(table, "input").axes
    assert [text.get_text() for text in changed.get_yticklabels()] == ["first-spike"]
    assert [text.get_text() for text in kept.get_yticklabels()] == ["jitter 1 ms", "jitter 20 ms", "collapse"]
    (drawn,) = (dots for dots in kept.collections if dots.get_label() == "counts and times")
    rows = table.query("layer == 'input' and method == 'counts and times' and keeps_counts")
    place = np.asarray(drawn.get_offsets())
    np.testing.assert_allclose(place[:, 0], 100 * rows["difference"])
    assert np.rint(place[:, 1]).tolist() == [0, 1, 2]
    filled = [np.allclose(face, to_rgba(LOOKS["counts and times"][0])) for face in drawn.get_facecolors()]
    assert filled == [False, False, True]


def test_a_control_that_failed_is_crossed_out():
    figure = plots.control_sets(controls())
    timing_only, counts_only = (lines_named(figure, panel, "not as expected") for panel in (0, 1))
    assert counts_only == []
    assert timing_only[0].get_xydata().tolist() == [[30, 1]]


def test_bars_are_bits_and_the_shuffle_control_is_marked():
    axes = plots.information_bars(information()).axes[0]
    for k, bars in enumerate(axes.containers):
        np.testing.assert_allclose([bar.get_height() for bar in bars], 0.1 * (k + 1))
    marks = [c for c in axes.collections if c.get_label() == "shuffled classes"]
    assert {float(y) for mark in marks for segment in mark.get_segments() for y in segment[:, 1]} == {0.001}
