"""Files and folders that are either whole or absent."""

from __future__ import annotations

import errno
import glob
import io
import json
import lzma
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from tokenize import TokenError
from typing import IO, TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.locks import locked
from bioscnn.spreadsheets import as_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_TEXT = 10**8
"""A text, such as that of a study or of results, that has more bytes is not read."""

NPY_DAMAGE = (
    OSError, ValueError, TypeError, LookupError, EOFError, MemoryError, OverflowError, RuntimeError,
    TokenError, SyntaxError, UserWarning, SystemError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What NumPy raises for damaged npy and npz files; SystemError for text of numbers that no character has."""

LARGEST_UNPACKED = 10**9
"""A compressed file that unpacks to more bytes is not read: it may be made to fill the memory."""

_NOT_WRITABLE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EBUSY,
    errno.ENAMETOOLONG,
    errno.EEXIST,  # a file, or a link to nowhere, where a folder is to be
    errno.EISDIR,  # the other way round
    errno.ELOOP,
)
_ANOTHER_FOLDER = (
    "free some space, or change to a folder that can be written; run and train take one by --out"
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


_LOCK = ".lock"
_FRESH = ".part"
"""Begins the names of the folders in which files are written before they take their places."""
_LONG_OF_PYTHON_2, _HEADER = re.compile(rb"\A\x93NUMPY[^}]*\dL"), 512
_TEMPORARY = threading.Lock()


def refuse_folder(path: Path) -> None:
    """Refuse to write a file where a folder is.

    Raises
    ------
    UserError
        If a folder has its name.
    """
    if path.is_dir():
        raise UserError(
            "cannot write: a folder has this name", file=path, fix="name a file, or move the folder"
        )


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file in a scratch folder and move it into place, so that no reader sees half of it.

    Raises
    ------
    UserError
        If the folder does not exist or cannot be written, the disk is full, or a folder has the name of
        the file.
    """
    path = Path(path)
    refuse_folder(path)
    try:
        with scratch_folder(path.parent, _FRESH) as scratch:
            fresh = scratch / path.name
            fresh.write_bytes(content)
            fresh.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write: {error.strerror or error}",
            file=path,
            fix="free some space there, or choose another folder",
        ) from error


def remove_half_written(folder: Path) -> None:
    """Remove what processes that were killed while they wrote files have left in a folder."""
    remove_scratch(folder, _FRESH)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all; errors as for `write_atomically`."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table, one row per mapping, whole or not at all; errors as for `write_atomically`.

    Cells and names of columns that a spreadsheet would compute have an apostrophe before them.
    """
    from pandas import DataFrame

    rows = [
        {as_text(name): as_text(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    ]
    write_atomically(path, DataFrame(rows).to_csv(index=False).encode())


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays by name, compressed, whole or not at all; errors as for `write_atomically`."""
    from numpy import savez_compressed

    buffer = io.BytesIO()
    savez_compressed(buffer, **arrays)
    write_atomically(path, buffer.getvalue())


