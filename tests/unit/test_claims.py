"""Numbers of README and docs come from tables; `bioscnn claims` says which do not, and which are stale."""

import csv
import json
import re
import shutil
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from bioscnn.ann import read_model
from bioscnn.claims import (
    Record,
    adopt_page,
    check_page,
    made_now,
    pages_of,
    publish,
    read_table,
    survey,
    take_runs,
    take_table,
    write_page,
)
from bioscnn.claims.numbers import numbers_in, with_numbers
from bioscnn.claims.pages import unmarked
from bioscnn.claims.record import write_table
from bioscnn.cli import app
from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.fingerprint import ROOT
from bioscnn.report.document import Document
from tests.program import bioscnn

HOUSE = ROOT.parent

READOUT = "bioscnn.readout"
RECORD = made_now("bioscnn run mnist", "trials", READOUT)
PAGE = """# Ours

It is right in <!--= runs; small; accuracy (%) -->99.06 % [98.75, 99.29]<!--/-->, for
<!--= runs; small; spikes -->1,818<!--/--> spikes.
"""
RUNS = """network,accuracy (%),accuracy (%) low,accuracy (%) high,spikes
small,99.06,98.75,99.29,1817.9
large,99.4,99,99.6,3200
"""


OF_RUNS = replace(RECORD, units={"spikes": "1"})


def written(folder, page, tables, record=OF_RUNS):
    """Return a page of a folder `docs`, with tables beside it."""
    for name, content in tables.items():
        write_table(folder / "docs/tables" / f"{name}.csv", content.encode(), record)
    (folder / "docs").mkdir(exist_ok=True)
    path = folder / "docs" / "page.md"
    path.write_text(page.replace("for\n<", "for <"))
    return path


@pytest.mark.parametrize("page", pages_of(HOUSE), ids=lambda page: page.name)
def test_every_number_of_the_docs_is_what_its_table_says(page):
    assert [claim for claim in check_page(page) if claim.problem] == []


def test_any_edited_number_of_the_readme_is_found_and_mended(tmp_path):
    shutil.copytree(HOUSE / "docs" / "tables", tmp_path / "docs" / "tables")
    shutil.copytree(HOUSE / "tests" / "oracles", tmp_path / "tests" / "oracles")
    text, page = (HOUSE / "README.md").read_text(), tmp_path / "README.md"
    claims = list(re.finditer(r"<!--= [a-z-]+; .*? -->(.*?)<!--/-->", text))
    assert len(claims) >= 8
    for claim in claims:
        for number in re.finditer(r"\d(?=\D|$)", claim.group(1)):
            at = claim.start(1) + number.start()
            page.write_text(text[:at] + str((int(text[at]) + 5) % 10) + text[at + 1 :])
            (problem,) = (found for found in check_page(page) if found.problem)
            assert problem.line == text.count("\n", 0, at) + 1
            assert problem.table in claim.group()
            assert write_page(page) and page.read_text() == text


def test_the_command_names_file_line_and_table_of_an_edited_number(tmp_path):
    page = written(tmp_path, PAGE.replace("99.06", "99.60"), {"runs": RUNS}, replace(OF_RUNS, code={}))
    done = bioscnn(tmp_path, "claims", "docs/page.md")
    assert done.returncode == 1
    assert "docs/page.md:3 (runs): its table says '99.06 % [98.75, 99.29]'" in done.stdout
    assert bioscnn(tmp_path, "claims", "--write").returncode == 0
    assert "99.06 %" in page.read_text()


