"""The engine of sweeps, on functions whose answer is known: design, processes, table, analysis."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bioscnn.studies.sweep.lock import locked

from bioscnn.errors import UserError
from bioscnn.studies.sweep import Where, read_sweep, run_sweep
from bioscnn.studies.sweep.table import PointTable
from tests.sweeps import Deadly, Failing, Ishigami, Linear, Watcher, write_sweep

LATIN = 'kind = "latin-hypercube"\npoints = 12'


def go(place: Path, file: Path, model, watcher=None, **options):
    given = {
        "where": Where(jobs=2),
        "data": None,
        "results": place,
        "progress": watcher or Watcher(),
    } | options
    return run_sweep(read_sweep(file), model=model, **given)


def table_of(run):
    return pd.read_csv(run.folder / "points.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def ishigami(tmp_path_factory):
    place = tmp_path_factory.mktemp("ishigami")
    file = write_sweep(place, 'kind = "sobol"\nsamples = 512\nsecond_order = true')
    return go(place, file, Ishigami(place / "log"))


def test_sobol_indices_of_ishigamis_function_are_the_analytic_ones_within_their_intervals(ishigami):
    """Analytic values for a = 7, b = 0.1: Sobol and Levitan (1999)."""
    effects = pd.read_csv(ishigami.folder / "effects.csv").query("outcome == 'answer'")
    assert effects.parameter.tolist() == ["network.weight_scale", "encoding.gain", "noise.weight-noise.cv"]
    for name, analytic in (("S1", (0.3139, 0.4424, 0.0)), ("ST", (0.5576, 0.4424, 0.2437))):
        low, high = (effects[f"{name}_{end}"].to_numpy() for end in ("low", "high"))
        assert (low <= analytic).all() and (np.array(analytic) <= high).all()
        assert effects[name].to_numpy() == pytest.approx(analytic, abs=0.05)
    pairs = pd.read_csv(ishigami.folder / "interactions.csv").set_index(["parameter", "other"])
    assert pairs.S2["network.weight_scale", "noise.weight-noise.cv"] == pytest.approx(0.2437, abs=0.08)
    assert abs(pairs.S2["network.weight_scale", "encoding.gain"]) < 0.08


def test_what_is_the_same_everywhere_has_no_effects_and_is_said_to_be(ishigami):
    effects = pd.read_csv(ishigami.folder / "effects.csv")
    assert "spikes" not in set(effects.outcome) and np.isfinite(effects.select_dtypes(float)).all(axis=None)
    assert ishigami.summary["constant"] == ["spikes"]
    assert ishigami.summary["verdict"][-1] == "The same at every point: spikes."


def test_the_verdict_names_the_strongest_and_what_it_does_with_others(ishigami):
    first, scale, _, alone_nothing, *_ = ishigami.summary["verdict"]
    assert "depends most on network.weight_scale (0.5" in first and "total Sobol index" in first
    assert "together with others" in scale
    assert "alone none that can be told" in alone_nothing
    assert ishigami.summary["influential"][0]["parameter"] == "network.weight_scale"
    alone = pd.read_csv(ishigami.folder / "one-at-a-time.csv")
    assert alone.groupby("parameter").size().tolist() == [9, 9, 9]
    assert alone.x.min() == 0 and alone.x.max() == 1


@pytest.fixture(scope="module")
def screened(tmp_path_factory):
    place = tmp_path_factory.mktemp("morris")
    file = write_sweep(place, 'kind = "morris"\ntrajectories = 6')
    return go(place, file, Linear(place / "log"))


def test_elementary_effects_of_a_linear_function_are_its_weights(screened):
    effects = pd.read_csv(screened.folder / "effects.csv").query("outcome == 'answer'")
    assert effects.mu.to_numpy() == pytest.approx([5, -3, 0], abs=1e-9)
    assert effects.mu_star.to_numpy() == pytest.approx([5, 3, 0], abs=1e-9)
    assert effects.sigma.to_numpy() == pytest.approx(0, abs=1e-9)


def test_only_what_is_told_from_zero_is_called_influential(screened):
    assert [row["parameter"] for row in screened.summary["influential"]] == [
        "network.weight_scale", "encoding.gain",
    ]  # fmt: skip
    verdict = screened.summary["verdict"]
    assert "more of it raises it" in verdict[1] and "more of it lowers it" in verdict[2]
    assert "comes to the same order" in verdict[3]


def test_a_design_is_the_same_every_time_and_another_seed_is_another_one(tmp_path):
    cells = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (place := tmp_path / name).mkdir()
        run = go(place, write_sweep(place, f"{LATIN}\nseed = {seed}"), Linear(place / "log"))
        cells.append((run.folder / "points.csv").read_bytes())
    assert cells[0] == cells[1] != cells[2]


def test_a_latin_hypercube_has_every_twelfth_of_a_range_once(tmp_path):
    table = table_of(go(tmp_path, write_sweep(tmp_path, LATIN), Linear(tmp_path / "log")))
    for column in ("network.weight_scale", "encoding.gain"):
        assert sorted(np.floor(12 * (table[column] - 1)).astype(int)) == list(range(12))


def test_an_interrupted_sweep_computes_no_point_twice_and_comes_to_the_same_table(tmp_path):
    (whole := tmp_path / "whole").mkdir()
    expected = go(whole, write_sweep(whole, LATIN), Linear(whole / "log"))
    (place := tmp_path / "interrupted").mkdir()
    model = Linear(place / "log")
    with pytest.raises(KeyboardInterrupt):
        go(place, write_sweep(place, LATIN), model, Watcher(most=4), where=Where(jobs=1))
    begun = model.computed()
    (table,) = (place / "sweeps").rglob("points.csv")
    kept = len(table.read_text().splitlines()) - 1
    assert 0 < kept < 12
    resumed = go(place, write_sweep(place, LATIN), model)
    # What a killed process had begun and not told is lost; what is in the table is not computed again.
    assert len(model.computed()) - len(begun) == 12 - kept
    assert (resumed.folder / "points.csv").read_bytes() == (expected.folder / "points.csv").read_bytes()
    again = go(place, write_sweep(place, LATIN), model)
    assert len(model.computed()) == len(begun) + 12 - kept
    assert again.summary["points_per_second"] == resumed.summary["points_per_second"]


def test_a_point_that_ends_its_process_is_given_up_and_takes_no_other_with_it(tmp_path):
    run = go(tmp_path, write_sweep(tmp_path, LATIN), Deadly(tmp_path / "log", deadly=(5,)))
    table = table_of(run)
    assert table.index[table.error != ""].tolist() == [5] and "died, 3 times" in table.error[5]
    assert run.failed.keys() == {"point 5"} and run.summary["n_failed"] == 1
    assert "point 5" in run.summary["verdict"][0] and "--retry" in run.summary["verdict"][0]


def test_what_fails_is_recorded_with_its_reason_and_computed_again_on_request(tmp_path):
    (tmp_path / "broken").touch()
    model = Failing(tmp_path / "log", failing=(2, 7))
    file = write_sweep(tmp_path, 'kind = "morris"\ntrajectories = 3')
    run = go(tmp_path, file, model)
    assert table_of(run).error[2] == "no such luck; key: luck; fix: try again"
    assert not (run.folder / "effects.csv").exists() and "no effects" in run.summary["verdict"][0]
    (tmp_path / "broken").unlink()
    before = len(model.computed())
    assert go(tmp_path, file, model).failed.keys() == {"point 2", "point 7"}, (
        "a failed point was computed without being asked"
    )
    retried = go(tmp_path, file, model, retry=True)
    assert sorted(model.computed()[before : before + 2]) == [2, 7]
    assert not retried.failed and (table_of(retried).error == "").all()
    assert (retried.folder / "effects.csv").exists()


def test_points_share_their_random_numbers_unless_each_has_its_own(tmp_path):
    assert set(table_of(go(tmp_path, write_sweep(tmp_path, LATIN), Linear(tmp_path / "log"))).seed) == {1}
    own = go(tmp_path, write_sweep(tmp_path, f'{LATIN}\nseeds = "own"'), Linear(tmp_path / "log"))
    assert table_of(own).seed.nunique() == 12


def test_a_second_process_is_told_who_is_at_the_sweep(tmp_path):
    with locked(tmp_path), pytest.raises(UserError, match="another process") as error, locked(tmp_path):
        pass
    assert "process " in str(error.value) and "since 20" in str(error.value)
    with locked(tmp_path):
        pass


def row(point, value="1"):
    return {"point": str(point), "x": value, "error": ""}


def test_a_torn_row_is_cut_and_the_last_row_of_a_point_counts(tmp_path):
    table = PointTable(tmp_path / "t.csv", ("point", "x", "error"))
    with table.open():
        table.append(row(1))
        table.append(row(0))
        table.append(row(1, "2"))
    with table.path.open("a") as file:
        file.write('3,"half')
    again = PointTable(table.path, table.columns)
    with again.open():
        assert {point: cells["x"] for point, cells in again.rows.items()} == {0: "1", 1: "2"}
    assert table.path.read_text() == "point,x,error\n1,1,\n0,1,\n1,2,\n"
    again.finish()
    assert table.path.read_text() == "point,x,error\n0,1,\n1,2,\n"


def test_damage_that_cannot_be_mended_is_told_with_the_line(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("point,x,error\n0,1,\n1,2\n")
    with (
        pytest.raises(UserError, match="damaged line") as error,
        PointTable(file, ("point", "x", "error")).open(),
    ):
        pass
    assert error.value.key == "line 3" and "delete the line" in str(error.value)
    with pytest.raises(UserError, match="other columns"), PointTable(file, ("point", "y", "error")).open():
        pass


def test_a_full_disk_leaves_whole_rows_and_a_message(tmp_path):
    table = PointTable(tmp_path / "t.csv", ("point", "x", "error"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(UserError, match="cannot write"), table.open():
        table.append(row(0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
        try:
            table.append(row(1, "a long value"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert table.path.read_text() == "point,x,error\n0,1,\n"


def test_the_folder_has_all_that_a_page_is_made_from(screened):
    summary = json.loads((screened.folder / "summary.json").read_text())
    assert summary["kind"] == "morris" and summary["n_points"] == 24 and summary["programs"] == 0
    assert summary["parameters"][0] == {
        "key": "network.weight_scale", "low": 1.0, "high": 2.0, "unit": "", "values": None,
        "scale": "linear", "nominal": 1.0,
    }  # fmt: skip
    assert (screened.folder.parent / "latest").resolve() == screened.folder.resolve()
    again = read_sweep(screened.folder / "sweep.toml")
    assert again.study.config.dataset.trials == 5 and len(again.parameters) == 3
