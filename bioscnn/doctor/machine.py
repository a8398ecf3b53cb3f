"""What the doctor looks at, as values that a test can replace, and what it says."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

Status = Literal["ok", "missing", "broken", "optional"]


@dataclass(frozen=True)
class Check:
    """One finding.

    Parameters
    ----------
    name : str
        What was examined.
    status : {"ok", "missing", "broken", "optional"}
        ``missing`` and ``broken`` need the fix; ``optional`` is absent and only some tasks need it.
    found : str
        What is there.
    fix : str
        What to do, as a command where there is one; empty if all is well.
    """

    name: str
    status: Status
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Environment:
    """The machine under examination.

    Parameters
    ----------
    variables : mapping of str to str
        Environment variables.
    system : str
        ``"Linux"``, ``"Darwin"`` or ``"Windows"``.
    distributions : tuple of str
        The Linux distribution and those it derives from, such as ``("ubuntu", "debian")``.
    python : tuple of int
        Version of the interpreter.
    cache : path
        Where downloads are kept.
    requirements : tuple of str
        What bioscnn declares to need; empty if it is not installed.
    version_of : callable
        Version of an installed distribution, or None.
    """

    variables: Mapping[str, str]
    system: str
    distributions: tuple[str, ...]
    python: tuple[int, int, int]
    cache: Path
    requirements: tuple[str, ...]
    version_of: Callable[[str], str | None]

    def which(self, program: str) -> str | None:
        """Return where a program is on this environment's PATH."""
        return shutil.which(program, path=self.variables.get("PATH", ""))

    def run(self, command: Sequence[str], timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a command in this environment; one that cannot start or end has a nonzero return code."""
        try:
            return subprocess.run(
                command,
                env=dict(self.variables),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))


def this_machine() -> Environment:
    """Return the environment of this process."""
    return Environment(
        variables=dict(os.environ),
        system=platform.system(),
        distributions=_distributions(),
        python=sys.version_info[:3],
        cache=_cache(),
        requirements=_requirements(),
        version_of=_version_of,
    )


def _distributions() -> tuple[str, ...]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ()
    return (release["ID"], *release.get("ID_LIKE", "").split())


def _cache() -> Path:
    try:
        from bioscnn.caches import cache_folder

        return cache_folder()
    except ImportError:  # platformdirs is missing, which is for the doctor to say
        return Path.home() / ".cache" / "bioscnn"


def _requirements() -> tuple[str, ...]:
    try:
        return tuple(metadata.requires("bioscnn") or ())
    except metadata.PackageNotFoundError:
        return ()


def _version_of(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
