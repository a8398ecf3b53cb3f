"""What lies in the folder of all results: whose it is, and which of its files one can open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

HASHED = ("noise", "sweeps", "timing", "filters", "ladder", "benchmark", "cross-validation")
"""Folders ``<kind>/<study>/<hash>/``; a run is ``<study>/<hash>/``, or ``<study>/`` itself."""
FLAT = ("devices",)
"""Folders ``<kind>/<study>/``."""
OTHER = {"bench": "Speed, beside other simulators", "models": "Cards of trained networks"}
"""Folders whose files are linked, and no more; what they hold."""
STEPS = "study"
"""Folder of ``steps.json`` and of what each step said."""
RUN = "run"
MARK = "summary.json"

ENDINGS = (".html", ".csv", ".md", ".svg", ".png", ".pdf", ".json", ".toml", ".h5")
"""Files that are linked, in this order: reports, tables, figures, then what they are made from."""
_DEEPER = ENDINGS[:6]
"""Those that are linked if they are in a folder of a result."""
_INSIDE = frozenset({"units", "networks", "measurements", "problems", "logs"})
"""Folders that hold what a study keeps for itself, to go on after an interruption."""


@dataclass(frozen=True)
class Place:
    """The folder of one result.

    Parameters
    ----------
    kind : str
        `RUN`, or one of `HASHED` and `FLAT`.
    study : str
        Whose it is.
    folder : Path
        Where it is.
    latest : bool
        Whether the link ``latest`` beside it points to it.
    """

    kind: str
    study: str
    folder: Path
    latest: bool


@dataclass(frozen=True)
class Link:
    """A file to open: its name, and its address relative to the page."""

    name: str
    href: str


def find_places(results: Path) -> Iterator[Place]:
    """Yield the folder of every result, finished or not; a hidden one is half-written."""
    for top in _folders(results):
        if top.name in HASHED:
            for study in _folders(top):
                yield from _hashed(top.name, study)
        elif top.name in FLAT:
            for study in _folders(top):
                if study.name not in _INSIDE:
                    yield Place(top.name, study.name, study, True)
        elif top.name not in (*OTHER, STEPS):
            if (top / MARK).exists():
                yield Place(RUN, top.name, top, True)
            else:
                yield from _hashed(RUN, top)


def _hashed(kind: str, study: Path) -> Iterator[Place]:
    latest = (study / "latest").resolve()
    for folder in _folders(study):
        if folder.name in _INSIDE:
            continue
        yield Place(kind, study.name, folder, folder.resolve() == latest)


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, no links to others."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def find_files(folder: Path, page: Path) -> tuple[Link, ...]:
    """Return links to the files of a result, the report first, then tables and figures.

    Parameters
    ----------
    folder : Path
        Of the result.
    page : Path
        Folder of the page that links them.
    """
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        endings = ENDINGS if len(parts) == 1 else _DEEPER
        inside = _INSIDE & set(parts[:-1]) or any(part.startswith(".") for part in parts)
        if path.suffix in endings and not inside and path.is_file():
            found.append((len(parts), ENDINGS.index(path.suffix), parts))
    return tuple(Link("/".join(parts), address(folder.joinpath(*parts), page)) for *_, parts in sorted(found))


def address(path: Path, page: Path) -> str:
    """Return the address of a file relative to the folder of a page."""
    return quote(path.relative_to(page).as_posix())


def changed(path: Path) -> datetime:
    """Return when a file or folder was last written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
