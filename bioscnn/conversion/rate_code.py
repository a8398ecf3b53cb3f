"""How a population stands for activations: pre-activation to current, firing rate to activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class RateCode:
    """Pre-activation ``z`` to current ``offset + slope * z``, rate ``r`` to activation ``unit * r``.

    Synapses are linear, so the current of a neuron has to be affine in its pre-activation.

    Parameters
    ----------
    offset : ndarray of float64, shape (channels,)
        Current of a pre-activation of zero, A.
    slope : ndarray of float64, shape (channels,)
        A per unit of pre-activation.
    unit : ndarray of float64, shape (channels,)
        Activation per Hz.

    Raises
    ------
    UserError
        If one of them is infinite or no number.
    """

    offset: NDArray[np.float64]
    slope: NDArray[np.float64]
    unit: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not all(np.isfinite(values).all() for values in (self.offset, self.slope, self.unit)):
            raise UserError(
                "the activations of the trained network become infinite",
                key="images",
                fix="give images in the range that the network was trained on",
            )

    def current(self, pre_activation: NDArray[Any]) -> NDArray[np.float64]:
        """Return the currents, A, of pre-activations of shape (n, channels, ...)."""
        return self._along(self.offset, pre_activation) + self._along(self.slope, pre_activation) * (
            pre_activation.astype(np.float64)
        )

    def rate(self, activation: NDArray[Any]) -> NDArray[np.float64]:
        """Return the rates, Hz, that stand for activations of shape (n, channels, ...)."""
        return activation.astype(np.float64) / self._along(self.unit, activation)

    def activation(self, rate: NDArray[Any]) -> NDArray[np.float64]:
        """Return the activations that rates, Hz, of shape (n, channels, ...) stand for."""
        return rate * self._along(self.unit, rate)

    @staticmethod
    def _along(by_channel: NDArray[np.float64], values: NDArray[Any]) -> NDArray[np.float64]:
        return by_channel.reshape(-1, *[1] * (values.ndim - 2))
