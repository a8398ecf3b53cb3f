"""The program ``bioscnn``, and notebooks, in processes of their own that take no seconds to load.

``python -m tests.program`` loads all of bioscnn, and copies itself for every command that it is sent. What a
start does is tried by tests that begin a process anew.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
BIOSCNN = Path(sys.executable).with_name("bioscnn")


def bioscnn(
    folder: Path, *words: object, drawn: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, as a user without data; figures of pages stay blank if not `drawn`."""
    return in_a_copy("bioscnn.__main__", folder, [BIOSCNN, *words], _without_data(variables), drawn=drawn)


def in_a_copy(
    module: str, folder: Path, command: Sequence[object], env: Mapping[str, str], *, drawn: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run ``main`` of a module as a command in a folder, in a copy of the process that has loaded bioscnn."""
    words = list(map(str, command))
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place) / name for name in ("stdout", "stderr")]
        request = {"module": module, "folder": str(folder), "command": words, "said": list(map(str, said))}
        loaded = _loaded()
        assert loaded.stdin is not None and loaded.stdout is not None
        print(json.dumps(request | {"env": dict(env), "drawn": drawn}), file=loaded.stdin, flush=True)
        code = int(loaded.stdout.readline())
        return subprocess.CompletedProcess(words, code, *(file.read_text("utf-8") for file in said))


def bioscnn_anew(folder: Path, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same in a process that loads everything, for what happens meanwhile."""
    command = [str(BIOSCNN), *map(str, words)]
    env = _without_data(variables)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def _without_data(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "BIOSCNN_DATA"} | variables


def cache_with_programs(folder: Path) -> Path:
    """Return an empty cache folder but for the programs that are compiled already."""
    programs = Path(os.environ["BIOSCNN_CACHE"]) / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    (cache := folder / "cache").mkdir()
    (cache / "programs").symlink_to(programs)
    return cache


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One clear message, no traceback, code 2."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


@cache
def _loaded() -> subprocess.Popen[str]:
    """Return the process that is copied; it ends with this one, whose pipe it reads."""
    command = [sys.executable, "-m", "tests.program"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end() -> None:
    """End the process that is copied, if there is one, and wait for it."""
    if _loaded.cache_info().currsize:
        _loaded().communicate()
        _loaded.cache_clear()


def _load() -> None:
    """Import all of bioscnn but what needs torch or the program leaves out, and what notebooks need."""
    import bioscnn
    import bioscnn.cli

    sys.modules.setdefault("pylab", None)  # type: ignore[arg-type]
    for module in pkgutil.walk_packages(bioscnn.__path__, "bioscnn."):
        if not module.name.startswith("bioscnn.training"):
            importlib.import_module(module.name)
    for name in ("IPython", "matplotlib_inline.backend_inline", "pandas", "seaborn", "sklearn.kernel_ridge"):
        importlib.import_module(name)


def _serve() -> None:
    """Copy this process for every command, wait for it, and say its exit code."""
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _become(**json.loads(line))
        status = os.waitpid(process, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(
    module: str, folder: str, command: list[str], env: dict[str, str], said: list[str], drawn: bool
) -> None:
    """Be a program: run a command to its end, as Python does that of a process begun anew."""
    atexit._clear()
    if not drawn:
        from bioscnn.report import render
        from tests.page import blank

        render.draw_all = blank
    for descriptor, file in enumerate([os.devnull, *said]):
        os.dup2(os.open(file, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = command
    # Worker processes load the main module of the process that starts them: this one is none of theirs.
    sys.modules["__main__"] = ModuleType("__main__")
    code: Any = 1
    try:
        importlib.import_module(module).main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _load()
    _serve()
