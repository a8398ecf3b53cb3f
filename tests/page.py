"""A page with everything that a page can have, and the words of a page without its figures drawn."""

from collections.abc import Iterator, Sequence

from bioscnn.report.inline import to_plain
from bioscnn.report.page import (
    Column,
    Entry,
    Facts,
    Figure,
    Folded,
    Headline,
    Inline,
    Link,
    Page,
    Part,
    Section,
    SideBySide,
    Table,
    Text,
    alert,
    code,
    emphasis,
    large,
    made_from,
    muted,
    strong,
)
from bioscnn.report.pictures import Image, Pictures

COLUMNS = [
    Column("name", "network", words=True),
    Column("accuracy", "accuracy\n(%)", lambda share: f"{100 * share:.1f}", numeric=True),
    Column(("low", "high"), "95 % interval", lambda low, high: f"[{low:.2f}, {high:.2f}]", numeric=True),
    Column("about", "what it is", words=True),
]


def draw(width: float):
    """A line chart."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(width, width / 3))
    drawing.subplots().plot([1, 2, 3])
    return drawing


def make_page(text: str = "A plain text", *, simulated: bool = False) -> Page:
    """A page that shows a text in every place that takes one."""
    styles: tuple[Inline, ...] = (
        text,
        code(text),
        emphasis(text),
        strong(text),
        large(text),
        muted(text),
        alert(text),
    )
    rows = [
        {"name": text, "kind": text, "accuracy": 0.5, "low": 0.1, "high": 0.9, "about": text, "best": True},
        {"name": text, "kind": text, "accuracy": 0.4, "low": 0.1, "high": 0.9, "about": text, "best": False},
    ]
    noted = [{**row, "note": text} for row in rows]
    figure = Figure(draw, text, text)
    small = Figure(draw, text, text, narrow=True, of_recordings=False)
    numbers = Section("numbers", text, [Table(rows, COLUMNS, text, group_by="kind", bold="best", dense=True)])
    folded = Folded(text, [Table(noted, COLUMNS, note="note"), Facts({text: text}, inline=True)])
    entry = Entry("entry", (text, Link(text, "#numbers")), [Text(styles), Text([text, text], "small")])
    texts = [
        Text(text),
        Text(text, "heading"),
        Text(text, "caption"),
        Text(f"{text}\n  {text}", "code"),
        Text(text, "reference"),
        Text(text, "warning"),
    ]
    return Page(
        title=text,
        eyebrow=("bioscnn · ", emphasis(text)),
        question=text,
        verdict=[text, text],
        headlines=[Headline(text, text, text)] * 5,
        sections=[
            Section("figures", text, [figure, SideBySide([small, small])], short=text),
            numbers,
            Section("texts", text, texts),
            Section(
                "more", text, [folded, entry, Table(rows, COLUMNS, folded=text), Facts([(text, styles)])]
            ),
        ],
        provenance=[("Command", code(text)), (text, text)],
        simulated=simulated,
        lead=[text],
        warnings=[(text, Link(text, "#texts"))],
        footer=made_from(text),
    )


def words_of(parts: Sequence[Section | Part]) -> str:
    """The text of parts of a page in reading order; of figures, the words for who does not see them too."""
    return "\n".join(line for part in parts for line in _lines(part))


def _lines(part: Section | Part) -> Iterator[str]:
    match part:
        case Figure():
            yield from (part.alt, to_plain(part.caption))
        case SideBySide():
            yield words_of(part.figures)
        case Facts():
            yield from (f"{name}: {to_plain(value)}" for name, value in part.items)
        case Text():
            yield from map(to_plain, part.items)
        case Table():
            yield from (part.folded or "", to_plain(part.caption))
            yield " | ".join(to_plain(column.heading) for column in part.columns)
            for group in part.groups:
                yield to_plain(group.heading)
                yield from (" | ".join(map(to_plain, [*line.cells, line.note])) for line in group.lines)
        case Section() | Entry():
            yield from (part.id, to_plain(part.heading), words_of(part.parts))
        case Folded():
            yield from (part.summary, words_of(part.parts))


def blank(figures: Sequence[Figure]) -> dict[Figure, Pictures]:
    """Return nothing to see of every figure, in place of `bioscnn.report.pictures.draw_all`."""
    image = Image("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E", 100, 100)
    return {figure: Pictures(image, image) for figure in figures}
