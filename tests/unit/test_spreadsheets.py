"""Tables with names of others: no spreadsheet computes one, and what reads tables gets what was written."""

import csv

import pandas as pd
import pytest

from bioscnn.files import write_csv
from bioscnn.spreadsheets import as_text, as_written

FORMULAS = (
    "=1+1", "@SUM(A1)", "-1+2", "+A1", "-A1", "- a1", "  =HYPERLINK(\"http://x\")", "+cmd|' /C calc'!A0",
    "-(1)", "- if (a) b", "=", "@", "+1.2(a)", "＝1+1",
)  # fmt: skip
OURS = (
    "-0.5", "+1.2 %", "-1e-05", "-inf", "1", "- 2 ms", "+ refractory period", "-",
    "+ spike-frequency adaptation: fine-tuned", "a=b", "'=1+1", "'quoted'", "",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_becomes_text(name):
    assert as_text(name) == f"'{name}" and as_written(f"'{name}") == name


@pytest.mark.parametrize("name", OURS)
def test_numbers_and_our_own_words_stay(name):
    assert as_text(name) == name


def test_tables_of_results_hold_no_formula_and_their_numbers(tmp_path):
    rows = [{"class": name, "value": -0.5, "=1+1": None} for name in FORMULAS]
    write_csv(tmp_path / "table.csv", rows)
    text = (tmp_path / "table.csv").read_text()
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert [cell for cell in cells if cell.strip()[:1] in ("=", "@", "+", "-")] == ["-0.5"] * len(rows)
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["value"].eq(-0.5).all() and table["class"].map(as_written).tolist() == list(FORMULAS)
