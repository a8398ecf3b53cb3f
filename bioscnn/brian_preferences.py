"""Brian2 evaluates a file ``brian_preferences`` of the current folder when it is imported: refused here.

A folder that somebody sends may hold such a file beside a study, and whatever is written in it would be run.
Preferences are none of a study anyway: they change results, and no hash knows of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from bioscnn.errors import UserError

FILE = "brian_preferences"


class _Guard(MetaPathFinder):
    """Asked before Brian2 is found; finds nothing itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "brian2" and Path(FILE).exists():
            raise UserError(
                "Brian2 would run what this file holds",
                file=Path(FILE).absolute(),
                expected="no such file in the folder from which bioscnn is started",
                fix="remove it, or start from another folder; preferences of your own belong into "
                "~/.brian/user_preferences",
            )
        return None


def guard() -> None:
    """Refuse the file from now on, whoever imports Brian2."""
    if not any(isinstance(finder, _Guard) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guard())
