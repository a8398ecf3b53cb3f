"""Packages that some commands need beyond those that every installation has, and how to get them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from bioscnn.errors import UserError


def require(what: str, extra: str, *packages: str) -> None:
    """Refuse work that needs packages of an extra, where one of them is missing.

    Parameters
    ----------
    what : str
        What needs them, such as ``"training needs torch"``.
    extra : str
        Such as ``"train"``.
    *packages : str
        Such as ``"torch"``.

    Raises
    ------
    UserError
        Saying how to install them.
    """
    try:
        missing = any(find_spec(package) is None for package in packages)
    except ModuleNotFoundError:  # of a package that holds it
        missing = True
    if missing:
        raise UserError(what, fix=how_to_install(extra))


def how_to_install(extra: str) -> str:
    """Return the command, in backticks, that installs what an extra names, wherever bioscnn itself is from.

    Parameters
    ----------
    extra : str
        Such as ``"train"``.

    Examples
    --------
    >>> how_to_install("sensitivity").partition("pip ")[2]
    'install "SALib>=1.5.1"` (the extra sensitivity of bioscnn)'
    """
    try:
        every = requires("bioscnn") or []
    except PackageNotFoundError:
        every = []
    packages_of_extra = [
        name.strip()
        for name, _, marker in (requirement.partition(";") for requirement in every)
        if re.search(rf"extra == ['\"]{extra}['\"]", marker)
    ]
    packages = " ".join(f'"{name}"' for name in packages_of_extra) or f"'bioscnn[{extra}]'"
    return f"`{_own_pip()} install {packages}` (the extra {extra} of bioscnn)"


def _own_pip() -> str:
    """Return the command that calls the pip of this environment, which need not be activated."""
    python, pip = Path(sys.executable), shutil.which("pip")
    if pip is not None and Path(pip).parent == python.parent:
        return "pip"
    from_here = os.path.relpath(python)
    return f"{shlex.quote(str(python) if from_here.startswith(os.pardir) else from_here)} -m pip"
