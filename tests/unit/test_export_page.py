"""The commands and the Python of docs/export.md work as they are written."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.plain_brian2 import differing, run_script
from tests.runs import only_of, recorded, write_run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def commands(verb):
    """Words of each command of the page that begins with a verb."""
    lines = "".join(re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)).splitlines()
    words = [shlex.split(line, comments=True)[1:] for line in lines]
    return [line for line in words if line[0] == verb]


def call(words):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_results_are_exported_and_read(tmp_path, monkeypatch, capsys):
    for package in ("nixio", "pynwb"):
        pytest.importorskip(package)
    write_run(tmp_path / "results" / "mnist" / "latest", only_of(recorded(), "output", "readout"))
    monkeypatch.chdir(tmp_path)
    written = [call(words).strip() for words in commands("export")]
    assert written == [f"results/mnist/latest/{name}" for name in ("run.npz", "csv", "run.nix", "run.nwb")]
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    for block in blocks:
        exec(compile(block, "export.md", "exec"), {})
    assert len(blocks) == 4
    assert "6 trials;" in capsys.readouterr().out


@pytest.mark.slow
def test_the_script_of_the_first_example_gives_the_spikes_of_bioscnn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sims").symlink_to(ROOT / "sims")
    to_output, to_folder = commands("brian2")
    script = call(to_output[:2])
    assert to_output[2:] == [">", "model.py"]
    (tmp_path / "model.py").write_text(script)
    call(to_folder)
    assert (tmp_path / "digits" / "model.py").read_text() == script.replace("mnist-brian2.npz", "model.npz")
    prepared = prepare(read_study("sims/mnist.toml"), None)
    found, chosen = run_script(tmp_path / "model.py", prepared.network, 1e-3, 30, 10)
    recording = simulate(prepared.network, prepared.stimulus[:10], Device("numpy"), record=list(found))
    assert set(differing(found, recording).values()) == {0}
    assert (chosen == prepared.examples.labels[:10]).sum() >= 9
