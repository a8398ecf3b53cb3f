"""What a run says to type next can be pasted into a shell, and keeps what the run had been given."""

import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import nir
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.printing.networks import print_training
from bioscnn.printing.runs import next_commands, print_run
from bioscnn.printing.shared import Again, own_name, print_next
from bioscnn.printing.studies import print_new_study
from bioscnn.studies import read_study
from bioscnn.studies.explainable import refuse_unexplained
from bioscnn.studies.new import new_study
from bioscnn.studies.settling import read_study_of_any_duration
from tests.facts import summary_facts
from tests.own_data import photographs
from tests.unit.nir.graphs import chain, lif

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


@pytest.mark.parametrize(("last", "fires"), [(lif(10), True), (nir.LI(*np.ones((3, 10))), False)])
def test_after_a_nir_graph(tmp_path, monkeypatch, last, fires):
    """No trained network explains it, and where the output is silent no readout waits for its spikes."""
    nir.write(tmp_path / "mine.nir", chain(nir.Linear(np.ones((10, 784))), last, shape=(784,), out=10))
    monkeypatch.chdir(tmp_path)
    changes = ["network.model=mine.nir", "nir.framework=norse"]
    file = SIMS / "mnist.toml"
    run = SimpleNamespace(summary={}, folder=Path("results/mnist/mine"))
    config = read_study(file, changes).config
    lines = [line for line, _ in next_commands(run, config, Again(file, changes, None))]
    assert any("first-spike" in line for line in lines) == fires
    assert not any(" explain " in line for line in lines)
    with pytest.raises(UserError) as caught:
        refuse_unexplained(config)
    assert caught.value.key == "network.model"


def test_square_brackets_in_hints_are_printed(capsys):
    """What a file calls its parts is no markup."""
    config = read_study(SIMS / "mnist.toml", []).config
    summary = summary_facts(n_trials=3, readout=config.readout.rule, hints=["try [bold]this[/bold]"])
    run = SimpleNamespace(summary=summary, folder=Path("results"), report_seconds=0.0, known_since=None)
    print_run(run, config, Again(SIMS / "mnist.toml", [], None), 1.0)
    assert "try [bold]this[/bold]" in capsys.readouterr().out


