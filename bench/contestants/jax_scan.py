"""No library: the loop over time as a jitted `lax.scan` in JAX, written by hand."""

from __future__ import annotations

import jax

from bench.contestants.jax_network import JaxNetwork
from bench.problem import Problem


class JaxScan(JaxNetwork):
    """IF neurons in three lines."""

    def fire(self, number: int, current: jax.Array, potential: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Integrate, fire above 1, subtract 1."""
        potential = potential + current
        spikes = (potential >= 1.0).astype(potential.dtype)
        return spikes, potential - spikes


def load(problem: Problem) -> JaxScan:
    """Return the network of a problem."""
    return JaxScan(problem)
