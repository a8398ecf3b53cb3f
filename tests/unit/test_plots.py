from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bioscnn import plots
from bioscnn.encoding import FOVEAL_PIT, rank_order, responses
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, TimeCode
from bioscnn.plots.style import MUTED, TRUE, WRONG
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import proportion_of_counts
from tests.unit import test_timing_plots as timing
from tests.unit.test_front_end_plots import SETS, means

DT = 1e-3
WITHOUT_UNIT = {
    "epoch", "spikes per image", "value (of the scale)",
    "neuron", "class", "population", "trials", "spikes in a trial", "true class",
    "class chosen by the network", "spikes in 30 ms", "synaptic operations in 30 ms", "difference (points)",
    "layer", "decoder", "perturbation", "class of the trial", "difference to clean spikes (points)",
    "Some distance", "", "SSIM", "weight / largest", "coefficient / largest of the map", "column",
    "severity", "severity of the noise", "row", "spikes of a pixel", "spikes (1/ms)",
    "spikes of a neuron", "spikes of a neuron; times in ms",
}  # fmt: skip
UNITS = ("(nA)", "(ms)", "(%)", "(mV)", "(Hz)", "(nat)", "(bit)", "(px)", "(dB)")
Draw = Callable[..., Figure]


def trains(n_spikes: int, size: int, n_trials: int = 1) -> SpikeTrains:
    chosen = np.random.default_rng(1).choice(n_trials * 30 * size, n_spikes, replace=False)
    trial, step, neuron = np.unravel_index(chosen, (n_trials, 30, size))
    return SpikeTrains.from_events(trial, step, neuron, n_trials=n_trials, size=size, n_steps=30, dt=DT)


