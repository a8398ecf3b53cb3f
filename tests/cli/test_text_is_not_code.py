"""Study, sweep and neuron files of others that hold code: nothing of it runs, whatever is done with them."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.program import ROOT, assert_refused, bioscnn, bioscnn_anew
from tests.sweeps import write_sweep

CASES = ROOT / "tests" / "cases"
HIDDEN = "U+2028 LINE SEPARATOR"


@pytest.mark.parametrize("device", ["cpp_standalone", "numpy", "genn"])
@pytest.mark.parametrize("verb", ["plan", "run", "timing", "noise", "ladder", "sweep"])
def test_code_in_a_study_is_refused_by_every_verb_on_every_device(tmp_path, verb, device):
    file = CASES / "code-in-text" / ("sweep.toml" if verb == "sweep" else "study.toml")
    done = bioscnn(tmp_path, verb, file, "--set", f"simulation.device={device}")
    assert_refused(done, "neuron.definition.reset", HIDDEN)
    assert list(tmp_path.iterdir()) == []


def test_code_in_the_file_of_a_neuron_is_refused(tmp_path):
    neuron = CASES / "code-in-text" / "neuron.toml"
    done = bioscnn(tmp_path, "plan", ROOT / "sims" / "mnist.toml", "--set", f"neuron.model={neuron}")
    assert_refused(done, str(neuron), "reset", HIDDEN)
    assert list(tmp_path.iterdir()) == []


TOUCH = 'open("CODE_RAN", "w").close()'


def test_a_file_of_preferences_beside_a_study_is_not_run(tmp_path):
    (tmp_path / "brian_preferences").write_text(f"codegen.target = {TOUCH} or 'numpy'\n")
    shutil.copy(ROOT / "sims" / "neurons" / "exponential.toml", tmp_path)
    study = tmp_path / "study.toml"
    study.write_text('[network]\nmodel = "mnist-small-relu"\n[neuron]\nmodel = "exponential.toml"\n')
    done = bioscnn_anew(tmp_path, "plan", study)
    assert_refused(done, "Brian2 would run what this file holds", "brian_preferences")
    assert not (tmp_path / "CODE_RAN").exists()


DRAWING = """
import sys, numpy
from bioscnn import plots
sys.stdout.write(plots.to_svg(plots.confusion(numpy.eye(2, dtype=int), ["a", "b"])))
"""


def test_settings_of_matplotlib_beside_a_study_change_no_figure(tmp_path):
    """A figure was 2000 inches wide."""

    def drawn():
        return subprocess.run(
            [sys.executable, "-c", DRAWING], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    without = drawn()
    (tmp_path / "matplotlibrc").write_text("savefig.bbox: tight\nsavefig.pad_inches: 1000\naxes.grid: 1\n")
    assert "<svg" in without and drawn() == without


@pytest.mark.parametrize("kind", ["other text", "pipe"])
def test_settings_of_matplotlib_that_are_no_text_are_refused(tmp_path, kind):
    """Brian2 imports matplotlib, which ended in a traceback, or waited for the pipe."""
    settings, study = tmp_path / "matplotlibrc", tmp_path / "study.toml"
    os.mkfifo(settings) if kind == "pipe" else settings.write_bytes(b"axes.grid: 1 # \xe9\n")
    neuron = ROOT / "sims" / "neurons" / "exponential.toml"
    study.write_text(f'[network]\nmodel = "mnist-small-relu"\n[neuron]\nmodel = "{neuron}"\n')
    assert_refused(bioscnn_anew(tmp_path, "plan", study), "matplotlib cannot read its settings")


ESCAPE = "[g := (g.gi_frame.f_back.f_back.f_builtins['open']('CODE_RAN', 'w') for _ in (1,)), *g]"


@pytest.mark.parametrize(
    "line", [f"axes.prop_cycle : {ESCAPE}", "backend: module://antigravity", "backend\x0c: module://x"]
)
def test_settings_of_matplotlib_that_it_may_run_are_refused(tmp_path, line):
    """Matplotlib evaluated the first until 3.11, and its builtins are within reach; the second it imports."""
    (tmp_path / "matplotlibrc").write_text(f"axes.grid: 1\n  {line}\n")
    done = subprocess.run(
        [sys.executable, "-c", DRAWING], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "matplotlib may run what this file says for" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["matplotlibrc"]


def test_modules_beside_a_study_are_not_run_in_worker_processes(tmp_path):
    """A sweep starts processes; Python would look for their modules in the current folder first."""
    for name in ("joblib", "numpy", "tempfile", "brian2", "bioscnn"):
        (tmp_path / f"{name}.py").write_text(TOUCH)
    write_sweep(tmp_path, 'kind = "random"\npoints = 2', '"neuron.t_ref" = { low = "1 ms", high = "4 ms" }')
    words = ("--jobs", "2", "--trials", "2", "--set", "simulation.device=numpy")
    done = bioscnn_anew(tmp_path, "sweep", "sweep.toml", *words)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "CODE_RAN").exists()
