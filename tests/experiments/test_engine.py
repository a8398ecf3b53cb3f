"""Units of an experiment: measured once, anywhere, and kept."""

import importlib
import json
import os
import pkgutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from threadpoolctl import threadpool_limits

import bioscnn.experiments
from bioscnn.cli.conduct import Where as Options
from bioscnn.cli.conduct import conduct as from_command_line
from bioscnn.errors import UserError
from bioscnn.experiments.engine import chunks_of
from bioscnn.experiments.form import fits
from bioscnn.experiments.run import Shard, ShardDone
from bioscnn.experiments.unit import Measure, Unit
from bioscnn.files import read_npz, write_npz
from tests.experiments.toy import STUDY, Toy, Watcher, conduct


def calls_of(experiment):
    return (
        [line.split()[0] for line in experiment.calls.read_text().splitlines()]
        if experiment.calls.exists()
        else []
    )


def numbers(done):
    return pd.read_csv(done.folder / "numbers.csv").set_index("unit")["value"].to_dict()


EXPECTED = {**{f"number {k}": 2.0 * k for k in range(5)}, "sum": 20.0}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_experiment_measures_each_unit_once_and_a_later_round_is_given_what_it_needs(tmp_path, jobs):
    toy = Toy(tmp_path / "calls")
    done = conduct(toy, tmp_path, jobs=jobs)
    assert numbers(done) == EXPECTED and done.computed == 6
    again = conduct(toy, tmp_path, jobs=jobs)
    assert again.computed == 0 and numbers(again) == EXPECTED
    assert len(calls_of(toy)) == 6


def test_workers_are_told_the_data_folder_so_that_they_find_it_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    done = conduct(Toy(tmp_path / "calls", n=1, measure="FOUND"), tmp_path, data=Path("data"))
    assert numbers(done) == {"number 0": 1, "sum": 1}


def test_an_interrupted_experiment_goes_on_where_it_was(tmp_path):
    toy = Toy(tmp_path / "calls")
    with pytest.raises(KeyboardInterrupt):
        conduct(toy, tmp_path, Watcher(most=3))
    assert conduct(toy, tmp_path).computed == 3
    assert len(calls_of(toy)) == 6


def test_a_damaged_unit_is_measured_again_and_so_is_what_needs_another_outcome(tmp_path):
    toy = Toy(tmp_path / "calls")
    done = conduct(toy, tmp_path)
    unit = next(iter((done.folder.parent / "units").glob("*.npz")))
    unit.write_bytes(b"half")
    assert conduct(toy, tmp_path).computed == 1
    assert numbers(done) == EXPECTED


def test_units_of_another_environment_are_measured_again(tmp_path, monkeypatch):
    toy = Toy(tmp_path / "calls")
    conduct(toy, tmp_path)
    monkeypatch.setattr("bioscnn.experiments.engine.environment_of_results", lambda: "numpy 99")
    assert conduct(toy, tmp_path).computed == 6


def test_after_a_change_of_code_units_whose_inputs_are_the_same_hold(tmp_path, monkeypatch):
    toy = Toy(tmp_path / "calls")
    conduct(toy, tmp_path)
    monkeypatch.setattr("bioscnn.experiments.engine.code_of", lambda measure: "changed")
    # The sum cannot tell its inputs.
    assert conduct(toy, tmp_path).computed == 1
    monkeypatch.setattr("bioscnn.experiments.engine.core_of", lambda measure: "changed")
    assert conduct(toy, tmp_path).computed == 0, "code that is the same as last time needs no second look"
    monkeypatch.setattr("bioscnn.experiments.engine.code_of", lambda measure: "changed again")
    assert conduct(toy, tmp_path).computed == 6


def test_a_unit_that_fails_ends_the_experiment_with_its_error_and_the_others_are_kept(tmp_path):
    toy = Toy(tmp_path / "calls", measure="FAILS", options=(("wrong", 3),))
    with pytest.raises(UserError, match="this value is wrong") as error:
        conduct(toy, tmp_path)
    assert error.value.value == 3
    before = len(calls_of(toy))
    with pytest.raises(UserError, match="this value is wrong"):
        conduct(toy, tmp_path)
    assert len(calls_of(toy)) == before == 3, "numbers 0 to 2 were measured once, and 3 is tried again"


