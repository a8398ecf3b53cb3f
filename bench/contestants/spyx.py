"""spyx: its `IF` neuron in a jitted scan over time.

A neuron of spyx looks at the potential that it had at the end of the step before: every layer fires a step
later than elsewhere, so its spike counts are lower.
"""

from __future__ import annotations

import jax
import spyx.nn

from bench.contestants.jax_network import JaxNetwork
from bench.problem import Problem


class Spyx(JaxNetwork):
    """Neurons of spyx."""

    def fire(self, number: int, current: jax.Array, potential: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Call the neuron of spyx; its state has the shape of the potential."""
        return spyx.nn.IF(potential.shape[1:])(current, potential)


def load(problem: Problem) -> Spyx:
    """Return the network of a problem."""
    return Spyx(problem)
