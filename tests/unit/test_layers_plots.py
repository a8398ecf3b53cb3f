"""The figures of one trial inside a network: what is drawn is what was simulated."""

import numpy as np
import pytest

from bioscnn import plots
from bioscnn.spikes import SpikeTrains

DT = 1e-3
SHAPE = (3, 4, 5)


def spikes(*events, n_trials=2, n_steps=12, shape=SHAPE):
    """Spike trains of (trial, step, (channel, row, column))."""
    trial, step, place = zip(*events, strict=True)
    neuron = np.ravel_multi_index(np.transpose(place), shape)
    return SpikeTrains.from_events(
        np.array(trial), np.array(step), neuron, n_trials=n_trials, size=60, n_steps=n_steps, dt=DT
    )


def pictures(figure):
    return [axes.images[0].get_array() for axes in figure.axes if axes.images]


def test_a_neuron_is_white_at_the_rheobase_red_above_and_blue_below():
    currents = np.full((2, 4, 5), 0.2e-9)
    currents[0, 1, 2], currents[1, 3, 4] = 0.9e-9, -0.1e-9
    figure = plots.current_maps(np.zeros((1, 6, 7), np.uint8), currents, 0.2e-9)
    of_channel = {axes.get_title(loc="left"): axes.images[0] for axes in figure.axes if axes.images}
    first, second = of_channel["channel 0"], of_channel["channel 1"]
    colours = first.to_rgba(first.get_array())
    red, _, blue = colours[1, 2, :3]
    assert red > 0.3 > blue
    assert colours[0, 0, :3] == pytest.approx([0.97] * 3, abs=0.01)
    red, _, blue = second.to_rgba(second.get_array())[3, 4, :3]
    assert blue > red
    assert first.get_array()[1, 2] == pytest.approx(0.9)


def test_spikes_lie_in_their_window_and_place_and_the_busiest_channels_are_drawn():
    trains = spikes(
        (0, 0, (2, 0, 0)),
        (1, 0, (2, 1, 3)), (1, 4, (2, 1, 3)), (1, 5, (2, 1, 3)), (1, 11, (2, 3, 4)),
        (1, 5, (0, 2, 2)), (1, 9, (0, 2, 2)),
        (1, 3, (1, 0, 0)),
    )  # fmt: skip
    figure = plots.spike_maps({"conv1": trains}, {"conv1": SHAPE}, 1, 5e-3)
    drawn = pictures(figure)[:6]  # two channels, three windows
    expected = np.zeros((6, 4, 5))
    expected[0, 1, 3], expected[1, 1, 3], expected[2, 3, 4] = 2, 1, 1  # channel 2
    expected[4, 2, 2] = 2  # channel 0
    np.testing.assert_array_equal(drawn, expected)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["0–5 ms", "5–10 ms", "10–12 ms"]
    assert [figure.axes[k].get_ylabel() for k in (0, 3)] == ["conv1\nchannel 2", "conv1\nchannel 0"]


def test_all_layers_share_one_scale_of_spikes():
    busy = spikes(*[(0, step, (0, 0, 0)) for step in range(0, 10, 2)], n_trials=1)
    figure = plots.spike_maps(
        {"busy": busy, "idle": spikes((0, 1, (1, 1, 1)), n_trials=1)},
        {"busy": SHAPE, "idle": SHAPE},
        0,
        12e-3,
    )
    assert {axes.images[0].get_clim() for axes in figure.axes if axes.images} == {(0, 5)}


def test_a_trace_is_drawn_in_millivolts_and_nanoamperes_with_its_spikes_at_the_ends_of_their_steps():
    trace = plots.NeuronTrace(
        np.array([5e-3, 15e-3, 1e-3, 9e-3]), np.array([0.1, 0.2, 0.4, 0.3]) * 1e-9, np.array([2])
    )
    voltage, current = plots.neuron_traces({"a neuron": trace}, 20e-3, 0.2e-9, DT).axes
    np.testing.assert_allclose(voltage.lines[0].get_xydata(), [[0, 0], [1, 5], [2, 15], [3, 1], [4, 9]])
    (spike,) = voltage.collections[0].get_segments()
    assert spike[:, 0] == pytest.approx([3, 3])
    assert spike[0, 1] == pytest.approx(20)
    assert voltage.lines[1].get_ydata() == pytest.approx([20, 20])
    np.testing.assert_allclose(current.lines[-1].get_xydata(), [[1, 0.1], [2, 0.2], [3, 0.4], [4, 0.3]])
    assert voltage.get_title(loc="left") == "a neuron: 1 spike"


def test_an_image_is_shown_in_every_step_and_its_currents_are_constant():
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    figure = plots.image_over_steps(image, image.ravel() * 1e-11, 30, 1e-3)
    assert [axes.get_title(loc="center") for axes in figure.axes] == [
        "step 1", "step 2", "step 3", "", "step 29", "step 30", ""
    ]  # fmt: skip
    levels = [patch.get_data().values for patch in figure.axes[-1].patches]
    assert [len(set(level)) for level in levels] == [1, 1, 1]
    assert levels[0][0] == pytest.approx(0.63)
