"""From images to one spike per cell of the retina, the sooner the higher the contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import latency, rank_order, responses
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.convolutional.layer import SILENT, Times
from bioscnn.stdp.convolutional.settings import Neuron, Retina


def retina_spikes(images: NDArray[np.floating], retina: Retina, neuron: Neuron) -> SpikeTrains:
    """Return the spikes of on-centre and off-centre cells.

    The cells of an image fire in the order of their coefficients, equally many in each step of the window.
    A latency is a rank, so contrast and brightness of the whole image change none, except through `least`.

    Parameters
    ----------
    images : ndarray of float, shape (n_images, 1, height, width)
        Intensities, 0 to 1.
    retina : Retina
        The cells.
    neuron : Neuron
        Window and time step.

    Raises
    ------
    UserError
        If the images are not grey, or not finite.
    """
    on_centre = responses(images, retina.cells[:1])
    coefficients = np.concatenate([on_centre, -on_centre], axis=1)
    coefficients[coefficients < retina.least] = 0
    return latency(rank_order(coefficients, (), 1.0), neuron.window_steps + 1, neuron.dt)


def spike_times(images: NDArray[np.floating], retina: Retina, neuron: Neuron) -> Times:
    """Return the step in which each cell fires, shape (n_images, 2, height, width); as `retina_spikes`."""
    return first_steps(retina_spikes(images, retina, neuron), images.shape[2:])


def first_steps(spikes: SpikeTrains, size: tuple[int, ...]) -> Times:
    """Return the step of the first spike of each cell, shape (n_images, 2, height, width)."""
    times = np.full((spikes.n_trials, spikes.size), SILENT, np.uint8)
    np.minimum.at(times, (spikes.trial(), spikes.neuron), spikes.step.astype(np.uint8))
    return times.reshape(spikes.n_trials, -1, *size)
