"""Pages of the docs: their claims, and whether these are what the tables say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap

from bioscnn.claims.numbers import CELL, CLAIMED, NO_CLAIM, numbers_in, with_numbers
from bioscnn.claims.tables import VALUE, VERDICT, Cells, Table, read_table
from bioscnn.errors import UserError
from bioscnn.files import is_file, read_text, write_atomically

MARKED = re.compile(r"<!--= ((?:(?! -->).)*+) -->(.*?)<!--/-->", re.DOTALL)
BEGIN, END = "<!--=", "<!--/-->"
TABLE, QUOTE = "table ", "quote "
DESIGN, PUBLISHED, TEST = "design", "published", "test "
"""Marks of numbers that come from no table: chosen constants, figures of others, bounds of a test."""

CITED = re.compile(r"\b(?:19|20)\d\d\b|https?://|arXiv")

LINE_START = re.compile(r"[ >]*(?:[*+-]|\d+[.])? *")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?m)^ {4,}(?![ *-]).*$")
IN_LINE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ADDRESS = re.compile(r"\]\([^)]*\)")


@dataclass(frozen=True)
class Claim:
    """A number, a verdict or a table of a page.

    Parameters
    ----------
    page : Path
        The file.
    line : int
        Where it begins, from 1.
    table : str
        Name of its table; empty if it has none.
    text : str
        What the page says.
    problem : str
        Why it is wrong; empty if it is what its table says.
    """

    page: Path
    line: int
    table: str
    text: str
    problem: str = ""


def pages_of(root: Path) -> list[Path]:
    """Return the pages whose numbers are claims: the README, the paper and all of ``docs``."""
    pages = (root / "README.md", root / "paper" / "paper.md", *sorted((root / "docs").glob("*.md")))
    return [path for path in pages if is_file(path)]


def tables_of(page: Path) -> Path:
    """Return the folder of the tables of a page."""
    docs = {"docs": page.parent, "paper": page.parent.parent / "docs"}
    return docs.get(page.parent.name, page.parent / "docs") / "tables"


def read_page(page: Path) -> str:
    """Return the text of a page.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        return read_text(page)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"a page that cannot be read: {error}", file=page) from None


def check_page(page: Path) -> list[Claim]:
    """Return all claims of a page, and numbers that are in no table.

    Raises
    ------
    UserError
        If a marker has no end, or a table is not there, is damaged, or has no units.
    """
    text = read_page(page)
    claims = [Claim(page, line, table, old.strip(), "" if old == new else _difference(old, new))
              for line, table, old, new in _claims(page, text)]  # fmt: skip
    for start, number in unmarked(text):
        claims.append(Claim(page, line_of(text, start), "", number, "the number is in no table"))
    return sorted(claims, key=lambda claim: claim.line)


def write_page(page: Path) -> bool:
    """Write the numbers of its tables into a page; return whether any differed."""
    text = read_page(page)
    pieces, at = [], 0
    changed = iter(list(_claims(page, text)))
    for match in _markers(page, text):
        new = match.group(2) if _needs_no_table(match.group(1)) else next(changed)[3]
        pieces += [text[at : match.start(2)], new]
        at = match.end(2)
    whole = "".join([*pieces, text[at:]])
    if whole != text:
        write_atomically(page, whole.encode())
    return whole != text


def _difference(old: str, new: str) -> str:
    """Return what the table says where it differs."""
    pairs = [(a, b) for a, b in zip(old.splitlines(), new.splitlines(), strict=False) if a != b]
    return (
        f"its table says {pairs[0][1].strip()!r}, not {pairs[0][0].strip()!r}"
        if pairs
        else "rows differ from its table"
    )


def line_of(text: str, position: int) -> int:
    """Return the line of a position, from 1."""
    return text.count("\n", 0, position) + 1


def _blank(text: str, *patterns: re.Pattern[str]) -> str:
    """Return a text of the same length without what matches."""
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    return text


def _markers(page: Path, text: str) -> list[re.Match[str]]:
    """Return the marked parts of a page, outside code."""
    code = _blank(text, FENCED, IN_LINE)
    matches = [match for match in MARKED.finditer(text) if code.startswith(BEGIN, match.start())]
    count = code.count(BEGIN), code.count(END)
    if count != (len(matches), len(matches)) or any(BEGIN in match.group(2) for match in matches):
        where = next(
            (m.start() for m in matches if BEGIN in m.group(2)), code.find(BEGIN if count[0] else END)
        )
        raise UserError(
            "a marker without its beginning or end", file=f"{page}:{line_of(text, where)}",
            expected=f"{BEGIN} TABLE; ROW -->text{END}, one within no other",
        )  # fmt: skip
    return matches


