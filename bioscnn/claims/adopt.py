"""Numbers that stand in a text only: they are moved into tables, and marked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bioscnn.claims.numbers import CELL, CLAIMED, INTERVAL, NUMBER, UNIT, numbers_in
from bioscnn.claims.pages import (
    END,
    LINE_START,
    cells_of,
    line_of,
    paragraphs,
    plain,
    read_page,
    tables_of,
    unmarked,
)
from bioscnn.claims.record import Record, write_table
from bioscnn.claims.tables import IN_HEADER, VERDICT
from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.git import Repository
from bioscnn.report.document import Document

MARKDOWN_TABLE = re.compile(r"(?m)^\|.*\|\n\|[ :|-]+\|\n(?:\|.*\|(?:\n|\Z))+")
QUOTATION = re.compile(r"(?m)^>.*\n(?:^>.*\n)*")
PART = re.compile(rf"(?P<value>{NUMBER})(?:\s*(?P<unit>{UNIT}))?(?:\s*(?P<interval>{INTERVAL}))?|{INTERVAL}")
OF_NO_WEIGHT = {
    "a", "an", "and", "are", "as", "by", "came", "do", "does", "for", "found", "from", "how", "in", "is",
    "it", "long", "many", "much", "of", "on", "out", "that", "the", "there", "these", "they", "this", "to",
    "under", "was", "well", "what", "where", "which", "why",
}  # fmt: skip
"""Words of a heading that name nothing."""
AT_LINE_START = re.compile(r"(?<=\S)\n( *)(<!--= (?!table |quote )[^\n]+? -->(?!\n)(?s:.*?)<!--/-->\S*) ")
CLAIMS = ("claim", "value", "low", "high", "unit")


@dataclass(frozen=True)
class Copied:
    """A table as CSV text, a line of the page that it was, the command before it, and units of columns."""

    content: str
    line: str = ""
    command: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Adopted:
    """A text whose numbers are marked, and the tables that hold them by name."""

    text: str
    tables: dict[str, Copied]


def adopt(text: str, name: str, taken: Sequence[str] = ()) -> Adopted:
    """Return a text with all unmarked claims marked, and tables of their numbers, of names that are free.

    Markdown tables become tables of the same columns; a column of intervals becomes three. Quotes become
    verdicts. Other numbers become rows of the table `name`: claim, value, low, high, unit.
    """
    tables: dict[str, Copied] = {}
    waiting = [start for start, _ in unmarked(text)]
    pieces, at = [], 0
    for match in MARKDOWN_TABLE.finditer(text):
        if any(match.start() <= start < match.end() for start in waiting):
            title = _free(f"{name}-{_section(text, match.start())}", {*taken, *tables})
            tables[title] = replace(
                _table_of(match.group(), _unit(text, match.start())), command=_command(text, match.start())
            )
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
        tables[name] = Copied(_csv(CLAIMS, rows))
    text = "".join([*pieces, text[at:]])
    while (moved := AT_LINE_START.sub(r" \2\n\1", text)) != text:
        text = moved
    return Adopted(text, tables)


def _quotes_marked(text: str, name: str, taken: Container[str], tables: dict[str, Copied]) -> str:
    """Return a text with marked quotations, and keep their paragraphs as tables of verdicts."""
    waiting = [start for start, _ in unmarked(text)]

    def marked(match: re.Match[str]) -> str:
        if not any(match.start() <= start < match.end() for start in waiting):
            return match.group()
        title = f"{name}-{_section(text, match.start())}-verdict"
        while title in tables or title in taken:
            title += "-more"
        rows = [{VERDICT: part} for part in paragraphs(match.group())]
        tables[title] = Copied(
            _csv([VERDICT], rows), match.group().splitlines()[0], _command(text, match.start())
        )
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
    text = read_page(page)
    for start, number in unmarked(text):
        before = text[:start].rpartition("\n")
        paragraph = before[0].endswith("\n") or not before[0] or before[2].strip()
        if LINE_START.fullmatch(before[2]) and paragraph and text[start] != "|":
            raise UserError(
                "a paragraph or point begins with a number, and Markdown reads no line that a marker begins",
                file=f"{page}:{line_of(text, start)}", value=number, fix="begin with a word",
            )  # fmt: skip
    adopted = adopt(text, page.stem.lower(), [path.stem for path in tables_of(page).glob("*.csv")])
    record = Record(command, _commit_of(page) or "unknown", varied, transcribed=page.name)
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
    for name, table in adopted.tables.items():
        made = replace(record, units=table.units)
        if record.transcribed:
            commit = (_commit_of(page, table.line) if table.line else None) or record.commit
            made = replace(made, command=table.command or record.command, commit=commit)
        write_table(tables_of(page) / f"{name}.csv", table.content.encode(), made)
    write_atomically(page, adopted.text.encode())
    return list(adopted.tables)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where claims in sentences begin and end."""
    for start, _ in unmarked(text):
        claim = CLAIMED.match(text, start)
        if claim is not None:
            yield start, claim.end()


