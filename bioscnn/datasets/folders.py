"""The data folder: where the user keeps data sets."""

from __future__ import annotations

import os
from pathlib import Path

from bioscnn.errors import UserError

VARIABLE = "BIOSCNN_DATA"


def data_folder(data: Path | None) -> Path | None:
    """Return the data folder: ``data``, else what BIOSCNN_DATA says, else None.

    Raises
    ------
    UserError
        If the folder does not exist.
    """
    key = "data" if data is not None else VARIABLE
    given = data if data is not None else os.environ.get(VARIABLE)
    if not given:
        return None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise UserError(
            "no such data folder",
            file=folder,
            key=key,
            fix="give the folder above MNIST/, or none at all for the embedded digits",
        )
    return folder
