"""Processes that are killed in tests, and what becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def python(code: str, *words: object, **options: Any) -> subprocess.Popen[str]:
    """Start a program of this package in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, env=environment, text=True, **options)


@contextmanager
def killed_at_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Kill a process whatever becomes of the test."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines_soon(file: Path, n: int) -> list[str]:
    """Wait until a file has some lines."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if file.exists() and file.read_text().count("\n") >= n:
            return file.read_text().split()
        time.sleep(0.02)
    raise AssertionError(file)


def processes() -> dict[str, tuple[str, str]]:
    """Return the parent and the state of every process, by its id; zombies are ``Z``. Linux and macOS."""
    with subprocess.Popen(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True
    ) as listing:
        rows = map(str.split, listing.communicate()[0].splitlines())
    return {pid: (parent, state) for pid, parent, state in rows if pid != str(listing.pid)}


def alive(*pids: str) -> bool:
    """Whether one of some processes runs; a zombie does not."""
    known = processes()
    return any(pid in known and not known[pid][1].startswith("Z") for pid in pids)


def gone_soon(pids: list[str], seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while (left := alive(*pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not left


def descendants(pid: int | str) -> list[str]:
    """Process ids of all children, and theirs."""
    found, known = [str(pid)], processes()
    for parent in found:
        found += [child for child, (of, _) in known.items() if of == parent]
    return found[1:]


def marked(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment, and so all that descend from one. Linux."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
