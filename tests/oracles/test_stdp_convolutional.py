"""Convolutional layers that fire once are the Brian2 network of the same equations, spike for spike."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from bioscnn.seeds import stream
from bioscnn.stdp.convolutional.layer import SILENT, Layer, Leak, pool
from bioscnn.stdp.convolutional.plain import PlainNetwork, convolution

N_STEPS, WINDOW = 26, 15
SIZE = (7, 6)
LEAK = Leak(20.0, 5.0)


@pytest.fixture(autouse=True)
def without_compiling():
    target = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy"
    yield
    brian2.prefs["codegen.target"] = target


def spikes_of_retina(n_images, seed=1):
    """Six in ten cells fire, up to three in a step."""
    rng = stream(seed, "retina")
    drawn = rng.integers(0, WINDOW, (n_images, 2, *SIZE))
    return np.where(rng.random(drawn.shape) < 0.6, drawn, SILENT).astype(np.uint8)


def drawn_weights(maps, channels=2, kernel=3, seed=1):
    return stream(seed, "weights").uniform(0, 1, (channels, kernel, kernel, maps)).astype(np.float32)


@pytest.mark.parametrize("settled", [False, True], ids=["any weights", "weights of 0 and 1"])
@pytest.mark.parametrize("leak", [None, LEAK], ids=["without a leak", "leaky"])
def test_spikes_and_potentials_are_those_of_brian2(leak, settled):
    times, weights, second = spikes_of_retina(3), drawn_weights(4), drawn_weights(5, channels=4, seed=2)
    if settled:  # potentials of several maps are equal then
        weights = np.round(weights)
    threshold = 3.1
    layer = Layer(threshold, N_STEPS, leak)
    found = layer.first_spikes(times, weights)
    pooled = pool(found, 2)
    potentials = layer.peak_potentials(pooled, second, pooled.shape[2:]).transpose(0, 3, 1, 2)
    assert 0.3 < np.mean((found != SILENT).any(axis=1)) < 1, "some places fire, not all of them"
    assert len(np.unique(found)) > 5
    plain = PlainNetwork(SIZE, weights, second, threshold, 2, N_STEPS, leak)
    for k in range(len(times)):
        shown = plain.show(times[k])
        np.testing.assert_array_equal(found[k], shown.first)
        np.testing.assert_array_equal(pooled[k], shown.pooled)
        np.testing.assert_allclose(potentials[k], shown.peaks, rtol=2e-5, atol=1e-6)


MEMBRANE = {None: "V : 1", LEAK: "dV/dt = (I - V)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1"}
ARRIVAL = {None: "V_post += w", LEAK: "I_post += 6.3496*w"}


def brian_membranes(times, weights, leak):
    """Potentials of neurons without a threshold at each step, shape (steps, maps, height, width)."""
    brian2.defaultclock.dt = 1 * ms
    fires, maps = np.flatnonzero(times.ravel() != SILENT), weights.shape[3]
    retina = brian2.SpikeGeneratorGroup(times.size, fires, times.ravel()[fires] * ms)
    layer = brian2.NeuronGroup(maps * times[0].size, MEMBRANE[leak], method="exact")
    synapses = brian2.Synapses(retina, layer, "w : 1", on_pre=ARRIVAL[leak])
    pairs = convolution(SIZE, weights)
    synapses.connect(i=pairs.pre, j=pairs.post)
    synapses.w = pairs.weight
    potentials = brian2.StateMonitor(layer, "V", record=True, when="thresholds")
    network = brian2.Network(retina, layer, synapses, potentials)
    network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    network.run(N_STEPS * ms)
    return potentials.V.T.reshape(N_STEPS, maps, *times.shape[1:])


def learned(V, times, weights, threshold, radius, winners, a_plus, a_minus):
    """The rule, word by word: neurons in the order of their spikes, and of their potentials within a step."""
    weights, kernel = weights.astype(np.float64), weights.shape[1]
    won, inhibited = [], np.zeros(V.shape[2:], bool)
    for step in range(N_STEPS):
        for m, y, x in sorted(np.argwhere(V[step] > threshold).tolist(), key=lambda at: -V[step][tuple(at)]):
            if len(won) < winners and not inhibited[y, x] and m not in won:
                won.append(m)
                inhibited[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = True
                for c, i, j in np.ndindex(*weights.shape[:3]):
                    row, column = y + i - kernel // 2, x + j - kernel // 2
                    inside = 0 <= row < V.shape[2] and 0 <= column < V.shape[3]
                    before = inside and times[c, row, column] < step
                    w = weights[c, i, j, m]
                    weights[c, i, j, m] = w + (a_plus if before else -a_minus) * w * (1 - w)
    return weights, won


@pytest.mark.parametrize("leak", [None, LEAK], ids=["without a leak", "leaky"])
def test_weights_are_learned_from_the_membranes_of_brian2(leak):
    times, weights, threshold, radius, winners = (
        spikes_of_retina(4, seed=3),
        drawn_weights(6, seed=3),
        3.1,
        1,
        4,
    )
    rates = np.array([[0.1, 0.07], [0.2, 0.1], [0.05, 0.05], [0.3, 0.2]])
    layer = Layer(threshold, N_STEPS, leak)
    found, wins = layer.learn(times, weights, rates, radius=radius, winners=winners)
    expected, total = weights, np.zeros(6, np.int64)
    for k in range(len(times)):
        V = brian_membranes(times[k], expected.astype(np.float64), leak)
        expected, won = learned(V, times[k], expected, threshold, radius, winners, *rates[k])
        total[won] += 1
    assert total.sum() > 8
    np.testing.assert_array_equal(wins, total)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found - weights).max() > 0.03
