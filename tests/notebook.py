"""A notebook run from top to bottom: ``main`` is called in a copy of a process that has loaded bioscnn."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell


class Shell(InteractiveShell):  # type: ignore[misc]
    """IPython as in a notebook, where nobody opens windows."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: figures are drawn within the notebook."""


def main() -> None:
    """Run the cells in the folder of the notebook, up to the first one that fails."""
    file = Path(sys.argv[1])
    sys.path.insert(0, "")
    shell = Shell.instance()
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type == "code" and not shell.run_cell(cell.source, store_history=True).success:
            sys.exit(f"this cell failed:\n{cell.source}")
