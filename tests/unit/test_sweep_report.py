"""The page of a sweep as a file: what it says, and what happens when a file is damaged."""

import html
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.report import sweep_words as words
from bioscnn.report import write_sweep_report
from bioscnn.report.sweep import draw_sweep_figures
from bioscnn.report.sweep_folder import read_sweep_folder
from tests import sweep_study
from tests.sweep_study import write_study

FILES = ("points.csv", "effects.csv", "summary.json", "sweep.toml", "one-at-a-time.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of each kind, to be read."""
    top = tmp_path_factory.mktemp("sweeps")
    for kind in sweep_study.KINDS:
        write_study(top / kind, kind)
    write_study(top / "failed", failed=14)
    return top


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The folder of a screening, to be damaged."""
    return Path(shutil.copytree(made / "morris", tmp_path / "morris"))


def refused(folder: Path) -> UserError:
    """The error of a page that cannot be made; the folder must stay as it was."""
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as caught:
        write_sweep_report(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert "bioscnn sweep" in caught.value.fix
    return caught.value


def edit(folder: Path, **changes: object) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_damaged_file_is_named_with_the_command_that_makes_it(folder: Path, name: str):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(b"\xff\xfe\x00")
    assert refused(folder).file == folder / name
    if name in ("points.csv", "effects.csv", "summary.json"):
        (folder / name).write_bytes(content[: len(content) // 2].rpartition(b",")[0])
        assert refused(folder).file == folder / name
    if name != "one-at-a-time.csv":
        (folder / name).unlink()
        assert refused(folder).file == folder / name


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"kind": "monte-carlo"}, "kind"),
        ({"parameters": []}, "parameters"),
        ({"parameters": [{"key": "neuron.tau_m"}]}, "parameters"),
        ({"n_points": 3}, "n_points"),
        ({"n_failed": 3}, "n_failed"),
        ({"outcomes": ["accuracy", "joy"]}, "joy"),
    ],
)
def test_a_summary_that_is_not_of_these_points_is_refused(folder: Path, changes: dict, key: str):
    edit(folder, **changes)
    assert refused(folder).key == key


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("points.csv", "point", 7),
        ("points.csv", "accuracy", np.nan),
        ("points.csv", "neuron.tau_m [ms]", "long"),
        ("points.csv", "neuron.reset", "another"),
        ("effects.csv", "parameter", "neuron.C_m"),
        ("effects.csv", "outcome", "joy"),
        ("one-at-a-time.csv", "parameter", "neuron.C_m"),
        ("one-at-a-time.csv", "x", 1.5),
    ],
)
def test_a_cell_that_cannot_be_is_refused(folder: Path, name: str, column: str, value: object):
    table = pd.read_csv(folder / name).astype({column: object})
    table.loc[3, column] = value
    table.to_csv(folder / name, index=False)
    error = refused(folder)
    assert (error.file, error.key) == (
        folder / name,
        column.partition(" ")[0] if value == "another" else column,
    )


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no such sweep"):
        write_sweep_report(tmp_path / "nothing")


def test_the_answer_comes_first_and_text_of_files_stays_text(made: Path):
    page = write_sweep_report(made / "grid").read_text().replace("\N{NO-BREAK SPACE}", " ")
    places = [page.index(html.escape(sentence, quote=False)) for sentence in sweep_study.VERDICT]
    assert places == sorted(places)
    assert places[-1] < page.index("<figure") < page.index("Machine: processor")
    for text in ("made up <by> a test", "a <fast> one & two cores", "mnist.toml", "# <b>"):
        assert html.escape(text) in page
    assert page.count("<figure") == 2
    assert "--retry" not in page


@pytest.fixture
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write pages without their figures, which take seconds and are tested elsewhere."""
    monkeypatch.setattr("bioscnn.report.sweep.draw_sweep_figures", lambda study: {})


@pytest.mark.usefixtures("words_alone")
def test_failures_are_told_with_their_reason_and_leave_no_effects(made: Path):
    study = read_sweep_folder(made / "failed")
    assert study.effects is None and len(study.done) == 246
    (why,) = words.failures(study)
    assert (why["reason"], why["count"]) == ("the worker was <killed>, 3 times", 14)
    assert why["points"].startswith("0, 1, 2, ") and why["points"].endswith("...")
    page = write_sweep_report(made / "failed").read_text()
    assert "14 points of 260 failed" in page and "--retry" in page and "there are no effects yet" in page
    assert "the worker was &lt;killed&gt;, 3 times" in page


def test_effects_that_an_earlier_sweep_left_are_not_those_of_one_with_failures(folder: Path):
    points = pd.read_csv(folder / "points.csv")
    points["error"] = points["error"].astype(object)
    points.loc[0, list(sweep_study.OUTCOMES)], points.loc[0, "error"] = np.nan, "killed"
    points.to_csv(folder / "points.csv", index=False)
    edit(folder, n_failed=1)
    study = read_sweep_folder(folder)
    assert study.effects is None and study.alone is None


@pytest.mark.usefixtures("words_alone")
def test_a_screening_of_outcomes_that_never_change_can_be_reported(folder: Path):
    points = pd.read_csv(folder / "points.csv")
    points[list(sweep_study.OUTCOMES)] = 1.0
    points.to_csv(folder / "points.csv", index=False)
    (folder / "effects.csv").write_text("\n")
    edit(folder, influential=[], points_per_second=None)
    page = write_sweep_report(folder).read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "100.0 to 100.0 %" in page


def test_a_screening_that_tells_no_parameter_from_zero_moved_none_by_itself(folder: Path):
    header, _, _ = (folder / "one-at-a-time.csv").read_text().partition("\n")
    (folder / "one-at-a-time.csv").write_text(f"{header}\n")
    study = read_sweep_folder(folder)
    assert study.effects is not None and study.alone is None


def test_a_judged_outcome_that_never_changes_is_told_while_others_do(made: Path):
    for kind, column in (("morris", "mu_star"), ("sobol", "ST")):
        study = read_sweep_folder(made / kind)
        moved = study.effects["outcome"] != "accuracy"
        few = study.effects[moved] if kind == "sobol" else study.effects.copy()
        if kind == "morris":
            few.loc[~moved, ["mu", column, f"{column}_low", f"{column}_high", "sigma"]] = 0.0
        same = replace(study, effects=few, points=study.points.assign(accuracy=1.0))
        assert words.effects_caption(same) == "Nothing moves accuracy: it is the same at every point."
        assert len(same.order) == len(same.parameters)
        assert words.headlines(same)[0].value == "100.0 to 100.0 %"


def test_sentences_name_the_numbers_of_the_tables(made: Path):
    study = read_sweep_folder(made / "morris")
    rows = study.effects_on("accuracy")
    top = rows.iloc[0]
    assert top.parameter == "simulation.duration"
    size = f"{100 * top.mu_star:.1f}"
    ends = f"[{100 * top.mu_star_low:.1f}, {100 * top.mu_star_high:.1f}]"
    assert f"duration {size} points {ends}" in words.effects_caption(study)
    first = words.headlines(study)[0]
    assert (first.name, first.value) == ("duration", size) and ends in first.note
    latency = study.effects_on("latency").iloc[0]
    assert f"latency by duration, {latency.mu_star:.1f} ms" in words.bars_caption(study)
    alone = study.alone[study.alone["parameter"] == "simulation.duration"]["accuracy"]
    ends = f"{100 * alone.iloc[0]:.1f} % to {100 * alone.iloc[-1]:.1f} %"
    assert f"duration from 20 ms to 60 ms takes it from {ends}" in words.alone_caption(study)
    best = study.points["accuracy"].max()
    assert f"The best point, {100 * best:.1f} %" in words.parallel_caption(study)


def test_an_effect_that_differs_more_than_it_is_large_is_told(folder: Path):
    assert "No effect differs more" in words.effects_caption(read_sweep_folder(folder))
    effects = pd.read_csv(folder / "effects.csv")
    effects.loc[effects["parameter"] == "synapse.delay", "sigma"] = 9.0
    effects.to_csv(folder / "effects.csv", index=False)
    assert "= \N{GREEK SMALL LETTER MU}*) have: delay." in words.effects_caption(read_sweep_folder(folder))


def test_every_effect_with_its_interval_is_in_the_table(made: Path):
    for kind, column in (("morris", "mu_star"), ("sobol", "ST")):
        study = read_sweep_folder(made / kind)
        tables = list(words.effects_tables(study))
        assert len(tables) == 4
        accuracy, rows = tables[0]["rows"], study.effects_on("accuracy")
        assert [row["parameter"] for row in accuracy] == list(rows["parameter"])
        shown = [f"{100 * v:.1f}" if kind == "morris" else f"{v:.2f}" for v in rows[column]]
        assert [row["cells"][0] for row in accuracy] == shown


def test_pairs_are_told_only_if_their_interval_leaves_zero_out(made: Path):
    study = read_sweep_folder(made / "sobol")
    pairs = study.interactions[study.interactions["outcome"] == "accuracy"]
    told = words.interactions_caption(study)
    assert ("No pair" in told) == (not (pairs["S2_low"] > 0).any())


def test_the_best_and_the_worst_points_are_listed_with_what_they_were_set_to(made: Path):
    study = read_sweep_folder(made / "latin-hypercube")
    best, worst = words.extremes(study).values()
    assert len(best) == len(worst) == 10
    order = study.points.sort_values("accuracy", kind="stable")
    assert worst[0][0] == str(order["point"].iloc[0])
    assert best[0][1].startswith(f"{100 * order['accuracy'].iloc[-1]:.1f} [")
    row = study.points.set_index("point").loc[int(best[0][0])]
    assert best[0][5:7] == [f"{row['neuron.tau_m']:.4g}", f"{row['neuron.t_ref']:.4g}"]
    assert len(words.extremes(read_sweep_folder(made / "grid"))) == 2


def test_without_effects_parameters_stand_in_the_order_of_the_variance_that_goes_with_them(made: Path):
    study = read_sweep_folder(made / "latin-hypercube")
    assert study.order[0].key == "simulation.duration"
    assert "how much of its variance" in words.main_caption(study)
    grid = read_sweep_folder(made / "grid")
    x, y = grid.order
    assert "Highest: 98.0 % at 60 ms and 1.4" in words.surface_caption(grid, x, y)


@pytest.mark.parametrize(
    ("kind", "figures"),
    [("grid", "surface main"), ("sobol", "effects interactions alone surface main parallel")],
)
def test_each_kind_of_sweep_has_the_figures_that_its_files_allow(made: Path, kind: str, figures: str):
    study = read_sweep_folder(made / kind)
    few = replace(study, points=study.points.head(25))
    assert set(draw_sweep_figures(few)) == set(figures.split())


def test_what_never_changes_and_what_is_not_there_can_be_drawn(made: Path):
    study = read_sweep_folder(made / "grid")
    same = replace(study, points=study.points.assign(accuracy=1.0))
    assert set(draw_sweep_figures(same)) == {"surface", "main"}
    assert draw_sweep_figures(replace(study, points=study.points.assign(error="killed"))) == {}
