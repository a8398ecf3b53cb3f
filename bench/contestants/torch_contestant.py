"""What all contestants that compute with torch are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from numpy import int64
from numpy.typing import NDArray

from bench.problem import Stimulus, count


class TorchContestant(ABC):
    """A network of convolutions that answers, or is asked for its spikes, in one way."""

    convolutions: Sequence[Any]

    def classify(self, stimulus: Stimulus, batch: int, variant: str) -> NDArray[int64]:
        """Return the class of each example, shape (n,)."""
        return self.run(stimulus, batch, variant, None)

    def spikes(self, stimulus: Stimulus, batch: int, variant: str) -> list[float]:
        """Return the spikes of each convolution per example."""
        totals = [0.0] * len(self.convolutions)
        self.run(stimulus, batch, variant, totals)
        return [total / count(stimulus) for total in totals]

    @abstractmethod
    def run(self, stimulus: Stimulus, batch: int, variant: str, totals: list[float] | None) -> NDArray[int64]:
        """Return the class of each example; add up the spikes of each layer where a list is given."""
