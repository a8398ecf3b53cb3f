"""Images with their labels, checksums and sources."""

from bioscnn.datasets.catalogue import (
    DatasetRow,
    FileRow,
    check,
    fetch,
    list_datasets,
    load_dataset,
)
from bioscnn.datasets.events import EventSet, EventStream
from bioscnn.datasets.images import ImageSet

__all__ = [
    "DatasetRow",
    "EventSet",
    "EventStream",
    "FileRow",
    "ImageSet",
    "check",
    "fetch",
    "list_datasets",
    "load_dataset",
]
