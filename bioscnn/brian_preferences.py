"""What is asked before Brian2 is imported: whether it would run a file, and whether NumPy fits.

Brian2 evaluates a file ``brian_preferences`` of the current folder when it is imported: refused here.

A folder that somebody sends may hold such a file beside a study, and whatever is written in it would be run.
Preferences are none of a study anyway: they change results, and no hash knows of them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing takes longer to load than all of this, and until then Ctrl-C is Python's own
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

FILE = "brian_preferences"


class _Guard:
    """Asked before Brian2 is found; finds nothing itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "brian2":
            return None
        from pathlib import Path

        from bioscnn.errors import UserError

        if Path(FILE).exists():
            raise UserError(
                "Brian2 would run what this file holds",
                file=Path(FILE).absolute(),
                expected="no such file in the folder from which bioscnn is started",
                fix="remove it, or start from another folder; preferences of your own belong into "
                "~/.brian/user_preferences",
            )
        _refuse_misfit()
        return None


def _refuse_misfit() -> None:
    """Refuse a NumPy with which this Brian2 cannot be imported: it would end in an AttributeError."""
    from importlib.metadata import PackageNotFoundError, version

    from bioscnn.brian_versions import misfit
    from bioscnn.errors import UserError

    try:
        brian2, numpy = version("brian2"), version("numpy")
    except PackageNotFoundError:
        return
    found = misfit(brian2, numpy)
    if found is not None:
        raise UserError(
            "Brian2 cannot be imported with this NumPy",
            value=f"Brian2 {brian2} with NumPy {numpy}",
            expected=f"NumPy before {found[1]}, or Brian2 {found[0]} or newer",
            fix=f'pip install "numpy<{found[1]}"',
        )


def guard() -> None:
    """Refuse both from now on, whoever imports Brian2."""
    if not any(isinstance(finder, _Guard) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guard())
