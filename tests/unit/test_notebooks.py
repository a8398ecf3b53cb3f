"""The notebooks of analysis/ as they are kept; that each one runs, pytest shows by running it."""

import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupyter_client import KernelManager

import bioscnn

ANALYSIS = Path(bioscnn.__file__).parents[1] / "analysis"
NAMES = sorted({path.stem for path in (*ANALYSIS.glob("[0-9]*.py"), *ANALYSIS.glob("*.ipynb"))})


def cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


@pytest.mark.parametrize("name", NAMES)
def test_both_files_of_a_pair_have_the_same_cells(name):
    text = jupytext.read(ANALYSIS / f"{name}.py")
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    assert cells(text) == cells(notebook), f".venv/bin/jupytext --to ipynb analysis/{name}.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_outputs(name):
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_in_the_python_of_the_tests(name):
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    kernel = KernelManager(kernel_name=notebook.metadata.kernelspec.name)
    assert kernel.format_kernel_cmd()[0] == sys.executable


def test_there_are_notebooks():
    assert "04-spike-timing" in NAMES
