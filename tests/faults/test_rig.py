"""The rig of faults itself: it sees what is lost, left and unclear, and leaves good commands alone."""

from __future__ import annotations

import os
import random
import select
import signal
from pathlib import Path

import pytest

from tests.faults import disks, strikes
from tests.faults.commands import Command
from tests.faults.fetch import mirror
from tests.faults.machine import told
from tests.faults.strikes import Bench, Row, strike

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


NO_ROOM = "bioscnn: cannot write: No space left\n  file:     {}\n  fix:      free some space, or set TMPDIR\n"
HALF = f"""
import sys
try:
    with open("result.txt", "w") as file:
        file.write("whole" * 20_000)
except OSError:
    sys.exit({NO_ROOM.format("result.txt")!r})
"""


@pytest.mark.parametrize(
    ("said", "where", "unclear"),
    [
        (NO_ROOM.format("results/mnist"), "work", 0),
        (NO_ROOM.format("/any/place/tmp/bioscnn-1"), "tmp", 0),
        (NO_ROOM.format("results/mnist"), "tmp", 1),
        (NO_ROOM.format("/any/place/cache/programs"), "cache", 1),
        (NO_ROOM.format("results/mnist").partition("  fix:")[0], "work", 1),
        (f"Traceback (most recent call last):\n{NO_ROOM.format('results/mnist')}", "work", 1),
        (NO_ROOM.format("results/mnist") * 2, "work", 1),
        ("OSError: No space left on device", "", 1),
    ],
)
def test_a_message_about_a_disk_names_its_folder_and_what_to_do_once(said, where, unclear):
    row = Row("disk full", "any")
    told(row, 2, said, where)
    assert row.unclear == unclear


@pytest.mark.skipif(os.geteuid() != 0, reason="disks are mounted by root")
def test_a_file_that_is_half_written_on_a_full_disk_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(strikes, "COMMANDS", {"toy": Command(("-c", HALF))})
    monkeypatch.setattr(disks, "COMMANDS", strikes.COMMANDS)
    row = disks.disk_full(Bench(tmp_path, {}), "toy", 1, random.Random(1))
    assert (row.tried, row.survived, row.lost) == (1, 1, 0)
    assert row.files_left == 1 and "half-written: ['work/result.txt']" in row.notes[-1]
    assert row.unclear == 1  # code 1
