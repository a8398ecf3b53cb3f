"""Kills and interrupts at random moments: what is lost, what is left, what is said."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.place import LONGEST, Place, bytes_in, is_one_clear_line

MISSES = 5
"""So often a moment is drawn again that comes after the end of the command."""


@dataclass
class Row:
    """What became of a command under a fault.

    Parameters
    ----------
    fault, command : str
        Names.
    tried : int
        Commands that were disturbed before they ended.
    survived : int
        Those after which the same command, typed again, ended well with the same results.
    lost : int
        Those after which it did not.
    processes_left, files_left : int
        Processes that lived 5 s after the disturbance; files after the next command that an undisturbed one
        does not leave.
    unclear : int
        Commands that said something else than one clear message, or nothing.
    """

    fault: str
    command: str
    tried: int = 0
    survived: int = 0
    lost: int = 0
    processes_left: int = 0
    files_left: int = 0
    unclear: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep what went wrong, for the one who mends it."""
        self.notes.append(text)
        print(f"    {self.fault}, {self.command}: {text}", flush=True)


@dataclass(frozen=True)
class Undisturbed:
    """What a command comes to that nothing disturbs."""

    results: dict[str, str]
    files: set[str]
    bytes: dict[str, int]
    seconds: float


class Bench:
    """Undisturbed commands, measured once, and places for disturbed ones.

    Parameters
    ----------
    folder : Path
        For everything.
    variables : dict
        Of the environment.
    """

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.variables = folder, variables
        self._begins: dict[str, tuple[Path, Path | None]] = {}
        self._known: dict[str, Undisturbed] = {}

    def undisturbed(self, name: str) -> Undisturbed:
        """Run a command twice, the second time with compiled programs, and return what that came to."""
        if name not in self._known:
            folder = self.folder / name.replace(" ", "-")
            first = Place(folder / "first")
            COMMANDS[name].prepare(first)
            begins = folder / "begins"
            shutil.copytree(first.work, begins, symlinks=True)
            self.finish(first, name)
            self._begins[name] = begins, (first.cache if COMMANDS[name].warm else None)
            place = self.fresh(name, "undisturbed")
            begun = time.monotonic()
            self.finish(place, name)
            seconds = time.monotonic() - begun
            sizes = {folder.name: bytes_in(folder) for folder in (place.work, place.temporary, place.cache)}
            self._known[name] = Undisturbed(place.results(), place.files(), sizes, seconds)
            print(f"{name}: {seconds:.1f} s undisturbed, {len(place.files())} files", flush=True)
        return self._known[name]

    def fresh(self, name: str, what: str) -> Place:
        """Make a place with compiled programs, ready for a command."""
        if name not in self._begins:
            self.undisturbed(name)
        begins, programs = self._begins[name]
        place = Place(self.folder / name.replace(" ", "-") / what, programs)
        shutil.copytree(begins, place.work, symlinks=True, dirs_exist_ok=True)
        return place

    def finish(self, place: Place, name: str) -> None:
        """Run a command that nothing disturbs."""
        code, said = place.run(COMMANDS[name].words, **self.variables)
        assert code == 0, said

    def start_again(self, place: Place, name: str, row: Row, kept: Set[str] = frozenset()) -> None:
        """Type a disturbed command again, and count what is lost and left, but for files that may stay."""
        whole = self.undisturbed(name)
        code, said = place.run(COMMANDS[name].words, **self.variables)
        found = place.results()
        wrong = [path for path, content in whole.results.items() if found.get(path) != content]
        if code or wrong:
            row.lost += 1
            row.note(f"lost: code {code}, {wrong[:5]} {said[-1500:] if code else ''}")
        else:
            row.survived += 1
        left = sorted(place.files() - whole.files - kept)
        row.files_left += len(left)
        if left:
            row.note(f"files left: {left[:5]}")


def strike(bench: Bench, name: str, kind: signal.Signals, tries: int, chance: random.Random) -> Row:
    """Disturb a command at random moments.

    Parameters
    ----------
    bench : Bench
    name : str
        Of the command.
    kind : signal.Signals
        SIGKILL, of the command alone; or SIGINT, of its foreground group.
    tries : int
        How many moments.
    chance : random.Random
        Draws them, between the start of Python and the end of an undisturbed command.
    """
    row = Row("kill -9" if kind == signal.SIGKILL else "Ctrl-C", name)
    seconds, misses = bench.undisturbed(name).seconds, 0
    while row.tried < tries and misses < MISSES * tries:
        place = bench.fresh(name, "struck")
        moment = seconds * chance.random()
        process = place.start(COMMANDS[name].words, **bench.variables)
        time.sleep(moment)
        if process.poll() is not None:
            misses += 1
            process.communicate()
            continue
        row.tried += 1
        if kind == signal.SIGKILL:
            process.kill()
        else:
            os.killpg(process.pid, kind)
        # Workers may hold the pipes: what they say after 5 s is their own affair.
        left = place.processes_left() if kind == signal.SIGKILL else 0
        _, said = process.communicate(timeout=LONGEST)
        if kind == signal.SIGINT:
            left = place.processes_left()
            if process.returncode != 0 and not is_one_clear_line(said):
                row.unclear += 1
                row.note(f"at {moment:.2f} s, code {process.returncode}: {said[-1500:]!r}")
        row.processes_left += left
        if left:
            row.note(f"at {moment:.2f} s: {left} processes left")
        bench.start_again(place, name, row)
    return row
