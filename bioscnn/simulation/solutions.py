"""What sympy has solved, kept on disk: a solution takes half a second, and loading sympy another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.files import write_json

SOLVED_BY = ("brian.py", "propagator.py")
"""Modules of this folder whose edits make solutions stale."""


def kept(asked: object, solve: Callable[[], Any]) -> Any:
    """Return a solution of equations as JSON has it, from disk or solved now.

    Parameters
    ----------
    asked : object
        All that decides the solution, of what JSON can say.
    solve : callable
        Solves it.
    """
    here = Path(__file__).parent
    sources = [(here / name).read_text(encoding="utf-8") for name in SOLVED_BY]
    key = json.dumps([asked, sources, version("brian2"), version("sympy")])
    file = cache_folder() / "solutions" / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
    with suppress(OSError, ValueError):
        return json.loads(file.read_text(encoding="utf-8"))
    found = solve()
    with suppress(OSError, UserError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, found)
    return found
