"""The figures of what noise does before it costs accuracy: what is drawn is what was measured."""

import numpy as np
import pytest

from bioscnn import plots

CURRENT = 1e-9 * np.array([0.1, 0.2, 0.4])
RATES = np.stack([np.arange(101.0), np.full(101, 30.0), np.arange(101.0) + 50])  # of 101 cells


def test_a_line_is_the_mean_of_the_cells_and_its_band_holds_nine_in_ten_of_them():
    figure = plots.rates_in_noise(CURRENT, {"a noise": {"2 mV": RATES}}, np.array([0.0, 1.0, 2.0]), 0.2e-9)
    (axes,) = figure.axes
    mean, *cells, clean, _ = axes.lines
    np.testing.assert_allclose([cell.get_ydata() for cell in cells], RATES[:, [10, 50, 90]].T)
    np.testing.assert_allclose(mean.get_xydata(), [[0.1, 50], [0.2, 30], [0.4, 100]])
    np.testing.assert_allclose(clean.get_xydata(), [[0.1, 0], [0.2, 1], [0.4, 2]])
    outline = axes.collections[0].get_paths()[0].vertices
    at_first = outline[np.isclose(outline[:, 0], 0.1), 1]
    assert (at_first.min(), at_first.max()) == pytest.approx((5, 95))


def test_each_kind_of_noise_has_a_panel_on_one_scale():
    kinds = {"one": {"2 mV": RATES}, "another": {"CV 0.1": RATES, "CV 0.3": 3 * RATES}}
    one, another = plots.rates_in_noise(CURRENT, kinds, np.zeros(3), 0.2e-9).axes
    assert [axes.get_title(loc="left") for axes in (one, another)] == ["one", "another"]
    assert one.get_ylim() == another.get_ylim()
    assert [text.get_text() for text in another.get_legend().get_texts()] == ["CV 0.1", "CV 0.3", "no noise"]


def test_spikes_are_drawn_as_a_share_of_those_without_noise():
    axes = plots.spikes_left((0.0, 0.5), {"conv1": (800, 800), "conv2": (400, 100)}, name="spikes lost").axes[
        0
    ]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["conv1"], [[0, 100], [50, 100]])
    np.testing.assert_allclose(lines["conv2"], [[0, 100], [50, 25]])
    np.testing.assert_allclose(lines["those that arrive"], [[0, 100], [50, 50]])
