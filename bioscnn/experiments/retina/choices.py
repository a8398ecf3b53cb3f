"""What is compared: front ends that differ in one thing each, combinations of cells, noises by severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from bioscnn.encoding import FOVEAL_PIT
from bioscnn.noise import Contrast, GaussianNoise, SaltAndPepper
from bioscnn.studies.config import Encoding, StudyConfig

PIXELS = "pixels"
ADDED = (GaussianNoise.name, SaltAndPepper.name)
"""Noises of images that are added."""

EVERY = (*ADDED, Contrast.name)
"""Those, and the loss of contrast."""

KINDS = {"lif-layer": "", "rank-order": "rank order"}
"""Codes of the comparison, as parts of a label: currents into a layer of LIF neurons need no word."""

GAINS = {"none": "", "image": "gain control"}


@dataclass(frozen=True)
class Choice:
    """A front end of the comparison.

    Parameters
    ----------
    retina : tuple of str
        Its cells; none for the pixels themselves.
    kind : str
        One of `KINDS`.
    gain_control : str or None
        ``"image"``, ``"none"``, or as the study file has it where it says nothing.
    """

    retina: tuple[str, ...]
    kind: str = "lif-layer"
    gain_control: str | None = None

    @property
    def cells(self) -> str:
        """The cells as text."""
        return " + ".join(self.retina) or PIXELS

    @property
    def label(self) -> str:
        """Cells, code and gain control as text."""
        return ", ".join(filter(None, (self.cells, KINDS[self.kind], GAINS.get(self.gain_control or "none"))))

    @property
    def file_name(self) -> str:
        """The label as part of a file name."""
        return self.label.replace(" + ", "+").replace(", ", "-").replace(" ", "-")

    @property
    def work(self) -> float:
        """About how long it takes, in units of the plain pixels."""
        channels = max(1, len(self.retina))
        return 1 + 0.3 * channels + (self.kind == "rank-order") * channels

    @property
    def in_fixed_units(self) -> bool:
        """Whether the coefficients of its cells need units that are the same for all images."""
        return bool(self.retina) and self.gain_control == "none"

    def of(self, config: StudyConfig, units: Mapping[str, float]) -> StudyConfig:
        """Return a study with this front end; its numbers stay.

        Parameters
        ----------
        config : StudyConfig
            The study.
        units : mapping of float
            The coefficient of each kind of cells that stands for 1 where there is no gain control.
        """
        changes = {
            "kind": self.kind,
            "retina": self.retina,
            "gain_control": self.gain_control,
            "full_response": {name: units[name] for name in self.retina} if self.in_fixed_units else {},
        }
        encoding: Encoding = config.encoding.model_copy(update=changes)
        return config.model_copy(update={"encoding": encoding})


def combinations_of_cells() -> list[Choice]:
    """Return the pixels and the fifteen combinations of cells, each as a study has them if it says no more.

    Examples
    --------
    >>> len(combinations_of_cells()), combinations_of_cells()[1].label
    (16, 'off-midget')
    """
    sets = [cells for n in range(len(FOVEAL_PIT) + 1) for cells in combinations(FOVEAL_PIT, n)]
    return [Choice(cells) for cells in sets]


@dataclass(frozen=True)
class Step:
    """One change of the front end, all else equal.

    Parameters
    ----------
    name : str
        What changes.
    before, after : Choice
        Front ends that differ in this alone.
    """

    name: str
    before: Choice
    after: Choice


GAIN, FILTERS, ORDER = "gain control", "cells", "rank order"


@dataclass(frozen=True)
class Steps:
    """Pixels and cells without and with gain control, and in rank order: what each change is worth alone.

    Parameters
    ----------
    retina : tuple of str
        The cells.
    """

    retina: tuple[str, ...]

    def front_end(self, gain_control: str, *, cells: bool) -> Choice:
        """Return pixels or cells, without or with gain control."""
        return Choice(self.retina if cells else (), "lif-layer", gain_control)

    @property
    def ranked(self) -> Choice:
        """The cells in rank order, which needs no gain control."""
        return Choice(self.retina, "rank-order")

    @property
    def primary(self) -> list[Step]:
        """Cells in place of pixels at equal gain control: what the filters themselves are worth."""
        return [
            Step(
                f"{FILTERS}, {GAIN if gain == 'image' else f'no {GAIN}'}",
                self.front_end(gain, cells=False),
                self.front_end(gain, cells=True),
            )
            for gain in GAINS
        ]

    @property
    def exploratory(self) -> list[Step]:
        """The other single changes, and all of them together."""
        ends = self.front_end
        return [
            Step(f"{GAIN}, pixels", ends("none", cells=False), ends("image", cells=False)),
            Step(f"{GAIN}, cells", ends("none", cells=True), ends("image", cells=True)),
            Step(f"{FILTERS} and {GAIN}", ends("none", cells=False), ends("image", cells=True)),
            Step(f"{ORDER}, cells", ends("image", cells=True), self.ranked),
        ]

    @property
    def choices(self) -> list[Choice]:
        """Every front end, in the order of the path from pixels to ranked cells."""
        return [
            *(self.front_end(gain, cells=cells) for cells in (False, True) for gain in GAINS),
            self.ranked,
        ]


@dataclass(frozen=True)
class Condition:
    """What is done to the images.

    Parameters
    ----------
    noise : str
        One of `EVERY`, or ``"none"``.
    severity : int
        1 to 5; 0 for none.
    """

    noise: str
    severity: int


CLEAN = Condition("none", 0)


def conditions(noises: tuple[str, ...], severities: tuple[int, ...]) -> list[Condition]:
    """Return the clean images, then each noise at each severity."""
    return [CLEAN, *(Condition(noise, severity) for noise in noises for severity in severities)]
