"""What reads files or texts of others, as a value: how its inputs are made, changed, and read."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.containers import Mutator, pack

ROOT = Path(__file__).parents[2]
SIMS = ROOT / "sims"


@dataclass(frozen=True)
class Reader:
    """Something that reads a file, a folder or a text.

    Parameters
    ----------
    name : str
        Its name.
    file : str
        Name of its file; one that ends in ``/`` is a folder, whose inputs are zip files of its files.
    seeds : callable
        Writes valid inputs into a folder, and returns them.
    mutate : callable
        Changes an input.
    read : callable
        Reads the file or folder, or for a text the file that holds it.
    beside : callable, optional
        Writes what lies beside the input, once.
    seconds : float
        How long it may take for an input.
    """

    name: str
    file: str
    seeds: Callable[[Path], list[bytes]]
    mutate: Mutator
    read: Callable[[Path], object]
    beside: Callable[[Path], None] | None = None
    seconds: float = 10.0

    def put(self, content: bytes, place: Path) -> Path:
        """Write an input where it is read, and return its path."""
        path = place / self.file.rstrip("/")
        if self.file.endswith("/"):
            return unpacked(content, path)
        path.write_bytes(content)
        return path

    def valid(self) -> list[bytes]:
        """Return the inputs that others are made of."""
        with tempfile.TemporaryDirectory() as folder:
            return self.seeds(Path(folder))


def packed(folder: Path) -> bytes:
    """Return a folder as a zip file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return pack([
        (path.relative_to(folder).as_posix(), (stat.S_IFLNK if path.is_symlink() else stat.S_IFREG) << 16,
         str(path.readlink()).encode() if path.is_symlink() else path.read_bytes())
        for path in files
    ])  # fmt: skip


def unpacked(content: bytes, folder: Path) -> Path:
    """Write the files of a zip file into a new folder, links and pipes too, but none of them outside."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [(e.filename, e.external_attr >> 16, archive.read(e)) for e in archive.infolist()]
    except Exception:
        return folder
    for name, mode, data in entries:
        path = Path(os.path.normpath(folder / name.lstrip("/").replace("\0", "0")))
        if not path.is_relative_to(folder) or path == folder:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                path.symlink_to(data.decode(errors="replace").replace("\0", "0"))
            elif stat.S_ISFIFO(mode):
                os.mkfifo(path)
            elif stat.S_ISDIR(mode):
                path.mkdir(exist_ok=True)
            elif not path.is_symlink() and not path.is_fifo():
                path.write_bytes(data)
        except OSError:  # a name that is too long, or a file where a folder should be
            continue
    return folder
