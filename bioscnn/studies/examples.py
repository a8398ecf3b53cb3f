"""The examples that the table [dataset] of a study names: images or recordings, known or the user's own."""

from __future__ import annotations

from pathlib import Path

from bioscnn.datasets import EventSet, ImageSet, fashion_mnist, load_dataset, load_recordings
from bioscnn.errors import UserError
from bioscnn.simulation import Progress
from bioscnn.studies.config import Dataset


def load_images(
    keys: Dataset, split: str, trials: int | None, data: Path | None, *, download: bool = True
) -> ImageSet:
    """Load the first images of a split.

    Parameters
    ----------
    keys : Dataset
        Which data.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    trials : int or None
        How many; None for all.
    data : Path or None
        Data folder.
    download : bool
        Whether files that are nowhere on this machine may be downloaded.

    Raises
    ------
    UserError
        If there are fewer images, or they cannot be had.
    """
    if keys.own is not None:
        fashion_mnist.require(keys.own.path)
        return keys.own.load_images(split, trials)
    images = load_dataset(keys.name, split, data=data, download=download, size=keys.size)
    if trials is None:
        return images
    if trials > len(images):
        raise UserError(
            f"the {split} split of {keys.name} has fewer images",
            key="dataset.trials",
            value=trials,
            expected=f"at most {len(images)}",
        )
    return images.take(trials)


def load_events(
    keys: Dataset,
    split: str,
    trials: int | None,
    data: Path | None,
    progress: Progress,
    *,
    download: bool = True,
) -> EventSet:
    """Load the first recordings of a split, or simulate them where the study allows it.

    Parameters and errors as of `load_images`; `progress` is told what a simulated camera does.
    """
    if keys.own is not None:
        return keys.own.load_recordings(split, trials)
    return load_recordings(
        keys.name,
        split,
        source=keys.recordings,
        trials=trials,
        data=data,
        download=download,
        progress=_Filming(progress),
    )


class _Filming:
    """What a simulated camera tells of its work, as stages and trials."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, done: int, total: int) -> None:
        if not self._done:
            self._progress.stage("filming")
        for _ in range(done - self._done):
            self._progress.trial()
        self._done = done
