"""The keys of a convolutional network that learns: ``[learning]``, and the tables within."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from bioscnn.encoding import DifferenceOfGaussians
from bioscnn.quantities import format_quantity
from bioscnn.stdp.config import LearnedConfig, LearnedSimulation, Learning
from bioscnn.stdp.convolutional.layer import SILENT, Layer, Leak
from bioscnn.studies.config.values import Count, Factor, Table, Time, refuse, whole


def _odd(width: int) -> int:
    if width % 2 == 0:
        raise refuse("a square with a pixel in its middle is odd", value=width, expected="3, 5, 7 ...")
    return width


OddWidth = Annotated[int, Field(ge=3, le=99), AfterValidator(_odd)]


MOST_WEIGHTS, MOST_FEATURES = 10**8, 50_000
"""400 MB of weights; what the classifier sees of an image, 200 kB of it."""


class Retina(Table):
    """``[learning.retina]``: on-centre and off-centre cells, one of each at every pixel.

    Parameters
    ----------
    size : int
        Width of the difference of Gaussians, pixels, odd.
    sigma : float
        Standard deviation of the centre, pixels.
    ratio : float
        That of the surround in units of the centre's.
    least : float
        Cells with smaller coefficients are silent; kernels have the norm 1, intensities lie from 0 to 1.
    """

    size: OddWidth = 7
    sigma: Annotated[float, Field(ge=0.1, le=100)] = 1.0
    ratio: Annotated[float, Field(gt=1, le=1000)] = 2.0
    least: Factor = 0.1

    @property
    def cells(self) -> tuple[DifferenceOfGaussians, DifferenceOfGaussians]:
        """The two kinds of cells."""
        return (
            DifferenceOfGaussians("on-centre", self.size, self.sigma, self.ratio, 1),
            DifferenceOfGaussians("off-centre", self.size, self.sigma, self.ratio, -1),
        )


class Neuron(Table):
    """``[learning.neuron]``: the membrane of both layers, and how long an image lasts.

    Parameters
    ----------
    model : str
        ``"if"``, without a leak as published, or ``"lif"`` with synaptic currents.
    tau_m, tau_s : float
        Time constants of membrane and synapse of the latter, s.
    window : float
        Time in which all spikes of the retina fall, s.
    duration : float
        Of an image, s.
    dt : float
        Time step, s.
    """

    model: Literal["if", "lif"] = "if"
    tau_m: Time = 20e-3
    tau_s: Time = 5e-3
    window: Time = 30e-3
    duration: Time = 45e-3
    dt: Time = 1e-3

    @model_validator(mode="after")
    def _fits(self) -> Neuron:
        key = "learning.neuron"
        if not 0 < self.tau_s < self.tau_m:
            raise refuse("a synapse decays faster than the membrane", key=f"{key}.tau_s", value=self.tau_s,
                         expected="above 0, below tau_m")  # fmt: skip
        if not self.dt > 0:
            raise refuse("no time step", key=f"{key}.dt", value=self.dt, expected="above 0 ms")
        for name in ("window", "duration"):
            if not whole(getattr(self, name), self.dt):
                raise refuse("no whole number of time steps", key=f"{key}.{name}",
                             value=format_quantity(getattr(self, name), "time"),
                             expected=f"a multiple of {format_quantity(self.dt, 'time')}")  # fmt: skip
        if not 1 <= self.window_steps <= self.n_steps - 4:
            raise refuse(
                "spikes of the retina need four more steps to pass through the network",
                key=f"{key}.window",
                value=format_quantity(self.window, "time"),
                expected="four steps less than the duration",
            )
        if self.n_steps >= SILENT:
            raise refuse("too many time steps", key=f"{key}.duration", value=self.n_steps,
                         expected=f"fewer than {SILENT} steps", fix="make dt longer")  # fmt: skip
        return self

    @property
    def window_steps(self) -> int:
        """Steps of the window."""
        return round(self.window / self.dt)

    @property
    def n_steps(self) -> int:
        """Steps of an image."""
        return round(self.duration / self.dt)

    @property
    def leak(self) -> Leak | None:
        """What leaky membranes need, in steps."""
        return Leak(self.tau_m / self.dt, self.tau_s / self.dt) if self.model == "lif" else None


class PlasticLayer(Table):
    """``[learning.first]`` and ``[learning.second]``: a layer, and how it learns.

    Parameters
    ----------
    maps : int
        Features.
    kernel : int
        Width of the receptive field, odd.
    threshold : float
        V_th in units of the PSP of a synapse of weight 1.
    pool : int
        Of the first layer: width of the squares of which the first spike is passed on.
    images : int
        Presentations from which the layer learns.
    radius : int
        A neuron that learns keeps those of all maps so near to it from learning.
    winners : int
        Neurons that learn from one image, at most.
    """

    maps: Annotated[int, Field(ge=1, le=2000)]
    kernel: OddWidth = 5
    threshold: Factor
    pool: Annotated[int, Field(ge=1, le=50)] = 2
    images: Count
    radius: Annotated[int, Field(ge=0, le=50)]
    winners: Annotated[int, Field(ge=1, le=2000)]

    def neurons(self, neuron: Neuron) -> Layer:
        """Return the layer's neurons."""
        return Layer(self.threshold, neuron.n_steps, neuron.leak)


