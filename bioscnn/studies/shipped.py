"""The studies that come with bioscnn: those of sims/, which a wheel holds too."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from bioscnn.errors import UserError, did_you_mean

FOLDER, SUFFIX = "sims", ".toml"


def shipped_studies() -> Path:
    """Return the folder of the shipped studies, in the wheel or in the repository."""
    package = Path(str(files("bioscnn")))
    inside = package / FOLDER
    return inside if inside.is_dir() else package.parent / FOLDER


def find_study(written: Path, what: str = "study") -> Path:
    """Return a file as it is given, or else the shipped one of that name.

    Parameters
    ----------
    written : Path
        A path; or a name such as ``mnist`` or ``sweeps/mnist-morris``, with or without ``sims/`` before and
        ``.toml`` behind it.
    what : str
        What it is: ``"study"`` or ``"sweep"``.

    Raises
    ------
    UserError
        If there is no such file, and no shipped one of that name.

    Examples
    --------
    >>> find_study(Path("mnist")).name
    'mnist.toml'
    """
    for file in (written, written.with_name(written.name + SUFFIX)) if written.name else ():
        if os.path.isfile(file):  # noqa: PTH113  (False of a name that is too long)
            return file
    folder, name = shipped_studies(), written.with_suffix("") if written.suffix == SUFFIX else written
    inside = name.relative_to(FOLDER) if name.parts[:1] == (FOLDER,) else name
    shipped = sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))
    if what == "sweep":
        shipped = sorted(f"sweeps/{path.stem}" for path in (folder / "sweeps").glob(f"*{SUFFIX}"))
    if str(inside) in shipped:
        return folder / f"{inside}{SUFFIX}"
    beside: list[str] = []
    with suppress(OSError):  # a name that is too long
        beside = sorted(path.name for path in written.parent.glob("*.toml"))
    here = f"{written.parent} has {', '.join(beside)}" if beside else f"{written.parent} has no .toml file"
    raise UserError(
        f"no such {what} file",
        file=written,
        expected=f"a file ({here}), or one that comes with bioscnn: {', '.join(shipped)}",
        fix=did_you_mean(inside, shipped),
    )
