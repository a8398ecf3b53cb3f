"""What all tests share."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs between runs of the tests, apart from the user's own."""
    if (cache := getattr(config, "cache", None)) is not None:
        os.environ["BIOSCNN_CACHE"] = str(cache.mkdir("bioscnn"))
