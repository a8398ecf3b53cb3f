"""Convolutional layers that fire once are the Brian2 network of the same equations, spike for spike."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from bioscnn.seeds import stream
from bioscnn.stdp.convolutional.layer import SILENT, Layer, Leak, pool

N_STEPS, WINDOW = 26, 15
SHAPE = (2, 7, 6)
LEAK = Leak(20.0, 5.0)
CHARGE = 6.3496  # (tau_m/tau_s)**(tau_m/(tau_m - tau_s)): the PSP of a synapse of weight 1 is 1 high

MEMBRANE = {
    None: "V : 1",
    LEAK: "dV/dt = (I - V)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1",
}
ARRIVAL = {None: "V_post += w", LEAK: "I_post += CHARGE*w"}


@pytest.fixture(autouse=True)
def without_compiling():
    target = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy"
    yield
    brian2.prefs["codegen.target"] = target


COMPETING = """
rivals : 1
open : boolean
"""


def spikes_of_retina(n_images, seed=1):
    """Six in ten cells fire, up to three in a step."""
    rng = stream(seed, "retina")
    drawn = rng.integers(0, WINDOW, (n_images, *SHAPE))
    return np.where(rng.random(drawn.shape) < 0.6, drawn, SILENT).astype(np.uint8)


def drawn_weights(maps, channels=2, kernel=3, seed=1):
    return stream(seed, "weights").uniform(0, 1, (channels, kernel, kernel, maps)).astype(np.float32)


def convolution(shape, weights):
    """Every synapse: cell, neuron, weight; neurons are numbered map by map."""
    (channels, height, width), (_, kernel, _, maps) = shape, weights.shape
    rows = [
        ((c * height + y + i - kernel // 2) * width + x + j - kernel // 2, (m * height + y) * width + x,
         weights[c, i, j, m])
        for c in range(channels) for i in range(kernel) for j in range(kernel) for m in range(maps)
        for y in range(height) for x in range(width)
        if 0 <= y + i - kernel // 2 < height and 0 <= x + j - kernel // 2 < width
    ]  # fmt: skip
    return (np.array(column) for column in zip(*rows, strict=True))


def connected(pre, post, pairs, **options):
    """Synapses of the pairs, each with its weight."""
    pre_index, post_index, weight = pairs
    synapses = brian2.Synapses(pre, post, "w : 1", **options)
    synapses.connect(i=pre_index, j=post_index)
    synapses.w = weight
    return synapses


def generator(times):
    fires = np.flatnonzero(times.ravel() != SILENT)
    return brian2.SpikeGeneratorGroup(times.size, fires, times.ravel()[fires] * ms)


def run(*objects):
    network = brian2.Network(*objects)
    network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    network.run(N_STEPS * ms, namespace={"CHARGE": CHARGE})


def first(monitor, shape):
    times = np.full(int(np.prod(shape)), SILENT, np.uint8)
    times[np.array(monitor.i)] = np.rint(np.array(monitor.t / ms))
    assert len(monitor.i) == np.count_nonzero(times != SILENT), "a neuron fired twice"
    return times.reshape(shape)


def brian_network(times, weights, threshold, second, leak):
    """Spikes of a layer in which neurons at one place compete, of its pooling, and potentials of the next."""
    brian2.defaultclock.dt = 1 * ms
    retina, (_, height, width), maps = generator(times), times.shape, weights.shape[3]
    place = height * width
    layer = brian2.NeuronGroup(
        maps * place, MEMBRANE[leak] + COMPETING,
        threshold=f"V > {threshold} and open and rivals < 0.5", reset="open = False", method="exact",
    )  # fmt: skip
    layer.open = True
    # Who is higher at the same place is asked after membranes have moved, before thresholds.
    competition = brian2.Synapses(
        layer, layer, "rivals_post = int(V_pre > V_post) : 1 (summed)", on_pre="open_post = False"
    )
    competition.connect(condition=f"i != j and i % {place} == j % {place}")
    competition.summed_updaters["rivals_post"].when = "before_thresholds"
    rows, columns = -(-height // 2), -(-width // 2)
    pooling = brian2.NeuronGroup(
        maps * rows * columns, "n : 1\nopen : boolean", threshold="n > 0 and open", reset="open = False"
    )
    pooling.open = True
    neuron = np.arange(maps * place)
    m, y, x = neuron // place, neuron % place // width, neuron % width
    squares = (neuron, (m * rows + y // 2) * columns + x // 2, np.ones(len(neuron)))
    top = brian2.NeuronGroup(second.shape[3] * rows * columns, MEMBRANE[leak], method="exact")
    synapses = [
        connected(retina, layer, convolution(times.shape, weights), on_pre=ARRIVAL[leak]),
        connected(layer, pooling, squares, on_pre="n_post += w"),
        connected(pooling, top, convolution((maps, rows, columns), second), on_pre=ARRIVAL[leak]),
    ]
    fired, passed = brian2.SpikeMonitor(layer), brian2.SpikeMonitor(pooling)
    potentials = brian2.StateMonitor(top, "V", record=True, when="thresholds")
    run(retina, layer, pooling, top, competition, *synapses, fired, passed, potentials)
    return (
        first(fired, (maps, height, width)),
        first(passed, (maps, rows, columns)),
        potentials.V.max(axis=1).reshape(second.shape[3], rows, columns),
    )


@pytest.mark.parametrize("leak", [None, LEAK], ids=["without a leak", "leaky"])
def test_spikes_and_potentials_are_those_of_brian2(leak):
    times, weights, second = spikes_of_retina(3), drawn_weights(4), drawn_weights(5, channels=4, seed=2)
    threshold = 3.1
    layer = Layer(threshold, N_STEPS, leak)
    found = layer.first_spikes(times, weights)
    pooled = pool(found, 2)
    potentials = layer.peak_potentials(pooled, second, pooled.shape[2:]).transpose(0, 3, 1, 2)
    assert 0.3 < np.mean((found != SILENT).any(axis=1)) < 1, "some places fire, not all of them"
    assert len(np.unique(found)) > 5
    for k in range(len(times)):
        fired, passed, peaks = brian_network(times[k], weights, threshold, second, leak)
        np.testing.assert_array_equal(found[k], fired)
        np.testing.assert_array_equal(pooled[k], passed)
        np.testing.assert_allclose(potentials[k], peaks, rtol=2e-5, atol=1e-6)


def brian_membranes(times, weights, leak):
    """Potentials of neurons without a threshold at each step, shape (steps, maps, height, width)."""
    brian2.defaultclock.dt = 1 * ms
    retina, maps = generator(times), weights.shape[3]
    layer = brian2.NeuronGroup(maps * times[0].size, MEMBRANE[leak], method="exact")
    synapses = connected(retina, layer, convolution(times.shape, weights), on_pre=ARRIVAL[leak])
    potentials = brian2.StateMonitor(layer, "V", record=True, when="thresholds")
    run(retina, layer, synapses, potentials)
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
