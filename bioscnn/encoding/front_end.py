"""From images to what reaches the first neurons: filters, an order, and a code of currents or spikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding.currents import Currents, pixel_currents
from bioscnn.encoding.event_frames import event_frames
from bioscnn.encoding.foveal_pit import DifferenceOfGaussians, find_cells, responses
from bioscnn.encoding.gain import gain_control, stretched
from bioscnn.encoding.latency import latency
from bioscnn.encoding.lif_layer import lif_layer
from bioscnn.encoding.poisson import poisson
from bioscnn.encoding.rank_order import rank_order
from bioscnn.encoding.spike_times import spike_times
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, TimeCode
from bioscnn.quantities import require_number
from bioscnn.spikes import SpikeTrains

KINDS = ("currents", "lif-layer", "rank-order", "latency", "spike-time", "poisson")
"""What `FrontEnd` turns images into."""

_AT_ONCE = 1000
"""Images of which the spikes are held in memory at a time, where only their number is wanted."""


@dataclass(frozen=True)
class FrontEnd:
    """What turns images into the stimulus of a spiking network.

    Ganglion cells of the foveal pit filter the image (none: the pixels themselves). Their coefficients, one
    a cell and pixel, are then

    ``currents``
        constant currents into the first layer of the network;
    ``lif-layer``
        constant currents into a layer of LIF neurons, one a coefficient, whose spikes the network sees;
    ``rank-order``
        the same, but only of the coefficients that come first, and by their rank instead of their size;
    ``latency``
        single spikes, the first ranks first;
    ``spike-time``
        the times of single spikes, by the time code of the network;
    ``poisson``
        firing rates of Poisson spike trains.

    Parameters
    ----------
    kind : str
        One of these words, `KINDS`.
    retina : tuple of str
        Cells, see `bioscnn.encoding.FOVEAL_PIT`; empty for none.
    keep : float
        Share of the positive coefficients that is ranked; the others stay silent.
    full_current : float
        Current of a coefficient of 1 into the layer of LIF neurons, A.
    input_rate : float
        Firing rate that stands for an intensity of 1, Hz.
    neuron : LIF
        The neuron of that layer.
    tau_s : float
        Time constant of the synapses, s: with `tau_m` of the neuron, it makes the time code.
    gain_control : str or None
        ``"image"``: pixels are stretched to the range from 0 to 1, coefficients divided by the largest of
        their kind in the image, each image by itself. ``"none"``: pixels as they are, coefficients in fixed
        units. None: ``"image"`` with cells, ``"none"`` without. Ranks have no size, so of ``rank-order`` and
        ``latency`` it changes nothing.
    full_response : tuple of float
        Without gain control, the coefficient of each of the cells that becomes 1, as larger ones do; empty
        for the largest possible one, see `DifferenceOfGaussians.largest_response`.
    """

    kind: str = "currents"
    retina: tuple[str, ...] = ()
    keep: float = 0.3
    full_current: float = 2e-9
    input_rate: float = 250.0
    neuron: LIF = field(default_factory=LIF)
    tau_s: float = 5e-3
    gain_control: str | None = None
    full_response: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(
                "no such encoding", key="encoding.kind", value=self.kind, expected=" | ".join(KINDS)
            )
        for name in ("full_current", "input_rate"):
            require_number(f"encoding.{name}", getattr(self, name))
            if not 0 < getattr(self, name) < np.inf:
                raise UserError("must be positive", key=f"encoding.{name}", value=getattr(self, name))
        if self.gain_control not in (None, "none", "image"):
            raise UserError(
                "no such gain control", key="gain_control", value=self.gain_control, expected="none | image"
            )
        names = tuple(cell.name for cell in find_cells(self.retina))
        if self.full_response and (self.adapts or len(self.full_response) != len(names)):
            raise UserError(
                "fixed units are for cells without gain control",
                key="full_response",
                value=self.full_response,
                expected=f"{len(names)} numbers, one for each of the cells, and gain_control='none'",
            )
        if self.full_response:
            of_cell = dict(zip(self.retina, self.full_response, strict=True))
            object.__setattr__(self, "full_response", tuple(of_cell[name] for name in names))
        object.__setattr__(self, "retina", names)

    @property
    def adapts(self) -> bool:
        """Whether each image sets its own gain."""
        return bool(self.retina) if self.gain_control is None else self.gain_control == "image"

    @cached_property
    def cells(self) -> tuple[DifferenceOfGaussians, ...]:
        """The filters."""
        return find_cells(self.retina)

    @property
    def sends_spikes(self) -> bool:
        """Whether the network sees spikes; otherwise currents flow into it."""
        return self.kind != "currents"

    @property
    def counts_spikes(self) -> bool:
        """Whether the trained network is shown the number of spikes; otherwise the coefficients."""
        return self.kind not in ("currents", "poisson", "spike-time")

    def shape(self, image: tuple[int, ...]) -> tuple[int, int, int]:
        """Return the shape of the input population for images of a shape, (..., channels, height, width).

        It is (cells, height, width), or without cells that of an image.
        """
        return len(self.cells) or image[-3], image[-2], image[-1]

    def stimulus(
        self, images: NDArray[np.float32], n_steps: int, dt: float, rng: np.random.Generator
    ) -> Currents | SpikeTrains:
        """Return the stimulus of the network, one trial per image.

        Parameters
        ----------
        images : ndarray of float32, shape (n, channels, height, width)
            Intensities in [0, 1]; of one channel where cells see them.
        n_steps : int
            Steps of a trial.
        dt : float
            Duration of a step, s.
        rng : numpy.random.Generator
            Where the Poisson spikes come from; the other kinds draw nothing.
        """
        if self.kind == "latency":
            return latency(rank_order(responses(images, self.cells), self.cells, self.keep), n_steps, dt)
        coefficients = self.coefficients(images).reshape(len(images), -1)
        if self.kind == "poisson":
            return poisson(coefficients * np.float32(self.input_rate), n_steps, dt, rng)
        if self.kind == "spike-time":
            return spike_times(coefficients, TimeCode(self.neuron.tau_m, self.tau_s, dt), n_steps)
        if self.kind == "currents":
            return pixel_currents(coefficients[:, None, None], n_steps, dt)
        return lif_layer(Currents(coefficients * np.float32(self.full_current), n_steps, dt), self.neuron)

    def coefficients(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what becomes currents or rates, in [0, 1], shape (n, cells, height, width)."""
        filtered = responses(images, self.cells)
        if self.kind == "rank-order":
            return rank_order(filtered, self.cells, self.keep).maps()
        if not self.cells:
            return stretched(filtered) if self.adapts else filtered
        if self.adapts:
            return gain_control(filtered)
        return gain_control(filtered, self.full_response or [cell.largest_response for cell in self.cells])

    def intensities(self, images: NDArray[np.float32], n_steps: int, dt: float) -> NDArray[np.float32]:
        """Return what the trained network is shown, shape (n, cells, height, width).

        That is what the spiking one receives on average: the coefficients that are its currents or rates, or
        the number of its input spikes in units of `input_rate`.
        """
        if not self.counts_spikes:
            return self.coefficients(images)
        shape, rng = self.shape(images.shape), np.random.default_rng(0)
        intensities = np.empty((len(images), *shape), np.float32)
        for first in range(0, len(images), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            spikes = self.stimulus(images[part], n_steps, dt, rng)
            assert isinstance(spikes, SpikeTrains)
            intensities[part] = self.counted(spikes, shape)
        return intensities

    def counted(self, spikes: SpikeTrains, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """Return how often each input fires in each trial, in units of `input_rate`, ``(n, *shape)``."""
        return event_frames(spikes, shape, spikes.n_steps, self.input_rate)[:, 0]