def test_the_command_adopts_a_page_and_takes_tables_and_runs_over(tmp_path):
    page = written(tmp_path, LEGACY, {})
    done = bioscnn(tmp_path, "claims", "docs/page.md", "--adopt", "make noise", "--json")
    survey_of_page = json.loads(done.stdout)
    assert done.returncode == 0 and not any(claim["problem"] for claim in survey_of_page["claims"])
    assert {*survey_of_page["stale"]} == {
        str((page.parent / "tables" / f"{name}.csv").relative_to(tmp_path))
        for name in ("page", "page-noise", "page-noise-verdict")
    }
    (tmp_path / "mine.csv").write_text("network,accuracy\nsmall,0.99\n")
    words = ["--command", "python -m mine", "--code", READOUT, "--varied", "seeds"]
    assert bioscnn(tmp_path, "claims", "--take", "mine.csv", *words).returncode == 0
    record = read_table(page.parent / "tables", "mine").record
    assert (record.command, record.varied, [*record.code]) == ("python -m mine", "seeds", [READOUT])
    take = [word for summary in summaries_of_runs(tmp_path) for word in ("--take", summary)]
    assert bioscnn(tmp_path, "claims", *take, "--name", "runs").returncode == 0
    assert {row["run"] for row in read_table(page.parent / "tables", "runs").rows} == {"mnist", "nmnist"}


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["--name", "x"], "--name"),
        (["--take", "a", "--take", "b", "--command", "c"], "--command"),
        (["--take", "a", "--code", "c"], "--code"),
    ],
)
def test_options_that_would_count_for_nothing_are_refused(tmp_path, words, key):
    done = CliRunner().invoke(app, ["claims", *words])
    assert isinstance(done.exception, UserError) and done.exception.key == key


@pytest.mark.parametrize(
    ("page", "tables", "told"),
    [
        (PAGE.replace("runs;", "walks;", 1), {"runs": RUNS}, ["a claim without a table", "walks.csv", ":3"]),
        (PAGE.replace("= runs", "= ../runs", 1), {"runs": RUNS}, ["a claim without a table", "page.md:3"]),
        (PAGE.replace("runs;", "r" * 9999 + ";", 1), {"runs": RUNS}, ["a claim without a table", "tables\n"]),
        (PAGE, {"runs": RUNS.replace("3200", "1" * 200_000)}, ["cannot be read", "runs.csv"]),
        (PAGE, {"runs": RUNS.replace(" (%)", "")}, ["names", "runs.csv"]),
        (PAGE.replace("99.06 %", "<!--= runs -->"), {"runs": RUNS}, ["without its beginning or end", ":3"]),
        (PAGE.replace("; small", "", 1), {"runs": RUNS}, ["names 2 rows", "runs.csv", "page.md:3"]),
        (PAGE.replace(", 99.29", ""), {"runs": RUNS}, ["not as many numbers", "runs.csv", "1 or 3"]),
        (PAGE, {"runs": RUNS.replace(",3200", "")}, ["row 3", "not as long", "runs.csv"]),
        ("<!--= published -->98.77 %<!--/-->\n", {}, ["a marker at the beginning of a line", "page.md:1"]),
        ("Theirs: <!--= published -->98.77 %<!--/-->\n", {}, ["without its source", "page.md:1"]),
        ("<!--= table runs -->\n| net | spikes |\n|---|---|\n| small | 1 |\n<!--/-->\n", {"runs": RUNS},
         ["columns that its table has not", "net"]),
        ("<!--= quote runs -->\n> small is right.\n<!--/-->\n", {"runs": RUNS}, ["without verdicts"]),
        ("To <!--= test tests/none.py -->2 %<!--/-->\n", {}, ["a bound without its test", "tests/none.py"]),
    ],
)  # fmt: skip
def test_a_claim_that_no_table_holds_is_refused_by_name(tmp_path, page, tables, told):
    with pytest.raises(UserError) as refused:
        check_page(written(tmp_path, page, tables))
    for words in told:
        assert words in str(refused.value)


def test_a_table_without_its_units_is_refused_by_name(tmp_path):
    page = written(tmp_path, PAGE, {"runs": RUNS}, RECORD)
    with pytest.raises(UserError, match="a table without its units") as refused:
        check_page(page)
    assert (refused.value.file.name, refused.value.key) == ("runs.csv", "spikes")


