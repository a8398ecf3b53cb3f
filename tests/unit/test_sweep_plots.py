"""The figures of a sweep: what is drawn is what was given, and names lie on nothing."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from bioscnn import plots
from bioscnn.plots.labels import place_names
from bioscnn.plots.parameters import GROUPS, Parameter, group_of, names_of
from bioscnn.plots.surface import fit_quadratic
from bioscnn.plots.sweep import explained_share, running_median
from bioscnn.statistics import proportion_of_counts

TAU = Parameter("neuron.tau_m", "ms", 10, 40, scale="log", nominal=20)
RESET = Parameter("neuron.reset", values=("exact", "subtract", "zero"), nominal="exact")
WEIGHT = Parameter("network.weight_scale", "", 0.5, 1.5, nominal=1.0)


DURATION = Parameter("simulation.duration", "ms", 20, 60, nominal=30)
SIZES = {
    "simulation.duration": 0.2, "network.weight_scale": 0.12, "neuron.tau_m": 0.1, "encoding.gain": 0.05,
    "synapse.delay": 0.04, "neuron.t_ref": 0.001, "neuron.R_m": 0.0, "synapse.tau_s": 0.002,
}  # fmt: skip


def effects(measure: str = "mu_star") -> pd.DataFrame:
    """Effects of each parameter on two outcomes, those on the second one in another order."""
    rows = [
        {"outcome": outcome, "parameter": key, measure: size, f"{measure}_low": size / 2,
         f"{measure}_high": 1.5 * size, "mu": -size, "sigma": size / 3, "S1": size / 2, "S1_low": 0.0,
         "S1_high": size}
        for outcome, factor in (("accuracy", 1), ("latency", -1))
        for key, size in zip(SIZES, list(SIZES.values())[::factor], strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def of_outcome(table: pd.DataFrame, outcome: str = "accuracy") -> pd.DataFrame:
    return table[table["outcome"] == outcome]


def test_equal_factors_are_equal_distances_on_a_log_scale_and_words_are_places():
    np.testing.assert_allclose(TAU.position([10, 20, 40]), [0, 0.5, 1])
    np.testing.assert_allclose(WEIGHT.position([0.5, 0.75, 1.5]), [0, 0.25, 1])
    np.testing.assert_allclose(RESET.position(["zero", "exact", "subtract"]), [1, 0, 0.5])
    assert np.isnan(RESET.numbers(["another"])).all()
    assert (TAU.span, RESET.span) == ("10 to 40 ms", "exact, subtract, zero")


def test_a_parameter_is_called_by_more_of_its_key_where_a_part_is_not_its_alone():
    names = names_of(["neuron.tau_m", "noise.spike-loss.probability", "a.tau_s", "b.tau_s"])
    assert list(names.values()) == ["tau_m", "spike loss", "a.tau_s", "b.tau_s"]


def test_names_lie_on_no_other_name_no_point_and_no_border():
    rng = np.random.default_rng(2)
    points = rng.random((14, 2)) ** 2 * (3, 2) + 0.05
    boxes = place_names(points, ["threshold mismatch", "tau_m"] * 7, 3.3, 2.4, size=7)
    covered = [
        np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
        for k, a in enumerate(boxes)
        for b in boxes[k + 1 :]
    ]
    assert max(covered) < 1e-9
    inside = (points[:, None] > boxes[None, :, :2]) & (points[:, None] < boxes[None, :, 2:])
    assert not inside.all(axis=2).any()
    assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= (3.3, 2.4)).all()


@pytest.mark.parametrize("width", [7.2, 3.6])
def test_the_plane_shows_each_parameter_at_its_mu_star_and_sigma_and_names_it_once(width: float):
    rows = of_outcome(effects())
    axes = plots.morris_plane(rows, width=width).axes[0]
    found = {line.get_xydata().ravel().tobytes() for line in axes.lines if line.get_marker() != "None"}
    assert found == {np.array([100 * row.mu_star, 100 * row.sigma]).tobytes() for row in rows.itertuples()}
    written = [text.get_text() for text in axes.texts]
    zero = next(text for text in written if text.startswith("next to zero: "))
    for name in names_of(list(rows["parameter"])).values():
        assert (name in written) != (name in zero.removeprefix("next to zero: ").split(", "))
    assert {"t_ref", "R_m", "tau_s"} == set(zero.removeprefix("next to zero: ").split(", "))


def test_an_outcome_that_never_changes_has_a_plane_that_says_so():
    flat = of_outcome(effects()).assign(mu_star=0.0, sigma=0.0)
    axes = plots.morris_plane(pd.concat([of_outcome(effects()), flat.assign(outcome="spikes")])).axes
    assert [["does not change"] == [text.get_text() for text in one.texts] for one in axes] == [False, True]


def test_bars_have_the_order_of_the_first_outcome_and_the_colour_of_their_table():
    axes = plots.effect_bars(effects()).axes
    rows = of_outcome(effects()).sort_values("mu_star", ascending=False, kind="stable")
    np.testing.assert_allclose([bar.get_width() for bar in axes[0].patches], 100 * rows["mu_star"])
    for bar, key in zip(axes[0].patches, rows["parameter"], strict=True):
        assert to_hex(bar.get_facecolor()) == GROUPS[group_of(key)][1]
    latency = of_outcome(effects(), "latency").set_index("parameter").loc[rows["parameter"]]
    np.testing.assert_allclose([bar.get_width() for bar in axes[1].patches], latency["mu_star"])
    assert [one.get_xlabel().split() for one in axes] == [["accuracy", "(points)"], ["latency", "(ms)"]]


def test_each_parameter_has_a_bar_of_what_it_makes_alone_and_one_with_interactions():
    axes = plots.sobol_bars(effects("ST")).axes[0]
    rows = of_outcome(effects("ST")).sort_values("ST", ascending=False)
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [*rows["S1"], *rows["ST"]])


def test_pairs_stand_below_the_diagonal_and_bold_only_if_their_interval_leaves_zero_out():
    order = list(SIZES)[:3]
    rows = [
        {"outcome": "accuracy", "parameter": order[j], "other": order[k], "S2": 0.1 * (j + k), "S2_low": low,
         "S2_high": 1.0}
        for (j, k), low in {(0, 1): -1.0, (0, 2): 0.1, (1, 2): -1.0}.items()
    ]  # fmt: skip
    axes = plots.interactions(pd.DataFrame(rows), order).axes[0]
    shown = {text.get_text(): text.get_fontweight() for text in axes.texts if text.get_text()}
    assert shown == {"0.10": "normal", "0.20": "bold", "0.30": "normal"}


def test_one_at_a_time_is_drawn_over_the_range_with_the_interval_of_its_trials():
    x = np.linspace(0, 1, 9)
    table = pd.DataFrame({"parameter": DURATION.key, "value": "", "x": x, "accuracy": 0.5 + 0.4 * x})
    axes = plots.one_at_a_time(table, [DURATION], ["accuracy"], trials=200).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 100 * table["accuracy"])
    ring = next(line for line in axes.lines if line.get_markersize() == 8)
    assert ring.get_xdata()[0] == pytest.approx(0.25)  # 30 ms of 20 to 60 ms
    assert axes.collections[0].get_paths()[0].vertices[:, 1].min() == pytest.approx(
        100 * proportion_of_counts(100, 200).low
    )


def test_a_median_has_the_interval_that_the_binomial_distribution_picks():
    # Conover's table of order statistics: of 10 values the 2nd and the 9th hold the median at 97.9 %.
    x, y = np.repeat([1.0, 2.0], [10, 5]), np.concatenate([np.arange(10), [3, 1, 2, 5, 4]]).astype(float)
    line = running_median(x, y)
    np.testing.assert_allclose(line[0], [1, 4.5, 1, 8])
    np.testing.assert_allclose(line[1], [2, 3, np.nan, np.nan])


def test_values_that_rounding_has_moved_apart_are_one_and_evenly_spread_values_are_not():
    levels = np.repeat([20.0, 33.0, 33.5, 47.0, 60.0], 10)
    np.testing.assert_allclose(running_median(levels, levels)[:, 0], [20, 33.25, 47, 60])
    spread = np.linspace(20, 60, 400)
    assert len(running_median(spread, spread)) == 8


def test_a_parameter_that_does_nothing_explains_nothing_on_average():
    rng = np.random.default_rng(1)
    shares = [
        explained_share(WEIGHT, pd.Series(rng.random(60)), pd.Series(rng.random(60))) for _ in range(200)
    ]
    assert abs(np.mean(shares)) < 3 * np.std(shares) / np.sqrt(200)
    x = pd.Series(np.linspace(0.5, 1.5, 60))
    assert explained_share(WEIGHT, x, x**2) > 0.95
    words = pd.Series(["exact", "zero"] * 30)
    assert explained_share(RESET, words, words.map({"exact": 0.9, "zero": 0.1})) == pytest.approx(1)


def test_a_surface_is_judged_by_points_that_it_has_not_seen():
    rng = np.random.default_rng(3)
    x, y = rng.random((2, 40))
    z = 1 + 2 * x - y + 3 * x * y - x**2
    exact = fit_quadratic(x, y, z)
    assert exact is not None and exact.predicted == pytest.approx(1)
    np.testing.assert_allclose(exact(0.3, 0.6), 1 + 0.6 - 0.6 + 0.54 - 0.09)
    noisy = z + rng.normal(0, 1, 40)
    press = 0.0
    for k in range(40):
        others = np.arange(40) != k
        surface = fit_quadratic(x[others], y[others], noisy[others])
        assert surface is not None
        press += float(noisy[k] - surface(x[k], y[k])) ** 2
    found = fit_quadratic(x, y, noisy)
    assert found is not None
    assert found.predicted == pytest.approx(1 - press / ((noisy - noisy.mean()) ** 2).sum())
    noise = fit_quadratic(x, y, rng.random(40))
    assert noise is not None and noise.predicted < 0.5
    assert fit_quadratic(x[:6], y[:6], z[:6]) is None and fit_quadratic(x, x, z) is None


def test_a_cell_of_a_grid_holds_the_mean_of_its_points():
    values = [(w, r, k) for w in (0.5, 1.0, 1.5) for r in RESET.words for k in range(2)]
    points = pd.DataFrame(values, columns=[WEIGHT.key, RESET.key, "k"])
    points["accuracy"] = points[WEIGHT.key] / 2 + 0.01 * points["k"]
    axes = plots.response_surface(points, WEIGHT, RESET, "accuracy").axes[0]
    texts = {tuple(int(end) for end in text.get_position()): text.get_text() for text in axes.texts}
    assert len(texts) == 9
    assert [texts[column, 0] for column in range(3)] == ["25.5", "50.5", "75.5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(RESET.words)
    uneven = plots.response_surface(points.iloc[1:], WEIGHT, RESET, "accuracy").axes[0]
    assert {text.get_text() for text in uneven.texts} >= {"26.0\nn = 1", "25.5\nn = 2"}
    more = pd.concat([points.iloc[2:], points.iloc[[2]]])  # no point in one of the cells
    assert len(plots.response_surface(more, WEIGHT, RESET, "accuracy").axes[0].texts) == 8


@pytest.mark.parametrize(("noise", "drawn"), [(0.0, True), (3.0, False)])
def test_a_surface_is_drawn_behind_scattered_points_only_if_it_stands_for_them(noise: float, drawn: bool):
    rng = np.random.default_rng(5)
    points = pd.DataFrame({WEIGHT.key: rng.uniform(0.5, 1.5, 40), TAU.key: rng.uniform(10, 40, 40)})
    points["accuracy"] = 0.5 + 0.2 * WEIGHT.position(points[WEIGHT.key]) + noise * rng.normal(0, 0.1, 40)
    axes = plots.response_surface(points, WEIGHT, TAU, "accuracy").axes[0]
    assert (len(axes.collections) > 1) is drawn
    dots = axes.collections[-1].get_offsets()
    np.testing.assert_allclose(dots[:, 1], TAU.position(points[TAU.key]))


def test_points_without_an_outcome_are_left_out_and_panels_have_their_own_axis():
    rng = np.random.default_rng(6)
    points = pd.DataFrame({TAU.key: rng.uniform(10, 40, 40), DURATION.key: rng.uniform(20, 60, 40)})
    points[RESET.key], points["accuracy"] = rng.choice(RESET.words, 40), rng.random(40)
    points.loc[:9, "accuracy"] = np.nan
    chosen = [TAU, RESET, DURATION]
    axes = plots.main_effects(points, chosen, "accuracy", width=3.6).axes
    assert [len(panel.collections[0].get_offsets()) for panel in axes[:3]] == [30, 30, 30]
    assert [panel.get_xlabel() for panel in axes[:3]] == ["tau_m (ms)", "reset", "duration (ms)"]
    assert axes[0].get_xscale() == "log"
    lines = plots.parallel_coordinates(points, chosen, "accuracy").axes[0].collections
    assert max(len(one.get_segments()) for one in lines if hasattr(one, "get_segments")) == 30
