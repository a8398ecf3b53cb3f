"""Faults of the machine: full and read-only disks, compilers, clocks, damaged caches, several at once."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.place import LONGEST, Place
from tests.faults.strikes import Bench, Row

FULL = ("work", "tmp", "cache")
"""Folders whose disk is full: results, temporary files, compiled programs."""

COMPILERS = {
    "no compiler": None,
    "compiler fails": "echo 'internal compiler error' >&2; exit 1",
    "compiler is killed": "kill -s KILL $$",
}
PAGE = 4096
"""Bytes that a file takes of memory at a time."""

FUTURE = 2_000_000_000
"""Of files that were written before a clock was set back, s since 1970: the year 2033."""


def told(row: Row, code: int, said: str) -> None:
    """Count a command that fails otherwise than by one clear message."""
    message = [line for line in said.splitlines() if line.startswith("bioscnn: ")]
    if code != 2 or len(message) != 1 or "Traceback" in said:
        row.unclear += 1
        row.note(f"code {code}: {said[-1500:]}")


@contextmanager
def small_disk(folder: Path, room: int) -> Iterator[Callable[[str], None]]:
    """Let a folder lie in a file system of its own, in memory.

    Parameters
    ----------
    folder : Path
        What it holds stays.
    room : int
        Bytes beside that.

    Yields
    ------
    callable
        Mounts it again with other options.
    """
    before = shutil.copytree(folder, folder.parent.with_name("content"), symlinks=True)
    pages = sum(1 + path.lstat().st_size // PAGE for path in [before, *before.rglob("*")])
    try:
        size = f"size={(pages * PAGE) + room}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
        shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
    finally:
        shutil.rmtree(before)
    try:
        yield lambda options: _again(folder, options)
    finally:
        subprocess.run(["umount", folder], check=True)


def _again(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def disk_full(bench: Bench, name: str, tries: int, chance: random.Random) -> Row:
    """Run a command where results, temporary files or programs find too little room, then with enough."""
    row = Row("disk full", name)
    whole = bench.undisturbed(name)
    while row.tried < tries:
        place = bench.fresh(name, "full")
        which = FULL[row.tried % len(FULL)]
        room = 4 * PAGE + int(chance.random() * max(20_000, whole.bytes[which]))
        with small_disk(place.folder / which, room) as remount:
            _refused(bench, place, name, row)
            remount("size=1g")
            bench.start_again(place, name, row)
    return row


def read_only(bench: Bench, name: str) -> Row:
    """Run a command where results, temporary files or programs cannot be written, then where they can."""
    row = Row("read-only", name)
    for which in FULL:
        place = bench.fresh(name, "read-only")
        with small_disk(place.folder / which, 1 << 30) as remount:
            remount("ro")
            _refused(bench, place, name, row)
            remount("rw")
            bench.start_again(place, name, row)
    return row


def _refused(bench: Bench, place: Place, name: str, row: Row) -> None:
    """Run a command that may end well, or by one message."""
    code, said = place.run(COMMANDS[name].words, **bench.variables)
    row.tried += 1
    if code:
        told(row, code, said)


def compilers(bench: Bench) -> Iterator[Row]:
    """Run a study that has to be compiled without a compiler, and with two bad ones; then with a good one."""
    name = "run"
    place = bench.fresh(name, "compilers")
    shutil.rmtree(place.cache / "programs")
    rows = []
    for fault, script in COMPILERS.items():
        row = Row(fault, name, tried=1)
        folder = place.folder.with_name("bin")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if script is not None:
            (folder / "g++").write_text(f"#!/bin/sh\n{script}\n")
            (folder / "g++").chmod(0o755)
        path = str(folder) if script is None else f"{folder}:{os.environ['PATH']}"
        code, said = place.run(COMMANDS[name].words, PATH=path)
        told(row, code, said)
        row.processes_left = place.processes_left()
        rows.append(row)
    again = Row("", name)
    bench.start_again(place, name, again)
    for row in rows:
        row.survived, row.lost, row.files_left = again.survived, again.lost, again.files_left
        yield row


def at_once(bench: Bench, name: str, n: int) -> Row:
    """Start a command several times at once."""
    row = Row(f"{n} at once", name, tried=n)
    place = bench.fresh(name, "at-once")
    started = [place.start(COMMANDS[name].words, **bench.variables) for _ in range(n)]
    for process in started:
        _, said = process.communicate(timeout=LONGEST)
        if process.returncode:
            told(row, process.returncode, said)
    row.processes_left = place.processes_left()
    again = Row(row.fault, name)
    bench.start_again(place, name, again)
    row.survived, row.lost = (n, 0) if again.survived else (0, n)
    row.files_left, row.notes = again.files_left, row.notes + again.notes
    return row


def clock_back(bench: Bench, name: str) -> Row:
    """Run a command in 2033, then now; and run it among files that are all from then."""
    row = Row("clock set back", name, tried=2)
    place = bench.fresh(name, "clock")
    ahead = ["faketime", "-f", f"@{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(FUTURE))}"]
    code, said = place.run(COMMANDS[name].words, ahead, **bench.variables)
    if code:
        row.unclear += 1
        row.note(f"in the future: {said[-1500:]}")
    bench.start_again(place, name, row)
    for path in place.folder.rglob("*"):
        os.utime(path, (FUTURE, FUTURE), follow_symlinks=False)
    bench.start_again(place, name, row)
    return row


def damaged_cache(bench: Bench, name: str, tries: int, chance: random.Random) -> Row:
    """Truncate, change or remove a file of the cache folder, or all of it but one file."""
    row = Row("damaged cache", name)
    while row.tried < tries:
        place = bench.fresh(name, "damaged")
        path = chance.choice([path for path in sorted(place.cache.rglob("*")) if _is_read(path)])
        how = ("truncate", "flip", "remove", "empty")[row.tried % 4]
        content = bytearray(path.read_bytes())
        if how == "truncate":
            path.write_bytes(content[: chance.randrange(len(content) or 1)])
        elif how == "flip" and content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
        elif how == "remove":
            path.unlink()
        else:
            path.write_bytes(b"")
        row.tried += 1
        row.notes.append(f"{how} {path.relative_to(place.folder)}")
        bench.start_again(place, name, row)
    return row


def _is_read(path: Path) -> bool:
    """Whether a file of the cache is read after it was written: no source that is compiled."""
    return path.is_file() and path.suffix not in (".cpp", ".h", ".mk") and path.name != "makefile"