def test_rows_of_several_outcomes_have_the_unit_of_theirs(tmp_path):
    content = "outcome,parameter,mu\naccuracy,tau_m,-0.386\nspikes,tau_m,0.386\n"
    text = "From <!--= effects; accuracy; mu -->38.6<!--/--> to <!--= effects; spikes; mu -->0.4<!--/-->.\n"
    units = {"accuracy": "share", "spikes": "1"}
    page = written(tmp_path, text, {"effects": content}, replace(RECORD, units=units))
    assert write_page(page)
    assert [claim.text for claim in check_page(page)] == ["−38.6", "0.4"]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (None, "nothing says what made a table"),
        ('command = "make"\nvaried = "trials"\n', "commit"),
        (RECORD.toml().replace("varied", "varies"), "varied"),
        (RECORD.toml() + '\n[seeds]\nnoise = "5"\n', "seeds"),
        (RECORD.toml() + '\n[units]\nspikes = 1\n', "units"),
        ("command = ", "not a TOML file"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_say_what_made_it_is_refused_by_name(tmp_path, record, told):
    page = written(tmp_path, PAGE, {"runs": RUNS})
    path = tmp_path / "docs/tables/runs.toml"
    path.unlink() if record is None else path.write_text(record)
    with pytest.raises(UserError, match=told) as refused:
        check_page(page)
    assert refused.value.file == path


def test_a_table_is_stale_when_code_weights_or_data_are_no_longer_what_made_it(tmp_path):
    assert RECORD.stale() == []
    there = load_dataset("mnist").take(100).sha256
    weights = {"mnist-small": read_model("mnist-small").sha256()}
    assert replace(RECORD, weights=weights, data={"mnist validation 100": there}).stale() == []
    for stale in (
        replace(RECORD, code={READOUT: "another"}),
        replace(RECORD, code={"bioscnn.gone": "0"}),
        replace(RECORD, code={}),
        replace(RECORD, weights={"mnist-small": "another"}),
        replace(RECORD, data={"mnist validation 100": "another"}),
        Record("make noise", "c" * 40, "trials", transcribed="noise.md"),
    ):
        (reason,) = stale.stale()
        page = written(tmp_path, PAGE, {"runs": RUNS}, replace(stale, units={"spikes": "1"}))
        found = survey([page])
        assert found.problems == [] and found.stale == {page.parent / "tables/runs.csv": (reason,)}
        assert len(found.cited(page.parent / "tables/runs.csv")) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is right in 99.1 % of them.", ["99.1 %"]),
        ("between 0.4 and 5 points less", ["0.4 and 5 points"]),
        ("decides later (+2.0 ms [1.5, 2.5])", ["+2.0 ms [1.5, 2.5]"]),
        ("no effect was found (p = 0.2)", ["p = 0.2"]),
        ("for 1,818 spikes", ["1,818 spikes"]),
        ("2.9 times as fast", ["2.9 times as"]),
        ("| network | spikes |\n|---|---|\n| small | 1,818 |\n", ["1,818"]),
        ("30 ms of 28 x 28 pixels, tau_m = 20 ms, 5,000 digits, a 95 % interval", []),
        ("`99 %` and\n\n    f(x) = 99 %\n\n```\n99 %\n```\n", []),
        ("<!--= design -->99 %<!--/-->", []),
    ],
)  # fmt: skip
def test_what_counts_as_a_claim(text, found):
    assert [words for _, words in unmarked(text)] == found


@pytest.mark.parametrize(
    ("old", "values", "new"),
    [
        ("99.06 %", [98.947], "98.95 %"),
        ("+0.57 [+0.38, +0.76]", [-0.061, -0.2, 0.091], "−0.06 [−0.20, +0.09]"),
        ("-0.3", [-1.25], "-1.2"),
        ("1,818", [987.6], "988"),
        ("p < .001", [0.0002], "p < .001"),
        ("p < .001", [0.02], "p < .020"),
        (".18", [0.2], ".20"),
    ],
)  # fmt: skip
def test_numbers_are_rewritten_in_the_form_in_which_they_stood(old, values, new):
    assert with_numbers(old, values) == new
    assert len(numbers_in(old)) == len(values)