@pytest.mark.parametrize("how", ["bare", "told"])
def test_a_full_disk_is_no_outcome_of_a_unit(tmp_path, how):
    (full := tmp_path / "full").touch()
    options = (("full", str(full)), ("how", how))
    toy = Toy(tmp_path / "calls", measure="FULL", options=options, keeps_failures=True)
    with pytest.raises(UserError):
        conduct(toy, tmp_path)
    full.unlink()
    done = conduct(toy, tmp_path)
    assert not done.analysis.failed and numbers(done)["sum"] == 20
    assert sorted(calls_of(toy)) == [*5 * ["number"], "sum"], "each number was measured once"


def test_failures_may_be_outcomes_and_are_measured_again_only_if_asked(tmp_path):
    toy = Toy(tmp_path / "calls", measure="FAILS", options=(("wrong", 3),), keeps_failures=True)
    done = conduct(toy, tmp_path)
    assert numbers(done)["sum"] == 14 and list(done.analysis.failed) == ["number 3"]
    units = pd.read_csv(done.folder / "units.csv").set_index("condition")
    assert "this value is wrong" in units.loc["number 3", "error"]
    assert conduct(toy, tmp_path).computed == 0
    assert conduct(toy, tmp_path, retry=True).computed == 1


def test_linear_algebra_takes_one_thread_wherever_units_are_measured(tmp_path):
    """Several round otherwise; all other tests have one thread anyway."""
    with threadpool_limits(2, user_api="blas"):
        done = conduct(Toy(tmp_path / "calls", measure="THREADS"), tmp_path)
    assert {value for unit, value in numbers(done).items() if unit != "sum"} == {1}


def test_a_process_that_dies_takes_no_other_unit_with_it(tmp_path):
    toy = Toy(tmp_path / "calls", measure="DIES", options=(("deadly", 3),), keeps_failures=True)
    done = conduct(toy, tmp_path, jobs=2)
    assert numbers(done) == {name: value for name, value in EXPECTED.items() if name != "number 3"} | {
        "sum": 14
    }
    assert "died" in done.analysis.failed["number 3"]


def test_a_unit_whose_process_died_by_chance_is_measured_again(tmp_path):
    options = (("deadly", 3), ("mark", str(tmp_path / "mark")))
    done = conduct(Toy(tmp_path / "calls", measure="DIES_ONCE", options=options), tmp_path, jobs=2)
    assert numbers(done) == EXPECTED


def test_shards_of_one_folder_come_to_what_one_command_comes_to(tmp_path):
    toy = Toy(tmp_path / "calls")
    for number in (1, 2, 3):
        part = conduct(toy, tmp_path, shard=Shard(number, 3))
        assert isinstance(part, ShardDone)
    done = conduct(toy, tmp_path)
    assert numbers(done) == EXPECTED and done.computed <= 1
    assert len(calls_of(toy)) == 6


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "a/b", "1/0", "-1/3", f"1/{'9' * 5000}"])
def test_what_names_no_shard_is_refused(text):
    with pytest.raises(UserError, match="shard"):
        Shard.read(text)


def test_a_second_process_at_the_same_experiment_is_refused_and_another_shard_is_not(tmp_path):
    from bioscnn.experiments.lock import locked

    toy = Toy(tmp_path / "calls")
    folder = conduct(toy, tmp_path).folder
    with locked(folder):
        with pytest.raises(UserError, match="another process"):
            conduct(toy, tmp_path)
        assert conduct(toy, tmp_path, shard=Shard(1, 2)).computed == 0


def test_a_pipe_in_the_place_of_earlier_results_is_not_waited_for(tmp_path):
    toy = Toy(tmp_path / "calls")
    summary = conduct(toy, tmp_path).folder / "summary.json"
    summary.unlink()
    os.mkfifo(summary)
    assert numbers(conduct(toy, tmp_path)) == EXPECTED


def test_a_lock_that_is_a_link_writes_over_no_other_file(tmp_path):
    """Whoever sent a folder of results had the file it led to emptied."""
    toy = Toy(tmp_path / "calls")
    lock = conduct(toy, tmp_path).folder / ".lock"
    lock.unlink()
    (tmp_path / "of the user").write_text("kept")
    lock.symlink_to(tmp_path / "of the user")
    with pytest.raises(UserError, match="cannot write here"):
        conduct(toy, tmp_path)
    assert (tmp_path / "of the user").read_text() == "kept"


