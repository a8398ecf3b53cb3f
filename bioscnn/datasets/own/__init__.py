"""Data of a user's own: images in folders, IDX or npz files, and recordings of event cameras."""

from bioscnn.datasets.own.own_data import KEYS_OF_KINDS, OwnData, kind_and_path, with_kind
from bioscnn.datasets.own.survey import Survey, check_parts, survey

__all__ = ["KEYS_OF_KINDS", "OwnData", "Survey", "check_parts", "kind_and_path", "survey", "with_kind"]
