"""Names and texts that would run in a page, a template or a link, and what a page must make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.run import Finished
from bioscnn.report.page import Page
from bioscnn.report.render import write_page
from tests.browser.conftest import open_alone

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAME = "javascript:'\"><img src=x onerror=\"document.title='it ran'\"><script>{{ 7191 * 7 }}{% raw %}&amp;"
"""What a file, a folder or a class may be called."""

TEXT = (
    "<script>document.title = 'it ran'</script><img src=x onerror=\"document.title='it ran'\">"
    "</style></title><!-- {{ 7191 * 7 }} {% raw %} &amp; ' \" -->"
)
"""What a comment, a note or a cell may say."""


PRODUCT = str(7191 * 7)
"""What a template would make of it."""


def assert_nothing_ran(
    browser: Browser, path: Path, at_least: int, text: str = TEXT, n_scripts: int = 0
) -> None:
    """A page shows a text so often at least, letter by letter, and has no element, title or number of it."""
    page = open_alone(browser, path, 1280)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    shown = page.locator("body").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert page.title() != "it ran"
    assert page.locator("script").count() == n_scripts
    assert page.locator("img[src=x], [onerror], [onload], a[href^=javascript]").count() == 0
    assert shown.count(text) >= at_least
    assert PRODUCT not in shown
    page.close()


OUTSIDE = {"study", "source", "dataset", "network", "model", "command", "began_with", "device", "commit"}
"""Keys of a summary that hold names of others."""


def write_with_names(
    page: Callable[[Analysis, Mapping[str, Any]], Page], finished: Finished, folder: Path
) -> Path:
    """Write the page of an experiment once more, as of a study, data and networks that are called `NAME`."""
    named = dict.fromkeys(OUTSIDE & finished.summary.keys(), NAME)
    analysis = replace(finished.analysis, title=NAME, verdict=[NAME])
    return write_page(page(analysis, {**finished.summary, **named}), folder)
