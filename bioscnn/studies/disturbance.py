"""The noise of a study: where it is applied, and where it must not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from bioscnn.errors import UserError
from bioscnn.noise import Noise
from bioscnn.seeds import stream
from bioscnn.studies.config import StudyConfig

Thing = TypeVar("Thing")


class HasNoise(Protocol):
    """A study file with a table of noises."""

    noise: dict[str, Any]


def noises_of(config: HasNoise, acts_on: str) -> tuple[Noise, ...]:
    """Return the noises of a study that act on ``"images"``, ``"events"``, ``"spikes"`` or ``"network"``."""
    return tuple(noise for noise in config.noise.values() if noise.acts_on == acts_on)


def disturbed(thing: Thing, noises: Sequence[Noise], seed: int) -> Thing:
    """Apply noises one after the other, each with random numbers of its own."""
    for noise in noises:
        thing = noise.apply(thing, stream(seed, "noise", noise.name))
    return thing


def without_noise(config: StudyConfig) -> StudyConfig:
    """Return the study with no noise, all else equal."""
    return config.model_copy(update={"noise": {}})


def refuse_noise(config: HasNoise, problem: str, fix: str = "remove the noise from the study") -> None:
    """Refuse a study with noise where it would count for nothing, or mean something else.

    Raises
    ------
    UserError
        If it has any.
    """
    if config.noise:
        labels = [noise.label for noise in config.noise.values()]
        raise UserError(problem, key="noise", value=", ".join(labels), fix=fix)
