"""Large archives: fetched, verified, and unpacked whole or not at all."""

from __future__ import annotations

import errno
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from bioscnn.caches import cache_folder
from bioscnn.datasets.downloads import Progress, retrieve
from bioscnn.errors import UserError
from bioscnn.files import remove_scratch, scratch_folder, unwritable_is_told
from bioscnn.locks import locked

_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError,
    RuntimeError, LookupError, ValueError, OverflowError, struct.error, lzma.LZMAError,
)  # fmt: skip
_ANOTHER_CACHE = "free some space, or name another cache folder in BIOSCNN_CACHE"
_NO_NAMES = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ}
"""What a file system says to names that it cannot hold, or that are a file and a folder at once."""


@dataclass(frozen=True)
class Archive:
    """A zip file on the network, of which one folder is kept."""

    name: str  # of the file, while it is here
    url: str
    md5: str
    holds: str  # the folder in it, wherever it lies
    target: str  # where that folder is kept, below the cache folder
    page: str  # where people find it
    tar: str | None = None  # the tar file in it that holds the folder, if one does

    def folder(self) -> Path:
        """Return where the unpacked folder is kept, whether it is there or not."""
        return cache_folder() / self.target


def fetch_archive(archive: Archive, progress: Progress | None = None) -> Path:
    """Return the unpacked folder of an archive, fetching it first if it is not there.

    A download that breaks off is resumed, by the next call too. The archive is removed once it is unpacked.

    Parameters
    ----------
    archive : Archive
    progress : callable, optional
        Called with the bytes that are here and the bytes of the whole.

    Raises
    ------
    UserError
        If it cannot be downloaded intact, is no safe zip file, or the disk is too small.
    """
    folder, file = archive.folder(), cache_folder() / "downloads" / archive.name
    lock = file.with_name(f".{file.name}.unpacking")
    with unwritable_is_told(cache_folder(), _ANOTHER_CACHE):
        if folder.is_dir() and not file.exists() and not lock.exists():
            return folder
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock):
            if folder.is_dir():  # of a process that was killed before it had cleared up
                remove_scratch(folder.parent, _scratch_of(folder))
            else:
                _fetch(archive, file, folder, progress)
            file.unlink(missing_ok=True)
    return folder


def _fetch(archive: Archive, file: Path, folder: Path, progress: Progress | None) -> None:
    otherwise = (
        f"run the command again to go on where it stopped; or fetch {archive.url} (see {archive.page}) by "
        f"other means, put it in {file.parent} under the name {archive.name}, and run the command again"
    )
    retrieve([archive.url], archive.md5, file, otherwise=otherwise, resumed=True, progress=progress)
    unpack_folder(file, archive.holds, folder, archive.tar)


def _scratch_of(folder: Path) -> str:
    return f".{folder.name}"


def unpack_folder(file: Path, name: str, target: Path, tar: str | None = None) -> None:
    """Unpack one folder of a zip file so that it is at ``target`` completely or not at all.

    Parameters
    ----------
    file : path
        The zip file.
    name : str
        The folder in it, in its root or one folder down.
    target : path
        Must not exist.
    tar : str, optional
        The tar file that holds the folder, gzipped or not, in the root of the zip file or one folder down.

    Raises
    ------
    UserError
        If a member would be written outside the folder or is no plain file, an archive is damaged or has no
        such folder, or there is no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(target.parent, _scratch_of(target)) as scratch:
        try:
            _unpack_zip(file, scratch)
            if tar is not None and (packed := _find(scratch, tar)) is not None:
                _unpack_tar(packed, file, scratch)
        except _DAMAGE as error:
            raise UserError("the zip file is damaged", file=file, value=str(error)[:200]) from error
        except OSError as error:
            if error.errno not in _NO_NAMES:
                raise
            raise UserError(
                "the archive has a member that no disk has a place for",
                file=file,
                key="member",
                value=str(error.filename or "").removeprefix(f"{scratch}/"),
                expected="names of at most 255 bytes, and none of a file and a folder at once",
                fix="get the archive again",
            ) from error
        folder = _find(scratch, name)
        if folder is None or not folder.is_dir():
            inside = sorted(path.name for path in scratch.iterdir())
            raise UserError(
                "the zip file has other content", file=file, value=inside[:8], expected=f"a folder {name}/"
            )
        folder.replace(target)


def _unpack_zip(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as packed:
        members = packed.infolist()
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            _require_safe(member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR), file)
        _require_room(sum(member.file_size for member in members), folder)
        packed.extractall(folder)


def _unpack_tar(tar: Path, file: Path, folder: Path) -> None:
    """Unpack the files of a tar file that came in the zip file ``file``."""
    with tarfile.open(tar) as packed:
        members = packed.getmembers()
        for member in members:
            _require_safe(member.name, member.isfile() or member.isdir(), file)
        _require_room(sum(member.size for member in members), folder)
        for member in members:
            if (content := packed.extractfile(member)) is not None:
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with content, path.open("wb") as unpacked:
                    shutil.copyfileobj(content, unpacked)


def _find(folder: Path, name: str) -> Path | None:
    """Return the path with a name in a folder, or one folder down."""
    return next((path for path in (folder / name, *folder.glob(f"*/{name}")) if path.exists()), None)


def _require_safe(name: str, plain: bool, file: Path) -> None:
    windows = PureWindowsPath(name)
    escapes = ".." in PurePosixPath(name).parts + windows.parts or name.startswith("/") or windows.anchor
    if escapes or not plain:
        raise UserError(
            "the archive has a member that leaves its folder"
            if escapes
            else "the archive holds a link or device",
            file=file,
            key="member",
            value=name,
            expected="plain files and folders below one folder",
            fix="do not trust this file; nothing of it was unpacked",
        )


def _require_room(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            "no room for the unpacked files",
            file=folder.parent,
            value=f"{free / 1e9:.1f} GB free",
            expected=f"{needed / 1e9:.1f} GB",
            fix=_ANOTHER_CACHE,
        )
