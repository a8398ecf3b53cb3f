"""Large archives: fetched, verified, and unpacked whole or not at all."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from bioscnn.caches import cache_folder
from bioscnn.datasets.downloads import Progress, retrieve
from bioscnn.errors import UserError


@dataclass(frozen=True)
class Archive:
    """A zip file on the network, of which one folder is kept."""

    name: str  # of the file, while it is here
    url: str
    md5: str
    holds: str  # the folder in it, wherever it lies
    target: str  # where that folder is kept, below the cache folder
    page: str  # where people find it

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
    folder = archive.folder()
    if folder.is_dir():
        return folder
    file = cache_folder() / "downloads" / archive.name
    otherwise = (
        f"run the command again to go on where it stopped; or fetch {archive.url} (see {archive.page}) by "
        f"other means, put it in {file.parent} under the name {archive.name}, and run the command again"
    )
    retrieve([archive.url], archive.md5, file, otherwise=otherwise, resumed=True, progress=progress)
    unpack_folder(file, archive.holds, folder)
    file.unlink()
    return folder


def unpack_folder(file: Path, name: str, target: Path) -> None:
    """Unpack one folder of a zip file so that it is at ``target`` completely or not at all.

    Parameters
    ----------
    file : path
        The zip file.
    name : str
        The folder in it, in its root or one folder down.
    target : path
        Must not exist.

    Raises
    ------
    UserError
        If a member would be written outside the folder or is no plain file, the zip file is damaged or has
        no such folder, or there is no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as place:
        scratch = Path(place)
        try:
            with zipfile.ZipFile(file) as packed:
                members = packed.infolist()
                for member in members:
                    _require_safe(member, file)
                _require_room(sum(member.file_size for member in members), scratch)
                packed.extractall(scratch)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise UserError("the zip file is damaged", file=file, value=str(error)) from error
        found = next((path for path in (scratch / name, *scratch.glob(f"*/{name}")) if path.is_dir()), None)
        if found is None:
            inside = sorted(path.name for path in scratch.iterdir())
            raise UserError(
                "the zip file has other content", file=file, value=inside[:8], expected=f"a folder {name}/"
            )
        found.replace(target)


def _require_safe(member: zipfile.ZipInfo, file: Path) -> None:
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    windows = PureWindowsPath(name)
    escapes = ".." in PurePosixPath(name).parts + windows.parts or name.startswith("/") or windows.anchor
    if escapes or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(
            "the zip file has a member that leaves its folder"
            if escapes
            else "the zip file holds a link or device",
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
            fix="free some space, or name another cache folder in BIOSCNN_CACHE",
        )
