"""Numbers of the network of Diehl and Cook that no equation holds: sizes, times, rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Circuit:
    """How many neurons, and how images are shown to them; times in s, rates in Hz, conductances in S.

    Parameters
    ----------
    n_inputs, n_neurons : int
        Pixels, and excitatory neurons; there are as many inhibitory ones.
    excitation : float
        What an excitatory neuron adds to the conductance ``g_e`` of its inhibitory neuron.
    inhibition : float
        What an inhibitory neuron adds to ``g_i`` of all excitatory neurons but its own.
    weight_total : float
        Sum of the weights onto an excitatory neuron, restored before each image.
    rate, raise_rate : float
        Poisson rate of a white pixel, and what is added to it each time an image gave too few spikes.
    fewest_spikes, most_tries : int
        An image that gave fewer spikes is shown again, brighter, so often at most in all.
    shown, rest, dt : float
        How long an image is shown; how long the neurons would rest after it, which is not simulated: their
        states return to rest at once; the time step.
    """

    n_inputs: int
    n_neurons: int
    excitation: float = 10.4e-9
    inhibition: float = 17e-9
    weight_total: float = 78.0
    rate: float = 63.75
    raise_rate: float = 31.875
    fewest_spikes: int = 5
    most_tries: int = 20
    shown: float = 350e-3
    rest: float = 150e-3
    dt: float = 0.5e-3

    @property
    def n_steps(self) -> int:
        """Steps of a presentation."""
        return round(self.shown / self.dt)

    def as_dict(self) -> dict[str, Any]:
        """Return all numbers by name, for a card."""
        return asdict(self)


Precision = Literal["float32", "float64"]