def test_lines_fit_80_columns_and_are_pasted_as_they_are(capsys):
    words = ["bioscnn", "run", "my study.toml"]
    for change in ("dataset.trials=200", "neuron.t_ref=3 ms", "network.model=a [bold] network.onnx"):
        words += ["--set", change]
    print_next([(shlex.join(words), "another refractory period"), ("bioscnn plan mnist", "memory")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    said = [line for line in lines if line and not line.startswith(("Next", "  #"))]
    pasted = "\n".join(said).replace("\\\n", " ").splitlines()
    assert [shlex.split(line) for line in pasted] == [words, ["bioscnn", "plan", "mnist"]]


def test_the_seconds_of_a_run_add_up_with_the_search_for_its_duration(capsys):
    config = read_study(SIMS / "mnist.toml", []).config
    summary = summary_facts(n_trials=3, readout=config.readout.rule)
    summary["seconds"] = {"build": 1.0, "simulate": 2.0, "total": 9.0, "search": 6.0}
    run = SimpleNamespace(summary=summary, folder=Path("results"), report_seconds=3.0, known_since=None)
    print_run(run, config, Again(SIMS / "mnist.toml", [], None), 14.0)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    whole, *parts = map(float, re.findall(r"\d+\.\d", said[said.index("  time ") : said.index("  report ")]))
    assert whole == 14.0 == sum(parts) and {6.0, 2.0} <= set(parts)


def test_a_duration_that_was_searched_is_not_searched_again_by_the_next_commands():
    file = SIMS / "mnist.toml"
    run = SimpleNamespace(summary={"duration_auto": {}}, folder=Path("results/mnist/as-written-1"))
    config = read_study(file, ["simulation.duration=60 ms"]).config
    lines = [line for line, _ in next_commands(run, config, Again(file, ["simulation.duration=auto"], None))]
    assert [("'simulation.duration=60 ms'" in line) for line in lines if " explain " not in line] == [
        True
    ] * 3
    assert not any("auto" in line for line in lines)


@pytest.mark.parametrize(
    ("found", "argv", "name"),
    [
        ("/usr/bin/bioscnn", "bioscnn", "bioscnn"),
        (None, "/x/bioscnn/__main__.py", f"{sys.executable} -m bioscnn"),
        (None, "bin/bioscnn", "bin/bioscnn"),
    ],
)
def test_a_line_begins_as_the_program_was_begun(monkeypatch, found, argv, name):
    monkeypatch.setattr("shutil.which", lambda _: found)
    monkeypatch.setattr(sys, "argv", [argv])
    assert own_name() == name


def test_after_a_run_of_the_time_code_finer_times_are_offered():
    file = SIMS / "mnist.toml"
    keys = ["network.code=time", "encoding.kind=spike-time", "readout.rule=last-potential"]
    config = read_study(file, keys).config
    run = SimpleNamespace(summary={}, folder=Path("results/mnist/latest"))
    first, *others = [line for line, _ in next_commands(run, config, Again(file, [], None))]
    assert "simulation.dt=500 us" in first and "simulation.duration=auto" in first
    assert not any("first-spike" in line for line in others)


def test_a_duration_that_was_searched_is_told_with_how_many_decisions_it_changes(capsys):
    config = read_study(SIMS / "mnist.toml", []).config
    chosen = {
        "n_images": 200,
        "split": "train",
        "changed_at_twice": 0.015,
        "settled": False,
        "duration_ms": 80,
    }
    summary = summary_facts(n_trials=3, readout=config.readout.rule, duration_auto=chosen)
    run = SimpleNamespace(summary=summary, folder=Path("results"), report_seconds=0.0, known_since=None)
    print_run(run, config, Again(SIMS / "mnist.toml", [], None), 1.0)
    said = " ".join(capsys.readouterr().out.split())
    assert "80 ms: 98.5 % of 200 train images" in said and "no longer one was tried" in said


TIMES = ["network.code=time", "encoding.kind=spike-time", "readout.rule=last-potential"]


@pytest.mark.parametrize(
    ("stage", "spiking", "keys", "expected"),
    [
        ("rates", None, ["neuron.model=if"], [["run"]]),
        ("rates", 0.9, [], [["run"], ["train", "--on spikes"]]),
        ("rates", None, ["training.activation=relu"], [["run"], ["train", "--on times"]]),
        ("rates", None, ["training.activation=relu", *TIMES], [["run"], ["train", "--on times"]]),
        ("spikes", 0.9, [], [["run"]]),
        ("times", 0.9, [], [["run", "simulation.duration=auto", *TIMES]]),
        ("times", 0.9, TIMES, [["run"]]),
    ],
)
def test_after_a_training_the_lines_run_what_it_made_and_train_it_further(
    stage, spiking, keys, expected, capsys
):
    study = SIMS / "mnist.toml"
    config = read_study(study, keys).config
    print_training(card_of(stage, spiking), Path("my.onnx"), config, Again(study, keys))
    said = capsys.readouterr().out.replace("\\\n", "")
    lines = [line for line in said.splitlines() if line.lstrip().startswith(f"{own_name()} ")]
    assert ("90.00 %" in said.partition("spiking network")[2]) == (spiking is not None)
    for line, (verb, *words) in zip(lines, expected, strict=True):
        assert f" {verb} {study} " in line and "network.model=my.onnx" in line
        assert all(word in line for word in words)
        assert ("training.activation" in line) == (verb == "train" and "training.activation=relu" in keys)
        assert ("network.scale=1" in line) == (stage == "times")
        options = shlex.split(line.partition(" --on ")[0])[3:]
        assert read_study_of_any_duration(study, options[1::2]).config.network.model.endswith("my.onnx")


def card_of(stage: str, spiking: float | None) -> dict[str, object]:
    share = {"accuracy": spiking, "wilson_95": [0.8, 0.95], "n": 100}
    return {
        "name": "mine", "stage": stage, "classes": ["a", "b"], "seconds": 3.0,
        "settings": {"readout": "spike-count"},
        "validation": {"accuracy": 0.9, "wilson_95": [0.8, 0.95], "n": 100},
        "spiking": spiking and share | {"duration_ms": 30.0, "spikes_per_image": 1000},
    }  # fmt: skip


def test_after_a_training_of_own_photographs_a_study_of_one_spike_per_neuron_is_offered(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path / "my photos", ("a", "b"))
    new = new_study("mine", "folder:my photos")
    config = read_study(new.file).config
    print_training(card_of("rates", None), Path("mine.onnx"), config, Again(new.file))
    last = shlex.split(capsys.readouterr().out.strip().splitlines()[-1])[1:]
    assert last == ["new", "mine-times", "--data", "folder:my photos", "--code", "time"]
    print_new_study(new)
    assert last == shlex.split(capsys.readouterr().out.strip().splitlines()[-1])[1:]


@pytest.mark.parametrize(
    ("low", "n_classes", "n", "told"),
    [(0.45, 2, 30, True), (0.51, 2, 30, False), (0.09, 10, 30, True), (0.45, 2, 9, False)],
)
def test_after_a_training_that_came_to_guessing_it_is_said(low, n_classes, n, told, capsys):
    card = card_of("rates", None) | {"classes": ["c"] * n_classes}
    card["validation"] = {"accuracy": low + 0.1, "wilson_95": [low, low + 0.2], "n": n}
    print_training(card, Path("my.onnx"), read_study(SIMS / "mnist.toml").config, Again(Path("mnist-small")))
    said = " ".join(capsys.readouterr().out.split())
    assert (f"right in {100 / n_classes:.3g} % with {n_classes} classes" in said) == told
    assert ("9 trials say little" in said) == (n == 9)


def test_a_run_that_came_to_guessing_is_explained_first():
    file = SIMS / "mnist.toml"
    summary = {"warnings": [{"kind": "at-chance", "text": "", "certain": False}]}
    run = SimpleNamespace(summary=summary, folder=Path("results/mnist/latest"))
    for changes, first in (([], "explain"), (["neuron.model=adaptive-lif"], "run")):
        config = read_study(file, changes).config
        lines = [line.split()[1] for line, _ in next_commands(run, config, Again(file, changes))]
        assert lines[0] == first and lines.count("explain") == (first == "explain")


def test_after_a_training_of_a_network_that_ships_nothing_is_offered(capsys):
    config = read_study(SIMS / "mnist.toml").config
    print_training(card_of("rates", 0.9), Path("my.onnx"), config, Again(Path("mnist-small")))
    assert "Next" not in capsys.readouterr().out
