"""What each way to learn without labels offers: the one place that knows them by name."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.simulation import Progress
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from bioscnn.report.page import Section
    from bioscnn.stdp.config import LearnedConfig
    from bioscnn.stdp.network import LearnedNetwork
    from bioscnn.studies.devices import Variant

RULES = {
    "competitive": "bioscnn.stdp.competitive.rule:RULE",
    "convolutional": "bioscnn.stdp.convolutional.rule:RULE",
}
"""Where the `Rule` of each ``learning.rule`` is; it is imported when a study names it."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training came to.

    Parameters
    ----------
    arrays : mapping of ndarray
        What was learned, by name, classes of neurons or the weights of a readout included.
    facts : mapping
        What the card says of it beside what every card says; plain JSON. ``curve``, if there, is a list of
        ``[images seen, accuracy]``.
    """

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Classified:
    """What a network answered to images.

    Parameters
    ----------
    chosen : ndarray of int64, shape (n_images,)
        The class of each image.
    spikes : mapping of ndarray of int64, each of shape (n_images,)
        Spikes of each population in answer to each image, ``"input"`` first.
    latency_ms : ndarray of float64, shape (n_images,), optional
        When the network had answered; NaN where it never did.
    synops : float, optional
        Synaptic operations per image.
    more : mapping of ndarray
        What the sections of the page show beside; kept in ``run.npz``.
    notes : sequence of str
        What there is to say of the run.
    """

    chosen: NDArray[Any]
    spikes: Mapping[str, NDArray[Any]]
    latency_ms: NDArray[Any] | None = None
    synops: float | None = None
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class OnDevice:
    """What a device makes of images.

    Parameters
    ----------
    variant : Variant
        What computes: NumPy, or a program of ours; in single precision sums may be `EXACT`.
    spikes : mapping of SpikeTrains
        Of each population that is compared.
    chosen : ndarray of int64, shape (n_images,)
        The class of each image.
    """

    variant: Variant
    spikes: Mapping[str, SpikeTrains]
    chosen: NDArray[Any]


class Rule(Protocol):
    """A way to learn: the seam between a model and everything that a study does with it."""

    config: type[LearnedConfig]
    """A study file of this rule."""

    measured_by: tuple[str, ...]
    """Modules that turn network and images into answers: where their code changes, a run is stale."""

    code: str
    """What a spike of this network says, such as ``"rate"``."""

    def train(self, config: Any, shown: ImageSet, checkpoint: Path, progress: Progress) -> Trained:
        """Train a network on images of the split ``train``; go on from a checkpoint, bit for bit.

        Parameters
        ----------
        config : LearnedConfig
            The study, of the class `config`.
        shown : ImageSet
            The training images: ``learning.examples`` of them. No others are ever seen.
        checkpoint : Path
            Where to keep what is done; it may be there already.
        progress : Progress
            Told stages and images.

        Raises
        ------
        UserError
            If images, classes or checkpoint do not fit.
        """

    def classify(
        self, config: Any, network: LearnedNetwork, shown: ImageSet, progress: Progress
    ) -> Classified:
        """Return what a trained network answers to images, which have the noise of the study already.

        Noise that does not act on images is in ``config.noise`` too, if the configuration lets it in.

        Raises
        ------
        UserError
            If the network is of another rule or size than the images.
        """

    def time_shown(self, config: Any) -> tuple[float, float]:
        """Return how long an image is shown once, and the time step, in s."""

    def read_by(self, config: Any) -> str:
        """Return what reads the class from the spikes, such as ``"votes"``."""

    def spikes(self, config: Any, network: LearnedNetwork, shown: ImageSet) -> dict[str, SpikeTrains]:
        """Return the spikes of the layers that can be replayed, the input first; each image is shown once.

        Raises
        ------
        UserError
            As `classify` does.
        """

    def answers(
        self, config: Any, network: LearnedNetwork, layer: str, given: SpikeTrains
    ) -> NDArray[np.int64]:
        """Return the class of each trial when a layer of `spikes` has others in their place."""

    def on_devices(self, config: Any, network: LearnedNetwork, shown: ImageSet) -> Iterator[OnDevice]:
        """Yield what plain Brian2 makes of the same equations with NumPy, then what our programs do.

        Each image is shown once. A program is compared with the NumPy before it.
        """

    def references(self, config: Any) -> Iterator[tuple[str, str]]:
        """Yield keys of `bioscnn.citations.references`, and what a study of this rule cites each for."""

    def sections(self, network: LearnedNetwork, classified: Classified) -> Sequence[Section]:
        """Return what a page shows of this network alone, such as its receptive fields and its spikes."""


def rule_of(name: object) -> Rule:
    """Return the rule that a study names.

    Raises
    ------
    UserError
        If there is none of this name.
    """
    if not isinstance(name, str) or name not in RULES:
        raise UserError("no such way to learn", key="learning.rule", value=name, expected=" | ".join(RULES))
    rule: Rule = pkgutil.resolve_name(RULES[name])
    return rule
