"""The figures of noise: what is drawn is what was given."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgba

from bioscnn import plots
from bioscnn.noise.parts import part_of
from bioscnn.plots import style
from bioscnn.plots.files import to_svg
from bioscnn.plots.noise import PLACES, name_of
from bioscnn.plots.noise_effects import VERDICTS
from tests import noise_tables

EVENTS = [name for name, acts_on in noise_tables.ACTS_ON.items() if acts_on == "events"]


@pytest.fixture(scope="module")
def accuracy() -> pd.DataFrame:
    return noise_tables.accuracy_table("nmnist")


def clean_and(table: pd.DataFrame, noise: str, network: str, method: str = "spiking") -> pd.DataFrame:
    rows = table[(table["network"] == network) & (table["method"] == method)]
    return rows[rows["noise"].isin(("clean", noise))].sort_values("severity")


def test_the_panel_of_a_noise_shows_every_network_from_clean_inputs_on(accuracy: pd.DataFrame):
    figure = plots.noise_curves(accuracy.sample(frac=1, random_state=1), chance=0.1)
    panels = {axes.get_title("left"): axes for axes in figure.axes}
    assert set(panels) == {name_of(noise) for noise in noise_tables.noises_of("nmnist")}
    for noise in noise_tables.noises_of("nmnist"):
        lines = {line.get_label(): line for line in panels[name_of(noise)].lines}
        for network in noise_tables.NETWORKS["nmnist"]:
            rows = clean_and(accuracy, noise, network)
            np.testing.assert_array_equal(lines[network].get_xdata(), range(6))
            np.testing.assert_allclose(lines[network].get_ydata(), 100 * rows["accuracy"])
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(named) == len(set(named)) == 5


def test_the_trained_network_is_drawn_only_where_noise_reaches_it(accuracy: pd.DataFrame):
    for axes in plots.noise_curves(accuracy).axes:
        of_ann = [line for line in axes.lines if line.get_label() == "ANN of soft LIF"]
        assert len(of_ann) == (axes.get_title("left") in map(name_of, EVENTS))
        for line in of_ann:
            noise = next(name for name in EVENTS if name_of(name) == axes.get_title("left"))
            rows = clean_and(accuracy, noise, "soft LIF", "ann")
            np.testing.assert_allclose(line.get_ydata(), 100 * rows["accuracy"])


def test_a_noise_that_a_network_did_not_meet_has_no_line_of_it():
    figure = plots.noise_curves(noise_tables.accuracy_table("mnist"))
    jitter = next(axes for axes in figure.axes if axes.get_title("left") == "spike jitter")
    assert [line.get_label() for line in jitter.lines] == ["retina"]


def test_no_panel_lies_on_another(accuracy: pd.DataFrame):
    for width in (7.2, 3.6):
        boxes = [axes.get_position() for axes in plots.noise_curves(accuracy, width=width).axes]
        pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :]]
        assert not any(a.overlaps(b) for a, b in pairs)
        assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)


@pytest.mark.parametrize("severity", [1, 3])
def test_what_falls_first_stands_on_top_in_the_colour_of_what_it_acts_on(
    accuracy: pd.DataFrame, severity: int
):
    rows = accuracy[(accuracy["network"] == "soft LIF") & (accuracy["severity"] == severity)]
    rows = rows[rows["method"] == "spiking"].sort_values("accuracy", kind="stable")
    clean = clean_and(accuracy, "clean", "soft LIF")["accuracy"].iloc[0]
    losses = rows.assign(difference=clean - rows["accuracy"], low=0.0, high=clean)
    axes = plots.first_to_fall(losses, "soft LIF", clean=clean, chance=0.1).axes[0]
    bars = sorted((bar for bar in axes.patches if bar.get_width()), key=lambda bar: bar.get_y())
    np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * losses["difference"])
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == [f"{name_of(row.noise)}, {row.amount}" for row in rows.itertuples()]
    for bar, row in zip(bars, rows.itertuples(), strict=True):
        assert to_hex(bar.get_facecolor()) == PLACES[part_of(row.noise, row.acts_on)][1]


def test_a_difference_is_filled_only_if_it_is_significant():
    table = pd.DataFrame(
        {"question": "retina", "first": "retina", "second": "soft LIF", "noise": noise, "acts_on": "images",
         "difference": value, "low": value - 0.02, "high": value + 0.02,
         "significant": abs(value) > 0.02}
        for noise, value in (("blur", 0.05), ("clean", -0.05), ("contrast", 0.01), ("all", 0.0))
    )  # fmt: skip
    axes = plots.what_helps(table).axes[0]
    labels = {
        tick: text.get_text() for tick, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    }
    points = axes.collections[-1]
    drawn = {
        labels[place]: (value, face, edge)
        for (value, place), face, edge in zip(
            points.get_offsets(), points.get_facecolors(), points.get_edgecolors(), strict=True
        )
    }
    assert list(labels.values())[:2] == ["clean", "mean of all kinds"]
    for label, value, name in (
        ("blur", 5, "helps"), ("clean", -5, "harms"), ("contrast", 1, "not significant"),
    ):  # fmt: skip
        found, face, edge = drawn[label]
        assert found == pytest.approx(value)
        assert tuple(edge) == to_rgba(VERDICTS[name])
        assert tuple(face) == (to_rgba("white") if name == "not significant" else to_rgba(VERDICTS[name]))


def test_every_pair_of_a_question_has_a_panel_of_its_own():
    table = noise_tables.comparison_table("mnist")
    more = table[table["question"] == "retina"].assign(first="retina, noise-trained", second="noise-trained")
    figure = plots.what_helps(pd.concat([table, more]))
    titles = [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]
    assert sorted(titles) == sorted([*noise_tables.QUESTIONS["mnist"], "retina"])
    assert len({axes.get_xlim() for axes in figure.axes if axes.get_title("left")}) == 1


def test_latencies_and_spikes_stand_as_numbers_in_the_row_of_their_noise(accuracy: pd.DataFrame):
    axes = plots.latency_and_spikes(accuracy).axes
    rows = accuracy[(accuracy["network"] == "soft LIF") & (accuracy["method"] == "spiking")]
    names = [text.get_text() for text in axes[0].get_yticklabels()]
    of = rows.assign(name=rows["noise"].map(name_of)).set_index(["name", "severity"])
    for panel, key, form in ((axes[0], "latency_ms", "{:.1f}"), (axes[1], "spikes", "{:,.0f}")):
        assert len(panel.texts) == 75
        for text in panel.texts:
            x, y = text.get_position()
            assert text.get_text() == form.format(of.loc[(names[int(y)], int(x) + 1), key])


def test_a_network_that_no_longer_spikes_is_drawn(accuracy: pd.DataFrame):
    silent = accuracy.assign(spikes=accuracy["spikes"].mask(accuracy["severity"] == 5, 0.0))
    silent["latency_ms"] = silent["latency_ms"].mask(silent["severity"] == 5)
    plots.to_svg(plots.latency_and_spikes(silent))


def test_the_gallery_shows_each_picture_in_the_row_of_its_noise_and_the_place_of_its_severity():
    for dataset, width in (("mnist", 7.2), ("nmnist", 3.6)):
        names, pictures = noise_tables.pictures(dataset)
        panels = {axes.get_title("left"): axes for axes in plots.gallery(names, pictures, width=width).axes}
        for name, strip in zip(names, pictures, strict=True):
            images = sorted(panels[name_of(name)].images, key=lambda image: image.get_extent()[0])
            np.testing.assert_array_equal([image.get_array() for image in images], strip)


@pytest.mark.parametrize(("draw", "width"), [(plots.noise_curves, 3.6), (plots.latency_and_spikes, 7.2)])
def test_figures_are_the_same_whether_their_layout_is_cached_or_not(accuracy, monkeypatch, draw, width):
    cached = to_svg(draw(accuracy, width=width))
    monkeypatch.setattr(style, "_cached_method", lambda *_: nullcontext())
    assert to_svg(draw(accuracy, width=width)) == cached