def read_npz(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read the arrays of an .npz file.

    Parameters
    ----------
    path : Path
        A file of `write_npz` or `numpy.savez`.

    Returns
    -------
    dict of ndarray or None
        Arrays by name; None if the file is absent or damaged, holds Python objects, or unpacks to more than
        `LARGEST_UNPACKED` and more than its own size.
    """
    from numpy import load, ndarray

    try:
        if not is_file(path):
            return None
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > max(LARGEST_UNPACKED, path.stat().st_size):
                return None
            for name in archive.namelist():
                with archive.open(name) as member:
                    if _LONG_OF_PYTHON_2.search(member.read(_HEADER)):
                        return None  # NumPy would warn of it
        with load(path, allow_pickle=False) as arrays:
            by_name = dict(arrays)
        # NumPy gives a member that is no array as its bytes.
        return by_name if all(isinstance(array, ndarray) for array in by_name.values()) else None
    except NPY_DAMAGE:
        return None


def read_bytes(path: Path, most: int = LARGEST_UNPACKED) -> bytes:
    """Read a file of data.

    Parameters
    ----------
    path : Path
        A file, or a link to one.
    most : int
        Bytes that it may have: one with a hole, which takes no room on its disk, may claim any number.

    Raises
    ------
    UserError
        If it is a folder, a pipe or a device, too large, or cannot be read.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            _check_size(file, path, most, "the file is too large")
            return file.read()
    except OSError as error:
        raise UserError("cannot read the file", file=path, value=error.strerror) from error


def read_text(path: Path, most: int = LARGEST_TEXT, newline: str | None = None) -> str:
    """Read a text that lies on a disk.

    Parameters
    ----------
    path : Path
        A file, or a link to one.
    most : int
        Bytes that it may have.
    newline : str or None
        As of `open`: "" keeps all ends of lines as they are, None makes line feeds of them.

    Raises
    ------
    FileNotFoundError, UnicodeDecodeError
        If nothing is there, or it is not UTF-8.
    UserError
        If it is a pipe or a device, which may never end, too large, or cannot be read.
    """
    require_file(path)
    try:
        with path.open(encoding="utf-8", newline=newline) as file:
            _check_size(file, path, most, "a text that is too large to be one")
            return file.read()
    except (FileNotFoundError, UnicodeDecodeError):
        raise
    except OSError as error:
        raise UserError(f"cannot read the file: {error.strerror}", file=path) from None


def _check_size(file: IO[Any], path: Path, most: int, problem: str) -> None:
    size = os.fstat(file.fileno()).st_size
    if size > most:
        raise UserError(problem, file=path, value=f"{size:,} bytes", expected=f"at most {most:,} bytes")


def path_of(written: object, key: str = "path", expected: str = "the path of a file or a folder") -> Path:
    """Return the path that a user gives; ``~`` at its beginning is a home directory.

    Raises
    ------
    UserError
        If it is neither text nor a path, or has a zero byte, which no path may have.
    """
    if not isinstance(written, str | Path) or "\0" in str(written):
        raise UserError(f"no {key}", key=key, value=written, expected=expected)
    return Path(os.path.expanduser(written))  # noqa: PTH111  (a user who is none stays as written)


def require_file(path: Path, **details: str) -> None:
    """Refuse what is there and is no file: a folder, or a pipe or device, which may never end.

    Parameters
    ----------
    path : Path
        Links to files will do; so does a path where nothing is.
    **details : str
        ``key`` and ``expected`` of the error.

    Raises
    ------
    UserError
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:  # of a name with a null
        value = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError("cannot read the file", file=path, value=value) from error
    if not stat.S_ISREG(mode):
        details = {"expected": "a file on a disk"} | details
        value = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise UserError("no file", file=path, value=value, **details)


def is_file(path: Path) -> bool:
    """Return whether a path leads to a file; not where a link of it has a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Return whether something has this name, be it a link to nowhere: reading it says what is wrong."""
    return path.is_symlink() or path.exists()


def free_place(out: Path | None, usual: Path, ours: Callable[[Path], bool], *, empty: bool = False) -> Path:
    """Return where a result may be written without destroying a file of the user's.

    Parameters
    ----------
    out : Path or None
        As the user gave it: nothing that is there is written over.
    usual : Path
        Where it goes otherwise.
    ours : callable
        Says of what is at `usual`, which is no link, whether it is such a result and may be replaced.
    empty : bool
        Whether `out` may be a folder that holds nothing.

    Raises
    ------
    UserError
        If something else is there, or the path can be none of a file.
    """
    path = usual if out is None else out
    try:
        mode = os.lstat(path).st_mode
        if out is None and (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and ours(path):
            return path
        if empty and stat.S_ISDIR(mode) and not any(path.iterdir()):
            return path
    except FileNotFoundError:
        return path
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", file=path, fix="choose another --out") from None
    fix = "choose a path that does not exist" if out is not None else "remove it, or choose another --out"
    raise UserError("something is there already, and is not written over", file=path, fix=fix)


@contextmanager
def whole_folder(folder: Path, ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a scratch folder that takes the place of `folder` when all went well.

    Parameters
    ----------
    folder : Path
        The result.
    ours : callable
        Says of a folder that holds something whether it is an earlier result alone, and may be replaced.

    Raises
    ------
    UserError
        If `folder` holds something else, or cannot be written.
    """
    with unwritable_is_told(folder):
        remove_half_written(folder)
        try:
            foreign = folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not ours(folder))
        except FileNotFoundError:  # another process is putting its own there
            foreign = False
        if foreign:
            raise UserError(
                "the folder exists and holds something else than an earlier result",
                file=folder,
                fix="give --out a new folder, or empty this one",
            )
        with made_folder(folder.parent), scratch_for_results(folder.parent, ".unfinished") as place:
            scratch = place / folder.name
            scratch.mkdir()
            yield scratch
            with locked(_lock_of(folder.with_name(f".{folder.name}"))):  # others may have made the same
                if folder.exists():
                    folder.replace(place / "earlier")
                scratch.replace(folder)


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give an empty folder that only this user can read, and remove it in the end.

    A killed process leaves its folder behind; the next process of this machine that asks for one of this
    name removes it. The lock beside each folder, which the kernel frees when its holder dies, tells the
    living from the dead.

    Parameters
    ----------
    parent : Path
        Where to make it.
    name : str
        What its name begins with.

    Raises
    ------
    OSError
        If it cannot be made or removed.
    """
    remove_scratch(parent, name)
    folder = parent / f"{_of_this_machine(name)}{secrets.token_hex(6)}"
    with locked(_lock_of(folder)):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Let temporary files of this process, and of programs that it starts, be made in a folder.

    What a killed process or compiler leaves then goes with the folder. One thread at a time.
    """
    with _TEMPORARY:
        before, said = tempfile.tempdir, os.environ.get("TMPDIR")
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before
            del os.environ["TMPDIR"]
            os.environ |= {} if said is None else {"TMPDIR": said}