def test_a_folder_of_another_plan_and_a_damaged_spec_are_refused_by_name(tmp_path):
    toy = Toy(tmp_path / "calls")
    folder = conduct(toy, tmp_path).folder
    spec = folder / "spec.json"
    spec.write_text(json.dumps({"plan": "another"}))
    with pytest.raises(UserError, match="another plan") as error:
        conduct(toy, tmp_path)
    assert error.value.file == spec
    spec.write_text("{")
    with pytest.raises(UserError, match="damaged"):
        conduct(toy, tmp_path)


def test_results_of_an_earlier_version_are_spoken_of_and_left_alone(tmp_path):
    old = tmp_path / "toy" / "toy" / "0123"
    old.mkdir(parents=True)
    (old / "summary.json").write_text("{}")
    watcher = Watcher()
    done = conduct(Toy(tmp_path / "calls"), tmp_path, watcher)
    assert any("earlier" in stage for stage in watcher.stages)
    assert done.folder != old and (old / "summary.json").read_text() == "{}"


def test_what_a_unit_is_called_does_not_decide_its_outcome():
    first, second = (Unit(name, "x", STUDY, "m:M", {"value": 1}) for name in ("a", "b"))
    other = Unit("a", "x", STUDY, "m:M", {"value": 2})
    assert first.id == second.id != other.id


