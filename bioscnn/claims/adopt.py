"""Numbers that stand in a text only: they are moved into tables, and marked."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioscnn.claims.numbers import CELL, CLAIMED, INTERVAL, NUMBER, UNIT, numbers_in
from bioscnn.claims.pages import END, cells_of, paragraphs, plain, read_page, tables_of, unmarked
from bioscnn.claims.record import Record, write_table
from bioscnn.claims.tables import IN_HEADER, VERDICT
from bioscnn.files import write_atomically
from bioscnn.report.document import Document

MARKDOWN_TABLE = re.compile(r"(?m)^\|.*\|\n\|[ :|-]+\|\n(?:\|.*\|(?:\n|\Z))+")
QUOTATION = re.compile(r"(?m)^>.*\n(?:^>.*\n)*")
PART = re.compile(rf"(?P<value>{NUMBER})(?:\s*(?P<unit>{UNIT}))?(?:\s*(?P<interval>{INTERVAL}))?|{INTERVAL}")
CLAIMS = ("claim", "value", "low", "high", "unit")


@dataclass(frozen=True)
class Adopted:
    """A text whose numbers are marked, and the tables that hold them: CSV text and units by name."""

    text: str
    tables: dict[str, tuple[str, dict[str, str]]]


def adopt(text: str, name: str, taken: Sequence[str] = ()) -> Adopted:
    """Return a text with all unmarked claims marked, and tables of their numbers, of names that are free.

    Markdown tables become tables of the same columns; a column of intervals becomes three. Quotes become
    verdicts. Other numbers become rows of the table `name`: claim, value, low, high, unit.
    """
    tables: dict[str, tuple[str, dict[str, str]]] = {}
    waiting = [start for start, _ in unmarked(text)]
    pieces, at = [], 0
    for match in MARKDOWN_TABLE.finditer(text):
        if any(match.start() <= start < match.end() for start in waiting):
            title = _free(f"{name}-{_section(text, match.start())}", {*taken, *tables})
            tables[title] = _table_of(match.group())
            pieces += [
                text[at : match.start()],
                f"<!--= table {title} -->\n{match.group().rstrip()}\n{END}\n",
            ]
            at = match.end()
    text = _quotes_marked("".join([*pieces, text[at:]]), name, taken, tables)
    name, rows = _free(name, taken), list[dict[str, str]]()
    pieces, at = [], 0
    for start, end in _spans(text):
        for part in PART.finditer(text, start, end):
            claim = _free(_section(text, start), {row["claim"] for row in rows})
            rows.append({"claim": claim, **_row(part, text[start:end])})
            pieces += [text[at : part.start()], f"<!--= {name}; {claim} -->{part.group()}{END}"]
            at = part.end()
    if rows:
        tables[name] = _csv(CLAIMS, rows), {}
    return Adopted("".join([*pieces, text[at:]]), tables)


def _quotes_marked(
    text: str, name: str, taken: Container[str], tables: dict[str, tuple[str, dict[str, str]]]
) -> str:
    """Return a text with marked quotations, and keep their paragraphs as tables of verdicts."""
    waiting = [start for start, _ in unmarked(text)]

    def marked(match: re.Match[str]) -> str:
        if not any(match.start() <= start < match.end() for start in waiting):
            return match.group()
        title = f"{name}-{_section(text, match.start())}-verdict"
        while title in tables or title in taken:
            title += "-more"
        tables[title] = _csv([VERDICT], [{VERDICT: part} for part in paragraphs(match.group())]), {}
        return f"<!--= quote {title} -->\n{match.group()}{END}\n"

    return QUOTATION.sub(marked, text)


def adopt_page(page: Path, command: str, varied: str) -> list[str]:
    """Mark the claims of a page that are in no table, and write tables with their numbers, as they are.

    The tables say that they were copied, and so are stale until a command writes them.

    Returns
    -------
    list of str
        Names of the tables.
    """
    adopted = adopt(read_page(page), page.stem.lower(), [path.stem for path in tables_of(page).glob("*.csv")])
    record = Record(command, _commit_of(page), varied, transcribed=page.name)
    return _write(page, adopted, record)


def publish(document: Document, content: str, record: Record) -> list[str]:
    """Write a text into its place of a document, and its numbers into tables; return their names."""
    name = f"{document.path.stem.lower()}-{document.name}"
    adopted = adopt(content, name)
    for old in tables_of(document.path).glob(f"{name}*"):
        if old.stem not in adopted.tables:
            old.unlink()
    document.write(adopted.text)
    return _write(document.path, replace(adopted, text=read_page(document.path)), record)


def _write(page: Path, adopted: Adopted, record: Record) -> list[str]:
    for name, (content, units) in adopted.tables.items():
        write_table(tables_of(page) / f"{name}.csv", content.encode(), replace(record, units=units))
    write_atomically(page, adopted.text.encode())
    return list(adopted.tables)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where claims in sentences begin and end."""
    for start, _ in unmarked(text):
        found = CLAIMED.match(text, start)
        if found is not None:
            yield start, found.end()


