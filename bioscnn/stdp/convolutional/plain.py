"""The same network as one writes it in Brian2: the oracle of the compiled layers.

`brian2.Synapses` for every pair of neurons, competition by asking who is higher at the same place, one run
per image. No code is shared but the text of the equations. ``bench/stdp_convolutional.py`` times the two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioscnn.stdp.convolutional.equations import ARRIVALS, MEMBRANES
from bioscnn.stdp.convolutional.layer import SILENT, Leak, Times, Weights

COMPETITION = """
rivals : 1
open : boolean
"""
"""Added to the equations of neurons that compete; ``rivals`` counts who is higher at the same place."""


class Pairs(NamedTuple):
    """Synapses: who sends, who receives, and with which weight; arrays of one length."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: NDArray[np.float64]


class Shown(NamedTuple):
    """What an image makes of a network: steps of spikes, and potentials."""

    first: Times  # (maps, height, width)
    pooled: Times  # (maps, rows, columns)
    peaks: NDArray[np.float64]  # of the second layer, (maps, rows, columns)


def convolution(size: tuple[int, int], weights: Weights) -> Pairs:
    """Return every synapse of a convolution that keeps the size; neurons are numbered map by map."""
    (height, width), (channels, kernel, _, maps) = size, weights.shape
    place = np.arange(height * width).reshape(size)
    pre, post, weight = [], [], []
    for channel, i, j in np.ndindex(channels, kernel, kernel):
        down, across = i - kernel // 2, j - kernel // 2
        here = place[max(0, -down) : height - max(0, down), max(0, -across) : width - max(0, across)].ravel()
        for k in range(maps):
            pre.append(channel * height * width + here + down * width + across)
            post.append(k * height * width + here)
            weight.append(np.full(len(here), weights[channel, i, j, k], np.float64))
    return Pairs(np.concatenate(pre), np.concatenate(post), np.concatenate(weight))


def squares(size: tuple[int, int], maps: int, width: int) -> Pairs:
    """Return the synapses of pooling: from each neuron to that of its square."""
    k, y, x = np.indices((maps, *size)).reshape(3, -1)
    rows, columns = pooled_size(size, width)
    post = (k * rows + y // width) * columns + x // width
    return Pairs(np.arange(len(k)), post, np.ones(len(k)))


def pooled_size(size: tuple[int, int], width: int) -> tuple[int, int]:
    """Return how many squares lie below and beside each other."""
    return -(-size[0] // width), -(-size[1] // width)


class PlainNetwork:
    """A retina, a layer whose neurons compete, its pooling, and a second layer without a threshold.

    Parameters
    ----------
    size : tuple of int
        Height and width of an image.
    first, second : ndarray of float32, shape (channels, kernel, kernel, maps)
        Weights.
    threshold : float
        Of the first layer, in PSPs of a synapse of weight 1.
    pool : int
        Width of the squares.
    n_steps : int
        Steps of an image, 1 ms each.
    leak : Leak or None
        In steps.
    target : str
        Brian2's ``codegen.target``: ``"numpy"`` or ``"cython"``.
    """

    def __init__(
        self, size: tuple[int, int], first: Weights, second: Weights, threshold: float, pool: int,
        n_steps: int, leak: Leak | None, target: str = "numpy",
    ) -> None:  # fmt: skip
        import brian2

        brian2.set_device("runtime")
        brian2.prefs.codegen.target = target
        brian2.defaultclock.dt = 1 * brian2.ms
        self.size, self.pooled, self.n_steps = size, pooled_size(size, pool), n_steps
        self.maps, self.top = first.shape[3], second.shape[3]
        place, model = size[0] * size[1], "lif" if leak else "if"
        self.values = leak and {"tau_m": leak.tau_m * brian2.ms, "tau_s": leak.tau_s * brian2.ms,
                                "charge": leak.charge}  # fmt: skip
        self.retina = brian2.SpikeGeneratorGroup(2 * place, [], [] * brian2.ms)
        layer = brian2.NeuronGroup(
            self.maps * place, MEMBRANES[model] + COMPETITION, method="exact", name="first",
            threshold=f"V > {threshold} and open and rivals < 0.5", reset="open = False",
        )  # fmt: skip
        competition = brian2.Synapses(
            layer,
            layer,
            # Of equal potentials, which weights of 0 and 1 often make, that of the first map is the highest.
            "rivals_post = int(V_pre > V_post or (V_pre == V_post and i < j)) : 1 (summed)",
            on_pre="open_post = False",
        )
        neuron = np.arange(self.maps * place).reshape(self.maps, place)
        one, other = np.nonzero(~np.eye(self.maps, dtype=bool))
        competition.connect(i=neuron[one].ravel(), j=neuron[other].ravel())
        # Who is higher is asked after membranes have moved, before thresholds are tested.
        competition.summed_updaters["rivals_post"].when = "before_thresholds"
        pooling = brian2.NeuronGroup(
            self.maps * self.pooled[0] * self.pooled[1], "n : 1\nopen : boolean",
            threshold="n > 0 and open", reset="open = False",
        )  # fmt: skip
        layer.open = pooling.open = True
        last = brian2.NeuronGroup(
            self.top * self.pooled[0] * self.pooled[1], MEMBRANES[model], method="exact"
        )
        arrival = ARRIVALS[model].replace("V +=", "V_post +=").replace("I +=", "I_post +=")
        self.fired, self.passed = brian2.SpikeMonitor(layer), brian2.SpikeMonitor(pooling)
        self.potentials = brian2.StateMonitor(last, "V", record=True, when="thresholds")
        self.network = brian2.Network(
            self.retina, layer, competition, pooling, last, self.fired, self.passed, self.potentials,
            _synapses(self.retina, layer, convolution(size, first), arrival),
            _synapses(layer, pooling, squares(size, self.maps, pool), "n_post += w"),
            _synapses(pooling, last, convolution(self.pooled, second), arrival),
        )  # fmt: skip
        self.network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
        self.network.store()

    def show(self, times: Times) -> Shown:
        """Return what one image makes of the network, from rest; times of shape (2, height, width)."""
        import brian2

        self.network.restore()
        fires = np.flatnonzero(times.ravel() != SILENT)
        self.retina.set_spikes(fires, times.ravel()[fires] * brian2.ms)
        self.network.run(self.n_steps * brian2.ms, namespace=self.values or {})
        peaks = np.asarray(self.potentials.V).max(axis=1)
        return Shown(
            _steps(self.fired, (self.maps, *self.size)),
            _steps(self.passed, (self.maps, *self.pooled)),
            peaks.reshape(self.top, *self.pooled),
        )


def _synapses(pre: Any, post: Any, pairs: Pairs, on_pre: str) -> Any:
    import brian2

    synapses = brian2.Synapses(pre, post, "w : 1", on_pre=on_pre)
    synapses.connect(i=pairs.pre, j=pairs.post)
    synapses.w = pairs.weight
    return synapses


def _steps(monitor: Any, shape: tuple[int, ...]) -> Times:
    """Return the step of each neuron's spike; ValueError if one fired twice."""
    import brian2

    neuron = np.asarray(monitor.i)
    if len(np.unique(neuron)) < len(neuron):
        raise ValueError("a neuron fired twice")
    times = np.full(int(np.prod(shape)), SILENT, np.uint8)
    times[neuron] = np.rint(np.asarray(monitor.t / brian2.ms))
    return times.reshape(shape)
