"""The rig of faults itself: it sees what is lost, left and unclear, and leaves good commands alone."""

from __future__ import annotations

import random
import select
import signal
from pathlib import Path

import pytest

from tests.faults import strikes
from tests.faults.commands import Command
from tests.faults.fetch import mirror
from tests.faults.strikes import Bench, strike

BEGIN = """
import os, signal, subprocess, time
def end(*_):
    os.write(2, b"bioscnn: interrupted\\n")
    os._exit(2)
"""
BEGUN = "\nopen('begun', 'w').close(); time.sleep(1)\n"
WHOLE = f"""{BEGIN}
signal.signal(signal.SIGINT, end)
{BEGUN}
open("fresh", "w").write("whole")
os.replace("fresh", "result.txt")
"""
LOSES = f"""{BEGIN}
if not os.path.exists("result.txt"):
    with open("result.txt", "w") as file:
        file.write("ha")
        file.flush()
        {BEGUN.strip()}
        file.write("lf")
"""
LEAVES = f"""{BEGIN}
temporary = f"temporary-{{os.getpid()}}"
open(temporary, "w").close()
child = subprocess.Popen(["sleep", "30"], start_new_session=True)
{BEGUN}
open("result.txt", "w").write("whole")
os.remove(temporary)
child.kill()
"""


def until(file: Path) -> None:
    """Wait until a file is there."""
    while not file.exists():
        select.select([], [], [], 0.01)


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (WHOLE, signal.SIGINT, (1, 0, 0, 0, 0)),
        (LOSES, signal.SIGINT, (0, 1, 0, 0, 1)),
        (LEAVES, signal.SIGKILL, (1, 0, 1, 1, 0)),
    ],
)
def test_what_a_command_loses_and_leaves_is_seen(tmp_path, monkeypatch, code, kind, expected):
    monkeypatch.setattr(strikes, "COMMANDS", {"toy": Command(("-c", code))})
    monkeypatch.setattr("tests.faults.place.LEFT_AFTER", 0.5)
    bench = Bench(tmp_path, {})
    bench.undisturbed("toy")
    monkeypatch.setattr(
        strikes.time, "sleep", lambda _: until(tmp_path / "toy" / "struck" / "work" / "begun")
    )
    row = strike(bench, "toy", kind, 1, random.Random(1))
    assert row.tried == 1
    assert (row.survived, row.lost, row.processes_left, row.files_left, row.unclear) == expected


def test_a_download_that_is_killed_or_interrupted_is_finished_by_the_next_and_leaves_nothing(tmp_path):
    with mirror() as variables:
        bench = Bench(tmp_path, variables)
        for kind in (signal.SIGKILL, signal.SIGINT):
            row = strike(bench, "fetch archive", kind, 1, random.Random(3))  # a quarter of the way
            assert (row.tried, row.survived) == (1, 1), row.notes
            assert row.processes_left == row.files_left == row.unclear == 0, row.notes
