"""Folders of results: whose they are, and which of their files one can open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from bioscnn.files import is_there

KNOWN = (
    "noise", "sweeps", "filters", "timing", "ladder", "benchmark", "devices", "cross-validation", "learned",
)  # fmt: skip
"""Folders ``<kind>/<study>/<folder>/``, or ``<kind>/<study>/`` itself; a run is ``<study>/<folder>/``."""
OTHER = {"bench": "Speed, beside other simulators", "models": "Cards of trained networks"}
"""Folders whose files are linked, and no more; what they hold."""
KEPT = ("recordings",)
"""Folders that are for bioscnn alone."""
STEPS = "study"
"""Folder of ``steps.json`` and of what each step said."""
RUN = "run"
MARK = "summary.json"
SPEC = "spec.json"
"""A file that every experiment writes first."""

ENDINGS = (".html", ".csv", ".md", ".svg", ".png", ".pdf", ".json", ".toml", ".h5")
"""Files that are linked, in this order: reports, tables, figures, then what they are made from."""
_DEEPER = ENDINGS[:6]
"""Those that are linked if they are in a folder of a result."""
_INSIDE = frozenset({"units", "networks", "measurements", "problems", "logs"})
"""Folders that hold what an experiment keeps for itself, to go on after an interruption."""


@dataclass(frozen=True)
class Place:
    """The folder of one result.

    Parameters
    ----------
    kind : str
        `RUN`, or the name of an experiment.
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
class FileLink:
    """A file to open: its name, and its address relative to the page."""

    name: str
    href: str


def find_places(results: Path) -> Iterator[Place]:
    """Yield the folder of every result, finished or not; a hidden one is half-written."""
    for top in _folders(results):
        if top.name in (*OTHER, *KEPT, STEPS):
            continue
        studies = _folders(top)
        if top.name in KNOWN or any(is_there(run / SPEC) for study in studies for run in _folders(study)):
            for study in studies:
                if study.name not in _INSIDE:
                    yield from _of_study(top.name, study)
        else:
            yield from _of_study(RUN, top)


def _of_study(kind: str, study: Path) -> Iterator[Place]:
    if is_there(study / MARK):
        yield Place(kind, study.name, study, True)
        return
    latest = (study / "latest").resolve()
    for folder in _folders(study):
        if folder.name in _INSIDE:
            continue
        yield Place(kind, study.name, folder, folder.resolve() == latest)


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, no links to others."""
    with os.scandir(folder) as entries:
        return sorted(Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False))


def find_files(folder: Path, page: Path) -> tuple[FileLink, ...]:
    """Return links to the files of a result, the report first, then tables and figures.

    Parameters
    ----------
    folder : Path
        Of the result.
    page : Path
        Folder of the page that links them.
    """
    sortable = []
    for place, inside, files in os.walk(folder):
        inside[:] = [name for name in inside if name not in _INSIDE and not name.startswith(".")]
        deeper = Path(place).relative_to(folder).parts
        endings = _DEEPER if deeper else ENDINGS
        for name in files:
            ending = Path(name).suffix
            if ending in endings and not name.startswith("."):
                sortable.append((len(deeper), ENDINGS.index(ending), (*deeper, name)))
    return tuple(
        FileLink("/".join(parts), address(folder.joinpath(*parts), page)) for *_, parts in sorted(sortable)
    )


def address(path: Path, page: Path) -> str:
    """Return the address of a file relative to the folder of a page."""
    return quote(os.fsencode(path.relative_to(page).as_posix()))


def written(path: Path) -> datetime:
    """Return when a file or folder was last written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
