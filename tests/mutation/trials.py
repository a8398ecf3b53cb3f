"""Mutants tried by tests, in children of a process that has loaded and run these tests before."""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.patch import Key, put_in

OPTIONS = (
    "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not genn and not browser", "-o",
    "addopts=--strict-markers --doctest-modules --doctest-ignore-import-errors -p no:nengo",
)  # fmt: skip
MEMORY = 8 * 2**30
WAITED = 20
"""So many times its processor time may pass on the clock of a busy machine."""


class Trials:
    """A plugin of pytest: runs all tests once, noting times and lines, and then hands itself to a function.

    Parameters
    ----------
    root : Path
        The repository.
    files : sequence of str
        Modules whose lines are noted.
    then : callable
        What is done when the tests have been run.
    """

    def __init__(self, root: Path, files: Sequence[str], then: Callable[[Trials], None]) -> None:
        import coverage

        self.root, self.then, self.items = root, then, {}
        self._begun = mmap.mmap(-1, 4)
        self.failed: set[str] = set()
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = {}
        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[str(root / file) for file in files]
        )
        self.coverage.start()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionstart(self) -> None:
        """Let examples take as long as a child needs that fills its caches anew."""
        import hypothesis

        hypothesis.settings.register_profile("mutants", deadline=None)
        hypothesis.settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item, following in zip(session.items, [*session.items[1:], None], strict=True):
            begun = _processor_time()
            self.coverage.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.coverage.switch_context("")
            self.items[item.nodeid] = item
            self.seconds[item.nodeid] = _processor_time() - begun
        self.coverage.stop()
        data = self.coverage.get_data()
        for file in data.measured_files():
            by_line = data.contexts_by_lineno(file)
            self.lines[str(Path(file).relative_to(self.root))] = {
                line: set(tests) - self.failed - {""} for line, tests in by_line.items()
            }
        self.then(self)
        return True

    @property
    def passed(self) -> set[str]:
        """The tests that passed before any change."""
        return set(self.seconds) - self.failed

    @property
    def begun(self) -> int:
        """Number of the tests that were begun on the last mutant: the last of them may have failed."""
        return int.from_bytes(self._begun[:])

    def _begin(self, n: int) -> None:
        self._begun[:] = n.to_bytes(4)

    def tried(self, module: str, changed: dict[Key, Any], tests: Sequence[str], seconds: float) -> str:
        """Return how tests end with changed functions: ``killed``, ``timeout`` or ``survived``."""

        def work() -> int:
            if not put_in(module, changed):
                return 71
            self.failed.clear()
            for n, test in enumerate(tests, start=1):
                self._begin(n)
                item = self.items[test]
                with contextlib.suppress(AttributeError):
                    item._initrequest()  # fixtures are made anew
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if self.failed:
                    return 1
            return 0

        self._begin(1)
        return ended(in_child(work, seconds))

    def tried_on_import(
        self, name: str, file: Path, source: str, tests: Sequence[str], seconds: float
    ) -> str:
        """Return how tests end in a child that imports bioscnn anew, with one module changed."""

        def work() -> int:
            for loaded in [key for key in sys.modules if key.partition(".")[0] in ("bioscnn", "tests")]:
                if not loaded.startswith("tests.mutation"):
                    del sys.modules[loaded]
            sys.meta_path.insert(0, Changed(name, file, source))  # type: ignore[arg-type]
            return int(pytest.main([*OPTIONS, *tests], plugins=[Begun()]))

        class Begun:
            def pytest_runtest_logstart(this, nodeid: str, location: object) -> None:  # noqa: N805
                if nodeid in tests:
                    self._begin(max(self.begun, 1 + tests.index(nodeid)))

        self._begin(1)
        return ended(in_child(work, seconds))


def ended(code: int | None) -> str:
    """Return what an exit code says of a mutant."""
    return {None: "timeout", 0: "survived", 71: "not run"}.get(code, "killed")


class Changed:
    """Finds one module of bioscnn as a mutant."""

    def __init__(self, name: str, file: Path, source: str) -> None:
        self.name, self.file, self.source = name, file, source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        from importlib.util import spec_from_file_location

        if name != self.name:
            return None
        package = [str(self.file.parent)] if self.file.name == "__init__.py" else None
        return spec_from_file_location(name, self.file, loader=self, submodule_search_locations=package)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        exec(compile(self.source, str(self.file), "exec"), module.__dict__)


def in_child(work: Callable[[], int], seconds: float) -> int | None:
    """Do work in a child; return its exit code, None if it died or took more processor time."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        begun, process = time.monotonic(), os.fork()
        if not process:
            code = 70
            try:
                os.setsid()
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, 1)
                os.dup2(nothing, 2)
                limit = int(seconds + time.process_time()) + 1
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                os.environ["BIOSCNN_CACHE"] = cache
                code = work()
            finally:
                os._exit(code)
        while not (found := os.waitpid(process, os.WNOHANG))[0]:
            if time.monotonic() - begun > WAITED * seconds:
                os.killpg(process, signal.SIGKILL)
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):  # compilers that it started
            os.killpg(process, signal.SIGKILL)
    return os.WEXITSTATUS(found[1]) if os.WIFEXITED(found[1]) else None


def _processor_time() -> float:
    """Return the processor time of this process and of children that have ended, s."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
