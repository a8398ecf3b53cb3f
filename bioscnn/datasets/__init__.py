"""Images and recordings of event cameras with their labels, checksums and sources."""

from bioscnn.datasets.catalogue import DatasetRow, FileRow, check, fetch, list_datasets, load_dataset
from bioscnn.datasets.event_files import EventFile, read_events, write_events
from bioscnn.datasets.events import EventSet, EventStream
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.own import OwnData
from bioscnn.datasets.recordings import load_recordings
from bioscnn.datasets.stabilisation import stabilise
from bioscnn.datasets.tonic_events import from_tonic

__all__ = [
    "DatasetRow",
    "EventFile",
    "EventSet",
    "EventStream",
    "FileRow",
    "ImageSet",
    "OwnData",
    "check",
    "fetch",
    "from_tonic",
    "list_datasets",
    "load_dataset",
    "load_recordings",
    "read_events",
    "stabilise",
    "write_events",
]
