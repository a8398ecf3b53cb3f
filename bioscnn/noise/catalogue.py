"""Every noise by its name, and noise as study files write it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from bioscnn.errors import UserError
from bioscnn.noise.axons import AxonalDelay, SpikeLoss
from bioscnn.noise.events import BackgroundActivity, EventJitter, EventLoss, HotPixels
from bioscnn.noise.images import (
    Blur,
    Brightness,
    Contrast,
    GaussianNoise,
    Occlusion,
    SaltAndPepper,
    ShotNoise,
    SpeckleNoise,
)
from bioscnn.noise.neurons import (
    DeadNeurons,
    NoisyMembrane,
    NoisyMembraneXi,
    StuckNeurons,
    ThresholdMismatch,
    TimeConstantMismatch,
)
from bioscnn.noise.noise import SEVERITY, TABLE, Noise
from bioscnn.noise.spikes import SpikeJitter
from bioscnn.noise.synapses import Quantisation, TransmissionFailure, WeightNoise
from bioscnn.noise.warps import Rotation, Scaling, Shear, Translation

NOISES: dict[str, type[Noise]] = {
    kind.name: kind
    for kind in (
        GaussianNoise, ShotNoise, SaltAndPepper, SpeckleNoise, Blur, Occlusion, Brightness, Contrast,
        Rotation, Shear, Scaling, Translation,
        BackgroundActivity, HotPixels, EventLoss, EventJitter,
        SpikeJitter,
        SpikeLoss, AxonalDelay, WeightNoise, TransmissionFailure, Quantisation,
        ThresholdMismatch, TimeConstantMismatch, NoisyMembrane, NoisyMembraneXi, DeadNeurons, StuckNeurons,
    )
}  # fmt: skip
"""Every noise by its name, in the order in which noise is applied: from images to the network."""

_ORDER = ("images", "events", "spikes", "network")


def find_noise(name: str) -> type[Noise]:
    """Return the noise of a name.

    Raises
    ------
    UserError
        If there is none; the nearest one is named.

    Examples
    --------
    >>> find_noise("threshold-mismatch").LEVELS
    (0.05, 0.1, 0.2, 0.3, 0.5)
    """
    if name not in NOISES:
        nearest = difflib.get_close_matches(name.lower(), NOISES, n=1)
        raise UserError(
            "unknown noise",
            key=f"{TABLE}.{name}",
            expected=" | ".join(NOISES),
            fix=f"write {TABLE}.{nearest[0]}" if nearest else None,
        )
    return NOISES[name]


def read_noises(tables: Mapping[str, object]) -> dict[str, Noise]:
    """Read noises from their tables, in the order in which they are applied.

    Parameters
    ----------
    tables : dict
        By name, a table with the parameter or a severity.

    Returns
    -------
    dict of Noise
        By name: images, events, spikes, network, each as they were written. Those that change nothing are
        left out.

    Raises
    ------
    UserError
        If a noise is unknown or its table is wrong.

    Examples
    --------
    >>> read_noises({"weight-noise": {"cv": 0.1}, "blur": {"severity": 2}, "contrast": {"severity": 0}})
    {'blur': Blur(sigma=0.9), 'weight-noise': WeightNoise(cv=0.1)}
    """
    noises = []
    for name, table in tables.items():
        kind = find_noise(name)
        if not isinstance(table, Mapping):
            raise UserError(
                "not a table",
                key=kind.key(),
                value=table,
                expected=f"{kind.parameter()} or {SEVERITY} in a table",
                fix=f"write {kind.key(SEVERITY)} = 2",
            )
        noises.append(kind.read(table))
    ordered = sorted(noises, key=lambda noise: _ORDER.index(noise.acts_on))
    return {noise.name: noise for noise in ordered if not noise.changes_nothing}