LEGACY = """# Noise

`make noise` found 12.5 points [11.0, 14.1] and a loss of
3, 4 and 5 %, told from chance (p < .001).

> Accuracy falls by 3 points, and
> more in the dark.

| network | accuracy (%) | spikes |
|---|---|---|
| `small` | **99.06 [98.75, 99.29]** | 1,818 |
| large | 99.40 | |
"""


def test_numbers_of_an_old_page_move_into_tables_and_the_page_reads_as_before(tmp_path):
    page = written(tmp_path, LEGACY, {})
    assert any(claim.problem for claim in check_page(page))
    names = adopt_page(page, "make noise", "trials")
    assert [claim for claim in check_page(page) if claim.problem] == []
    assert re.sub(r"<!--.*?-->", "", page.read_text()).split() == LEGACY.split()
    table = read_table(page.parent / "tables", "page-noise")
    assert table.rows[0] == {
        "network": "small", "accuracy (%)": "99.06", "accuracy (%) low": "98.75",
        "accuracy (%) high": "99.29", "spikes": "1818",
    }  # fmt: skip
    assert table.record.transcribed == "page.md" and table.record.command == "make noise"
    assert set(names) == {"page", "page-noise", "page-noise-verdict"}
    assert adopt_page(page, "make noise", "trials") == []
    page.write_text(page.read_text() + "\n> Accuracy falls by 5 points at night.\n")
    assert adopt_page(page, "make noise", "trials") == ["page-noise-verdict-more"]
    edited = page.read_text().replace("falls by 3", "falls by 4").replace("1,818", "1,918")
    page.write_text(edited)
    assert len([claim for claim in check_page(page) if claim.problem]) == 2


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("# Ours\n\n80 % of them\n", "page.md:3"),
        ("* 80 % of them\n", "page.md:1"),
        ("| network | spikes | spikes |\n|---|---|---|\n| small | 10 | 20 |\n", "two columns of one name"),
    ],
)
def test_what_cannot_be_marked_is_refused_and_nothing_is_written(tmp_path, page, told):
    path = written(tmp_path, page, {})
    with pytest.raises(UserError) as refused:
        adopt_page(path, "make", "trials")
    assert told in str(refused.value)
    assert path.read_text() == page and not list(tmp_path.rglob("*.csv"))


@pytest.mark.parametrize("page", pages_of(HOUSE), ids=lambda page: page.name)
def test_markers_do_not_show_and_change_nothing_that_does(page):
    def shown(text):
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        return re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL).split()

    code = re.compile(r"```.*?```", re.DOTALL)
    text = code.sub("", page.read_text())
    assert shown(text) == shown(re.sub(r"<!--=.*?-->|<!--/-->", "", text, flags=re.DOTALL))


def test_what_a_command_writes_into_a_page_stands_in_tables_of_its_own(tmp_path):
    page = written(tmp_path, "<!-- benchmark ours: begin -->\n<!-- benchmark ours: end -->\n", {})
    for content in (LEGACY, LEGACY.replace("99.40", "99.50").replace("> ", "")):
        publish(Document(page, "ours"), content, RECORD)
        found = survey([page])
        assert found.claims and not found.problems and not found.stale
    assert read_table(page.parent / "tables", "page-ours-noise").rows[1]["accuracy (%)"] == "99.50"
    assert not list((page.parent / "tables").glob("*verdict*"))


def summaries_of_runs(place):
    """Write two runs of different weights, one of which never decides."""
    summaries = []
    for name, weights, commit, latency in (("mnist", "one", None, 7), ("nmnist", "other", "-x", None)):
        folder = place / name / "latest"
        folder.mkdir(parents=True)
        share = [0.9, 0.8, 0.95]
        numbers = {"ann_accuracy": share, "accuracy": {"spike-count": share}, "n_trials": 9,
                   "spikes_per_trial": 5, "synops_per_trial": 6, "latency_ms": latency}  # fmt: skip
        made = {"command": "bioscnn run", "commit": commit,
                "data": {"dataset": "mnist", "split": "test", "n": 9, "sha256": "same"},
                "network": {"model": "mnist-small", "weights_sha256": weights}}  # fmt: skip
        for file, content in (("summary", numbers), ("provenance", made)):
            (folder / f"{file}.json").write_text(json.dumps(content))
        summaries.append(folder / "summary.json")
    return summaries


