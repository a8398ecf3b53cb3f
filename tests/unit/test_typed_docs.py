"""The Python of the docs, and a script of a user's, are type-checked strictly."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import blocks_of

ROOT = Path(__file__).parents[2]


def python_of(page):
    return "\n".join(block.text for block in blocks_of(page) if block.language == "python")


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
        (tmp_path / file).write_text(python_of(page))
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
