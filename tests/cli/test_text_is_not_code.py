"""Study, sweep and neuron files of others that hold code: nothing of it runs, whatever is done with them."""

import pytest

from tests.cli.test_commands import ROOT, assert_refused, bioscnn

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
