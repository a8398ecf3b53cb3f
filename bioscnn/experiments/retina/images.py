"""The images of the retina experiment: divided anew for each seed, each with noise of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet, load_dataset
from bioscnn.datasets.caltech import SIZE, load_caltech
from bioscnn.datasets.duplicates import near_duplicates
from bioscnn.datasets.folders import data_folder
from bioscnn.encoding import FOVEAL_PIT, find_cells, responses
from bioscnn.experiments.retina.choices import ADDED, CLEAN, EVERY, Condition
from bioscnn.noise import find_noise
from bioscnn.seeds import stream
from bioscnn.studies.config import StudyConfig


@dataclass(frozen=True)
class Amount:
    """How much is done.

    Parameters
    ----------
    seeds : int
        Networks of each front end; of photographs also divisions into training and test images.
    train, validation, test : int
        Images of each, at most; of photographs, all of a division are taken.
    epochs : int
        Passes through the training images.
    severities : tuple of int
        Of each noise.
    noises : tuple of str
        Noises of the images.
    chooses : bool
        Whether validation images are shown too, to choose a front end.
    """

    seeds: int
    train: int
    validation: int
    test: int
    epochs: int
    severities: tuple[int, ...] = (3, 5)
    noises: tuple[str, ...] = EVERY
    chooses: bool = False

    @property
    def judged_severity(self) -> int:
        """The severity, of both noises, at which validation images choose the best front end in noise."""
        return self.severities[len(self.severities) // 2]


STEPS = {
    "mnist": Amount(seeds=5, train=10_000, validation=500, test=1000, epochs=5),
    "caltech": Amount(seeds=5, train=1248, validation=150, test=200, epochs=24),
}
STEPS_QUICK = {
    "mnist": Amount(seeds=1, train=2000, validation=300, test=300, epochs=4, severities=(3,)),
    "caltech": Amount(seeds=1, train=1248, validation=150, test=200, epochs=8, severities=(3,)),
}
_SEARCHED: dict[str, Any] = {"noises": ADDED, "chooses": True}
SEARCH = {name: replace(STEPS[name], severities=(1, 2, 3, 4, 5), **_SEARCHED) for name in STEPS}
SEARCH_QUICK = {name: replace(STEPS_QUICK[name], **_SEARCHED) for name in STEPS_QUICK}


@dataclass(frozen=True, eq=False)
class Division:
    """Rows of the pool that train, choose and test.

    Parameters
    ----------
    seed : int
        Of the division, of the networks trained on it, and of the noise of the images that test them.
    train, validation, test : ndarray of int64
        Rows.
    """

    seed: int
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """All images of a study, and how they are divided.

    Parameters
    ----------
    images : ImageSet
        Each image once.
    divisions : tuple of Division
        One per seed.
    """

    images: ImageSet
    divisions: tuple[Division, ...]

    def images_under(self, condition: Condition, rows: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        """Return images in [0, 1]; with a seed, a row is the same for every front end under a condition."""
        images = self.images.take(rows).intensities()
        if condition == CLEAN:
            return images
        noise = find_noise(condition.noise).at(condition.severity)
        noisy = [
            noise.apply(image, stream(seed, "filters", condition.noise, condition.severity, int(row)))
            for image, row in zip(images, rows, strict=True)
        ]
        return np.stack(noisy)

    @property
    def tested(self) -> NDArray[np.int64]:
        """Rows that any division tests; they may choose nothing."""
        return np.unique(np.concatenate([division.test for division in self.divisions]))

    def units(self, rows: NDArray[np.int64]) -> dict[str, float]:
        """Return of each kind the median largest coefficient in an image, of images that excite any cell.

        In these units, cells without gain control are on average as excited as cells with it. Three digits
        are enough, and the same on every machine. A kind that no image excites has its largest response.
        """
        cells, images = find_cells(FOVEAL_PIT), self.images.take(rows).intensities()
        largest = responses(images, cells).max(axis=(2, 3))
        excited = [of_kind[of_kind > 0] for of_kind in largest.T]
        return {
            cell.name: float(f"{np.median(values) if len(values) else cell.largest_response:.3g}")
            for cell, values in zip(cells, excited, strict=True)
        }


def load_pool(config: StudyConfig, amount: Amount, data: Path | None) -> Pool:
    """Load the images of a study's data set.

    Photographs of Caltech101 are divided anew for every seed; near-duplicates of a division's test
    photographs neither train nor choose in it, see `bioscnn.datasets.duplicates`. Digits keep the splits of
    MNIST, of which the first images are taken; only networks and noise differ.

    Raises
    ------
    UserError
        If the data set is not on this machine.
    """
    name = config.dataset.name
    names, seeds = ("train", "validation", "test"), range(1, amount.seeds + 1)
    if name == "mnist":
        parts = [load_dataset(name, split, data=data) for split in names]
        parts = [
            part.take(n)
            for part, n in zip(parts, (amount.train, amount.validation, amount.test), strict=True)
        ]
        ends = np.cumsum([0, *map(len, parts)])
        rows = [np.arange(first, end) for first, end in pairwise(ends)]
        return Pool(_joined(parts), tuple(Division(seed, *rows) for seed in seeds))
    folder = data_folder(data)
    divided = {
        seed: [load_caltech(split, folder, size=config.dataset.size or SIZE, seed=seed) for split in names]
        for seed in seeds
    }
    whole = _joined(divided[1])
    whole = whole.take(np.argsort(whole.index))
    divisions = []
    for seed, (*others, test) in divided.items():
        new = [part.take(np.flatnonzero(~near_duplicates(part.images, test.images))) for part in others]
        divisions.append(Division(seed, *(np.searchsorted(whole.index, part.index) for part in (*new, test))))
    return Pool(whole, tuple(divisions))


def _joined(parts: list[ImageSet]) -> ImageSet:
    images, labels, index = (
        np.concatenate([getattr(part, field) for part in parts]) for field in ("images", "labels", "index")
    )
    first = parts[0]
    return ImageSet(images, labels, first.classes, first.name, "all", first.source, index)