def _claims(page: Path, text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, table, text, and text as its table would have it, of each claim of a page."""
    read = cache(lambda name: read_table(tables_of(page), name))
    for match in _markers(page, text):
        head, old = match.groups()
        line = line_of(text, match.start())
        if not old.startswith("\n") and LINE_START.fullmatch(text[: match.start()].rpartition("\n")[2]):
            raise UserError(
                "a marker at the beginning of a line, which Markdown then does not read",
                file=f"{page}:{line}", value=head, fix="move the line break, or begin with a word",
            )  # fmt: skip
        if head == PUBLISHED and not CITED.search(old):
            raise UserError("a published figure without its source", file=f"{page}:{line}", value=old)
        if head.startswith(TEST) and not is_file(tables_of(page).parents[1] / head.removeprefix(TEST)):
            raise UserError("a bound without its test", file=f"{page}:{line}", value=head)
        if _needs_no_table(head):
            continue
        name, *parts = [part.strip() for part in head.removeprefix(TABLE).removeprefix(QUOTE).split(";")]
        try:
            table = read(name)
            show = _block if head.startswith(TABLE) else _quote if head.startswith(QUOTE) else _inline
            new = show(table, parts, old)
        except UserError as error:
            raise error.but(f"{error.problem} ({page}:{line})") from None
        yield line, name, old, new


def _needs_no_table(head: str) -> bool:
    return head in (DESIGN, PUBLISHED) or head.startswith(TEST)


def _inline(table: Table, parts: Sequence[str], old: str) -> str:
    """Return the text of a claim within a sentence with the numbers of its table."""
    columns = [part for part in parts if part in table.header] or [VALUE]
    rows = table.select([part for part in parts if part not in table.header])
    if len(rows) != 1 or not set(columns) <= set(table.header):
        raise UserError(
            f"a claim that names {len(rows)} rows of its table", file=table.path, value="; ".join(parts),
            expected="cells that one row alone has, then columns",
        )  # fmt: skip
    return _filled(table, rows[0], columns, old)


def _filled(table: Table, row: Cells, columns: Sequence[str], old: str) -> str:
    """Return a text with the cells of a row: numbers with their intervals, or words."""
    numbers = [table.numbers(row, column) for column in columns]
    words = " ".join(old.replace("\n> ", " ").split())
    if any(cell_numbers is None for cell_numbers in numbers):
        new = row[columns[0]]
        return old if plain(words) == new else old.replace(plain(old), new)
    intervals = [value for cell_numbers in numbers if cell_numbers is not None for value in cell_numbers]
    alone = [cell_numbers[0] for cell_numbers in numbers if cell_numbers]
    count = len(numbers_in(old))
    for values in (intervals, alone):
        if count == len(values):
            return with_numbers(old, values)
    raise UserError(
        "a claim has not as many numbers as its table", file=table.path, key=", ".join(columns), value=words,
        expected=f"{len(alone)} or {len(intervals)} numbers",
    )  # fmt: skip


def plain(cell: str) -> str:
    """Return a cell without emphasis and code marks."""
    return cell.replace("**", "").replace("`", "").strip()


def cells_of(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if "|" in line else []


def _block(table: Table, selectors: Sequence[str], old: str) -> str:
    """Return a Markdown table with the rows of its table; its header names the columns."""
    lines = old.strip().splitlines()
    header = [plain(cell) for cell in cells_of(lines[0])] if lines else []
    rows = table.select(selectors)
    if (
        len(lines) < 3
        or not set(header) <= set(table.header)
        or {len(cells_of(row_line)) for row_line in lines} != {len(header)}
    ):
        raise UserError(
            "a Markdown table has columns that its table has not", file=table.path,
            value=sorted(set(header) - set(table.header)), expected=", ".join(table.header),
        )  # fmt: skip
    body = [*lines[2:], *[lines[2]] * (len(rows) - len(lines[2:]))]
    written = [_line(table, row, header, line) for row, line in zip(rows, body, strict=False)]
    before, after = old.partition(old.strip())[::2]
    return "\n".join([before + lines[0], lines[1], *written]) + after


def _line(table: Table, row: Cells, header: Sequence[str], old: str) -> str:
    """Return a line of a Markdown table with the cells of a row."""
    cells = cells_of(old)
    new = [_cell(table, row, column, cell) for column, cell in zip(header, cells, strict=True)]
    return old if new == cells else f"| {' | '.join(new)} |"


def _cell(table: Table, row: Cells, column: str, old: str) -> str:
    numbers = table.numbers(row, column)
    if numbers is None:
        return (
            old
            if plain(old) == row[column]
            else (old.replace(plain(old), row[column]) if plain(old) else row[column])
        )
    if len(numbers_in(old)) in (len(numbers), 1) and numbers:
        return with_numbers(old, numbers[: len(numbers_in(old))])
    pair = table.interval(column)
    value_and_interval = [row[column], f"[{row[pair[0]]}, {row[pair[1]]}]" if pair and row[pair[0]] else ""]
    return " ".join(filter(None, value_and_interval))


def _quote(table: Table, selectors: Sequence[str], old: str) -> str:
    """Return a quotation with the verdicts of its table, one paragraph per row."""
    if VERDICT not in table.header:
        raise UserError("a quotation from a table without verdicts", file=table.path, key=VERDICT)
    verdicts = [row[VERDICT] for row in table.select(selectors)]
    if verdicts == paragraphs(old):
        return old
    wrapped = ["\n".join(f"> {line}" for line in wrap(verdict, 118)) for verdict in verdicts]
    return "\n" + "\n>\n".join(wrapped) + "\n"


def paragraphs(quotation: str) -> list[str]:
    """Return the paragraphs of a Markdown quotation, each on one line."""
    lines = "\n".join(line.removeprefix(">").strip() for line in quotation.strip().splitlines())
    return [" ".join(part.split()) for part in lines.split("\n\n") if part.strip()]


def unmarked(text: str) -> Iterator[tuple[int, str]]:
    """Yield position and text of each number of a page that is a claim and stands in no marker."""
    prose = _blank(text, FENCED, MARKED, COMMENT, INDENTED, IN_LINE, ADDRESS, NO_CLAIM)
    for match in CLAIMED.finditer(prose):
        yield match.start(), " ".join(match.group().split())
    claimed = {line_of(prose, match.start()) for match in CLAIMED.finditer(prose)}
    for match in re.finditer(r"(?m)^\|.*\|$", prose):
        number = line_of(prose, match.start())
        inner = [plain(cell) for cell in cells_of(match.group())]
        if number not in claimed and any(CELL.fullmatch(cell) for cell in inner):
            yield match.start(), next(cell for cell in inner if CELL.fullmatch(cell))
