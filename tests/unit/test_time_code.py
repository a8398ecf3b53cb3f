"""The time code: which value each spike time says, and which studies cannot have it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from bioscnn.ann import INPUT, Add, Conv2d, Dense, Flatten, LayerGraph, MaxPool2d, Node, ReLU
from bioscnn.conversion import convert_to_times, fired_by_rounding, rounded_activations, time_scales
from bioscnn.encoding import spike_times
from bioscnn.errors import UserError
from bioscnn.ledger.causes import CAUSES, Off
from bioscnn.ledger.conditions import Conditions, SpikeTimes
from bioscnn.neurons import LIF, ExponentialCurrent, TimeCode, WindowedLIF, postsynaptic_potential
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.settling import read_settled_study
from tests.networks import every_layer, images

STUDY = Path(__file__).parents[2] / "sims" / "mnist-time.toml"
CODE = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)


@pytest.mark.parametrize(
    "tau_m, tau_s, dt", [(20e-3, 5e-3, 1e-3), (10e-3, 2e-3, 0.1e-3), (30e-3, 15e-3, 2e-3)]
)
def test_a_window_is_as_long_as_a_postsynaptic_potential_rises(tau_m, tau_s, dt):
    code = TimeCode(tau_m, tau_s, dt)
    peak = minimize_scalar(lambda t: -postsynaptic_potential(t, 1, 1, tau_m, tau_s), (0, tau_m)).x
    assert code.rise == pytest.approx(peak, rel=1e-5)
    assert code.window_steps == int(peak / dt)
    ages = dt * np.arange(1, code.window_steps + 1)
    psp = postsynaptic_potential(ages, 1, 1, tau_m, tau_s)
    assert code.values == pytest.approx(psp / psp[-1])


def test_what_is_said_is_the_nearest_value():
    x = np.linspace(-0.5, 1.5, 1001)
    values = np.concatenate([[0], CODE.values])
    assert np.array_equal(CODE.quantised(x), values[np.abs(values - x[:, None]).argmin(axis=1)])
    assert CODE.ages_of([[0.14, 0.141], [0.999, 7.0]]).tolist() == [[0, 1], [9, 9]]


def test_each_input_fires_once_so_long_before_its_window_closes():
    spikes = spike_times(np.array([[0, 0.1, 0.5, 1], [0.3, 0, 0, 0]], np.float32), CODE, 37)
    assert (spikes.trial().tolist(), spikes.neuron.tolist()) == ([0, 0, 1], [3, 2, 0])
    assert spikes.step.tolist() == [0, 7, 8]


@pytest.mark.parametrize(
    "change, key",
    [
        ("synapse.tau_s=20ms", "synapse.tau_s"),
        ("synapse.tau_s=30ms", "synapse.tau_s"),
        ("simulation.dt=18.5ms", "simulation.dt"),
        ("simulation.duration=36ms", "simulation.duration"),
        ("neuron.model=if", "neuron.model"),
        ("synapse.model=conductance", "synapse.model"),
        ("encoding.kind=poisson", "encoding.kind"),
        ("encoding.kind=rank-order", "encoding.kind"),
        ("dataset.name=nmnist", "encoding.kind"),
        ("simulation.start=spread", "simulation.start"),
        ("simulation.device=genn", "simulation.device"),
        ("readout.rule=peak-potential", "readout.rule"),
        ("network.model=mnist-small", "network.code"),
        ("network.code=rate", "network.scale"),
        ("network.scale=0", "network.scale"),
    ],
)
def test_a_study_that_cannot_have_the_code_is_refused_with_the_key(change, key):
    with pytest.raises(UserError) as refused:
        plan_study(read_study(STUDY, [change, "dataset.trials=1"]), None)
    assert refused.value.key == key


def test_auto_is_the_end_of_the_last_window_at_any_time_step():
    for dt, ms in ((1, 37), (0.15, 36.75), (2, 34)):
        changes = ["simulation.duration=auto", f"simulation.dt={dt} ms"]
        study, chosen = read_settled_study(STUDY, changes, None, Silent())
        assert chosen is None
        assert 1e3 * study.config.simulation.duration == pytest.approx(ms)


def test_a_scale_of_its_own_needs_no_training_images_and_rates_keep_their_keys():
    scaled = read_study(STUDY).config.model_dump()["network"]
    assert scaled == {"model": "mnist-small-time", "code": "time", "scale": 1.0}
    assert "code" not in read_study(STUDY.with_name("mnist.toml")).config.model_dump()["network"]
    with pytest.raises(UserError, match="earliest spike"):
        read_study(STUDY.with_name("mnist.toml"), ["network.scale=1"])


def test_windows_follow_each_other_and_branches_wait_for_the_longer_one():
    graph = every_layer(ReLU())
    network = convert_to_times(graph, LIF(), ExponentialCurrent(), 1e-3)
    opens = [p.neuron.opens for p in network.neurons if isinstance(p.neuron, WindowedLIF)]
    assert opens == [9 * (k + 1) for k in range(len(opens))]
    conv = Conv2d(np.ones((2, 2, 1, 1), np.float32))
    nodes = [
        Node("a", conv, (INPUT,)),
        Node("f", ReLU(), ("a",)),
        Node("b", conv, ("f",)),
        Node("g", ReLU(), ("b",)),
    ]
    end = [Node("h", Flatten(), ("sum",)), Node("logits", Dense(np.ones((3, 8), np.float32)), ("h",))]
    branches = LayerGraph("branches", (2, 2, 2), (*nodes, Node("sum", Add(), ("f", "g")), *end))
    waiting = convert_to_times(branches, LIF(), ExponentialCurrent(), 1e-3)
    assert waiting["conv1_later1"].neuron.opens == waiting["conv2"].neuron.opens == 18
    pooled = Node("p", MaxPool2d((1, 1), (1, 1)), ("g",))
    crooked = LayerGraph("crooked", (2, 2, 2), (*nodes, pooled, Node("sum", Add(), ("f", "p")), *end))
    with pytest.raises(UserError, match="out of step"):
        convert_to_times(crooked, LIF(), ExponentialCurrent(), 1e-3)


def test_a_network_is_simulated_at_the_time_step_of_its_windows():
    network = convert_to_times(every_layer(ReLU()), LIF(), ExponentialCurrent(), 1e-3)
    pixels = images(1).reshape(1, -1)
    with pytest.raises(UserError, match="another time step"):
        simulate(network, spike_times(pixels, replace(CODE, dt=0.5e-3), 100), Device("numpy"))


def test_rounded_activations_of_many_images_are_those_of_each(monkeypatch):
    graph, many = every_layer(ReLU()), images(5)
    whole = rounded_activations(graph, many, CODE, 1.0)
    monkeypatch.setattr(LayerGraph, "_at_once", lambda graph: 2)
    parts = rounded_activations(graph, many, CODE, 1.0)
    assert list(parts) == list(whole)
    for name, values in whole.items():
        assert parts[name].shape == values.shape == (5, *values.shape[1:])
        assert parts[name] == pytest.approx(values)


def test_first_spikes_of_an_output_need_a_window_of_its_own():
    keys = ["readout.rule=first-spike", "dataset.trials=2"]
    settled, _ = read_settled_study(STUDY, [*keys, "simulation.duration=auto"], None, Silent())
    assert settled.config.simulation.duration == pytest.approx(46e-3)
    with pytest.raises(UserError) as refused:
        prepare(read_study(STUDY, keys), None)
    assert refused.value.key == "simulation.duration" and "46 ms" in refused.value.fix


def test_a_background_that_rounding_lights_up_is_told():
    """The first layer is at 0.1, which half of the smallest value silences, and so no longer inhibits."""
    first = Conv2d(np.zeros((1, 1, 1, 1), np.float32), np.array([0.1], np.float32))
    second = Conv2d(np.array([[[[-4.0]]]], np.float32), np.array([0.4], np.float32))
    layers = (first, ReLU(), second, ReLU(), Flatten(), Dense(np.ones((2, 9), np.float32)))
    graph = LayerGraph("background", (1, 3, 3), layers)
    assert fired_by_rounding(graph, CODE, 1.0) == {"conv1": 0.0, "conv2": 1.0}
    assert fired_by_rounding(graph, replace(CODE, dt=0.5e-3), 1.0) == {"conv1": 0.0, "conv2": 0.0}


def test_the_ledger_knows_the_time_step_and_the_scale():
    graph = every_layer(ReLU())
    now = Conditions(
        LIF(), ExponentialCurrent(), "none", 99.0, 200.0, 1e-3, 37e-3, "float64", spike_times=SpikeTimes()
    )
    off = {cause.name: cause.switch_off(now, graph) for cause in CAUSES}
    assert {name for name, found in off.items() if isinstance(found, Off)} == {"time step", "clipping"}
    finer, wider = off["time step"].conditions, off["clipping"].conditions
    assert finer.dt == pytest.approx(1e-4) and finer.duration >= 4 * 92 * 1e-4 + 1e-4
    assert wider.percentile == 100
    assert time_scales(graph, images(20), 100)["conv1"] >= time_scales(graph, images(20), 50)["conv1"]
