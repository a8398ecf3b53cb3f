"""What is compared: every combination of cells with and without rank order, and noises by severity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from bioscnn.encoding import FOVEAL_PIT
from bioscnn.noise import GaussianNoise, SaltAndPepper
from bioscnn.studies.config import StudyConfig

PIXELS = "pixels"
RANKED = "rank order"
ADDED = (GaussianNoise.name, SaltAndPepper.name)
"""Noises of images that are added."""


@dataclass(frozen=True)
class Choice:
    """A front end of the comparison.

    Parameters
    ----------
    retina : tuple of str
        Its cells; none for the pixels themselves.
    rank_order : bool
        Whether coefficients enter by their rank, or by their size.
    """

    retina: tuple[str, ...]
    rank_order: bool

    @property
    def cells(self) -> str:
        """The cells as text."""
        return " + ".join(self.retina) or PIXELS

    @property
    def label(self) -> str:
        """Cells and order as text."""
        return f"{self.cells}, {RANKED}" if self.rank_order else self.cells

    @property
    def file_name(self) -> str:
        """The label as part of a file name."""
        return self.label.replace(" + ", "+").replace(", ", "-").replace(" ", "-")

    @property
    def work(self) -> float:
        """About how long it takes, in units of the plain pixels."""
        channels = max(1, len(self.retina))
        return 1 + 0.3 * channels + self.rank_order * channels

    def of(self, config: StudyConfig) -> StudyConfig:
        """Return a study with this front end; its numbers stay."""
        kind = "rank-order" if self.rank_order else "lif-layer"
        encoding = config.encoding.model_copy(update={"kind": kind, "retina": self.retina})
        return config.model_copy(update={"encoding": encoding})


def choices() -> list[Choice]:
    """Return the pixels and the fifteen combinations of cells, each without and with rank order.

    Examples
    --------
    >>> len(choices()), choices()[2].label
    (32, 'off-midget')
    """
    sets = [cells for n in range(len(FOVEAL_PIT) + 1) for cells in combinations(FOVEAL_PIT, n)]
    return [Choice(cells, ranked) for cells in sets for ranked in (False, True)]


@dataclass(frozen=True)
class Condition:
    """What is done to the images.

    Parameters
    ----------
    noise : str
        One of `ADDED`, or ``"none"``.
    severity : int
        1 to 5; 0 for none.
    """

    noise: str
    severity: int


CLEAN = Condition("none", 0)


def conditions(severities: tuple[int, ...]) -> list[Condition]:
    """Return the clean images, then each noise at each severity."""
    return [CLEAN, *(Condition(noise, severity) for noise in ADDED for severity in severities)]
