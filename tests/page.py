"""A page with everything that a page can have, for tests of the page itself."""

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
    Section,
    SideBySide,
    Table,
    Text,
    alert,
    code,
    emphasis,
    made_from,
    muted,
    strong,
)

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
    styles: tuple[Inline, ...] = (text, code(text), emphasis(text), strong(text), muted(text), alert(text))
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
        Text(text, "number"),
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