def _row(part: re.Match[str], claim: str) -> dict[str, str]:
    digits = [f"{number:.12g}" for number in numbers_in(part.group())]
    value = digits.pop(0) if part["value"] else ""
    low, high = digits or ("", "")
    unit = part["unit"] or ("p" if claim.startswith("p") else _last_words(claim))
    return {"value": value, "low": low, "high": high, "unit": unit}


def _last_words(claim: str) -> str:
    match = re.search(rf"{UNIT}|[a-z][a-zA-Z \n]*$", claim)
    return " ".join(match.group().split()) if match else "1"


def _table_of(markdown: str, unit: str) -> Copied:
    """Return a Markdown table as CSV text, and the units of columns whose header has none."""
    header, _, *body = [[plain(cell) for cell in cells_of(line)] for line in markdown.strip().splitlines()]
    if len(set(header)) < len(header):
        raise UserError("a Markdown table has two columns of one name", value=header, fix="rename one")
    numbered = any(CELL.fullmatch(line[0]) for line in body)  # the unit in its header is then its own
    whole = None if numbered else re.search(r", (%|ms|points)$|\((%|ms|points)\)$", header[0])
    columns: list[str] = []
    units: dict[str, str] = {}
    rows: list[dict[str, str]] = [{} for _ in body]
    for k, name in enumerate(header):
        cells = [line[k] for line in body]
        if not IN_HEADER.search(name) and any(CELL.fullmatch(cell) for cell in cells):
            percent = any("%" in cell for cell in cells)
            units[name] = "%" if percent else str(next(filter(None, whole.groups()))) if whole else unit
        matches = [CELL.fullmatch(cell) for cell in cells]
        columns.append(name)
        if any(match is None and cell for match, cell in zip(matches, cells, strict=True)):
            for row, cell in zip(rows, cells, strict=True):
                row[name] = cell
            continue
        low, high = f"{name} low", f"{name} high"
        if any(match and match.group(2) for match in matches):
            columns += [low, high]
        for row, match in zip(rows, matches, strict=True):
            numbers = (
                []
                if match is None
                else [re.sub("[−+,]", _sign, number) for number in re.findall(NUMBER, match.group())]
            )
            row |= dict(zip((name, low, high), [*numbers, "", "", ""], strict=False))
    return Copied(_csv(columns, rows), markdown.splitlines()[2], units=units)


def _sign(match: re.Match[str]) -> str:
    return "-" if match.group() == "−" else ""


def _csv(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _section(text: str, position: int) -> str:
    """Return the first two words that count of the heading above a position."""
    headings = re.findall(r"(?m)^#+ (.*)$|^\*\*(.+?)\*\*", text[:position])
    words = re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", " ".join(headings[-1]).lower()) if headings else []
    return "-".join([word for word in words if word not in OF_NO_WEIGHT][:2]) or "table"


def _command(text: str, position: int) -> str | None:
    """Return the last command that the section of a position names before it."""
    section = re.split(r"(?m)^#+ ", text[:position])[-1]
    commands = re.findall(r"`((?:make|bioscnn|python|[.]venv)[ /][^`]+)`", section)
    return " ".join(commands[-1].split()) if commands else None


def _unit(text: str, position: int) -> str:
    """Return ``%`` if the section of a position says before it that numbers are in it, else ``1``."""
    return "%" if re.search(r"\bin\s+%", re.split(r"(?m)^#+ ", text[:position])[-1]) else "1"


def _free(name: str, taken: Container[str]) -> str:
    k = 1
    while (free_name := name if k == 1 else f"{name}-{k}") in taken:
        k += 1
    return free_name


def _commit_of(page: Path, line: str = "") -> str | None:
    """Return the last commit that changed a page, or that brought a line of it; None outside git."""
    page = page.resolve()
    repository = Repository.around(page.parent)
    if repository is None or not page.is_relative_to(repository.top):
        return None
    plain = ("-1", "--format=%H", "--no-show-signature", "--no-ext-diff", "--no-textconv")
    search = (f"-S{line}",) if line else ()
    return repository.git("log", *plain, *search, "--", str(page.relative_to(repository.top))) or None
