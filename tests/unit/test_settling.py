"""A trial lasts until decisions no longer change, and a run says when they still did."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, LIFRate, write_onnx
from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study, settling
from bioscnn.studies.settling import (
    CANDIDATES,
    TOLERANCE,
    ChosenDuration,
    conversion_hint,
    follows,
    read_settled_study,
    readout_hint,
    restlessness,
    settling_hint,
    silence_hint,
    undecided,
)
from tests.page import blank


def scores(decided, informed):
    return SimpleNamespace(decided=lambda: np.array(decided), informed=lambda: np.array(informed))


def test_a_trial_that_changes_its_mind_or_knows_nothing_yet_has_not_decided():
    some = scores([[1, 2, 2, 2], [2, 2, 2, 3], [5, 5, 5, 5], [5, 5, 5, 5]], [1, 1, 1, 4])
    assert undecided(some, 2).tolist() == [False, True, False, True]
    config = SimpleNamespace(readout=SimpleNamespace(rule="any"), simulation=SimpleNamespace(n_steps=4))
    assert restlessness(some, config) == 0.5
    assert restlessness(scores([[1, 1, 1, 1]], [4]), config) is None


def test_one_answer_for_all_images_is_no_decision_however_long_it_lasts():
    ann = np.repeat([0, 1, 2], [6, 2, 2])
    assert not follows(np.zeros(10, int), ann)
    assert follows(np.where(np.arange(10) < 8, ann, 0), ann)


def study(tmp_path, *lines):
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(['[simulation]\nduration = "auto"\ndt = "0.5 ms"', *lines]))
    return path


@pytest.mark.parametrize("enough", [20e-3, 50e-3, 300e-3, 2.0])
def test_the_shortest_duration_that_settles_is_found(enough, tmp_path, monkeypatch):
    tried = []

    def simulated(short, twice, data, progress):
        duration = short.config.simulation.duration
        assert twice.config.simulation.duration == pytest.approx(2 * duration)
        tried.append(duration)
        changed = 0.0 if duration >= enough else 0.3
        return ChosenDuration(duration, changed, 500, "train", changed <= TOLERANCE)

    monkeypatch.setattr(settling, "_try", simulated)
    found, chosen = read_settled_study(study(tmp_path), [], None, Silent())
    expected = next((d for d in CANDIDATES if d >= enough), CANDIDATES[-1])
    assert found.config.simulation.duration == chosen.duration == pytest.approx(expected)
    assert chosen.settled == (enough <= CANDIDATES[-1])
    assert len(tried) == len(set(tried)) <= 6 and chosen.seconds > 0


def test_a_study_with_a_duration_keeps_it(tmp_path):
    path = study(tmp_path)
    found, chosen = read_settled_study(path, ["simulation.duration=45 ms"], None, Silent())
    assert chosen is None
    assert found.config == read_study(path, ["simulation.duration=45 ms"]).config


def test_other_commands_ask_for_a_duration(tmp_path):
    with pytest.raises(UserError, match="how long a trial lasts") as refusal:
        read_study(study(tmp_path))
    assert refusal.value.key == "simulation.duration"


def test_a_recording_has_a_duration_of_its_own(tmp_path):
    path = study(tmp_path, '[dataset]\nname = "nmnist"\n[encoding]\nkind = "events"')
    with pytest.raises(UserError, match="as long as it does"):
        read_settled_study(path, [], None, Silent())


def test_a_restless_run_says_how_much_longer_to_try(tmp_path):
    config = read_study(study(tmp_path), ["simulation.duration=30 ms"]).config
    assert settling_hint(0.01, config) is None
    assert '"60 ms"' in settling_hint(0.1, config)
    assert '"120 ms"' in settling_hint(0.31, config)
    assert settling_hint(0.31, config).startswith("31 %")
    assert "none comes to a decision" in settling_hint(None, config)


def test_a_run_that_its_readout_misleads_names_a_better_one(tmp_path):
    config = read_study(study(tmp_path), ["simulation.duration=30 ms", "readout.rule=peak-potential"]).config
    ann = np.arange(200) % 10

    def misled(n):
        wrong = np.where(np.arange(200) < n, (ann + 1) % 10, ann)
        return SimpleNamespace(chosen=lambda rule: wrong if rule == "peak-potential" else ann)

    assert "readout.rule=mean-potential" in readout_hint(misled(40), config, ann)
    assert readout_hint(misled(4), config, ann) is None


def test_a_converted_network_that_often_differs_from_the_trained_one_names_the_keys_that_are_left(tmp_path):
    ann = np.arange(200) % 10

    def hint(n_other, *changes):
        config = read_study(study(tmp_path), ["simulation.duration=30 ms", *changes]).config
        other = np.where(np.arange(200) < n_other, (ann + 1) % 10, ann)
        return conversion_hint(SimpleNamespace(chosen=lambda rule: other), config, ann)

    spread, percentile = "simulation.start=spread", "network.percentile=99"
    assert hint(4) is None
    assert spread in hint(20) and percentile in hint(20)
    assert spread in hint(20, percentile) and percentile not in hint(20, percentile)
    assert hint(20, percentile, spread) is None


def test_a_run_whose_duration_is_searched_simulates_training_images_and_tells_what_it_found(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bioscnn.report.render.draw_all", blank)
    monkeypatch.setattr(settling, "_IMAGES", 20)
    monkeypatch.setattr(settling, "CANDIDATES", CANDIDATES[:2])
    kernel = stream(1, "kernel").normal(0.2, 0.5, (4, 1, 7, 7))
    layers = (Conv2d(kernel, None, (7, 7)), LIFRate(), Flatten(), Dense(stream(2, "w").normal(size=(10, 64))))
    write_onnx(LayerGraph("mine", (1, 28, 28), layers), tmp_path / "mine.onnx")
    lines = ['device = "numpy"', '[network]\nmodel = "mine.onnx"', "[dataset]\ntrials = 5"]
    words = ["run", str(study(tmp_path, *lines)), "--json", "--out", "out"]
    summary = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    found = summary["duration_auto"]
    assert found["n_images"] == 20 and found["duration_ms"] == summary["duration_ms"]
    assert found["settled"] == (found["changed_at_twice"] <= TOLERANCE)
    assert summary["duration_ms"] / 1e3 in [pytest.approx(duration) for duration in CANDIDATES[:2]]
    assert 0 < summary["seconds"]["search"] < summary["seconds"]["total"]


@pytest.mark.parametrize(
    ("code", "rule", "fires", "told"),
    [
        ("rate", "last-potential", False, True),
        ("rate", "last-potential", True, False),
        ("time", "last-potential", False, False),
        ("time", "first-spike", False, True),
    ],
)
def test_an_output_that_never_fires_is_told_unless_its_window_is_read_as_a_potential(code, rule, fires, told):
    network = SimpleNamespace(neurons=[SimpleNamespace(name="conv1"), SimpleNamespace(name="output")])
    config = SimpleNamespace(network=SimpleNamespace(code=code), readout=SimpleNamespace(rule=rule))
    run = SimpleNamespace(network=network, fires=lambda name: fires)
    assert (silence_hint(run, config) is not None) == told
