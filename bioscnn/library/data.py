"""Data sets by name: images and recordings, those that bioscnn knows and the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, overload

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.errors import UserError
from bioscnn.library.arguments import as_path, progress_bar, table_of
from bioscnn.library.wording import in_python
from bioscnn.studies.config import PREPROCESSING, Dataset
from bioscnn.studies.examples import load_events, load_images


@overload
def load_dataset(
    name: Literal["mnist", "fashion-mnist", "caltech"],
    split: str = ...,
    *,
    trials: int | None = ...,
    data: str | Path | None = ...,
    download: bool = ...,
    progress: bool = ...,
    **keys: Any,
) -> ImageSet: ...


@overload
def load_dataset(
    name: Literal["nmnist", "ncaltech101"],
    split: str = ...,
    *,
    trials: int | None = ...,
    data: str | Path | None = ...,
    download: bool = ...,
    progress: bool = ...,
    **keys: Any,
) -> EventSet: ...


@overload  # the path of own data, whose kind only a reader knows
def load_dataset(
    name: str,
    split: str = ...,
    *,
    trials: int | None = ...,
    data: str | Path | None = ...,
    download: bool = ...,
    progress: bool = ...,
    **keys: Any,
) -> Any: ...


@in_python
def load_dataset(
    name: str,
    split: str = "validation",
    *,
    trials: int | None = None,
    data: str | Path | None = None,
    download: bool = True,
    progress: bool = False,
    **keys: Any,
) -> ImageSet | EventSet:
    """Load one split of a data set, by the names and keys that a study has.

    Parameters
    ----------
    name : str
        ``"mnist"``, ``"caltech"``, and, once ``bioscnn data fetch fashion-mnist`` brought it,
        ``"fashion-mnist"``: images; ``"nmnist"``, ``"ncaltech101"``: recordings of an event camera;
        ``"folder:PATH"``, ``"idx:PATH"``, ``"npz:PATH"``: images of your own; ``"events:PATH"``: recordings
        of your own.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    trials : int, optional
        The first so many examples; all if left out.
    data : path, optional
        A data folder; else BIOSCNN_DATA.
    download : bool
        Whether digits that are nowhere on this machine may be downloaded.
    progress : bool
        Whether a bar is shown where a simulated camera records images.
    **keys
        Other keys of the table ``[dataset]``: ``size``, ``colour``, ``fit``, ``validation_share``,
        ``test_share``, ``split_seed``, ``recordings``; ``docs/own-data.md`` says which data have which.

    Returns
    -------
    ImageSet or EventSet
        Images are (n, channels, height, width); recordings are read one by one, when they are asked for.

    Raises
    ------
    UserError
        For an unknown name, split or key, or if files are damaged or cannot be had.

    Examples
    --------
    >>> load_dataset("mnist", trials=100).images.shape
    (100, 1, 28, 28)
    """
    keys_of_table = {"name": name, "split": split, **({} if trials is None else {"trials": trials}), **keys}
    table = table_of(Dataset, "dataset", keys_of_table)
    trials = None if trials is None else table.trials
    if table.model_fields_set & {*PREPROCESSING}:
        raise UserError(
            f"{' | '.join(PREPROCESSING)} say what a network was trained on; images are loaded as they are",
            key="dataset",
            value=sorted(table.model_fields_set & {*PREPROCESSING}),
            fix="leave them out here, and write them into the study of that network",
        )
    if not table.recorded:
        return load_images(table, split, trials, as_path(data), download=download)
    with progress_bar(progress) as watcher:
        return load_events(table, split, trials, as_path(data), watcher, download=download)
