"""What a log says of a long run, where no bar can be drawn."""

from __future__ import annotations

import io
import re
from itertools import count
from types import SimpleNamespace

import pytest
from rich.console import Console

from bioscnn.terminal import LiveProgress, StepProgress, TrainingProgress, WorkProgress


@pytest.mark.parametrize("total", [100, None])
def test_every_minute_a_line_says_how_many_trials_are_done_and_how_long_the_others_take(
    total, monkeypatch, capsys
):
    clock = count(step=20)  # s, at each look
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: next(clock))
    with LiveProgress(total) as progress:
        progress.stage("simulating")
        for _ in range(16):
            progress.trial()
    said = [re.findall(r"\d+", line) for line in capsys.readouterr().err.splitlines() if "trials" in line]
    # 20 s a trial: after 4 of 100 trials, 80 s have passed and 96 * 20 s = 32 min are left.
    expected = [["4", "100", "32"], ["8", "100", "31"], ["12", "100", "29"], ["16", "100", "28"]]
    assert said == (expected if total else [row[:1] for row in expected])


def test_simulations_say_how_long_the_others_take_once_one_has_ended_with_what_it_compiled(
    monkeypatch, capsys
):
    clock = [0.0]
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: clock[-1])
    with WorkProgress() as progress:
        progress.plan(20.0)
        for now in (40.0, 40.1, 60.0, 80.0):  # the first one compiles; the second comes with it
            clock.append(now)
            progress.task("a unit", 1, 1.0)
            progress.trial()
    lines = filter(None, capsys.readouterr().err.splitlines())
    said = [re.findall(r"\d+ s|\d+ min", line) for line in lines]
    # 19 times 40 s are left after the first; after two, 18 times 20 s less the 20 s that have passed since.
    assert said == [[], ["13 min"], ["6 min"], ["5 min"]]


def test_a_training_says_after_its_first_epoch_how_long_it_takes_and_lists_some_of_many_epochs(
    monkeypatch, capsys
):
    clock = count(step=10)  # s, at each look
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: next(clock))
    same = {"loss": 0.5, "validation_accuracy": 0.9, "spiking_accuracy": None}
    records = [SimpleNamespace(epoch=epoch, **same) for epoch in range(1, 201)]
    with TrainingProgress("mine") as progress:
        progress(0, 2000, [])
        for epoch in range(1, 201):
            progress(10 * epoch, 2000, records[:epoch])
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("about 33 min left")  # 10 s for the first of 200
    assert [line.split()[0] for line in said[3:] if line] == ["1", *map(str, range(10, 201, 10))]


def test_a_training_that_goes_on_says_from_which_epoch_and_how_long_from_there(monkeypatch, capsys):
    clock = count(step=10)  # s, at each look
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: next(clock))
    same = {"loss": 0.5, "validation_accuracy": 0.9, "spiking_accuracy": None}
    records = [SimpleNamespace(epoch=epoch, **same) for epoch in range(1, 201)]
    with TrainingProgress("mine") as progress:
        progress(105, 2000, records[:10])
        progress(110, 2000, records[:11])
    said = [line for line in capsys.readouterr().err.splitlines() if line]
    assert re.findall(r"\d+", said[0]) == ["11"] and "checkpoint" in said[0]
    assert "about 63 min left; --epochs says how many passes are made" in said  # 10 s for 5 of 1,895
    assert [line.split()[0] for line in said if line.startswith(" ")] == ["1", "10"]


def test_a_line_says_how_long_compiling_usually_takes(capsys):
    for bar in (LiveProgress(3), WorkProgress()):
        with bar as progress:
            progress.stage("compiling, usually 12 s")
    said = [line for line in capsys.readouterr().err.splitlines() if line]
    assert said == ["compiling the network once, usually 12 s ..."] * 2


def test_a_share_that_is_the_same_is_said_once(monkeypatch, capsys):
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: 0.0)
    with WorkProgress() as progress:
        progress.plan(1000.0)
        for name in ("one", "other", "third"):
            progress.task(name, 10, 1.0)
    assert [line for line in capsys.readouterr().err.splitlines() if line] == ["  0 %: one"]


def test_a_terminal_gets_a_bar_that_names_the_stage_and_no_lines(monkeypatch):
    drawn = io.StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=200)
    monkeypatch.setattr("bioscnn.terminal.ERR", terminal)
    with LiveProgress(3) as progress:
        progress.stage("simulating")
        progress.trial()
    with StepProgress() as steps:
        steps.line("epoch 1 of 3\n")
        steps.line("\n")
        steps._progress.refresh()
    assert "simulating" in drawn.getvalue() and "simulating ..." not in drawn.getvalue()
    assert "epoch 1 of 3" in drawn.getvalue()
