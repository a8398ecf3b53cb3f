"""Disks that are full, and disks that cannot be written: file systems in memory, which root may mount."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.machine import ANOTHER, told
from tests.faults.place import Place, bytes_in
from tests.faults.strikes import Bench, Row

DISKS = tuple(ANOTHER)
"""Folders that lie on a disk of their own: results, temporary files, compiled programs and downloads."""

PAGE = 4096
"""Bytes that a file takes of memory at a time."""

LEAST_ROOM = 20_000
"""Most bytes that are free at least once, where a command leaves less than that in the end."""


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
    row, whole = Row("disk full", name), bench.undisturbed(name)
    while row.tried < tries:
        place = bench.fresh(name, "full")
        which = DISKS[row.tried % len(DISKS)]
        grows = whole.bytes[which] - bytes_in(place.folder / which)
        room = 4 * PAGE + int(chance.random() * max(LEAST_ROOM, grows))
        with small_disk(place.folder / which, room) as remount:
            _refused(bench, place, name, which, row)
            remount("size=1g")
            bench.start_again(place, name, row)
    return row


def read_only(bench: Bench, name: str) -> Row:
    """Run a command where results, temporary files or programs cannot be written, then where they can."""
    row = Row("read-only", name)
    for which in DISKS:
        place = bench.fresh(name, "read-only")
        with small_disk(place.folder / which, 1 << 30) as remount:
            remount("ro")
            _refused(bench, place, name, which, row)
            remount("rw")
            bench.start_again(place, name, row)
    return row


def _refused(bench: Bench, place: Place, name: str, which: str, row: Row) -> None:
    """Run a command that may end well, or by a message that names its folder and what to do."""
    before = place.results()
    code, said = place.run(COMMANDS[name].words, **bench.variables)
    row.tried += 1
    if code:
        print(f"    {name}, {which}: {said.strip()}", flush=True)
        told(row, code, said, which)
    whole, found = bench.undisturbed(name).results, place.results()
    half = [p for p in whole.keys() & found.keys() if found[p] not in (whole[p], before.get(p))]
    if half:
        row.files_left += len(half)
        row.note(f"{which}: half-written: {sorted(half)[:5]}")
