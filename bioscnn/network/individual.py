"""Synapses that each have a weight of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.network.connectivity import Connectivity, Synapses
from bioscnn.network.relation import Relation


@dataclass(frozen=True, eq=False)
class Individual(Connectivity):
    """The synapses of another connectivity, each with a weight of its own.

    Parameters
    ----------
    like : Connectivity
        Which synapses there are.
    weight : ndarray of float64, shape (n_synapses,)
        In the order of ``like.synapses()``.
    """

    like: Connectivity
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, like: Connectivity, weight: NDArray[np.float64]) -> Individual:
        """Give every synapse of a connectivity another weight."""
        return cls(like.pre_shape, like.post_shape, like, weight)

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("individual", self.like.geometry)

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        pre, post, _ = self.like.synapses()
        return pre, post, self.weight

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected."""
        return self.like.relations

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        return np.asarray((self.matrix().T @ weight.T).T)

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        sender, receiver, _ = self.like.synapses()
        factor = pre[sender // prod(self.pre_shape[1:])] * post[receiver // prod(self.post_shape[1:])]
        return replace(self, weight=self.weight * factor)

    def rectified(self) -> Individual:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, weight=np.maximum(self.weight, 0))
