"""The page of a ladder as a file: what it says, and what happens when a file is damaged."""

import html
import json
from pathlib import Path

import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.plots import detail_ladder
from bioscnn.plots.ladder import PANELS
from bioscnn.report import write_ladder_report
from bioscnn.report.ladder_folder import read_ladder
from bioscnn.report.ladder_words import caption, compared
from bioscnn.report.ladder_words import rows as in_words
from tests import ladder_study
from tests.ladder_study import DELAYED, OWN, VERDICT, write_ladder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_ladder(tmp_path / "ladder", "nmnist")


def refused(folder: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        write_ladder_report(folder)
    assert not (folder / "report.html").exists()
    assert "bioscnn ladder" in caught.value.fix
    return caught.value


def test_the_answer_comes_first_text_of_files_stays_text_and_recordings_are_told_to_be_simulated(folder):
    page = write_ladder_report(folder).read_text().replace("\N{NO-BREAK SPACE}", " ")
    places = [page.index(html.escape(sentence, quote=False)) for sentence in VERDICT]
    assert places == sorted(places) and places[-1] < page.index("<figure")
    for text in ("made up <by> a test", "a <fast> one & two cores", OWN):
        assert html.escape(text) in page and text not in page
    assert page.count("Recordings: simulated.") == 1
    assert len(page) < 1e6


def test_every_rung_has_its_numbers_its_equations_and_its_comparisons_on_the_page(folder):
    ladder, table = read_ladder(folder), ladder_study.rows()
    for row, made in zip(in_words(ladder), table.itertuples(), strict=True):
        assert row["accuracy"] == f"{100 * made.accuracy:.2f} %" and row["spikes"] == f"{made.spikes:,.0f}"
    tables = {table["name"]: table["rows"] for table in compared(ladder)}
    assert sum(map(len, tables.values())) == len(ladder_study.comparisons())
    own = [row for rows in tables.values() for row in rows if row["rung"] == OWN]
    assert {row["second"] for row in own} == {DELAYED, "ANN"}
    assert DELAYED in caption(ladder)
    page = write_ladder_report(folder).read_text()
    assert page.count("dV/dt") == len(table)


def test_what_fine_tuning_came_to_is_shown_only_where_it_was_asked_for(folder):
    assert "learnt away" not in write_ladder_report(folder).read_text()
    write_ladder(folder, "nmnist", tuned=True)
    page = write_ladder_report(folder).read_text()
    assert "learnt away" in page and "20,000 training examples" in page
    assert page.count("the twin has no axonal delay") == 6
    tuned = ladder_study.fine_tuned().dropna(subset="accuracy")
    for share in tuned["accuracy"]:
        assert f"{100 * share:.2f} %" in page


@pytest.mark.parametrize("name", ["ladder.csv", "comparisons.csv", "summary.json"])
def test_a_missing_or_damaged_file_is_named_with_the_command_that_makes_it(folder, name):
    content = (folder / name).read_bytes()
    for damaged in (None, b"", content[: len(content) // 2].rpartition(b",")[0]):
        (folder / name).unlink() if damaged is None else (folder / name).write_bytes(damaged)
        assert refused(folder).file == folder / name


@pytest.mark.parametrize("name", ["ladder.csv", "comparisons.csv"])
def test_files_of_two_ladders_are_refused(folder, name):
    table = pd.read_csv(folder / name)
    table.iloc[1, 0] = "+ dendrites"
    table.to_csv(folder / name, index=False)
    assert "belong together" in refused(folder).problem


def test_an_incomplete_summary_is_refused(folder):
    (folder / "summary.json").write_text(json.dumps(ladder_study.summary() | {"rungs": [{"name": "IF"}]}))
    assert refused(folder).key == "rungs"


@pytest.mark.parametrize("width", [7.2, 3.6])
def test_the_figure_has_a_panel_an_outcome_and_a_mark_and_a_number_a_rung(folder, width):
    ladder = read_ladder(folder)
    figure = detail_ladder(ladder.rows, ladder.changes, ann=0.9895, width=width)
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(panels) == len(PANELS)
    assert panels[0].get_yticklabels()[0].get_text() == "IF"
    for axes, panel in zip(panels, PANELS, strict=True):
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None)]
        shown = [float(line.get_xdata()[0]) for line in marks]
        assert shown == pytest.approx((panel.scale * ladder.rows[panel.name]).tolist())


def test_colours_of_the_figure_say_what_is_better_worse_and_neither(folder):
    ladder = read_ladder(folder)
    figure = detail_ladder(ladder.rows, ladder.changes)
    accuracy, latency = (
        [line.get_color() for line in axes.lines if line.get_marker() not in ("None", None)]
        for axes in figure.axes[:2]
    )
    ink, grey, orange, blue = "#1c1c1c", "#5f6368", "#d55e00", "#0072b2"
    assert accuracy[:5] == [ink, grey, orange, blue, grey]
    assert latency[:5] == [ink, blue, blue, orange, orange]
