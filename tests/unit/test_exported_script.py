"""The scripts of docs/export.md give the spikes of bioscnn."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioscnn import brian2
from bioscnn.cli import app
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.documents import blocks_of
from tests.plain_brian2 import differing, run_script

ROOT = Path(__file__).parents[2]


def commands(verb):
    """Words of each command of the page that begins with a verb."""
    shell = [block for block in blocks_of("docs/export.md") if block.language == "bash"]
    return [words[1:] for block in shell for words in block.commands if words[1] == verb]


def call(words):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist-foveal", "nmnist"])
def test_the_scripts_of_a_retina_and_of_recordings_give_the_spikes_of_bioscnn(name, tmp_path):
    """The first trial; docs/export.md has ten, of more studies."""
    prepared = prepare(read_study(name, ["dataset.trials=1"]), None)
    script = brian2(name, {"dataset.trials": 1}, trials=1, out=tmp_path).script
    stimulus = prepared.stimulus
    found, _ = run_script(script, prepared.network, stimulus.dt, stimulus.n_steps, 1)
    recording = simulate(prepared.network, stimulus, Device("numpy"), record=list(found))
    assert set(differing(found, recording).values()) == {0}
    assert all(train.n_spikes for train in found.values())
