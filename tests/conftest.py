"""What all tests share."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_configure(config: pytest.Config) -> None:
    """Compute with one thread a process, and keep compiled programs apart from the user's own."""
    # The workers of `make test` take all cores. Threads of one that wait for a core which another has spin.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if (cache := getattr(config, "cache", None)) is not None:
        os.environ["BIOSCNN_CACHE"] = str(cache.mkdir("bioscnn"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the notebooks: one that is begun last keeps one worker busy, and all others wait."""
    items.sort(key=lambda item: item.get_closest_marker("notebook") is None)


def pytest_collection_finish() -> None:
    """Let garbage be looked for among what tests make: Brian2 looks through all there is before every run."""
    gc.collect()
    gc.freeze()


def missing(message: str) -> NoReturn:
    """Skip a test, or let it fail in CI, which has to have everything."""
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the program that judges whether a page can be used with a screen reader."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        missing("no axe on this machine: pip install axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Open a real Chromium."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        missing("no Chromium on this machine: apt-get install chromium")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=options)
        yield opened
        opened.close()


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be copied beside the thread with which a worker of `make test` listens."""
    monkeypatch.setattr("bioscnn.forks.can_be_copied", lambda: True)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures of pages blank, where nobody looks at them: they take longer than a short run."""
    from tests.page import blank

    monkeypatch.setattr("bioscnn.report.render.draw_all", blank)


def pytest_sessionfinish() -> None:
    """Leave no process behind, and let its time be counted."""
    program.end()