def curves(n: int = 200, steps: int = 30):
    return {
        rule: [proportion_of_counts(n * k // steps, n) for k in range(1, steps + 1)]
        for rule in ("a rule", "another")
    }


def image(channels: int = 1) -> np.ndarray:
    return np.arange(channels * 64, dtype=np.uint8).reshape(channels, 8, 8)


def potentials(n_trials: int = 3, n_classes: int = 10) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 5e-3, (n_trials, 30, n_classes)).astype(np.float32)


EPOCHS = [
    {
        "epoch": number,
        "loss": 1 / number,
        "train_loss": 0.5 / number,
        "train_accuracy": 0.95,
        "validation_loss": 0.6 / number,
        "validation_accuracy": 0.94,
        "spiking_accuracy": 0.9,
        "spikes_per_image": 2000.0,
    }
    for number in (1, 2, 3)
]
NETWORKS = [f"mnist-{size}{kind}" for size in ("small", "large") for kind in ("", "-fine-tuned", "-relu")]


def network(name: str) -> dict[str, object]:
    return {"network": name, "duration_ms": 30.0, "spikes": 2023.5, "synops": 1_308_170.1}


def over_time(name: str, steps: int = 100) -> list[dict[str, object]]:
    return [
        {"network": name, "time_ms": k + 1.0, "accuracy": k / steps, "accuracy_low": 0.9 * k / steps,
         "accuracy_high": 1.0}
        for k in range(steps)
    ]  # fmt: skip


def time_step_rows(names: list[str] = NETWORKS) -> list[dict[str, object]]:
    return [
        {"network": name, "reset": reset, "dt_ms": dt_ms, "difference": 1e-3 * k, "low": 0.0, "high": 0.0}
        for name in names
        for k, reset in enumerate(("exact", "subtract", "zero"))
        for dt_ms in (1.0, 0.5, 0.1)
    ]


def qualities(n: int = 2) -> pd.DataFrame:
    """Ever better with the share of the spikes, image by image."""
    rows = [
        {
            "image": k, "share": share, "spikes": round(1000 * share), "explained": 0.2 * rank + 0.1 * k,
            "psnr": 10.0 + rank, "ssim": 0.1 * rank + 0.1 * k,
        }
        for rank, share in enumerate((0.01, 0.05, 0.1, 0.3, 1.0))
        for k in range(n)
    ]  # fmt: skip
    return pd.DataFrame(rows)


CURRENT = np.linspace(0.1e-9, 2e-9, 20)
RATES = LIF().rate(CURRENT)
DIGITS = [str(i) for i in range(10)]
LABEL, CHOSEN = np.array([3, 4, 5]), np.array([3, 9, 5])
LATENCIES = {"conv1": np.array([[0.1, 0.2, np.nan, 0.2]]), "output": np.full((2, 2), np.nan)}
CELLS, TWO = tuple(FOVEAL_PIT.values()), ["motorbike", "airplane"]
PHOTOGRAPHS = np.random.default_rng(2).integers(0, 256, (2, 1, 12, 16)).astype(np.uint8)
COEFFICIENTS = responses(PHOTOGRAPHS / 255, CELLS)
CODE = rank_order(COEFFICIENTS, CELLS, 0.3)
MAPS = {"conv1": trains(300, 2 * 12 * 16), "conv2": trains(60, 3 * 5 * 5)}
TRACE = plots.NeuronTrace(potentials(1)[0, :, 0], np.linspace(0, 1e-9, 30), np.array([3, 29]))
NOISY = np.linspace(0, 90, 9)[:, None] + np.arange(5.0)
DISTANCES = np.abs(np.subtract.outer(*[np.arange(4.0)] * 2))
FIGURES: dict[str, Callable[..., Figure]] = {
    "accuracy": lambda **o: plots.accuracy_over_time(
        curves(), DT, reference=proportion_of_counts(198, 200), chosen="a rule", **o
    ),
    "spike times": lambda **o: plots.spike_times(TimeCode(20e-3, 5e-3, 1e-3), 20e-3, **o),
    "confusion": lambda **o: plots.confusion(np.diag(np.arange(10)) + 1, DIGITS, **o),
    "raster": lambda **o: plots.raster(
        {"conv1": trains(400, 500), "output": trains(20, 10)}, 0, image=image(), classes=DIGITS, label=3, **o
    ),
    "potentials of two classes": lambda **o: plots.output_potentials(
        potentials(2, 2), DT, np.array([0, 1]), np.array([0, 0]), ["motorbike", "airplane"], **o
    ),
    "potentials": lambda **o: plots.output_potentials(
        potentials(), DT, LABEL, CHOSEN, DIGITS, images=np.stack([image()] * 3), **o
    ),
    "events": lambda **o: plots.input_spikes(trains(2000, 2 * 8 * 9), 0, (2, 8, 9), ends=(10, 20), **o),
    "spikes of cells": lambda **o: plots.input_spikes(
        trains(500, 4 * 8 * 9), 0, (4, 8, 9), names=list(FOVEAL_PIT), **o
    ),
    "spikes of colours": lambda **o: plots.input_spikes(
        trains(500, 3 * 8 * 9), 0, (3, 8, 9), names=plots.COLOURS, **o
    ),
    "few events": lambda **o: plots.input_spikes(trains(3, 2 * 8 * 9), 0, (2, 8, 9), **o),
    "evidence": lambda **o: plots.class_evidence(
        potentials(1)[0], 3, 9, potentials(40)[:, :, 0], DT, DIGITS, ends=(10, 20), **o
    ),
    "learning": lambda **o: plots.learning_curves(EPOCHS, 2, **o),
    "learning-relu": lambda **o: plots.learning_curves(
        [epoch | {"spiking_accuracy": None, "spikes_per_image": None} for epoch in EPOCHS], 2, **o
    ),
    "rates": lambda **o: plots.rates_by_population({"conv1": np.arange(9.0), "output": np.zeros(4)}, **o),
    "spikes": lambda **o: plots.spikes_histogram(np.arange(100), **o),
    "networks": lambda **o: plots.networks_over_time(
        [row for name in NETWORKS for row in over_time(name)], [network(n) for n in NETWORKS], **o
    ),
    "time steps": lambda **o: plots.time_steps(time_step_rows(), **o),
    "three rates": lambda **o: plots.three_rates(*timing.rates(), 10e-3, **o),
    "intervals": lambda **o: plots.intervals_histogram(
        {"input": np.arange(1, 300) * DT, "conv1": np.array([7, 7, 9]) * DT, "silent": np.empty(0)}, DT, **o
    ),
    "latencies": lambda **o: plots.latency_distribution(LATENCIES, 0.3, **o),
    "distances": lambda **o: plots.distance_matrix(
        DISTANCES, np.array([1, 0, 1, 0]), ["airplanes", "motorbikes"], name="Some distance", **o
    ),
    "jitter": lambda **o: plots.accuracy_against_jitter(timing.accuracies(), chance=0.1, **o),
    "effects": lambda **o: plots.perturbation_effects(timing.effects(), "input", **o),
    "controls": lambda **o: plots.control_sets(timing.controls(), **o),
    "information": lambda **o: plots.information_bars(timing.information(), **o),
    "currents": lambda **o: plots.current_maps(PHOTOGRAPHS[0], 1e-9 * COEFFICIENTS[0], 0.2e-9, **o),
    "spikes in space": lambda **o: plots.spike_maps(
        MAPS, {"conv1": (2, 12, 16), "conv2": (3, 5, 5)}, 0, 5e-3, **o
    ),
    "single neurons": lambda **o: plots.neuron_traces(
        {"one": TRACE, "another": TRACE}, 20e-3, 0.2e-9, DT, **o
    ),
    "rates in noise": lambda **o: plots.rates_in_noise(
        1e-9 * np.linspace(0.1, 0.6, 9),
        {"one kind": {"2 mV": NOISY}, "another": {"CV 0.1": NOISY, "CV 0.3": 2 * NOISY}},
        NOISY.mean(axis=1),
        0.2e-9,
        **o,
    ),
    "spikes left": lambda **o: plots.spikes_left(
        (0.0, 0.1, 0.5), {"conv1": (900, 900, 900), "conv2": (400, 300, 100)}, name="spikes lost", **o
    ),
    "postsynaptic potentials": lambda **o: plots.postsynaptic_potentials(
        {"a synapse": np.ones(30) * 1e-3}, DT, np.linspace(0, 0.03, 9), {"a synapse": np.ones(9) * 1e-3}, **o
    ),
    "membranes": lambda **o: plots.membrane_traces(
        {"one": np.zeros(30), "another": np.ones(60) * -1e-3},
        {"one": np.array([3e-3]), "another": np.empty(0)},
        0.03,
        20e-3,
        t_ref={"one": 2e-3, "another": 0.0},
        current=np.ones(30) * 1e-9,
        **o,
    ),
    "rate curves": lambda **o: plots.rate_curves(
        CURRENT, {"closed": RATES}, CURRENT, {"dt = 1 ms": RATES, "dt = 0.1 ms": RATES}, rheobase=0.2e-9, **o
    ),
    "rate errors": lambda **o: plots.rate_errors(CURRENT, {"zero": RATES / 1e4, "exact": RATES / 1e9}, **o),
    "weights": lambda **o: plots.weight_histograms(
        {name: np.linspace(-1e-9, 2e-9, 50) for name in ("a to b", "b to c", "c to output")},
        to_fire=1e-9,
        **o,
    ),
    "activation rates": lambda **o: plots.activation_rates(
        np.linspace(0, 1, 20), {"a method": RATES, "another": 2 * RATES}, RATES, **o
    ),
    "tuning": lambda **o: plots.spatial_tuning(CELLS, image_size=28, **o),
    "spikes of coefficients": lambda **o: plots.spikes_of_coefficients(
        np.linspace(0, 1, 30), {"a code": np.arange(30) * DT}, {"a code": np.arange(30)}, **o
    ),
    "kernels": lambda **o: plots.kernels(CELLS, **o),
    "one kernel": lambda **o: plots.kernels(CELLS[:1], **o),
    "maps": lambda **o: plots.cell_maps(PHOTOGRAPHS, COEFFICIENTS, list(FOVEAL_PIT), TWO, **o),
    "order": lambda **o: plots.firing_order(PHOTOGRAPHS, CODE, list(FOVEAL_PIT), TWO, **o),
    "reconstructions": lambda **o: plots.reconstructions(
        PHOTOGRAPHS, np.repeat(PHOTOGRAPHS, 5, axis=1) / 255, qualities(), TWO, **o
    ),
    "quality": lambda **o: plots.quality_by_share(qualities(), 0.04, **o),
    "front ends": lambda **o: plots.front_end_accuracies(means(), **o),
    "accuracy in noise": lambda **o: plots.accuracy_in_noise(means(), SETS, **o),
    "latency": lambda **o: plots.latency_histogram(np.arange(1, 31) * DT, np.arange(30) > 3, DT, **o),
}


@pytest.fixture(params=FIGURES, ids=str)
def draw(request: pytest.FixtureRequest) -> Draw:
    return FIGURES[request.param]


def labels_of(figure: Figure) -> list[str]:
    """Labels of all axes that show numbers or names."""
    shown = []
    for axes in figure.findobj(matplotlib.axes.Axes):
        for axis, side in ((axes.xaxis, "labelbottom"), (axes.yaxis, "labelleft")):
            visible = axes.axison and axis.get_tick_params().get(side, True) and axis.get_ticklabels()
            if visible and any(label.get_text() for label in axis.get_ticklabels()):
                shown.append(axis.get_label_text())
    return shown


@pytest.mark.parametrize("width", [plots.style.WIDE, plots.style.NARROW])
def test_every_axis_that_shows_values_names_them_with_their_unit(draw: Draw, width: float):
    figure = draw(width=width)
    labels = labels_of(figure)
    assert len(labels) >= 2 or any(axes.images for axes in figure.axes)
    for label in labels:
        assert label in WITHOUT_UNIT or label.endswith(UNITS), labels


@pytest.mark.parametrize("width", [plots.style.WIDE, plots.style.NARROW])
def test_nothing_is_drawn_outside_the_figure(draw: Draw, width: float):
    figure = draw(width=width)
    needed = figure.get_tightbbox()
    assert needed.x0 > -0.02
    assert needed.y0 > -0.02
    assert needed.x1 < figure.get_figwidth() + 0.02
    assert needed.y1 < figure.get_figheight() + 0.02


def test_drawing_leaves_matplotlibs_settings_alone(draw: Draw):
    before = dict(matplotlib.rcParams)
    draw()
    assert dict(matplotlib.rcParams) == before


OTHERS = {
    "text.usetex": True, "savefig.bbox": "tight", "savefig.pad_inches": 1000.0, "savefig.transparent": True,
    "figure.dpi": 20.0, "font.family": ["monospace"], "font.weight": "bold", "axes.grid": True,
    "lines.marker": "o", "figure.constrained_layout.h_pad": 1.0, "image.cmap": "gray",
    "axes.unicode_minus": False, "axes.prop_cycle": matplotlib.cycler("color", ["#000000"]),
    "svg.image_inline": False,
}  # fmt: skip
"""Settings of a user, or of a file ``matplotlibrc`` that lies in the folder."""


def test_the_same_numbers_give_the_same_svg_whatever_matplotlibs_settings_are(draw: Draw):
    svg = plots.to_svg(draw())
    with matplotlib.rc_context(OTHERS):
        assert plots.to_svg(draw()) == svg
        assert all(matplotlib.rcParams[name] == value for name, value in OTHERS.items())


def test_a_figure_is_drawn_once_when_it_is_saved(draw: Draw, monkeypatch: pytest.MonkeyPatch):
    figure, drawn = draw(), []
    once = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *given: drawn.append(given) or once(*given))
    plots.to_svg(figure)
    assert len(drawn) == 1


