"""Experiments without their pages, where no assertion reads one: most of their time is that of figures."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bioscnn.experiments.engine import bench_of


@contextmanager
def no_pages() -> Iterator[None]:
    """Let experiments write all but their pages, which are made up to their drawing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioscnn.experiments.run.write_page", lambda page, folder: None)
        yield


@pytest.fixture(autouse=True, scope="module")
def fresh_bench():
    """Examples of another data folder, which BIOSCNN_DATA named for other tests, are not remembered."""
    bench_of.cache_clear()


@pytest.fixture
def without_pages() -> Iterator[None]:
    """The same for one test; fixtures of its module have their pages."""
    with no_pages():
        yield
