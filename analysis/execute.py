"""Run notebooks and keep what they print and draw: ``python -m analysis.execute [NAME ...]``.

The text comes from ``analysis/NAME.py``. Figures are kept with few pixels and colours, so that all notebooks
stay small.
"""

import base64
import io
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).parent
COLOURS, WIDTH = 96, 1000
"""Of a figure: colours, and the most pixels across."""
SECONDS = 1800
"""The longest time that a cell may take."""


def smaller(png: str) -> str:
    """Return an image, in base64, with few pixels and colours."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    if image.width > WIDTH:  # drawn for screens of twice the resolution
        image = image.reduce(2)
    image = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def without_place(printed: str) -> str:
    """Return the printed text of a cell, with the name of its variable for this machine's data folder."""
    folder = os.environ.get("BIOSCNN_DATA")
    return printed.replace(str(Path(folder).resolve()), "BIOSCNN_DATA") if folder else printed


def execute(text: Path) -> Path:
    """Run the notebook of a ``.py`` file, and write the ``.ipynb`` beside it with its outputs."""
    notebook = jupytext.read(text)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(text.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = without_place(output["text"])
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
    notebook.metadata.pop("language_info", None)
    for k, cell in enumerate(notebook.cells):
        cell["id"] = f"{text.stem[:2]}-{k:03d}"
    path = text.with_suffix(".ipynb")
    nbformat.write(notebook, path)
    return path


if __name__ == "__main__":
    for text in sorted(HERE.glob("[0-9]*.py")):
        if not sys.argv[1:] or text.stem in sys.argv[1:]:
            print(execute(text), flush=True)
