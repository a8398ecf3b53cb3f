"""Compiled programs, cached on disk: one for each shape of network, reused for any weights and stimuli."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Protocol, TypeVar

from bioscnn.caches import cache_folder, keep_text, kept_text
from bioscnn.doctor import require_compiler
from bioscnn.errors import UserError
from bioscnn.files import scratch_folder, temporary_files_in
from bioscnn.locks import locked
from bioscnn.processes import run_guarded
from bioscnn.simulation.source import write_source

WHOLE = "whole"
"""Name of the file that says what a program's files hold, by a hash."""

USUAL_SECONDS = {"cpp_standalone": 20.0, "genn": 40.0}
"""By device: how long a program takes to compile where none has been compiled yet."""


@dataclass(frozen=True)
class Program:
    """A compiled program.

    Attributes
    ----------
    folder : Path
        Holds ``main`` and the arrays of the connectivity; the program runs in it and never writes to it.
    arguments : tuple of str
        What it is called with.
    """

    folder: Path
    arguments: tuple[str, ...] = ()

    @property
    def executable(self) -> Path:
        """The program."""
        return self.folder / "main"

    @property
    def command(self) -> list[str]:
        """What runs it."""
        return [str(self.executable), *self.arguments]


def obtain(shape: Shape) -> Program | None:
    """Return the cached program of a shape, or None if there is none, or it is damaged."""
    folder = cache_folder() / "programs" / shape.key()
    try:
        made = (folder / WHOLE).stat().st_ino
    except OSError:
        return None
    return Program(folder, shape.arguments) if _is_whole(folder, made) else None


@cache
def _is_whole(folder: Path, made: int) -> bool:
    """Return whether a program, told by its inode, is as it was compiled; it is read once in this process."""
    try:
        return (folder / WHOLE).read_text(encoding="ascii") == _content_of(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _content_of(folder: Path) -> str:
    """Return the hash of what a program reads: itself, and the arrays of the connectivity."""
    digest = hashlib.blake2b(digest_size=16)
    read = ("main", "*.so", "static_arrays/*")
    for path in sorted(path for pattern in read for path in folder.rglob(pattern) if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def build_seconds(device: str) -> float:
    """Return how long a program of a device takes to compile, s: as the last one here, or as is usual."""
    try:
        seconds = float(kept_text(_seconds_file(device)) or "nan")
    except ValueError:
        seconds = math.nan
    return seconds if 0 <= seconds < math.inf else USUAL_SECONDS[device]


def _seconds_file(device: str) -> Path:
    return cache_folder() / "programs" / f".seconds-{device}"


class Shape(Protocol):
    """What decides what a program looks like."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the program is called with."""

    def key(self) -> str:
        """Return the hash that names the program."""


ShapeType = TypeVar("ShapeType", bound=Shape)


def build(
    shape: ShapeType,
    write: Callable[[ShapeType, Path], list[list[str]]] | None = None,
    device: str | None = None,
) -> Program:
    """Compile the program of a shape, cache it, and return it.

    Of two processes that want the same program, the second waits for the first one's.

    Parameters
    ----------
    shape : Shape
        What is compiled.
    write : callable, optional
        Writes the source of a shape into a folder and returns the commands that compile it there; that of a
        `ProgramShape` if left out.
    device : str, optional
        Of which the time that this takes is kept for `build_seconds`.

    Raises
    ------
    UserError
        Without a compiler, if compilation fails, or if the cache folder is not writable.
    """
    require_compiler()
    programs = cache_folder() / "programs"
    final = programs / shape.key()
    try:
        programs.mkdir(parents=True, exist_ok=True)
        with (
            locked(programs / f".{final.name}.lock"),
            scratch_folder(programs, ".building") as scratch,
        ):
            if (made_meanwhile := obtain(shape)) is not None:
                return made_meanwhile
            folder, begun = scratch / "program", perf_counter()
            with temporary_files_in(scratch):
                commands = (write or write_source)(shape, folder)  # type: ignore[arg-type]
            for command in commands:
                made = run_guarded(command, cwd=folder, env=os.environ | {"TMPDIR": str(scratch)})
                if made.returncode != 0:
                    raise UserError(
                        "the C++ compiler could not build the network",
                        value=made.stderr.strip()[-2000:],
                        fix="run `bioscnn doctor`; if it finds nothing, report this message",
                    )
            for leftover in folder.rglob("*.o"):
                leftover.unlink()
            (folder / WHOLE).write_text(_content_of(folder), encoding="ascii")
            if final.exists():  # what somebody has damaged
                final.replace(scratch / "damaged")
            folder.replace(final)
            if device is not None:
                keep_text(_seconds_file(device), f"{perf_counter() - begun:.1f}")
    except OSError as error:
        if (made_meanwhile := obtain(shape)) is not None:  # where the file system knows no locks
            return made_meanwhile
        raise UserError(
            f"cannot keep the compiled program: {error.strerror}",
            file=programs,
            fix="free some space there, or set BIOSCNN_CACHE to a folder that has some",
        ) from error
    return Program(final, shape.arguments)
