"""The one kind of page: what its types promise before a browser sees it."""

import re
from dataclasses import replace
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.report import terms
from bioscnn.report.captions import accuracy_caption
from bioscnn.report.formats import percent
from bioscnn.report.page import Column, Entry, Figure, Folded, Link, Section, Table, Text, code
from bioscnn.report.provenance import provenance_rows
from bioscnn.report.render import write_page
from bioscnn.report.terms import explained
from bioscnn.statistics import proportion
from tests.page import draw, make_page

ROWS = pd.DataFrame(
    {
        "noise": ["blur", "blur", "shot"],
        "severity": [1, 2, 1],
        "accuracy": [0.5, 0.25, np.nan],
        "low": [0.4, 0.2, np.nan],
        "high": [0.6, 0.3, 0.1],
    }
)


class Outline(HTMLParser):
    """Tags of a page with their attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes.get(attribute) for name, attributes in self.tags if name == tag]


def cells(table: Table) -> list[list[object]]:
    return [line.cells for group in table.groups for line in group.lines]


def test_a_column_makes_its_cells_of_one_value_or_several_and_leaves_missing_ones_empty():
    interval = Column(("low", "high"), "95 %", lambda low, high: f"[{low}, {high}]")
    table = Table(ROWS, [Column("severity", "severity"), Column("accuracy", "accuracy", percent), interval])
    assert cells(table) == [
        ["1", "50.00 %", "[0.4, 0.6]"],
        ["2", "25.00 %", "[0.2, 0.3]"],
        ["1", "", ""],
    ]


@pytest.mark.parametrize(
    "value, text",
    [
        (12345, "12,345"),
        (np.int64(12345), "12,345"),
        (0.123456, "0.1235"),
        ("a text", "a text"),
        (True, "yes"),
        (np.False_, "no"),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_a_value_without_a_format_is_written_by_its_kind(value: object, text: str):
    assert cells(Table([{"value": value}], [Column("value", "value")])) == [[text]]


def test_rows_that_share_a_value_stand_below_it_in_the_order_of_their_first_appearance():
    shuffled = ROWS.iloc[[2, 0, 1]]
    groups = Table(shuffled, [Column("severity", "severity")], group_by="noise").groups
    assert [(group.heading, [line.cells[0] for line in group.lines]) for group in groups] == [
        ("shot", ["1"]),
        ("blur", ["1", "2"]),
    ]


def test_a_note_takes_the_place_of_all_cells_but_the_first():
    rows = [
        {"rung": "IF", "n": 3, "why": "", "best": True},
        {"rung": "LIF", "n": 4, "why": "no", "best": False},
    ]
    table = Table(rows, [Column("rung", "rung"), Column("n", "n")], note="why", bold="best")
    first, second = table.groups[0].lines
    assert (first.cells, first.note, first.bold) == (["IF", "3"], "", True)
    assert (second.cells, second.note, second.bold) == (["LIF"], "no", False)


def test_a_table_that_asks_for_what_the_data_lack_is_refused_by_name():
    with pytest.raises(KeyError, match="latency, p_holm"):
        Table(ROWS, [Column(("low", "latency"), "latency"), Column("p_holm", "p")])
    with pytest.raises(KeyError, match="place"):
        Table(ROWS, [Column("noise", "noise")], group_by="place")


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc"]
)
def test_a_link_that_runs_something_is_refused(href: str):
    with pytest.raises(ValueError, match="a link leads to"):
        Link("here", href)


@pytest.mark.parametrize("href", ["#tables", "../noise/a%20b/report.html", "https://example.org/a?b=c"])
def test_a_link_leads_to_a_section_a_file_or_a_web_page(href: str):
    assert Link("here", href).href == href


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="needs words"):
        Figure(draw, "", "caption")


def test_two_parts_with_one_address_are_refused_however_deep_they_lie():
    deep = Section("deep", "Deep", [Folded("more", [Entry("texts", "Entry", [])])])
    for section in (deep, Section("texts", "Again", []), Section("provenance", "Mine", [])):
        page = make_page()
        with pytest.raises(ValueError, match=r"several parts of the page have the id (texts|provenance)"):
            replace(page, sections=[*page.sections, section])


def test_the_navigation_leads_to_every_section_and_provenance_is_the_last(tmp_path: Path):
    outline = Outline(write_page(make_page(), tmp_path).read_text())
    ids = ["figures", "numbers", "texts", "more", "provenance"]
    assert outline.of("section", "id") == ids
    assert outline.of("a", "href")[1 : 1 + len(ids)] == [f"#{name}" for name in ids]


def test_a_page_without_provenance_has_no_section_for_it(tmp_path: Path):
    page = write_page(replace(make_page(), provenance=[]), tmp_path).read_text()
    assert "provenance" not in Outline(page).of("section", "id")
    assert "#provenance" not in Outline(page).of("a", "href")


def test_a_wide_figure_is_drawn_twice_a_narrow_one_once(tmp_path: Path):
    figures = [Figure(draw, "wide", ""), Figure(draw, "narrow", "", narrow=True)]
    page = replace(make_page(), sections=[Section("figures", "Figures", figures)])
    html = write_page(page, tmp_path).read_text()
    phone, desktop, narrow = (int(width) for width in re.findall(r'<[is][^>]* width="(\d+)"', html))
    assert phone == narrow < desktop


def test_captions_of_simulated_recordings_say_so_and_those_of_other_figures_do_not(tmp_path: Path):
    own = Figure(draw, "recordings", "Recorded.")
    other = Figure(draw, "training", "Trained.", of_recordings=False)
    sections = [Section("figures", "Figures", [own, other])]
    page = write_page(replace(make_page(simulated=True), sections=sections), tmp_path).read_text()
    assert "<figcaption>Recorded. Recordings: simulated.</figcaption>" in page
    assert "<figcaption>Trained.</figcaption>" in page
    page = write_page(replace(make_page(), sections=sections), tmp_path).read_text()
    assert "imulated" not in page


def test_numbers_keep_their_units_and_lines_break_where_they_are_told_to(tmp_path: Path):
    sections = [Section("texts", "Texts", [Text("30 ms\n98 %"), Text("  30 ms\n  98 %", "code")])]
    page = write_page(replace(make_page(), sections=sections), tmp_path).read_text()
    assert "<p>30\N{NO-BREAK SPACE}ms<br>98\N{NO-BREAK SPACE}%</p>" in page
    assert '<pre tabindex="0">  30 ms\n  98 %</pre>' in page


def test_a_page_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(UserError, match="cannot write") as caught:
        write_page(make_page(), tmp_path / "missing")
    assert caught.value.file == tmp_path / "missing" / "report.html"


SOURCE = {
    "command": "bioscnn noise mnist",
    "commit": "c22e37",
    "dirty": False,
    "machine": {"processor": "two cores"},
    "versions": {"bioscnn": "0.1.0", "python": "3.11.2"},
    "data_sha256": "0f" * 32,
}


def test_provenance_names_command_commit_checksums_machine_and_versions():
    assert provenance_rows(SOURCE) == [
        ("Command", code("bioscnn noise mnist")),
        ("Commit", (code("c22e37"), "")),
        ("Data, SHA-256", code("0f" * 32)),
        ("Machine: processor", "two cores"),
        ("Versions", "bioscnn 0.1.0, python 3.11.2"),
    ]


def test_provenance_tells_of_uncommitted_changes_and_of_code_that_is_not_a_checkout():
    rows = dict(provenance_rows(SOURCE | {"dirty": True}))
    assert rows["Commit"] == (code("c22e37"), ", with uncommitted changes")
    assert dict(provenance_rows(SOURCE | {"commit": None}))["Commit"] == "not run from a checkout"


def test_provenance_has_the_checksum_of_each_of_several_networks():
    rows = dict(provenance_rows(SOURCE | {"weights": {"a": "81", "b": "92"}, "seconds": 12.4, "seed": 0}))
    assert rows["Weights, SHA-256"] == (("a: ", code("81")), "\n", ("b: ", code("92")))
    assert (rows["Time"], rows["Seed"]) == ("12 s", "0")


@pytest.mark.parametrize(
    "counts, words",
    [((97, 97), "no readout is better (97.00 %)"), ((97, 98), "spike-count is the best (98.00 %)")],
)
def test_a_readout_is_called_the_best_only_if_it_is_better_than_that_of_the_study(counts, words):
    names = ("spike-count", "peak-potential")
    curves = {name: [proportion(np.arange(100) < n)] for name, n in zip(names, reversed(counts), strict=True)}
    run = SimpleNamespace(
        summary={"readout": "peak-potential"},
        data=SimpleNamespace(recording=SimpleNamespace(dt=1e-3)),
        saccade_ends=(),
    )
    assert words in accuracy_caption(run, SimpleNamespace(curves=curves, ann=None, chosen=np.zeros(100)))


def test_a_report_links_the_docs_where_their_address_is_known(monkeypatch):
    monkeypatch.setenv("BIOSCNN_DOCS", "https://example.org/site/")
    assert explained("noise") == Link("docs/noise", "https://example.org/site/docs/noise.html")
    monkeypatch.setenv("BIOSCNN_DOCS", "/home/me/site")
    with pytest.raises(UserError) as caught:
        explained("noise")
    assert (caught.value.key, caught.value.value) == ("BIOSCNN_DOCS", "/home/me/site")


def test_the_docs_are_where_the_package_says_unless_the_environment_does(monkeypatch):
    urls = Message()
    urls["Project-URL"] = "Source, https://example.org/source"
    urls["Project-URL"] = "Documentation, https://example.org/docs"
    monkeypatch.delenv("BIOSCNN_DOCS", raising=False)
    monkeypatch.setattr(terms, "metadata", lambda _: urls)
    terms._published.cache_clear()
    try:
        assert explained("noise").href == "https://example.org/docs/docs/noise.html"
    finally:
        terms._published.cache_clear()
