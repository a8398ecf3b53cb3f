"""A notebook run from top to bottom: ``main`` is called in a copy of a process that has loaded bioscnn.

It has fewer trials than the one whose outputs are kept, which was made from the same cells.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell

SMALLER = {
    "01-neuron": {"SECONDS, COMPILED = 10": "SECONDS, COMPILED = 2"},
    "02-conversion": {"TRIALS = 300": "TRIALS = 60", "FEWER = 200": "FEWER = 40"},
    "03-a-digit": {'see("mnist", 1000': 'see("mnist", 200', 'see("caltech", found.n)': 'see("caltech", 20)'},
    "04-spike-timing": {
        "TRIALS = 200": "TRIALS = 80",
        "N_TRIALS = 50, 1000, 10": "N_TRIALS = 50, 1000, 4",
        "perturb=ASKED, ": "perturb=ASKED[2:], folds=2, ",
        "TAUS = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3)": "TAUS = (1e-3, 10e-3, 100e-3)",
    },
    "05-noise": {
        "TRIALS = 200": "TRIALS = 40",
        "quick=True": "quick=True, trials=10",
        '"occlusion", "threshold-mismatch")': '"occlusion")',  # which would be compiled for every network
    },
    "06-ladder": {"TRIALS = 200": "TRIALS = 40"},
    "07-sensitivity": {
        '"dataset.trials" = 40': '"dataset.trials" = 10',
        "trajectories = 4": "trajectories = 2",
    },
    "08-retina": {'"dataset.trials": 200': '"dataset.trials": 40'},
}
"""By notebook: what its cells hold, and what takes its place."""


class Shell(InteractiveShell):  # type: ignore[misc]
    """IPython as in a notebook, where nobody opens windows."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: figures are drawn within the notebook."""


def main() -> None:
    """Run the cells in the folder of the notebook, up to the first one that fails."""
    file = Path(sys.argv[1])
    sys.path.insert(0, "")
    shell = Shell.instance()
    for source in smaller(file):
        if not shell.run_cell(source, store_history=True).success:
            sys.exit(f"this cell failed:\n{source}")


def smaller(file: Path) -> list[str]:
    """Return the code of the cells, with fewer trials and with figures for one screen."""
    notebook = nbformat.read(file, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for text, fewer in SMALLER.get(file.stem, {}).items():
        if not any(text in cell for cell in cells):
            sys.exit(f"{file.name} no longer holds {text!r}: name in tests/notebook.py what makes it small")
        cells = [cell.replace(text, fewer) for cell in cells]
    return [cell.replace('figure_format = "retina"', 'figure_format = "png"') for cell in cells]