def test_input_stays_as_it_was():
    mV, label, chosen, images = potentials(), LABEL.copy(), CHOSEN.copy(), np.stack([image()] * 3)
    matrix, rates, spikes, latency = np.eye(3, dtype=int), np.arange(5.0), np.arange(9), np.arange(1, 10) * DT
    given = (mV, label, chosen, images, matrix, rates, spikes, latency)
    copies = [array.copy() for array in given]
    plots.output_potentials(mV, DT, label, chosen, DIGITS, images=images)
    plots.confusion(matrix, ["a", "b", "c"])
    plots.rates_by_population({"conv1": rates})
    plots.spikes_histogram(spikes)
    plots.latency_histogram(latency, spikes > 4, DT)
    assert all(np.array_equal(array, copy) for array, copy in zip(given, copies, strict=True))


def test_the_raster_shows_each_spike_of_its_trial_at_the_end_of_its_step():
    spikes = trains(40, 10, n_trials=3)
    axes = plots.raster({"output": spikes}, 1).axes[0]
    drawn = np.concatenate([np.asarray(c.get_offsets()) for c in axes.collections])
    expected = spikes[1:2]
    np.testing.assert_allclose(drawn, np.stack([(expected.step + 1) * 1.0, expected.neuron], axis=1))


def test_many_spikes_become_a_bitmap_so_that_the_file_stays_small():
    figure = plots.raster({"conv1": trains(60_000, 10_000)}, 0)
    assert len(plots.to_svg(figure)) < 600_000


