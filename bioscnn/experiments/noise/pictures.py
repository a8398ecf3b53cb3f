"""One example under every noise of images or recordings, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.noise import Noise
from bioscnn.studies.inputs import Input
from bioscnn.studies.prepare import Prepared, input_kind

SEVERITIES = range(6)


def example_pictures(
    prepared: Prepared, kinds: Mapping[str, type[Noise]], seed: int
) -> tuple[list[str], NDArray[np.uint8]]:
    """Show the first example of a study at severities 0 to 5.

    Returns
    -------
    list of str
        The noises that act on images or recordings.
    ndarray of uint8, shape (n_noises, 6, height, width)
        Pictures; of a recording, the first saccade.
    """
    names = [name for name, kind in kinds.items() if kind.acts_on in ("images", "events")]
    first = prepared.input.examples.take(1)
    pictures = [
        _with_noise(prepared, first, seed, kinds[name].at(severity)).pictures(np.array([0]))[0, 0]
        for name in names
        for severity in SEVERITIES
    ]
    if not names:
        return [], np.empty((0, len(SEVERITIES), 0, 0), np.uint8)
    return names, np.stack(pictures).reshape(len(names), len(SEVERITIES), *pictures[0].shape)


def _with_noise(prepared: Prepared, examples: ImageSet | EventSet, seed: int, noise: Noise) -> Input:
    """Return examples as a study shows them in noise of a seed."""
    config = prepared.study.config
    simulation = config.simulation.model_copy(update={"seed": seed})
    kind: Any = input_kind(config)
    noisy: Input = kind.of(
        examples, config.model_copy(update={"simulation": simulation, "noise": {noise.name: noise}})
    )
    return noisy
