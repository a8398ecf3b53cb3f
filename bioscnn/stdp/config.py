"""The study file of a network that learns without labels: tables that all rules share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from bioscnn.noise import NOISES
from bioscnn.studies.config import Dataset
from bioscnn.studies.config.values import Count, Noises, PathOrName, Seed, Table, refuse

REFUSED = {
    "events": "is of recordings of an event camera, and this network sees images",
    "spikes": "moves spikes of the input, and pixels of this network fire at random times",
    "network": "changes neurons or synapses of a converted network, and this one learned them",
}
"""Why a noise is refused, by what it acts on."""


class Learning(Table):
    """The table ``[learning]``: the network, and how it is trained; each rule adds its own keys.

    Parameters
    ----------
    rule : str
        How the network learns.
    network : str
        A shipped network, or the path of an .npz file; `bioscnn train` writes it.
    examples : int or None
        Training images; all if left out.
    passes : int
        How often each is shown.
    seed : int
        Of the training.
    """

    rule: str
    network: PathOrName
    examples: Count | None = None
    passes: Count = 1
    seed: Seed = 1


class LearnedSimulation(Table):
    """The table ``[simulation]``: how answers are computed; times belong to the rule."""

    device: Literal["cpp_standalone"] = "cpp_standalone"
    precision: Literal["float32", "float64"] = "float32"
    jobs: Count = 1
    seed: Seed = 1


class LearnedConfig(Table):
    """A whole study file; each rule has its own class, with its own ``[learning]``."""

    dataset: Dataset = Dataset()
    learning: Learning
    noise: Noises = Field(default={})
    simulation: LearnedSimulation = LearnedSimulation()

    def other_noises(self) -> tuple[str, ...]:
        """Return the noises beside those of images that this rule lets in."""
        return ()

    @model_validator(mode="after")
    def _images(self) -> LearnedConfig:
        if self.dataset.recorded:
            raise refuse(
                "networks that learn without labels see images, and this is data of an event camera",
                key="dataset.name",
                value=self.dataset.label,
                fix="set dataset.name to images, such as mnist",
            )
        return self

    @model_validator(mode="after")
    def _pixels(self) -> LearnedConfig:
        if self.dataset.preprocesses:
            raise refuse(
                "mean, std, scale and invert are folded into the first layer of a converted network",
                key="dataset",
                fix="remove them: pixels of a learned network fire as bright as they are",
            )
        return self

    @model_validator(mode="after")
    def _noise_fits(self) -> LearnedConfig:
        allowed = [n for n, kind in NOISES.items() if kind.acts_on == "images" or n in self.other_noises()]
        for name, noise in self.noise.items():
            if name not in allowed:
                raise refuse(
                    f"{name} {REFUSED[noise.acts_on]}",
                    key=noise.key(),
                    value=self.learning.rule,
                    expected="one of " + ", ".join(allowed),
                    fix="remove the table",
                )
        return self

    def written(self) -> dict[str, Any]:
        """Return all that decides what a run comes to."""
        tables = self.model_dump()
        tables["dataset"]["name"] = self.dataset.label
        del tables["simulation"]["jobs"]
        return tables
