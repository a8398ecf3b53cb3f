"""Activations of a trained network: the rectifier, and the firing rate of a LIF neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.fields import Array, Shape, single
from bioscnn.errors import UserError
from bioscnn.neurons import lif_rate, soft_lif_rate


@dataclass(frozen=True, eq=False)
class ReLU:
    """Rectifier: ``max(x, 0)``."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, that of the input."""
        return input_shape

    def forward(self, x: Array) -> Array:
        """Return the rectified x."""
        return np.maximum(x, 0)


@dataclass(frozen=True, eq=False)
class LIFRate:
    """Firing rate of a LIF neuron, ``amplitude * f(J)``, of a current J in units of the rheobase.

    The numbers are kept to single precision, as ONNX stores them.

    Parameters
    ----------
    tau_m, t_ref : float
        Membrane time constant and refractory period in seconds.
    amplitude : float
        Output of a neuron that fires at 1 Hz, in seconds.
    gamma : float
        Width of the smoothing at the rheobase, in its units; 0 for the exact rate.

    Raises
    ------
    UserError
        If a number is out of range.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141.
    """

    tau_m: float = 20e-3
    t_ref: float = 2e-3
    amplitude: float = 10e-3
    gamma: float = 0.0

    def __post_init__(self) -> None:
        for name, positive in (("tau_m", True), ("t_ref", False), ("amplitude", True), ("gamma", False)):
            value = single(getattr(self, name))
            if not np.isfinite(value) or value < 0 or (positive and value == 0):
                expected = "a number > 0" if positive else "a number >= 0"
                raise UserError("not a parameter of a LIF rate", key=name, value=value, expected=expected)
            object.__setattr__(self, name, value)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, that of the input."""
        return input_shape

    def forward(self, x: Array) -> Array:
        """Return the rates, dimensionless, for currents x in units of the rheobase."""
        rate: NDArray[np.float64]
        if self.gamma == 0:
            rate = lif_rate(x, self.tau_m, self.t_ref)
        else:
            rate = soft_lif_rate(x, self.tau_m, self.t_ref, self.gamma)
        return (self.amplitude * rate).astype(x.dtype)
