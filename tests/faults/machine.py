"""Faults of the machine: compilers, clocks, damaged caches, several at once."""

from __future__ import annotations

import os
import random
import re
import shutil
import time
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.place import LONGEST
from tests.faults.strikes import Bench, Row

COMPILERS = {
    "no compiler": None,
    "compiler fails": "echo 'internal compiler error' >&2; exit 1",
    "compiler is killed": "kill -s KILL $$",
}

ANOTHER = {"work": "", "tmp": "TMPDIR", "cache": "BIOSCNN_CACHE"}
"""How a user takes another folder in place of one of a `Place`; ``work`` is the current one."""

FUTURE = 2_000_000_000
"""Of files that were written before a clock was set back, s since 1970: the year 2033."""


def told(row: Row, code: int, said: str, where: str = "") -> None:
    """Count a command that fails otherwise than by one clear message, which says what to do where."""
    message = [line for line in said.splitlines() if line.startswith("bioscnn: ")]
    if code != 2 or len(message) != 1 or "Traceback" in said or (where and not _tells(said, where)):
        row.unclear += 1
        row.note(f"{where} code {code}: {said[-1500:]}")


def _tells(said: str, where: str) -> bool:
    """Whether a message names a folder of a place, and how to take another."""
    details = dict(re.findall(r"^  (file|fix): +(.+)$", said, re.MULTILINE))
    file = Path("work", details.get("file", "/"))
    return "fix" in details and ANOTHER[where] in details["fix"] and where in file.parts


def compiler(bench: Bench, name: str, fault: str) -> Row:
    """Run a study that has to be compiled without a compiler, or with a bad one; then with a good one."""
    row, script = Row(fault, name, tried=1), COMPILERS[fault]
    place = bench.fresh(name, "compilers")
    shutil.rmtree(place.cache / "programs")
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
    bench.start_again(place, name, row)
    return row


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
