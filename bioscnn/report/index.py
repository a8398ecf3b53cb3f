"""The page that links all results: what came out in short, then every folder with its numbers and files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import is_there, unwritable_is_told
from bioscnn.locks import locked
from bioscnn.report.files import read_json
from bioscnn.report.index_entries import read_entry
from bioscnn.report.index_folder import OTHER, STEPS, FileLink, address, find_files, find_places
from bioscnn.report.index_groups import group_entries, heading_of, story
from bioscnn.report.index_page import index_page
from bioscnn.report.render import write_page

INDEX = "index.html"


def write_index(results: Path) -> Path:
    """Write ``index.html`` into the folder of all results, and return it.

    The page is one file that loads nothing else; its links are relative. It is made from what lies in the
    folder: what is damaged or unfinished is listed as such.

    Raises
    ------
    UserError
        If there is no such folder, or the page cannot be written.
    """
    if not results.is_dir():
        raise UserError(
            "no results yet", file=results, fix="type `make sim`, or `make study` for all of them"
        )
    # Of two commands that end at once, the later one must see what the earlier one wrote.
    with unwritable_is_told(results), locked(results / ".index.lock"):
        groups = list(group_entries(read_entry(place, results) for place in find_places(results)))
        by_kind = groupby(groups, lambda group: group.kind)
        sections = {(kind, heading_of(kind)): list(of_kind) for kind, of_kind in by_kind}
        page = index_page(
            results, sections, list(story(groups)), dict(_other_files(results)), _steps(results)
        )
        return write_page(page, results, INDEX)


def _steps(results: Path) -> dict[str, Any] | str | None:
    """Return the outcome of the steps that reproduce the docs; a damaged list as words, no list as None."""
    path = results / STEPS / "steps.json"
    if not is_there(path):
        return None
    try:
        steps = read_json(path, (), "delete it")
        for name, step in steps.items():
            log = path.with_name(f"{name}.log")
            step["log"] = address(log, results) if log.exists() else None
            step["minutes"] = float(step["seconds"]) / 60
            step["when"] = datetime.fromisoformat(step["began"])
            step["typed"] = " ".join(["bioscnn", *step["command"]])
            step |= {key: str(step[key]) for key in ("outcome", "answers", "error")}
        return steps
    except (UserError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return f"damaged: {str(error).splitlines()[0]}"


def _other_files(results: Path) -> Iterator[tuple[str, tuple[FileLink, ...]]]:
    """Yield files that are linked without being read, by what they are."""
    for name, what in OTHER.items():
        if (results / name).is_dir() and (files := find_files(results / name, results)):
            yield what, files
