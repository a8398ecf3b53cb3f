"""Fixtures that tests of experiments share with tests of pages."""

from tests.browser.conftest import browser

__all__ = ["browser"]
