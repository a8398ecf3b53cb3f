"""What a run says to type next can be pasted into a shell, and keeps what the run had been given."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from bioscnn.printing.runs import next_commands
from bioscnn.printing.shared import Again, own_name
from bioscnn.studies import read_study

SIMS = Path(__file__).parents[2] / "sims"
CHANGED = {"readout.rule", "neuron.t_ref", "simulation.duration"}
SLOW = {"simulation.device", "simulation.connectivity", "dataset.trials"}


@pytest.mark.parametrize(
    ("name", "changes", "found", "explained"),
    [
        ("mnist", ["network.model=my net.onnx", "network.normalisation=channel-wise"], {}, True),
        (
            "mnist",
            ["dataset.trials=200", "neuron.t_ref=1 ms", 'readout.record=["output"]'],
            {},
            True,
        ),
        ("mnist", [f"neuron.model={SIMS}/neurons/exponential.toml", "readout.rule=spike-count"], {}, False),
        ("mnist", ["noise.spike-loss.severity=2", "network.weight_scale=0.5"], {}, False),
        (
            "mnist",
            ["encoding.kind=poisson", "simulation.connectivity=procedural"],
            {"input_spikes_per_trial": 1},
            False,
        ),
        ("nmnist", ["simulation.duration=200 ms"], {"simulated": True, "saccade_ends_ms": [100, 200]}, False),
        ("nmnist", ["simulation.duration=200 ms"], {"simulated": True}, False),
    ],
)
def test_each_line_is_a_command_that_begins_where_the_run_ended(name, changes, found, explained):
    file = SIMS / f"{name}.toml"
    before = read_study(file, changes)
    run = SimpleNamespace(summary=found, folder=Path("results/mnist/my net-1"))
    verbs = []
    for line, _ in next_commands(run, before.config, Again(file, changes, Path("my data"))):
        verb, subject, *options, data, folder = shlex.split(line.removeprefix(own_name()))
        verbs.append(verb)
        assert (data, folder) == ("--data", "my data")
        if verb == "explain":
            assert subject == "results/mnist/my net-1" and not options
            continue
        assert Path(subject) == file and set(options[::2]) == {"--set"}
        after = read_study(file, options[1::2])
        others = {key for key, value in dict(before.edits).items() if dict(after.edits).get(key) != value}
        assert others <= CHANGED | SLOW
        assert (after == before) == (verb in ("plan", "timing"))
    assert verbs[-1] == "plan" and ("explain" in verbs) == explained
