"""The import of Brian2: what it would run is refused, and so is a NumPy that does not fit; no log stays.

Brian2 evaluates a file ``brian_preferences`` of the current folder when it is imported: refused here.

A folder that somebody sends may hold such a file beside a study, and whatever is written in it would be run.
Preferences are none of a study anyway: they change results, and no hash knows of them.

Brian2 logs to a temporary file, and hushes what others print by others, which it removes at the end
of the process: one that is killed would leave them for ever.

Brian2 imports matplotlib, which reads a file ``matplotlibrc`` of the current folder: one that cannot be
read as text, or has a setting that matplotlib would run, is refused. What else is written in it changes
fonts alone, see `bioscnn.plots.style.settings`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing takes longer to load than all of this, and until then Ctrl-C is Python's own
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

FILE = "brian_preferences"
SETTINGS = "matplotlibrc"
LARGEST_SETTINGS = 1_000_000
"""Bytes; matplotlib's own file, of all settings, has 50,000."""

RUN = (("axes.prop_cycle", ""), ("backend", "module:"))
"""Settings, and words in them, that matplotlib before 3.11 evaluates as Python, or imports."""


class _Guard:
    """Finds Brian2 as Python does, after questions."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "matplotlib":
            _refuse_settings()
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
        return _without_log()


def _refuse_settings() -> None:
    """Refuse settings that matplotlib would run, wait for, or end in a traceback at."""
    from pathlib import Path

    from bioscnn.errors import UserError

    path = Path(SETTINGS)
    if not path.exists() or path.is_dir():
        return
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_SETTINGS:
            lines = path.read_text(encoding="utf-8").split("\n")  # as matplotlib: no form feed ends a line
            settings = [line.partition(":")[::2] for line in lines]
            run = [
                key for key, word in RUN for name, value in settings if name.strip() == key and word in value
            ]
            if not run:
                return
            problem = f"matplotlib may run what this file says for {run[0]}"
        else:
            problem = "matplotlib cannot read its settings: too large, or no file"
    except (OSError, ValueError) as error:
        problem = f"matplotlib cannot read its settings: {error}"
    raise UserError(
        problem,
        file=path.absolute(),
        expected="a text, or no such file in the folder from which bioscnn is started",
        fix="remove it: it changes no figure of bioscnn",
    )


def _refuse_misfit() -> None:
    """Refuse a NumPy with which this Brian2 cannot be imported: it would end in an AttributeError."""
    from importlib.metadata import PackageNotFoundError, version

    from bioscnn.brian_versions import misfit
    from bioscnn.errors import UserError

    try:
        brian2, numpy = version("brian2"), version("numpy")
    except PackageNotFoundError:
        return
    limits = misfit(brian2, numpy)
    if limits is not None:
        raise UserError(
            "Brian2 cannot be imported with this NumPy",
            value=f"Brian2 {brian2} with NumPy {numpy}",
            expected=f"NumPy before {limits[1]}, or Brian2 {limits[0]} or newer",
            fix=f'pip install "numpy<{limits[1]}"',
        )


def _without_log() -> ModuleSpec | None:
    """Return how Python imports Brian2, with its log file and its copy of the script removed at once."""
    from importlib.machinery import PathFinder, SourceFileLoader

    class Loader(SourceFileLoader):
        def exec_module(self, module: ModuleType) -> None:
            super().exec_module(module)
            _remove_log()

    spec = PathFinder.find_spec("brian2")
    if spec is not None and isinstance(spec.loader, SourceFileLoader):
        spec.loader = Loader(spec.loader.name, spec.loader.path)
    return spec


def _remove_log() -> None:
    """Close and remove the files, unless the user has asked Brian2 to keep them."""
    import logging
    from contextlib import suppress
    from pathlib import Path

    from brian2.core.preferences import prefs
    from brian2.utils.logger import BrianLogger

    if not prefs["logging.delete_log_on_exit"]:
        return
    prefs["logging.std_redirection_to_file"] = False  # what is printed is hushed without a file, too
    if BrianLogger.file_handler is not None:
        logging.getLogger("brian2").removeHandler(BrianLogger.file_handler)
        BrianLogger.file_handler.close()
        BrianLogger.file_handler = None
    for path in (BrianLogger.tmp_log, BrianLogger.tmp_script):
        if path is not None:
            with suppress(OSError):
                Path(path).unlink()
    BrianLogger.tmp_log = BrianLogger.tmp_script = None


def guard() -> None:
    """Refuse both from now on, whoever imports Brian2."""
    if not any(isinstance(finder, _Guard) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guard())