def test_every_event_is_drawn_in_its_column_row_and_polarity():
    spikes = trains(60, 2 * 8 * 9, n_trials=2)
    figure = plots.input_spikes(spikes, 1, (2, 8, 9))
    polarity, row, column = np.unravel_index(spikes[1:2].neuron, (2, 8, 9))
    across, down = (figure.subfigs[1].axes[k].collections[0] for k in (0, 1))
    for drawn, place in ((across, column), (down, row)):
        time, at = np.asarray(drawn.get_offsets()).T
        np.testing.assert_allclose(time, spikes[1:2].step + 1)
        assert np.array_equal(np.rint(at), place)
        blue = np.all(
            np.isclose(drawn.get_facecolors(), matplotlib.colors.to_rgba(plots.style.PALETTE[0])), 1
        )
        assert np.array_equal(blue, polarity == 0)
    for p, axes in enumerate(figure.subfigs[0].axes[:2]):
        expected = np.zeros((8, 9))
        np.add.at(expected, (row[polarity == p], column[polarity == p]), 1)
        assert np.array_equal(axes.images[0].get_array(), expected)


def test_the_ends_of_saccades_are_marked_in_every_panel_with_a_time_axis():
    for name in ("accuracy", "raster", "potentials", "evidence"):
        figure = FIGURES[name](**({} if name == "evidence" else {"ends": (10, 20)}))
        panels = [axes for axes in figure.findobj(matplotlib.axes.Axes) if axes.get_xlim()[1] == 30]
        assert panels
        for axes in panels:
            marks = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
            assert marks[-2:] == [10, 20], name