class Plasticity(Table):
    """``[learning.stdp]``: how much a pair of spikes changes a weight.

    Parameters
    ----------
    a_plus : float
        Of the first image; it doubles after each `doubling` images until it is `largest`, as published.
    largest : float
        Where doubling ends.
    doubling : int
        Images.
    ratio : float
        a_minus in units of a_plus.
    """

    a_plus: Annotated[float, Field(gt=0, lt=1)] = 0.004
    largest: Annotated[float, Field(gt=0, lt=1)] = 0.15
    doubling: Count = 500
    ratio: Annotated[float, Field(gt=0, le=1)] = 0.75


class Readout(Table):
    """``[learning.readout]``: a linear classifier of the highest potentials of the second layer.

    Parameters
    ----------
    grid : int
        The image is divided into so many rows and columns; a feature is a map's highest potential in a part.
    penalty : float
        Of half the sum of squared weights of standardised features: 1/C of scikit-learn.
    iterations : int
        Of the fit, at most.
    """

    grid: Annotated[int, Field(ge=1, le=50)] = 3
    penalty: Factor = 30.0
    iterations: Count = 80


class Convolutional(Learning):
    """The table ``[learning]`` of a convolutional network.

    Parameters
    ----------
    retina, neuron, first, second, stdp, readout
        Tables.
    """

    rule: Literal["convolutional"] = "convolutional"
    passes: Literal[1] = 1  # each layer says from how many images it learns
    retina: Retina = Retina()
    neuron: Neuron = Neuron()
    first: PlasticLayer
    second: PlasticLayer
    stdp: Plasticity = Plasticity()
    readout: Readout = Readout()

    @model_validator(mode="after")
    def _sizes(self) -> Convolutional:
        first, second = self.first, self.second
        weights = first.maps * (2 * first.kernel**2 + second.maps * second.kernel**2)
        for key, size, most in (
            (
                "second.maps",
                weights,
                MOST_WEIGHTS,
            ),
            ("readout.grid", second.maps * self.readout.grid**2, MOST_FEATURES),
        ):
            if size > most:
                raise refuse(
                    "too large a network",
                    key=f"learning.{key}",
                    value=f"{size:,} numbers",
                    expected=f"at most {most:,}",
                    fix="make maps, kernels or grid smaller",
                )
        return self

    @model_validator(mode="after")
    def _one_pooling(self) -> Convolutional:
        if self.second.pool != PlasticLayer.model_fields["pool"].default:
            raise refuse(
                "the classifier reads the second layer, which is not pooled",
                key="learning.second.pool",
                value=self.second.pool,
                fix="remove the key",
            )
        return self


class ConvolutionalSimulation(LearnedSimulation):
    """``[simulation]``: computed in single precision."""

    precision: Literal["float32"] = "float32"


class ConvolutionalConfig(LearnedConfig):
    """A study file of a convolutional network."""

    learning: Convolutional
    simulation: ConvolutionalSimulation = ConvolutionalSimulation()

    def other_noises(self) -> tuple[str, ...]:
        """Return the noises of the retina's spikes."""
        return ("spike-jitter", "spike-loss")

    @model_validator(mode="after")
    def _grey(self) -> ConvolutionalConfig:
        if self.dataset.colour != "grey":
            raise refuse("the cells of this retina see grey images", key="dataset.colour",
                         value=self.dataset.colour, expected="grey")  # fmt: skip
        return self
