"""The notebooks of analysis/ as they are kept, and that each one runs."""

import os
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupyter_client import KernelManager
from nbclient import NotebookClient

import bioscnn
from tests.program import in_a_copy

ANALYSIS = Path(bioscnn.__file__).parents[1] / "analysis"
NAMES = sorted({path.stem for path in (*ANALYSIS.glob("[0-9]*.py"), *ANALYSIS.glob("*.ipynb"))})
MAKE = "python -m analysis.execute {}"


IN_JUPYTER = "09-time-code"
"""The notebook, a short one, that is run as Jupyter does."""


def cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


@pytest.mark.parametrize("name", NAMES)
def test_both_files_of_a_pair_have_the_same_cells(name):
    text = jupytext.read(ANALYSIS / f"{name}.py")
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    assert cells(text) == cells(notebook), MAKE.format(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_with_its_outputs_and_words_for_its_figures(name):
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), MAKE.format(name)
    for cell in code:
        assert all(
            output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs
        )
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 40, cell.source


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_says_what_one_needs_and_learns_and_answers_its_exercises(name):
    text = (ANALYSIS / f"{name}.py").read_text(encoding="utf-8")
    parts = ("# **Before.**", "# **You learn**", "# ## Exercises", "# ## Answers")
    assert sorted(parts, key=text.index) == list(parts)


def test_notebooks_are_small():
    assert sum((ANALYSIS / f"{name}.ipynb").stat().st_size for name in NAMES) < 3_500_000


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_in_the_python_of_the_tests(name):
    notebook = nbformat.read(ANALYSIS / f"{name}.ipynb", as_version=4)
    kernel = KernelManager(kernel_name=notebook.metadata.kernelspec.name)
    assert kernel.format_kernel_cmd()[0] == sys.executable


@pytest.mark.notebook
@pytest.mark.parametrize("name", [name for name in NAMES if name != IN_JUPYTER])
def test_a_notebook_runs_from_top_to_bottom(name):
    done = in_a_copy("tests.notebook", ANALYSIS, ["notebook", f"{name}.ipynb"], os.environ)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr


def test_a_cell_that_fails_is_seen_and_ends_its_notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(code) for code in ("1 / 0", "print('went on')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "fails.ipynb")
    done = in_a_copy("tests.notebook", tmp_path, ["notebook", "fails.ipynb"], os.environ)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stdout and "went on" not in done.stdout


@pytest.mark.notebook
def test_a_notebook_runs_in_jupyter():
    notebook = nbformat.read(ANALYSIS / f"{IN_JUPYTER}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ANALYSIS)}}).execute()


def test_there_are_notebooks():
    assert {"04-spike-timing", IN_JUPYTER} < set(NAMES)