def _row(part: re.Match[str], claim: str) -> dict[str, str]:
    digits = [f"{number:.12g}" for number in numbers_in(part.group())]
    value = digits.pop(0) if part["value"] else ""
    low, high = digits or ("", "")
    unit = part["unit"] or ("p" if claim.startswith("p") else _last_words(claim))
    return {"value": value, "low": low, "high": high, "unit": unit}


def _last_words(claim: str) -> str:
    found = re.search(rf"{UNIT}|[a-z][a-zA-Z \n]*$", claim)
    return " ".join(found.group().split()) if found else "1"


def _table_of(markdown: str) -> tuple[str, dict[str, str]]:
    """Return a Markdown table as CSV text, and the units of columns whose header has none."""
    header, _, *body = [[plain(cell) for cell in cells_of(line)] for line in markdown.strip().splitlines()]
    whole = re.search(r", (%|ms|points)$|\((%|ms|points)\)$", header[0])
    columns: list[str] = []
    units: dict[str, str] = {}
    rows: list[dict[str, str]] = [{} for _ in body]
    for k, name in enumerate(header):
        cells = [line[k] for line in body]
        found = [CELL.fullmatch(cell) for cell in cells]
        columns.append(name)
        if any(match is None and cell for match, cell in zip(found, cells, strict=True)):
            for row, cell in zip(rows, cells, strict=True):
                row[name] = cell
            continue
        low, high = f"{name} low", f"{name} high"
        if any(match and match.group(2) for match in found):
            columns += [low, high]
        for row, match in zip(rows, found, strict=True):
            numbers = (
                []
                if match is None
                else [re.sub("[−+,]", _sign, one) for one in re.findall(NUMBER, match.group())]
            )
            row |= dict(zip((name, low, high), [*numbers, "", "", ""], strict=False))
        if not IN_HEADER.search(name):
            percent = any("%" in cell for cell in cells)
            units[name] = "%" if percent else next(filter(None, whole.groups())) if whole else "1"
    return _csv(columns, rows), units


def _sign(match: re.Match[str]) -> str:
    return "-" if match.group() == "−" else ""


def _csv(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _section(text: str, position: int) -> str:
    """Return the last word of three letters and more in the heading above a position."""
    headings = re.findall(r"(?m)^#+ (.*)$|^\*\*(.+?)\*\*", text[:position])
    words = re.findall(r"[a-z]{3,}", " ".join(headings[-1]).lower()) if headings else []
    return "-".join(words[-2:]) or "table"


def _free(name: str, taken: Container[str]) -> str:
    k = 1
    while (found := name if k == 1 else f"{name}-{k}") in taken:
        k += 1
    return found


def _commit_of(page: Path) -> str:
    """Return the last commit that changed a page."""
    words = ["git", "-C", str(page.resolve().parent), "log", "-1", "--format=%H", "--", page.name]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() or "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
