"""What an edit of the code makes an experiment measure again, on a copy of the package that is edited."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bioscnn

ROOT = Path(bioscnn.__file__).parent
STUDY = ROOT.parent / "sims" / "mnist.toml"
EDITS = {
    "a comment": ("conversion/convert.py", '"""', '"""', "\n# Nothing.\n"),
    "a docstring": ("conversion/convert.py", '"""', '"""Edited. ', ""),
    "a page": ("experiments/noise/page.py", "Every number", "All numbers", ""),
    "a figure": ("plots/noise_effects.py", "accuracy lost", "accuracy gone", ""),
}
"""File below the package, text, what takes its first place, what is appended."""

WITHOUT_PAGES = """
import bioscnn.experiments.run as run
run.write_page = run.write_index = lambda *_: None
from bioscnn.cli import main
main()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the package, and what an experiment has measured with it."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(ROOT, folder / "bioscnn")  # with what Python has compiled
    assert computed(folder) == 9
    return folder


def computed(folder, *words):
    """Run the experiment with the copy, and return how many units it measured."""
    variables = {name: value for name, value in os.environ.items() if name != "BIOSCNN_DATA"}
    command = [
        sys.executable, "-c", WITHOUT_PAGES, "noise", str(STUDY), "--quick", "--trials", "10", "--jobs", "1",
        "--kinds", "stuck-neurons,gaussian-noise", "--set", "network.model=mnist-small-relu",
        "--set", "encoding.gain=1.01", "--keep-spikes", "--json", *words,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env=variables | {"PYTHONPATH": str(folder)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)["computed"]


def edit(folder, file, old, new, appended=""):
    path = folder / "bioscnn" / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1) + appended, encoding="utf-8")


@pytest.mark.slow
def test_what_changes_no_outcome_makes_nothing_measured_again(place):
    for file, old, new, appended in EDITS.values():
        edit(place, file, old, new, appended)
    assert computed(place) == 0, f"one of {', '.join(EDITS)}"


@pytest.mark.slow
def test_what_changes_outcomes_makes_measured_again_what_it_touches(place):
    edit(place, "noise/neurons.py", "LEVELS = (0.001, 0.005,", "LEVELS = (0.001, 0.006,")
    assert computed(place) == 2, "another strength of one noise: its own units"
    recordings = sorted((place / "results" / "recordings").iterdir())
    edit(place, "readout.py", "def decisions(", "UNUSED = 1\n\n\ndef decisions(")
    assert computed(place) == 9, "another readout: all are read out again"
    assert sorted((place / "results" / "recordings").iterdir()) == recordings, (
        "and nothing is simulated again"
    )
    edit(place, "conversion/convert.py", "slope * stage.bias", "2 * slope * stage.bias")
    assert computed(place) == 9, "another conversion: everything"