def test_the_first_unit_of_each_kind_goes_ahead_and_long_chunks_before_short_ones():
    units = [Unit(f"v{k // 40}", "c", STUDY, "m:M", {"value": k}, work=1 + k // 40) for k in range(80)]
    chunks = chunks_of(units, 2)
    assert [len(chunk) for chunk in chunks[:2]] == [1, 1] and chunks[0][0].work == 2
    assert sorted(unit.options["value"] for chunk in chunks for unit in chunk) == list(range(80))
    works = [sum(unit.work for unit in chunk) for chunk in chunks[2:]]
    assert works == sorted(works, reverse=True) and max(map(len, chunks)) <= 8
    assert np.isfinite(works).all()


def test_shards_of_several_machines_are_merged_and_come_to_what_one_command_comes_to(tmp_path):
    from bioscnn.experiments.merge import merge

    toy = Toy(tmp_path / "calls")
    machines = [tmp_path / f"machine {number}" for number in (1, 2, 3)]
    for number, machine in enumerate(machines, 1):
        conduct(toy, machine, shard=Shard(number, 3))
    next(machines[0].rglob("units/*.npz")).write_bytes(b"half")
    merged = merge(machines, tmp_path / "all")
    assert (merged.copied, merged.there, merged.damaged) == (4, 0, 1) and merged.experiments == ("toy/toy",)
    again = merge(machines, tmp_path / "all")
    assert (again.copied, again.there, again.damaged) == (0, 4, 1)
    done = conduct(toy, tmp_path / "all")
    assert numbers(done) == EXPECTED and done.computed == 2, "the damaged one, and the sum"
    with pytest.raises(UserError, match="no units"):
        merge([tmp_path / "nowhere"], tmp_path / "all")
    with pytest.raises(UserError, match="no units"):
        merge([tmp_path], tmp_path / "all")  # whose folders are results, but which is none itself


@pytest.mark.parametrize(("code", "copied"), [("as now", 0), ("of another version", 1)])
def test_a_merged_unit_takes_the_place_of_one_that_other_code_made(tmp_path, code, copied):
    from bioscnn.experiments.merge import merge

    toy = Toy(tmp_path / "calls", n=1)
    conduct(toy, tmp_path / "here", shard=Shard(1, 1))
    unit = next((tmp_path / "here").rglob("units/*.npz"))
    arrays = read_npz(unit)
    name = next(name for name, array in arrays.items() if '"environment"' in str(array))
    made_by = json.loads(str(arrays[name]))
    arrays[name] = np.array(json.dumps(made_by | ({} if code == "as now" else {"code": code})))
    there = tmp_path / "there" / unit.relative_to(tmp_path / "here")
    there.parent.mkdir(parents=True)
    write_npz(there, arrays)
    assert merge([tmp_path / "there"], tmp_path / "here").copied == copied


@pytest.mark.usefixtures("without_pages")
def test_the_command_line_names_what_failed_and_ends_with_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    toy = Toy(tmp_path / "calls", measure="FAILS", options=(("wrong", 3),), keeps_failures=True)
    with pytest.raises(typer.Exit) as ended:
        from_command_line(toy, Options(jobs=1))
    said = capsys.readouterr().out
    assert ended.value.exit_code == 1 and "number 3: this value is wrong" in " ".join(said.split())


def merged_with(unit, change):
    """Write a unit anew, with other arrays and other facts of what made it."""
    arrays = read_npz(unit)
    made_by = json.loads(str(arrays.pop("_made_by")))
    change(arrays, made_by)
    write_npz(unit, arrays | {"_made_by": np.array(json.dumps(made_by))})


def lose(arrays, made_by):
    del arrays["value"]


WRONG = {
    "missing": lose,
    "another axis": lambda arrays, made_by: arrays.update(value=np.zeros((1, 3))),
    "another length": lambda arrays, made_by: arrays.update(value=np.zeros(7)),
    "another kind": lambda arrays, made_by: arrays.update(value=np.array(["x"])),
    "more": lambda arrays, made_by: arrays.update(other=np.zeros(1)),
    "seconds a text": lambda arrays, made_by: made_by.update(seconds="x"),
    "seconds a number as text": lambda arrays, made_by: made_by.update(seconds="1"),
    "seconds below 0": lambda arrays, made_by: made_by.update(seconds=-1.0),
    "seconds not finite": lambda arrays, made_by: made_by.update(seconds=float("nan")),
    "code a number": lambda arrays, made_by: made_by.update(code=1),
    "error a list": lambda arrays, made_by: made_by.update(error=[]),
    "another key": lambda arrays, made_by: made_by.update(other=""),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_merged_unit_of_another_form_is_measured_again_and_spoken_of(tmp_path, change):
    toy = Toy(tmp_path / "calls", measure="FORMED")
    done = conduct(toy, tmp_path)
    changed = next(
        path
        for path in (done.folder.parent / "units").glob("*.npz")
        if read_npz(path)["value"].tolist() == [4]
    )
    merged_with(changed, change)
    watcher = Watcher()
    assert conduct(toy, tmp_path, watcher).computed == 1 and numbers(done) == EXPECTED
    assert (
        "measuring 1 of 5 units, 1 of them again: their files are damaged or of another form"
        in watcher.stages
    )
    assert conduct(toy, tmp_path).computed == 0


@pytest.mark.parametrize(
    ("arrays", "fit"),
    [
        ({"a": np.zeros((2, 3), int), "b": np.zeros(3)}, True),
        ({"a": np.zeros((2, 3), int), "b": np.zeros(3), "c": np.zeros(5, np.uint8)}, True),
        ({"a": np.zeros((2, 3), int)}, False),
        ({"a": np.zeros((2, 3), int), "b": np.zeros(4)}, False),
        ({"a": np.zeros((1, 3), int), "b": np.zeros(3)}, False),
        ({"a": np.zeros((2, 3)), "b": np.zeros(3)}, False),
        ({"a": np.full((2, 3), -1), "b": np.zeros(3)}, False),
        ({"a": np.zeros((2, 3), int), "b": np.zeros(3, complex)}, False),
        ({"a": np.zeros((2, 3), int), "b": np.zeros(3), "c": np.zeros(5, np.uint16)}, False),
        ({"a": np.zeros((2, 3), int), "b": np.zeros(3), "d": np.zeros(3)}, False),
    ],
)
def test_an_outcome_has_the_kinds_and_lengths_of_its_form(arrays, fit):
    assert fits(arrays, {"a": "class 2 n", "b": "float n", "c?": "bytes m"}) is fit
    assert fits(arrays, {"*": "float n"}) is False


def test_arrays_of_any_number_may_have_lengths_of_their_own():
    assert fits({"a": np.zeros(2), "b": np.zeros(3)}, {"*": "float *"})
    assert not fits({"a": np.zeros(2), "b": np.zeros(3)}, {"*": "float n"})
    assert not fits({"a": np.zeros((2, 2))}, {"*": "float *"})


def test_every_measure_says_what_its_outcome_looks_like():
    """A unit of others is held against it."""
    measures = {
        f"{info.name}:{name}": value
        for info in pkgutil.walk_packages(bioscnn.experiments.__path__, "bioscnn.experiments.")
        for name, value in vars(importlib.import_module(info.name)).items()
        if isinstance(value, Measure)
    }
    assert len(measures) > 15 and [name for name, measure in measures.items() if measure.form is None] == []
