"""What `bioscnn plan` promises, against what a simulation takes."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from bioscnn.simulation.cpp_device import constant_files, run_batch
from bioscnn.simulation.program import Program, build, obtain
from bioscnn.studies import read_study
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import prepare

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"

# The peak of a process counts what its parent held at the fork, so a small parent has to do the measuring.
MEASURE = """#!{python} -S
import resource, subprocess
subprocess.run(["./main"], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * {unit}
open({result!r}, "w").write(str(peak))
"""


class Measured(Program):
    """A program that is run by a script which measures its memory."""

    script: Path

    @property
    def executable(self):
        return self.script


@pytest.mark.slow
def test_synapses_and_memory_are_within_a_fifth_of_the_truth(tmp_path):
    study = read_study(STUDY, ["dataset.trials=100"])
    planned = plan_study(study, None)
    prepared = prepare(study, None)

    true_synapses = sum(
        len(p.connectivity.synapses()[0]) for p in prepared.network.projections if p.synapse is not None
    )
    assert planned.synapses == true_synapses
    assert planned.neurons == sum(p.size for p in prepared.network.neurons)

    shape = prepared.program
    program = obtain(shape) or build(shape)
    script, result = tmp_path / "measure", tmp_path / "peak"
    unit = 1 if sys.platform == "darwin" else 1024
    script.write_text(MEASURE.format(python=sys.executable, unit=unit, result=str(result)))
    script.chmod(0o755)
    measured = Measured(program.folder)
    object.__setattr__(measured, "script", script)
    run_batch(measured, shape, constant_files(shape), prepared.stimulus, (), lambda: None, Event())
    assert planned.memory_mb == pytest.approx(int(result.read_text()) / 1e6, rel=0.2)


def test_planning_compiles_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", None)
    planned = plan_study(read_study(STUDY, ["simulation.device=numpy"]), None)
    assert planned.trials == 5000 and planned.build_seconds == 0
    assert not list(tmp_path.iterdir())
