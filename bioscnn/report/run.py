"""The report of a run as a file."""

from __future__ import annotations

from pathlib import Path

from bioscnn.report.files import refuse_incomplete
from bioscnn.report.render import write_page


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
    with refuse_incomplete(FIX):
        page = run_page(run)
    return write_page(page, folder)
