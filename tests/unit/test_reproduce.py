"""Steps that reproduce the docs: their commands, how they resume, what a failing one does to the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.experiments.sweep import read_sweep
from bioscnn.reproduce import NEEDS, QUICK, STEPS, Reproduction, Step, reproduce
from bioscnn.reproduce.records import Record, read_records, write_records
from bioscnn.reproduce.run import minutes_left
from bioscnn.studies import read_study

ROOT = Path(__file__).parents[2]
GOOD = Step("good", "Does it work?", ("data", "list"), 1.0, "study/good.log")
BAD = Step("bad", "And this?", ("plan", "sims/nothing.toml"), 1.0, "study/bad.log", ("torch",))
LAST = Step("last", "And the rest?", ("--version",), 2.0, "study/last.log")


class Listener:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.left: list[float] = []
        self.lines: list[str] = []
        self.records: list[Record] = []

    def step(self, step: Step, number: int, of: int, minutes_left: float) -> None:
        self.began.append(step.name)
        self.left.append(minutes_left)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def finished(self, record: Record) -> None:
        self.records.append(record)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "sims").symlink_to(ROOT / "sims")
    return tmp_path


def go(place: Path, *steps: Step, **options: object) -> tuple[Reproduction, list[str]]:
    """Run steps, and return what came of it and the names of those that were begun."""
    listener = Listener()
    done = reproduce(place=place, data=None, progress=listener, steps=steps, **options)  # type: ignore[arg-type]
    return done, listener.began


def records_of(place: Path) -> dict[str, Record]:
    return read_records(place / "results" / "study" / "steps.json")


@pytest.mark.parametrize("step", [*STEPS, *QUICK], ids=lambda step: step.name)
def test_the_command_line_knows_every_word_of_every_step(step: Step):
    group = typer.main.get_command(app)
    with group.make_context("bioscnn", list(step.command), resilient_parsing=True) as context:
        name, command, words = group.resolve_command(context, list(step.command))
        assert command.make_context(name, words, parent=context).args == []
    if step.command[1].endswith(".toml"):
        words = step.command[2:]
        changes = [value for flag, value in pairwise(words) if flag == "--set"]
        read = read_sweep if step.command[0] == "sweep" else read_study
        read(ROOT / step.command[1], changes)
    assert set(step.needs) <= set(NEEDS)


@pytest.mark.parametrize("steps", [STEPS, QUICK])
def test_steps_have_names_of_their_own_and_what_a_step_reads_was_written_before(steps: tuple[Step, ...]):
    assert len({step.name for step in steps}) == len(steps)
    for k, step in enumerate(steps):
        if step.command[0] == "explain":
            run = step.command[1].removeprefix("results/")
            assert any(other.writes.format("").startswith(f"{run}/") for other in steps[:k])


def test_networks_to_cross_validate_have_recipes_of_the_data_set():
    from bioscnn.studies.recipes import find_recipe

    crossed = [step.command for step in STEPS if step.command[0] == "cross-validate"]
    assert len(crossed) == 2
    for _, study, network in crossed:
        assert find_recipe(network).dataset == Path(study).stem


def test_a_failing_step_is_recorded_with_its_message_and_does_not_stop_the_others(place: Path):
    done, began = go(place, GOOD, BAD, LAST)
    assert began == ["good", "bad", "last"]
    assert [step.name for step in done.missing] == ["bad"]
    records = records_of(place)
    assert {name: record.outcome for name, record in records.items()} == {
        "good": "done", "bad": "failed", "last": "done",
    }  # fmt: skip
    assert records["bad"].error.startswith("bioscnn: no such study file")
    assert "mnist.toml" in records["bad"].error
    assert records["good"].error == "" and records["good"].seconds > 0
    assert "mnist" in (place / "results" / "study" / "good.log").read_text()
    assert "And this?" in done.page.read_text()


def test_what_is_done_is_skipped_and_what_failed_or_was_interrupted_is_tried_again(place: Path):
    go(place, GOOD, LAST)
    file = place / "results" / "study" / "steps.json"
    content = json.loads(file.read_text())
    content["last"]["outcome"] = "unfinished"
    file.write_text(json.dumps(content))
    done, began = go(place, GOOD, BAD, LAST)
    assert began == ["bad", "last"] and done.skipped == ("good",)
    _, began = go(place, GOOD, BAD, LAST)
    assert began == ["bad"]


def test_a_step_is_run_again_if_it_is_asked_for_or_its_command_or_results_are_others(place: Path):
    go(place, GOOD, LAST)
    assert go(place, GOOD, LAST)[1] == []
    assert go(place, GOOD, LAST, again=["last"])[1] == ["last"]
    other = Step("good", "Does it work?", ("data", "list", "--data", "."), 1.0, "study/good.log")
    assert go(place, other, LAST)[1] == ["good"]
    (place / "results" / "study" / "last.log").unlink()
    assert go(place, other, LAST)[1] == ["last"]


def test_only_the_steps_that_are_asked_for_run_and_the_records_of_others_stay(place: Path):
    go(place, GOOD, LAST, only=["last"])
    done, began = go(place, GOOD, LAST, only=["good"])
    assert began == ["good"] and [step.name for step in done.steps] == ["good"]
    assert set(records_of(place)) == {"good", "last"}


@pytest.mark.parametrize("key", ["only", "again"])
def test_an_unknown_step_is_refused_with_the_nearest_ones(place: Path, key: str):
    with pytest.raises(UserError) as caught:
        reproduce(place=place, data=None, progress=Listener(), **{key: ["timing-mnist"]})  # type: ignore[arg-type]
    assert "timing-nmnist" in (caught.value.fix or "")
    assert not (place / "results").exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[" * 100_000, id="deep"),
        "{",
        "[]",
        '{"good": 3}',
        '{"good": {"outcome": "done"}}',
        b"\xff\xfe",
    ],
    ids=str,
)
def test_a_damaged_list_of_steps_is_refused_and_named(place: Path, content: str | bytes):
    file = place / "results" / "study" / "steps.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        go(place, GOOD)
    assert caught.value.file == file and "delete it" in (caught.value.fix or "")


def test_records_come_back_as_they_were_written(tmp_path: Path):
    record = Record("Why?", ("run", "a.toml"), "2026-11-24T09:00:00+00:00", 1.5, "failed", "no", None, None)
    write_records(tmp_path / "steps.json", {"a": record})
    assert read_records(tmp_path / "steps.json") == {"a": record}


def test_the_estimate_follows_how_long_steps_take_on_this_machine():
    record = Record("", GOOD.command, "", 120.0, "done", "", None, None)
    assert minutes_left([LAST], [GOOD, LAST], {}) == 2.0
    assert minutes_left([LAST], [GOOD, LAST], {"good": record}) == 4.0
    kept = Record("", GOOD.command, "", 0.1, "done", "", None, None)
    assert minutes_left([LAST], [GOOD, LAST], {"good": kept}) == pytest.approx(0.6)


def test_an_interrupted_study_ends_its_step_and_says_where_it_was(place: Path):
    words = [sys.executable, "-m", "bioscnn", "study", "--only", "mnist-foveal"]
    process = subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "BIOSCNN_DATA": ""}, start_new_session=True)  # fmt: skip
    file = place / "results" / "study" / "steps.json"
    until = time.monotonic() + 120
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)  # to the study alone: it has to pass it on
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2 and "interrupted" in said
    assert records_of(place)["mnist-foveal"].outcome == "unfinished"
    assert not list((place / "results").glob("mnist-foveal/[!.]*"))


@pytest.mark.parametrize(
    ("error", "needed"), [("no torch here", True), ("no torch\n  fix: make train", False)]
)
def test_the_command_names_what_failed_with_its_message_and_ends_with_code_1(monkeypatch, error, needed):
    """What a step needs is said where its message does not say it."""
    outcomes = {"good": ("done", ""), "bad": ("failed", error), "last": ("done", "")}
    records = {name: Record("", (), "", 1.0, *outcome, None, None) for name, outcome in outcomes.items()}
    done = Reproduction(Path("results/index.html"), (GOOD, BAD, LAST), records, ("good",))
    monkeypatch.setattr("bioscnn.reproduce.reproduce", lambda **_: done)
    told = CliRunner().invoke(app, ["study"])
    assert told.exit_code == 1
    assert "1 steps done, 1 done before, 1 missing" in told.stdout and "--again" in told.stdout
    assert all(f"  {line}\n" in told.stdout for line in error.splitlines())
    assert (NEEDS["torch"] in told.stdout) == needed


def test_the_command_ends_well_if_nothing_is_missing(monkeypatch):
    done = Reproduction(Path("results/index.html"), (), {}, ())
    monkeypatch.setattr("bioscnn.reproduce.reproduce", lambda **_: done)
    told = CliRunner().invoke(app, ["study"])
    assert told.exit_code == 0 and "0 missing" in told.stdout


def test_the_page_of_all_results_can_be_written_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    told = CliRunner().invoke(app, ["study", "--index"])
    assert told.stdout.strip() == "results/index.html" and (tmp_path / "results" / "index.html").is_file()
