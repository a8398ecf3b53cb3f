"""The report of a run as a file."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import is_file
from bioscnn.fingerprint import code_of_modules, hash_of, version_of
from bioscnn.report.files import refuse_incomplete
from bioscnn.report.render import TEMPLATES, write_page

REPORT = "report.html"
_AT_ONCE = 1_000_000
"""Bytes of a file that are read at a time."""

FILES = ("run.h5", "summary.json", "provenance.json", "config.toml", "ledger.json")


def write_report(folder: Path) -> Path:
    """Write the ``report.html`` of a run into its folder.

    Parameters
    ----------
    folder : Path
        With ``run.h5``, ``summary.json``, ``provenance.json`` and ``config.toml``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the run is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.folder import FIX, read_run
    from bioscnn.report.run_page import run_page

    run = read_run(folder)
    try:
        with refuse_incomplete(folder, FIX):
            page = run_page(run)
    except UserError as error:
        raise error.but(file=error.file or folder / "provenance.json") from None
    return write_page(replace(page, key=_key(folder)), folder, REPORT)


def renew_report(folder: Path) -> Path:
    """Return the ``report.html`` of a run; it is written only if it is not of these files by this code.

    Parameters, returns and errors as of `write_report`.
    """
    page, is_current = folder / REPORT, False
    if is_file(page):
        with suppress(OSError), page.open("rb") as file:
            is_current = f'content="{_key(folder)}"'.encode() in file.read(1000)
    return page if is_current else write_report(folder)


def _key(folder: Path) -> str:
    """Return the hash of all that makes the page of a run: its files, the code, templates, matplotlib."""
    digest = hashlib.sha256()
    for path in [folder / name for name in FILES] + list(TEMPLATES):
        digest.update(f"\0{path.name}\0".encode())
        if is_file(path):
            with path.open("rb") as file:
                while piece := file.read(_AT_ONCE):
                    digest.update(piece)
    return hash_of(digest.hexdigest(), code_of_modules(__name__), version_of("matplotlib"))
