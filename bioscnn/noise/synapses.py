"""Noise of synapses: weights that are not what they should be, and spikes that are not transmitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import draw_key
from bioscnn.errors import UserError
from bioscnn.network import (
    Composition,
    Connectivity,
    Convolution,
    Dense,
    Failure,
    Individual,
    Pooling,
    Projection,
    SpikingNetwork,
    Sum,
)
from bioscnn.neurons import ExponentialConductance
from bioscnn.noise.networks import NetworkNoise, with_synapses


@dataclass(frozen=True)
class WeightNoise(NetworkNoise):
    """The weight of each synapse is off by a share of its own, as in analogue circuits.

    .. math:: w \\leftarrow w (1 + \\mathcal{N}(0, cv^2))

    The synapses of a convolution no longer share weights. A conductance that would be negative is 0.

    Parameters
    ----------
    cv : float
        Standard deviation of a weight, in units of its size.

    References
    ----------
    Li, Chen, Moutafis and Furber (2020), Robustness to noisy synaptic weights in spiking neural networks,
    IJCNN.
    """

    cv: float

    name = "weight-noise"
    LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8)

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def noisy(projection: Projection) -> Projection:
            connectivity = projection.connectivity
            weight = connectivity.synapses()[2]
            like = connectivity.like if isinstance(connectivity, Individual) else connectivity
            own = Individual.of(like, weight * rng.normal(1, self.cv, len(weight)))
            if isinstance(projection.synapse, ExponentialConductance):
                own = own.rectified()
            return replace(projection, connectivity=own)

        return with_synapses(network, noisy)


@dataclass(frozen=True)
class TransmissionFailure(NetworkNoise):
    """Synapses fail to transmit spikes, each synapse and spike by itself.

    Parameters
    ----------
    probability : float
        That a synapse does not transmit a spike.

    References
    ----------
    Allen and Stevens (1994), An evaluation of causes for unreliability of synaptic transmission, PNAS
    91:10380.
    """

    probability: float

    name = "transmission-failure"
    LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8)
    MOST = 1.0

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def failing(projection: Projection) -> Projection:
            before = 0.0 if projection.failure is None else projection.failure.probability
            probability = before + (1 - before) * self.probability
            return replace(projection, failure=Failure(probability, draw_key(rng)))

        return with_synapses(network, failing)


@dataclass(frozen=True)
class Quantisation(NetworkNoise):
    """Weights have few values, as in digital circuits: equally spaced, as many below zero as above, and zero.

    Each weight becomes the nearest of ``k w_max / (2**(bits - 1) - 1)``, k a whole number and w_max the
    largest size of a weight in its projection. Where several maps in a row make one projection, each is
    quantised.

    Parameters
    ----------
    bits : float
        Of a weight with its sign; a whole number.
    """

    bits: float

    name = "quantisation"
    unit = "bits"
    LEVELS = (8, 6, 4, 3, 2)
    NONE = np.inf
    LEAST = 2.0
    MOST = 64.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.changes_nothing or self.bits.is_integer()):
            raise UserError(
                "not a whole number of bits",
                key=self.key("bits"),
                value=self.bits,
                expected=self.range_text(),
            )

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def quantised(projection: Projection) -> Projection:
            return replace(projection, connectivity=self._quantise(projection.connectivity))

        return with_synapses(network, quantised)

    def _quantise(self, connectivity: Connectivity) -> Connectivity:
        match connectivity:
            case Convolution():
                return replace(connectivity, kernel=self._round(connectivity.kernel))
            case Pooling():
                return replace(connectivity, gain=self._round(connectivity.gain))
            case Dense() | Individual():
                return replace(connectivity, weight=self._round(connectivity.weight))
            case Composition() | Sum():
                return replace(connectivity, parts=tuple(self._quantise(part) for part in connectivity.parts))
        raise TypeError(f"no weights are known of {type(connectivity).__name__}")

    def _round(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        largest = np.max(np.abs(weights), initial=0.0)
        if largest == 0:
            return weights
        levels = 2 ** (self.bits - 1) - 1
        return np.asarray(np.rint(weights / largest * levels) / levels * largest)
