"""Networks that learn without labels, from Python: run, trained, read again, refused elsewhere."""

import pytest

import bioscnn
from bioscnn.stdp.network import LearnedNetwork

STUDY = "mnist-stdp"


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return bioscnn.run(trained.with_name("ones.toml"), results=tmp_path_factory.mktemp("results"))


def test_a_run_of_a_learned_network_has_decisions_and_accuracy_and_is_read_again(result):
    table = result.decisions
    assert len(table) == 30 and table["correct"].mean() == result.accuracy.value > 0.8
    assert (table["correct"] == (table["true_class"] == table["chosen_class"])).all()
    per_trial = result.populations.set_index("population")["spikes_per_trial"]
    assert table["spikes"].mean() == pytest.approx(per_trial.drop("input").sum())
    assert table["spikes"].mean() == pytest.approx(result.summary["spikes_per_trial"])
    assert result.ledger is None and table["latency_ms"].between(0, 50).any()
    again = bioscnn.read_run(result.folder)
    assert again.decisions.equals(table) and again.accuracy == result.accuracy


def test_training_gives_a_network_that_a_run_takes(trained, tmp_path):
    study = trained.with_name("ones.toml")
    network, card = bioscnn.train(study, {"learning.examples": 30}, epochs=2, seed=5, out=tmp_path)
    assert isinstance(network, LearnedNetwork)
    assert (card["learning"]["passes"], card["learning"]["seed"], card["images_seen"]) == (2, 5, 60)
    changes = {"learning.network": network.file, "dataset.trials": 3}
    few = bioscnn.run(study, changes, results=tmp_path)
    assert len(few.decisions) == 3 and any("3 trials say little" in note for note in few.summary["notes"])


@pytest.mark.parametrize(
    "act",
    [
        bioscnn.read_study, bioscnn.plan, bioscnn.prepare, bioscnn.brian2,
        lambda study: bioscnn.export(study, "nir"),
    ],
)  # fmt: skip
def test_what_needs_a_converted_network_says_so_of_a_study_that_learned(act):
    with pytest.raises(bioscnn.UserError) as refused:
        act(STUDY)
    assert refused.value.key == "learning" and "bioscnn.train" in refused.value.expected


@pytest.mark.parametrize("act", [bioscnn.read_network, bioscnn.convert])
def test_a_network_that_learned_is_no_trained_ann(act):
    with pytest.raises(bioscnn.UserError) as refused:
        act("mnist-stdp-400")
    assert refused.value.fix.startswith("bioscnn.run takes it")


@pytest.mark.parametrize(
    "act",
    [
        bioscnn.explain, lambda run: bioscnn.compare(run, run), lambda run: bioscnn.export(run, "npz"),
        lambda run: run.spikes(), lambda run: run.potentials(),
    ],
)  # fmt: skip
def test_what_a_run_that_learned_does_not_have_is_refused(result, act):
    with pytest.raises(bioscnn.UserError, match="learned") as refused:
        act(result)
    assert refused.value.file == result.folder


def test_a_stage_of_training_and_a_damaged_run_are_refused(result, tmp_path):
    with pytest.raises(bioscnn.UserError) as refused:
        bioscnn.train(STUDY, on="spikes", out=tmp_path)
    assert refused.value.key == "on" and not list(tmp_path.iterdir())
    (tmp_path / "summary.json").write_bytes((result.folder / "summary.json").read_bytes())
    (tmp_path / "run.npz").write_bytes(b"not an archive")
    with pytest.raises(bioscnn.UserError, match="damaged") as refused:
        _ = bioscnn.read_run(tmp_path).accuracy
    assert refused.value.file == tmp_path / "run.npz"
