"""Experiments without their pages, where no assertion reads one: most of their time is that of figures."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_pages() -> Iterator[None]:
    """Let experiments write all but their pages, which are made up to their drawing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioscnn.experiments.run.write_page", lambda page, folder: None)
        yield


@pytest.fixture
def without_pages() -> Iterator[None]:
    """The same for one test; fixtures of its module have their pages."""
    with no_pages():
        yield
