"""The figures of a neuron, of a conversion, and of cells' tuning: what is drawn is what was given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from bioscnn import plots
from bioscnn.encoding import FOVEAL_PIT
from bioscnn.neurons import postsynaptic_potential
from bioscnn.plots.style import TRUE, WRONG
from tests.unit.test_plots import CURRENT, DT, RATES


def test_potentials_are_drawn_in_millivolts_at_the_ends_of_their_steps():
    time = np.linspace(0, 0.03, 31)
    closed = {"slow": postsynaptic_potential(time, 1e-9, 100e6, 20e-3, 5e-3)}
    axes = plots.postsynaptic_potentials({"slow": closed["slow"][1:]}, DT, time, closed).axes[0]
    line, dots = (axes.lines[k].get_xydata() for k in (1, 2))
    np.testing.assert_allclose(line, np.stack([1e3 * time, 1e3 * closed["slow"]], axis=1))
    np.testing.assert_allclose(dots, line[1:], atol=1e-9)
    assert "peak 15.7" in axes.get_legend().get_texts()[0].get_text()


def test_a_trace_begins_at_rest_and_the_refractory_period_follows_its_spike():
    potential = {"held": np.full(20, 5e-3), "free": np.zeros(40)}
    spikes = {"held": np.array([4e-3, 9e-3]), "free": np.empty(0)}
    held, free = plots.membrane_traces(
        potential, spikes, 20e-3, 20e-3, t_ref={"held": 2e-3, "free": 1e-3}
    ).axes
    np.testing.assert_allclose(held.lines[1].get_xydata()[:2], [[0, 0], [1, 5]])
    np.testing.assert_allclose(free.lines[1].get_xdata()[[0, 1, -1]], [0, 0.5, 20])
    np.testing.assert_allclose([window.get_x() for window in held.patches], [4, 9])
    np.testing.assert_allclose([window.get_width() for window in held.patches], 2)
    assert (len(free.patches), free.get_title(loc="left")) == (0, "free: 0 spikes")
    assert held.get_title(loc="left") == "held: 2 spikes"


def test_a_simulated_rate_has_the_colour_of_its_closed_form():
    figure = plots.rate_curves(CURRENT, {"a": RATES, "b": 2 * RATES}, CURRENT, {"b": 2 * RATES, "a": RATES})
    axes = figure.axes[0]
    a, b, b_dots, a_dots = axes.lines
    assert a.get_color() == a_dots.get_color() != b.get_color() == b_dots.get_color()
    np.testing.assert_allclose(b_dots.get_xydata(), np.stack([1e9 * CURRENT, 2 * RATES], axis=1))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_an_error_is_drawn_in_percent_beside_what_theory_says():
    error = {"zero": np.array([np.nan, -0.1, -0.2])}
    expected = {"zero": np.array([np.nan, -0.11, -0.21])}
    axes = plots.rate_errors(np.array([1, 2, 3]) * 1e-9, error, expected=expected, rheobase=1e-9).axes[0]
    _, theory, dots, mark = axes.lines
    np.testing.assert_allclose(theory.get_ydata(), [np.nan, -11, -21])
    np.testing.assert_allclose(dots.get_xydata(), [[1, np.nan], [2, -10], [3, -20]])
    assert mark.get_xdata()[0] == 1


def test_weights_are_drawn_in_nA_as_shares_that_add_up():
    values = np.array([-1.0, 0.5, 0.5, 1.0]) * 1e-9
    axes = plots.weight_histograms({"one": values}, to_fire=0.75e-9).axes[0]
    share = {TRUE: 0.0, WRONG: 0.0}
    for bar in axes.patches:
        colour = to_hex(bar.get_facecolor())
        assert colour == (TRUE if bar.get_x() + bar.get_width() / 2 > 0 else WRONG)
        share[colour] += bar.get_height()
    assert share == pytest.approx({WRONG: 25, TRUE: 75})
    assert axes.get_title(loc="left") == "one\n4 weights, 75 % excite"
    assert axes.lines[0].get_xdata()[0] == pytest.approx(0.75)
    assert not plots.weight_histograms({"one": values}, to_fire=2e-9).axes[0].lines


def test_the_error_of_a_rate_is_what_lies_between_it_and_the_wanted_one():
    activation = np.linspace(0, 1, 5)
    curves, errors = plots.activation_rates(activation, {"m": 210 * activation}, 200 * activation).axes
    np.testing.assert_allclose(curves.lines[1].get_ydata(), 210 * activation)
    np.testing.assert_allclose(errors.lines[1].get_xydata(), np.stack([100 * activation, 10 * activation], 1))


def test_a_larger_cell_answers_most_to_a_coarser_grating():
    axes = plots.spatial_tuning(list(FOVEAL_PIT.values()), image_size=28).axes[0]
    best = [line.get_xdata()[line.get_ydata().argmax()] for line in axes.lines[:4]]
    assert best == sorted(best)
    # A grating that answers most has about the surround's reach between two bars: far above the centre.
    for period, cell in zip(best, FOVEAL_PIT.values(), strict=True):
        assert 4 * cell.sigma < period < 15 * cell.sigma
    assert axes.lines[4].get_xdata()[0] == 28


def test_cells_that_stay_silent_are_not_drawn():
    coefficients, counts = np.array([0.0, 0.2, 1.0]), np.array([0, 0, 4])
    latency = np.array([np.nan, np.nan, 2e-3])
    first, often = plots.spikes_of_coefficients(coefficients, {"c": latency}, {"c": counts}).axes
    np.testing.assert_allclose(first.lines[0].get_xydata(), [[100, 2]])
    np.testing.assert_allclose(often.lines[0].get_xydata(), [[100, 4]])


def test_the_circuit_names_its_parts_and_shows_the_pulse_and_the_potential():
    current, potential = np.repeat([0, 1e-10, 0], [20, 40, 40]), np.linspace(0, 0.01, 100)
    figure = plots.rc_circuit(current, potential, 1e-3, R_m=1e8, C_m=2e-10, V_th=0.02)
    circuit, pulse, trace = figure.axes
    assert [text.get_text() for text in circuit.texts][-2:] == ["R_m\n100 Mohm", "C_m\n200 pF"]
    assert pulse.patches[0].get_data().values.tolist() == pytest.approx((1e9 * current).tolist())
    assert trace.lines[0].get_xydata()[[0, -1]].tolist() == [[0, 0], [100, pytest.approx(10)]]
    assert "20 ms" in trace.get_title(loc="left")