def test_potentials_are_drawn_in_millivolts_and_milliseconds():
    volts = potentials(1)
    axes = plots.output_potentials(volts, DT, LABEL[:1], CHOSEN[:1], DIGITS).axes[0]
    points = np.concatenate([line.get_xydata() for line in axes.lines if len(line.get_xdata()) >= 30])
    drawn = points[~np.isnan(points[:, 1])].reshape(-1, 30, 2)  # one line, with gaps, holds all pale ones
    np.testing.assert_allclose(drawn[:, :, 0], np.broadcast_to(np.arange(1, 31), (10, 30)))
    np.testing.assert_allclose(
        sorted(drawn[:, :, 1].tolist()), sorted((1e3 * volts[0].T).tolist()), rtol=1e-6
    )


def test_a_mistaken_trial_names_both_classes():
    figure = plots.output_potentials(potentials(), DT, LABEL, CHOSEN, DIGITS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["3", "4 taken for 9", "5"]


def test_the_moment_of_a_decision_is_marked_in_its_own_panel():
    moments = np.array([4, 17, 30]) * DT
    figure = plots.output_potentials(potentials(), DT, LABEL, CHOSEN, DIGITS, decided=moments)
    for axes, moment in zip(figure.axes, (4, 17, 30), strict=True):
        (mark,) = (line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] > 0)
        assert mark.get_xdata() == pytest.approx((moment, moment))


def test_of_two_classes_both_lines_have_their_names():
    figure = plots.output_potentials(potentials(2, 2), DT, np.array([0, 1]), np.array([0, 0]), TWO)
    for axes, first in zip(figure.axes, (TRUE, WRONG), strict=True):
        named = {text.get_text(): text.get_color() for text in axes.texts}
        assert named == {"motorbike": first, "airplane": MUTED if first == TRUE else TRUE}
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["motorbike", "airplane taken for motorbike"]


