"""Results of runs know their inputs and code: the same are recognised, others have their own folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from bioscnn.errors import UserError
from bioscnn.fingerprint import closure
from bioscnn.report.folder import read_run
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study, run
from bioscnn.studies.identity import MEASURED_BY
from bioscnn.studies.prepare import prepare

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
CHANGES = ["simulation.device=numpy", "dataset.trials=3", "simulation.duration=5 ms"]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results whose reports are checked, but not drawn."""
    skip_drawing(monkeypatch)
    return tmp_path / "results"


def skip_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("write_report", "renew_report"):
        monkeypatch.setattr(run, name, read_run)


def go(results: Path, *changes: str) -> run.Run:
    study = read_study(STUDY, [*CHANGES, *changes])
    return run.run_study(study, data=None, out=None, results=results, progress=Silent())


def written(done: run.Run) -> int:
    return (done.folder / "run.h5").stat().st_mtime_ns


def test_the_same_run_is_recognised_and_not_simulated_again(results: Path):
    first = go(results)
    before = written(first)
    again = go(results, "simulation.jobs=1")
    assert again.folder == first.folder and again.summary == first.summary
    assert not first.known_since and again.known_since
    assert written(again) == before
    assert (results / "mnist" / "latest").resolve() == first.folder.resolve()
    assert (results / "index.html").is_file()


def test_a_folder_in_the_place_of_the_page_of_all_results_is_refused_before_the_run(results: Path):
    (results / "index.html").mkdir(parents=True)
    with pytest.raises(UserError, match="a folder has this name"):
        go(results)
    assert [path.name for path in results.iterdir()] == ["index.html"]


def test_pages_and_plots_are_no_code_of_a_run():
    """Neither is conversion, which shows in the inputs."""
    modules = closure(MEASURED_BY)
    assert "bioscnn.simulation.cpp_device" in modules and "bioscnn.readout" in modules
    unrelated = ("bioscnn.report", "bioscnn.plots", "bioscnn.printing", "bioscnn.conversion", "bioscnn.cli")
    assert [module for module in modules if module.startswith(unrelated)] == []


def test_a_folder_of_the_users_own_is_never_replaced(results: Path, tmp_path: Path):
    """Neither one that has a summary.json, nor a run to which something was added."""
    mine = tmp_path / "mine"
    mine.mkdir()
    study = read_study(STUDY, CHANGES)
    for names in (("summary.json",), ("summary.json", "run.h5", "notes.md"), ("thesis.tex",)):
        for name in names:
            (mine / name).write_text("mine")
        with pytest.raises(UserError) as refused:
            run.run_study(study, data=None, out=mine, results=results, progress=Silent())
        assert refused.value.file == mine
        assert {path.name: path.read_text() for path in mine.iterdir()} == dict.fromkeys(names, "mine")
        for path in mine.iterdir():
            path.unlink()
    run.run_study(study, data=None, out=mine, results=results, progress=Silent())
    (mine / "ledger.json").write_text("{}")
    other = read_study(STUDY, [*CHANGES, "neuron.t_ref=1 ms"])
    run.run_study(other, data=None, out=mine, results=results, progress=Silent())
    assert read_run(mine).summary["n_trials"] == 3 and not (mine / "ledger.json").exists()


def test_damaged_results_are_simulated_again(results: Path):
    first = go(results)
    (first.folder / "run.h5").write_bytes(b"half of it")
    again = go(results)
    assert again.folder == first.folder and not again.known_since
    assert read_run(again.folder).summary["n_trials"] == 3


def test_other_code_and_other_biases_have_a_folder_of_their_own(results: Path, monkeypatch):
    first = go(results)
    monkeypatch.setattr(run, "code_of_runs", lambda: "other code")
    assert go(results).folder != first.folder
    monkeypatch.undo()
    skip_drawing(monkeypatch)

    def doubled(*given):
        """The study as an edit of conversion would make it: every bias twice as large."""
        prepared = prepare(*given)
        populations = tuple(
            p if p.bias is None else replace(p, bias=2 * p.bias) for p in prepared.network.populations
        )
        return replace(prepared, network=replace(prepared.network, populations=populations))

    monkeypatch.setattr(run, "prepare", doubled)
    other = go(results)
    assert other.folder != first.folder and other.folder.parent == first.folder.parent