def test_runs_in_one_table_are_told_apart_and_stale_where_they_differ(tmp_path):
    summaries = summaries_of_runs(tmp_path)
    record = take_runs(summaries, tmp_path / "runs.csv", "trials")
    rows = read_table(tmp_path, "runs").rows
    assert {row["run"] for row in rows} == {"mnist", "nmnist"}
    assert [row["run"] for row in rows if row["claim"] == "latency"] == ["mnist"]
    assert record.weights == {"mnist-small": "unknown"} and record.data == {"mnist test 9": "same"}
    assert any("mnist-small" in reason for reason in record.stale())
    with pytest.raises(UserError, match="one name"):
        take_runs([*summaries, summaries[0]], tmp_path / "more.csv", "trials")
    with pytest.raises(UserError, match="no name"):
        take_runs(summaries, tmp_path / "../Not a table.csv", "trials")
    summaries[1].write_text("[]")
    with pytest.raises(UserError, match="damaged") as refused:
        take_runs(summaries, tmp_path / "more.csv", "trials")
    assert refused.value.file == summaries[1] and not (tmp_path / "more.csv").exists()


def test_a_table_of_results_is_taken_over_with_its_units_commit_and_code(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    (results / "networks.csv").write_text("network,accuracy\nsmall,0.99\n")
    (results / "summary.json").write_text(
        json.dumps({"command": "bioscnn benchmark", "commit": "c" * 40, "verdict": ["small is right."]})
    )
    with (results / "units.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["measure", "code", "commit"], ["bioscnn.readout:X", "1234", "c" * 40]])
    tables = tmp_path / "docs/tables"
    record = take_table(results / "networks.csv", tables / "networks.csv", "trials")
    assert (record.command, record.commit, record.code) == (
        "bioscnn benchmark", "c" * 40, {"bioscnn.readout:X": "1234"},
    )  # fmt: skip
    assert record.stale()
    take_table(results / "summary.json", tables / "verdict.csv", "trials")
    assert read_table(tables, "verdict").rows == ({"verdict": "small is right."},)
    of_data = {"dataset": "mnist", "split": "validation", "data_sha256": load_dataset("mnist").sha256}
    summary = json.loads((results / "summary.json").read_text()) | of_data
    (results / "summary.json").write_text(json.dumps(summary))
    taken = take_table(results / "summary.json", tables / "verdict.csv", "trials")
    assert taken.data == {"mnist validation 5000": of_data["data_sha256"]}
    digits, file = load_dataset("mnist").take(200), results / "own.npz"
    np.savez(file, x=np.array(digits.images), y=digits.labels)
    own = {"dataset": f"npz:{file}", "data_sha256": load_dataset(f"npz:{file}", "test").take(9).sha256}
    summary |= {"split": "test", "study_file": "[dataset]\ntrials = 9"}
    for named in (own, {"dataset": "~nobody"}):
        (results / "summary.json").write_text(json.dumps(summary | named))
        taken = take_table(results / "summary.json", tables / "verdict.csv", "trials")
        assert taken.data == {}, "results of others open no file, and look into no folder"
    with pytest.raises(UserError, match="no results"):
        (results / "units.csv").unlink()
        take_table(results / "networks.csv", tables / "networks.csv", "trials")
    table = tables / "networks.csv"
    assert take_table(table, table, "trials", made_by=RECORD).stale() == []
    with pytest.raises(UserError, match="names no code"):
        made_now("make", "trials", "bioscnn.nothing")


@pytest.mark.parametrize("part", ["1, ", "<!--= a -->"])
def test_a_page_whose_patterns_begin_often_and_never_end_is_read_at_once(tmp_path, part):
    """Twelve thousand characters took ten seconds, and twice as many four to eight times as long."""
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(part * 2000 + "x\n")
    begun = time.process_time()
    with suppress(UserError):
        check_page(page)
    assert time.process_time() - begun < 5
