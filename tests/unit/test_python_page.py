"""docs/python.md and the Python of README.md run from top to bottom, and import nothing that is not public."""

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

import bioscnn
from tests.own_data import photographs, recordings

ROOT = Path(__file__).parents[2]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the page takes for granted: small data of a user's own."""
    photographs(tmp_path / "photographs", ("cat", "dog", "horse"))
    recordings(tmp_path / "gestures", ("left", "right"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(page):
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for block in blocks(page):
            exec(compile(block, page, "exec"), names)
    return names, printed.getvalue()


@pytest.mark.slow
def test_every_block_of_the_page_runs_in_order(folder):
    names, printed = run("docs/python.md")
    assert "write neuron.t_ref" in printed and "@article{stimberg2019brian2," in printed
    assert "81 spikes in a second; 81.9 Hz" in printed
    assert names["result"].report.is_file() and names["findings"].report.is_file()
    assert (folder / "plain" / "model.py").is_file() and (folder / "confusion.png").is_file()
    assert set(names["mean_mV"].shape) == {10} and names["volts"].shape == (20, 40, 10)


@pytest.mark.slow
def test_the_example_of_the_readme_is_ten_lines_and_runs(folder):
    (block,) = blocks("README.md")
    assert len(block.splitlines()) <= 10
    bioscnn.write_onnx(bioscnn.read_network("mnist-small-relu"), folder / "my-network.onnx")
    names, _ = run("README.md")
    assert names["result"].accuracy.value > 0.9 and names["recording"].n_trials == 10


PAGES = [f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md") if path.name != "training.md"]
IMPORTED = {
    **{page: "\n".join(blocks(page)) for page in ("README.md", *PAGES)},
    **{f"analysis/{path.name}": path.read_text(encoding="utf-8") for path in (ROOT / "analysis").glob("0*.py")},
}


@pytest.mark.parametrize("page", IMPORTED)
def test_docs_and_notebooks_import_public_names_alone(page):
    """``import bioscnn`` and ``from bioscnn[.package] import name``, where the package is public."""
    for line in ast.walk(ast.parse(re.sub(r"^%.*$", "", IMPORTED[page], flags=re.MULTILINE))):
        modules = [a.name for a in line.names] if isinstance(line, ast.Import) else []
        modules += [str(line.module)] if isinstance(line, ast.ImportFrom) else []
        for module in modules:
            if module.split(".")[0] == "bioscnn" and module != "bioscnn":
                package, *deeper = module.split(".")[1:]
                assert not deeper and package in dir(bioscnn), f"{page}: {module}"
                names = [a.name for a in line.names] if isinstance(line, ast.ImportFrom) else []
                assert set(names) <= set(getattr(getattr(bioscnn, package), "__all__", names)), module
