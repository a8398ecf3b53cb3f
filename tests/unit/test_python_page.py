"""docs/python.md and the Python of README.md run from top to bottom; docs import public names alone."""

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
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
def test_a_network_is_trained_from_python(folder):
    pytest.importorskip("torch")
    bioscnn.new_study("pets", "folder:photographs")
    names, printed = run("docs/training.md")
    assert "(3, 20, 30)" in printed and names["card"]["stage"] == "spikes"
    assert (folder / "pets.onnx").is_file() and (folder / "pets-fine-tuned.onnx").is_file()


@pytest.mark.slow
def test_the_example_of_the_readme_is_ten_lines_and_runs(folder):
    (block,) = blocks("README.md")
    assert len(block.splitlines()) <= 10
    bioscnn.write_onnx(bioscnn.read_network("mnist-small-relu"), folder / "my-network.onnx")
    names, _ = run("README.md")
    assert names["result"].accuracy.value > 0.9 and names["recording"].n_trials == 10


TYPED = ("README.md", "docs/python.md", "docs/training.md", "docs/own-data.md")
SCRIPT = """
import bioscnn
from bioscnn import metrics

study: bioscnn.Study = bioscnn.read_study("mnist", {"neuron.t_ref": "1 ms", "dataset.trials": 10})
neurons: int = bioscnn.plan(study).neurons
result: bioscnn.Result = bioscnn.run(study, data=None, progress=True)
right: float = result.accuracy.value
ledger: bioscnn.Ledger = bioscnn.explain(result)
images = bioscnn.load_dataset("mnist", trials=3).intensities()
events: bioscnn.EventSet = bioscnn.load_dataset("nmnist", "test")
neuron = bioscnn.LIF(t_ref=1e-3)
network: bioscnn.SpikingNetwork = bioscnn.convert("mnist-small", images=images, neuron=neuron)
recording: bioscnn.Recording = bioscnn.simulate(network, images, device=bioscnn.Device("numpy"))
chosen = bioscnn.decisions(recording, "spike-count")[:, -1]
table = metrics.confusion_matrix(chosen, chosen, 10)
experiment: bioscnn.Experiment = bioscnn.NoiseExperiment(study, quick=True)
findings: bioscnn.Findings = bioscnn.conduct(experiment, jobs=2)
text: str = bioscnn.cite(study)
bioscnn.run("mnist", {"dataset.trials": 1}, progress="loud")  # error
bioscnn.load_dataset("mnist").recordings  # error
bioscnn.runn("mnist")  # error
"""


@pytest.mark.slow
def test_the_script_of_a_user_is_type_checked_strictly(tmp_path):
    """By what bioscnn says of itself: each line that is wrong is found, and no other; none of the docs is."""
    (tmp_path / "script.py").write_text(SCRIPT)
    pages = {page: f"{Path(page).stem.lower().replace('-', '_')}_page.py" for page in TYPED}
    for page, file in pages.items():
        (tmp_path / file).write_text("\n".join(blocks(page)))
    options = (
        "--strict",
        "--follow-imports=silent",
        "--no-pretty",
        f"--cache-dir={ROOT / '.mypy_cache' / 'user'}",
    )
    command = [sys.executable, "-m", "mypy", *options, "script.py", *pages.values()]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True
    )
    wrong = [n for n, line in enumerate(SCRIPT.splitlines(), 1) if line.endswith("# error")]
    found = re.findall(r"^(.*):(\d+): error", done.stdout, re.M)
    assert found == [("script.py", str(n)) for n in wrong], done.stdout


PAGES = [f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")]
IMPORTED = {
    **{page: "\n".join(blocks(page)) for page in ("README.md", *PAGES)},
    **{
        f"analysis/{path.name}": path.read_text(encoding="utf-8")
        for path in (ROOT / "analysis").glob("0*.py")
    },
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
                if module == "bioscnn.experiments.timing" and page == "analysis/04-spike-timing.py":
                    continue  # which takes the experiment to pieces
                assert not deeper and package in dir(bioscnn), f"{page}: {module}"
                names = [a.name for a in line.names] if isinstance(line, ast.ImportFrom) else []
                assert set(names) <= set(getattr(getattr(bioscnn, package), "__all__", names)), module