@cache
def remove_scratch(parent: Path, name: str) -> None:
    """Remove the scratch folders of one name that dead processes left, once in the life of this process."""
    # An interrupt can leave a folder whose lock is gone, or a lock whose folder is gone.
    pattern = f"{glob.escape(_of_this_machine(name))}*"
    names = {path.name.removesuffix(_LOCK) for path in parent.glob(pattern)}
    for folder in map(parent.joinpath, names):
        with locked(_lock_of(folder), wait=False) as dead:
            if dead:
                shutil.rmtree(folder, ignore_errors=True)


def _of_this_machine(name: str) -> str:
    # On some file systems machines do not see each other's locks.
    return f"{name}-{socket.gethostname()}-"


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, unless they are there.

    Raises
    ------
    UserError
        If it cannot be made, or a file has its name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder for what is done inside; if that fails or is interrupted, leave none that is empty.

    Raises
    ------
    UserError
        As of `make_folder`.
    """
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        make_folder(folder)
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):  # of one that was not made, holds something, or somebody else removed
                path.rmdir()
        raise


@contextmanager
def scratch_for_results(folder: Path, name: str) -> Iterator[Path]:
    """Give a folder as of `scratch_folder`, where a user wants results.

    Raises
    ------
    UserError
        If it cannot be made: the system's own folders, such as /proc, take no files and say many things.
    """
    with ExitStack() as held:
        try:
            scratch = held.enter_context(scratch_folder(folder, name))
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield scratch


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that could not be made or written, and leave nothing.

    Raises
    ------
    UserError
        If nothing can be made in it, or in the nearest of the folders around it that is there.
    """
    folder = folder.absolute()
    with scratch_for_results(next(place for place in (folder, *folder.parents) if place.exists()), ".tried"):
        pass


def _unwritable(folder: Path, error: OSError, fix: str = _ANOTHER_FOLDER) -> UserError:
    return UserError(f"cannot write here: {error.strerror or error}", file=folder, fix=fix)


def is_of_disk(error: BaseException) -> bool:
    """Whether an error, or what caused it, is a disk that is full or cannot be written."""
    return any(
        isinstance(raised, OSError) and raised.errno in _NOT_WRITABLE for raised in (error, error.__cause__)
    )


@contextmanager
def unwritable_is_told(folder: Path, fix: str = _ANOTHER_FOLDER) -> Iterator[None]:
    """Turn a full or closed disk into a message, which ends with a fix.

    Raises
    ------
    UserError
        Naming the folder, if what is done inside finds no space or may not write.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        raise _unwritable(folder, error, fix) from error


def point_latest(folder: Path) -> None:
    """Let the symbolic link ``latest`` beside a folder point to it, at once.

    Raises
    ------
    UserError
        If the link cannot be written.
    """
    with unwritable_is_told(folder.parent), scratch_folder(folder.parent, _FRESH) as scratch:
        (scratch / "latest").symlink_to(folder.name)
        (scratch / "latest").replace(folder.with_name("latest"))


def newest_run(folder: Path) -> Path:
    """Return the newest of ``results/*/latest`` for the word ``latest``, and of a study that of its folder.

    Any other folder is returned as it is.
    """
    if folder != Path("latest") or folder.exists():
        own = folder / "latest"
        return own if is_file(own / "summary.json") and not is_file(folder / "summary.json") else folder
    links = [link for link in Path("results").glob("*/latest") if link.exists()]
    return max(links, key=lambda link: link.lstat().st_mtime_ns, default=folder)
