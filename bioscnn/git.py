"""What git knows of a folder, without running what its repository names.

The configuration of a repository names programs: monitors of files, hooks, filters, conversions of text,
checkers of signatures, helpers of a remote. Here git is given objects, index and files of a repository, but
an empty folder for its settings: none of the repository's own is read. Those of the user hold.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bioscnn.errors import UserError
from bioscnn.files import read_text
from bioscnn.fingerprint import ROOT
from bioscnn.toml import parse_toml

SECONDS = 30
"""For which git may take: a repository can make it wait for ever."""

_BESIDE = {"index": "GIT_INDEX_FILE", "objects": "GIT_OBJECT_DIRECTORY", "shallow": "", "info/exclude": ""}
"""What git is given of a repository, and the variable that says where it is; without one, a link does."""

_PLAIN = (
    "core.fsmonitor=false",
    "core.fileMode=false",
    "log.showSignature=false",
    "core.hooksPath=/dev/null",
    "diff.autoRefreshIndex=false",
)
"""Against settings of the user that start programs too, or change what is printed."""


@dataclass(frozen=True)
class Repository:
    """A repository of git.

    Parameters
    ----------
    top : Path
        The folder of its files.
    head : str
        The commit that is checked out.
    places : dict
        Where its index, its objects and the like are.
    """

    top: Path
    head: str
    places: Mapping[str, Path]

    @classmethod
    def around(cls, folder: Path) -> Self | None:
        """Return the repository that a folder lies in; None if it lies in none, or git is not here."""
        names = [word for name in _BESIDE for word in ("--git-path", name)]
        # This reads where things are, and the name of a commit: no file, no index and no object.
        found = _git(folder, ["rev-parse", "--show-toplevel", *names, "--verify", "HEAD"], {})
        lines = [] if found is None or found.returncode else found.stdout.splitlines()
        if len(lines) != len(_BESIDE) + 2 or not re.fullmatch("[0-9a-f]{40}", lines[-1]):
            return None
        places = {name: folder / line for name, line in zip(_BESIDE, lines[1:-1], strict=True)}
        return cls(Path(lines[0]), lines[-1], {name: path.resolve() for name, path in places.items()})

    def git(self, *words: str) -> str | None:
        """Return what git prints, in the folder of the repository's files; None if it fails.

        Parameters
        ----------
        *words : str
            A command that only reads, and its arguments; patterns of paths are names of files.
        """
        with TemporaryDirectory(prefix="bioscnn-git-") as place:
            settings = Path(place)
            for folder in ("refs", "info"):
                (settings / folder).mkdir()
            (settings / "HEAD").write_text(f"{self.head}\n")
            variables = {"GIT_DIR": place, "GIT_WORK_TREE": str(self.top)}
            for name, path in self.places.items():
                if _BESIDE[name]:
                    variables[_BESIDE[name]] = str(path)
                else:
                    (settings / name).symlink_to(path)
            done = _git(self.top, words, variables)
        return None if done is None or done.returncode else done.stdout.strip()


def own_checkout() -> Repository | None:
    """Return the repository of bioscnn that this code is a checkout of; None of an installed package.

    A repository that merely contains the package, such as one with a virtual environment in its folder, says
    nothing of this code.
    """
    repository, top = Repository.around(ROOT), ROOT.resolve().parent
    if repository is None or repository.top != top:
        return None
    try:
        ours = parse_toml(read_text(top / "pyproject.toml"))["project"]["name"] == "bioscnn"
    except (OSError, UserError, LookupError, TypeError):
        return None
    return repository if ours else None


def _git(
    folder: Path, words: Sequence[str], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str] | None:
    """Run git; of its variables around this process only the user's settings hold. None if it is not here."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith("GIT_CONFIG")}
    plain = {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_ALLOW_PROTOCOL": ""}
    settings = [word for setting in _PLAIN for word in ("-c", setting)]
    try:
        return subprocess.run(
            ["git", *settings, *words],
            cwd=folder,
            env={**kept, **plain, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