def test_labels_of_two_lines_that_end_together_do_not_cover_each_other():
    volts = np.zeros((1, 30, 2), dtype=np.float32)
    figure = plots.output_potentials(volts, DT, np.array([0]), np.array([1]), ["airplanes", "motorbikes"])
    upper, lower = (text.get_window_extent() for text in figure.axes[0].texts)
    assert upper.y0 >= lower.y1 - 0.1


def test_a_network_that_never_fires_can_be_drawn():
    silent = {"conv1": trains(0, 500), "output": trains(0, 10)}
    figure = plots.raster(silent, 0, image=image(3), classes=DIGITS, label=1)
    assert [text.get_text() for text in figure.findobj(matplotlib.text.Text)].count("silent") == 2
    plots.to_svg(plots.rates_by_population({"conv1": np.zeros(500)}))
    plots.to_svg(plots.spikes_histogram(np.zeros(20, dtype=np.int64)))


def test_one_trial_of_one_step_can_be_drawn():
    plots.to_svg(plots.accuracy_over_time({"a rule": [proportion_of_counts(1, 1)]}, DT))
    plots.to_svg(plots.latency_histogram(np.array([DT]), np.array([True]), DT))
    plots.to_svg(plots.output_potentials(potentials(1), DT, LABEL[:1], CHOSEN[:1], DIGITS))


@pytest.mark.parametrize("n_classes", [2, 40])
def test_any_number_of_classes_can_be_drawn(n_classes: int):
    names = [f"class {i}" for i in range(n_classes)]
    matrix = np.ones((n_classes, n_classes), dtype=np.int64)
    figure = plots.confusion(matrix, names)
    written = [text.get_text() for text in figure.axes[0].texts]
    assert len(written) == (n_classes**2 if n_classes <= 20 else 0)


def test_figures_are_written_as_vectors_and_as_pixels(tmp_path: Path):
    figure = FIGURES["spikes"]()
    for name, start in (("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")):
        assert plots.save(figure, tmp_path / name).read_bytes().startswith(start)
    ElementTree.fromstring(plots.to_svg(figure))


def test_a_png_has_the_density_asked_for():
    from PIL import Image

    with Image.open(BytesIO(plots.to_png(FIGURES["spikes"](width=3.0), density=2))) as picture:
        assert picture.width == 3 * 96 * 2


def test_an_unknown_format_is_refused_with_those_that_exist(tmp_path: Path):
    with pytest.raises(UserError, match=r"\.svg \| \.pdf \| \.png"):
        plots.save(FIGURES["spikes"](), tmp_path / "a.bmp")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="nowhere"):
        plots.save(FIGURES["spikes"](), tmp_path / "nowhere" / "a.png")


def test_a_trial_shows_every_spike_and_when_it_was_decided():
    layer = SpikeTrains(np.array([0, 2, 1]), np.array([3, 3, 7]), np.array([0, 3]), 5, 10, 1e-3)
    output = SpikeTrains(np.array([1]), np.array([8]), np.array([0, 1]), 2, 10, 1e-3)
    potentials = np.linspace(0, 1e-2, 20, dtype=np.float32).reshape(10, 2)
    figure = plots.trial(
        {"conv1": layer, "output": output}, potentials, np.zeros((1, 4, 4), np.uint8), ("a", "b"),
        label=1, chosen=1, decided=6e-3,
    )  # fmt: skip
    panels = [axes for part in figure.subfigs for axes in part.axes]
    spikes = [
        np.rint([place for marks in axes.collections for place in marks.get_offsets()]).tolist()
        for axes in panels[:2]
    ]
    assert spikes == [[[4, 0], [4, 2], [8, 1]], [[9, 1]]]
    lines = panels[3].get_lines()
    assert any(np.array_equal(line.get_xdata(), [6, 6]) for line in lines)
    stressed = next(line for line in lines if line.get_color() == TRUE)
    np.testing.assert_allclose(stressed.get_ydata(), 1e3 * potentials[:, 1])
