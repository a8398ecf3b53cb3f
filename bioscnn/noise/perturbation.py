"""What every perturbation has: a name, a setting, a label, and a pure function of spike trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class Perturbation(ABC):
    """A perturbation of spike trains.

    Attributes
    ----------
    name : str
        The word that stands for it in text.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def keeps_counts(self) -> bool:
        """Whether every neuron has exactly as many spikes in every trial as before."""

    @abstractmethod
    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Return perturbed spike trains of the same neurons, trials and steps.

        Parameters
        ----------
        trains : SpikeTrains
            Left as they are.
        rng : numpy.random.Generator
            Where chance comes from, if the perturbation has any.

        Raises
        ------
        UserError
            If spikes would move and some are in the last step of a trial, where nothing spikes; or if the
            setting does not fit the duration of the trials.
        """

    @property
    def setting(self) -> str:
        """Its parameters as text; empty where it has none."""
        return ""

    @property
    def severity(self) -> float | None:
        """How strong it is, a number that grows with it (s, or a fraction); None if it has no degrees."""
        return None

    @property
    def label(self) -> str:
        """Name and setting, as `bioscnn.noise.parse_perturbation` reads them."""
        return f"{self.name} {self.setting}".rstrip()

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """Make the perturbation from the text of its setting."""
        if text:
            raise UserError(f"{cls.name} has no setting", value=text, fix=f'write "{cls.name}"')
        return cls()


def whole_number(text: str, example: str) -> int:
    """Read a number without sign or fraction."""
    if not (text.isascii() and text.isdigit()):
        raise UserError("not a whole number", value=text, expected=f'such as "{example}"')
    return int(text)
