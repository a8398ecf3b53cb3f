"""What the contestants on JAX share: convolutions, the scan over time, batches, the readout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from bench.problem import Problem

State = tuple[list[jax.Array], jax.Array, list[jax.Array]]


class JaxNetwork(ABC):
    """Convolutions with neurons between them, compiled once for each size of a batch.

    A variant is empty or ``channels-last``, the order of the axes.
    """

    def __init__(self, problem: Problem) -> None:
        self.layers, self.readout = problem.layers[:-1], problem.layers[-1]
        self.n_steps = problem.n_steps

    @abstractmethod
    def fire(self, number: int, current: jax.Array, potential: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Advance the neurons of a layer by a step; return their spikes and their potentials."""

    def classify(self, images: NDArray[np.float32], batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each image, shape (n,)."""
        # A last batch that is not full is filled up, or the network would be compiled for its size too.
        full = np.resize(images, (-(-len(images) // batch) * batch, *images.shape[1:]))
        parts = [self.run(full[at : at + batch], variant, False)[0] for at in range(0, len(full), batch)]
        return np.concatenate(parts)[: len(images)].astype(np.int64)

    def spikes(self, images: NDArray[np.float32], batch: int, variant: str) -> list[float]:
        """Return the spikes of each convolution per image."""
        return [float(total) / len(images) for total in self.run(images, variant, True)[1]]

    @partial(jax.jit, static_argnums=(0, 2, 3))
    def run(self, images: jax.Array, variant: str, count: bool) -> tuple[jax.Array, list[jax.Array]]:
        """Return the class of each image of a batch, and all spikes if they are to be counted."""
        channels_last = variant == "channels-last"
        axes = ("NHWC", "HWIO", "NHWC") if channels_last else ("NCHW", "OIHW", "NCHW")

        def convolve(number: int, spikes: jax.Array) -> jax.Array:
            layer = self.layers[number]
            kernel = layer.weight.transpose(2, 3, 1, 0) if channels_last else layer.weight
            bias = layer.bias if channels_last else layer.bias[:, None, None]
            strides = layer.stride, layer.stride
            return lax.conv_general_dilated(spikes, kernel, strides, "VALID", dimension_numbers=axes) + bias

        def step(state: State, _: None) -> tuple[State, None]:
            potentials, counts, totals = list(state[0]), state[1], list(state[2])
            spikes = first
            for number in range(len(potentials)):
                current = convolve(number, spikes) if number > 0 else first
                spikes, potentials[number] = self.fire(number, current, potentials[number])
                if count:
                    totals[number] += spikes.sum()
            return (potentials, counts + spikes, totals), None

        # The constant input of the first layer is computed once.
        first = convolve(0, images.transpose(0, 2, 3, 1) if channels_last else images)
        shapes = [first]
        for number in range(1, len(self.layers)):
            shapes.append(jax.eval_shape(partial(convolve, number), shapes[-1]))
        rest = [jnp.zeros(shape.shape) for shape in shapes]
        none = [jnp.zeros(()) for _ in rest]
        (_, counts, totals), _ = lax.scan(step, (rest, rest[-1], none), length=self.n_steps)
        if channels_last:
            counts = counts.transpose(0, 3, 1, 2)
        # The readout is linear: what it sums up over time is its output for the spike counts.
        evidence = counts.reshape(len(images), -1) @ self.readout.weight.T + self.n_steps * self.readout.bias
        return evidence.argmax(axis=1), totals
