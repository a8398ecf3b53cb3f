"""Data of a user's own: images in folders, IDX or npz files, and recordings of event cameras."""

from bioscnn.datasets.own.own_data import KEYS_OF_KINDS, OwnData, kind_and_path

__all__ = ["KEYS_OF_KINDS", "OwnData", "kind_and_path"]
