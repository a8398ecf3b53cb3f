"""Sweeps of functions whose answer is known: designs, resuming, failures, effects, verdict, page."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.run import Shard
from bioscnn.experiments.sweep import read_sweep
from bioscnn.experiments.sweep.analysis import effects_of, step_of
from bioscnn.experiments.sweep.design import Design
from bioscnn.experiments.sweep.designs import positions_of
from bioscnn.experiments.sweep.parameters import Parameter
from bioscnn.experiments.sweep.shown import read_sweep_results
from bioscnn.experiments.sweep.verdict import Curve, verdict_of_effects, verdict_of_points
from bioscnn.files import write_csv
from tests.experiments.conftest import no_pages
from tests.sweeps import computed, conduct, of_function

LATIN = 'kind = "latin-hypercube"\npoints = 12'


def table_of(done, name="points"):
    return pd.read_csv(done.folder / f"{name}.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def ishigami(tmp_path_factory):
    place = tmp_path_factory.mktemp("ishigami")
    design = 'kind = "sobol"\nsamples = 128\nsecond_order = true'
    return conduct(place, of_function(place, design, "ISHIGAMI"))


def test_sobol_indices_of_ishigamis_function_are_the_analytic_ones_within_their_intervals(ishigami):
    """Analytic values for a = 7, b = 0.1: Sobol and Levitan (1999)."""
    effects = table_of(ishigami, "effects").query("outcome == 'answer'")
    assert effects.parameter.tolist() == ["network.weight_scale", "encoding.gain", "noise.weight-noise.cv"]
    for name, analytic in (("S1", (0.3139, 0.4424, 0.0)), ("ST", (0.5576, 0.4424, 0.2437))):
        low, high = (effects[f"{name}_{end}"].to_numpy() for end in ("low", "high"))
        assert (low <= analytic).all() and (np.array(analytic) <= high).all()
        assert effects[name].to_numpy() == pytest.approx(analytic, abs=0.05)
    pairs = table_of(ishigami, "interactions").set_index(["parameter", "other"])
    assert pairs.S2["network.weight_scale", "noise.weight-noise.cv"] == pytest.approx(0.2437, abs=0.08)
    assert abs(pairs.S2["network.weight_scale", "encoding.gain"]) < 0.08


def test_what_is_the_same_everywhere_has_no_effects(ishigami):
    effects = table_of(ishigami, "effects")
    assert "spikes" not in set(effects.outcome) and np.isfinite(effects.select_dtypes(float)).all(axis=None)
    assert ishigami.summary["constant"] == ["spikes"] and "spikes" in ishigami.summary["verdict"][-1]


def test_the_strongest_parameters_are_moved_alone_through_their_ranges(ishigami):
    named = [row["parameter"] for row in ishigami.summary["influential"]]
    assert named == ["network.weight_scale", "encoding.gain", "noise.weight-noise.cv"]
    assert named[0] in ishigami.summary["verdict"][0]
    alone = table_of(ishigami, "one-at-a-time")
    assert alone.groupby("parameter").size().tolist() == [9, 9, 9]
    assert alone.x.min() == 0 and alone.x.max() == 1
    ends = alone[alone.x.isin([0, 1])]
    assert ends.answer.abs().max() < 1e-9, "sine is zero at both ends of every range, the others at theirs"


@pytest.fixture(scope="module")
def screened(tmp_path_factory):
    place = tmp_path_factory.mktemp("morris")
    return conduct(place, of_function(place, 'kind = "morris"\ntrajectories = 6', "LINEAR"))


def test_effects_on_a_linear_function_are_its_changes_by_a_step_of_two_thirds(screened):
    effects = table_of(screened, "effects").query("outcome == 'answer'")
    assert effects.mu.to_numpy() == pytest.approx([10 / 3, -2, 0], abs=1e-9)
    assert effects.mu_star.to_numpy() == pytest.approx([10 / 3, 2, 0], abs=1e-9)
    assert effects.sigma.to_numpy() == pytest.approx(0, abs=1e-9)
    assert screened.summary["step"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("levels", "values"), [(4, "ab"), (6, "ab"), (4, "abcd"), (6, "abc")])
def test_the_effect_of_a_choice_is_the_mean_difference_of_values_that_a_step_joins(levels, values):
    """Of two values it is their difference, and no outcome changes more than it can."""
    design = Design(kind="morris", levels=levels, trajectories=30)
    choice = Parameter("neuron.reset", "", None, None, "linear", tuple(values))
    parameters = (choice, Parameter("network.weight_scale", "", 1.0, 2.0, "linear", ()))
    positions = positions_of(design, parameters)
    answers = dict(zip("abcd", (0.25, 0.75, 0.25, 0.75), strict=True))
    answer = np.array([answers[choice.at(x)] for x in positions[:, 0]])
    (row, other), _ = effects_of(design, parameters, positions, {"answer": answer})
    joined = {
        abs(answers[choice.at(x)] - answers[choice.at(x + float(step_of(design)))])
        for x in np.arange(levels // 2) / (levels - 1)
    }
    if len(joined) == 1:
        assert row["mu_star"] == pytest.approx(*joined)
    assert min(joined) - 1e-9 <= row["mu_star"] <= max(joined) + 1e-9 and other["mu_star"] == 0
    if values == "ab":
        assert row["mu_star"] == pytest.approx(0.5)


def test_only_effects_whose_interval_leaves_zero_out_are_called_influential(screened):
    named = [row["parameter"] for row in screened.summary["influential"]]
    assert named == ["network.weight_scale", "encoding.gain"]
    first, raises, lowers, check = screened.summary["verdict"]
    assert "more of it raises it" in raises and "more of it lowers it" in lowers
    assert "weight-noise" not in first + raises + lowers and "comes to the same order" in check


def test_the_folder_has_the_sweep_that_made_it_and_facts_of_all_its_parameters(screened):
    summary = screened.summary
    assert summary["kind"] == "morris" and summary["n_points"] == 24 and summary["programs"] == 0
    assert summary["parameters"][0] == {
        "key": "network.weight_scale", "low": 1.0, "high": 2.0, "unit": "", "values": None,
        "scale": "linear", "nominal": 1.0,
    }  # fmt: skip
    assert (screened.folder.parent / "latest").resolve() == screened.folder.resolve()
    again = read_sweep(screened.folder / "sweep.toml")
    assert again.study.config.dataset.trials == 5 and len(again.parameters) == 3


def test_a_finished_sweep_is_read_back_as_it_was_shown(screened):
    shown = read_sweep_results(screened.folder)
    assert (shown.main, shown.kind) == ("answer", "morris")
    assert [parameter.key for parameter in shown.order[:2]] == ["network.weight_scale", "encoding.gain"]
    assert shown.points["answer"].tolist() == table_of(screened)["answer"].tolist()
    assert len(shown.alone) == 18 and shown.interactions is None


def test_a_choice_that_a_spreadsheet_would_compute_is_read_back_as_it_was(tmp_path):
    facts = dict.fromkeys(("low", "high", "nominal")) | {"key": "neuron.model", "unit": "", "scale": "linear"}
    summary = {"kind": "grid", "parameters": [facts | {"values": ["=a.toml", "lif"]}], "outcomes": ["answer"]}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "sweep.toml").touch()
    rows = [
        {"point": k, "neuron.model": name, "answer": -k, "error": ""}
        for k, name in ((1, "=a.toml"), (2, "lif"))
    ]
    write_csv(tmp_path / "points.csv", rows)
    assert "'=a.toml" in (tmp_path / "points.csv").read_text()
    shown = read_sweep_results(tmp_path)
    assert shown.points["neuron.model"].tolist() == ["=a.toml", "lif"]
    assert shown.points["answer"].tolist() == [-1, -2]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("summary.json", '{"kind": 3, "parameters": [], "outcomes": ["answer"]}'),
        ("summary.json", '{"kind": "grid", "parameters": [3], "outcomes": ["answer"]}'),
        ("summary.json", '{"kind": "grid", "parameters": [], "outcomes": []}'),
        ("summary.json", "[1]"),
        ("points.csv", ""),
        ("points.csv", "a,b\n1,2\n"),
        ("points.csv", "point,answer,error\n1,x,\n"),
        ("points.csv", None),
        ("effects.csv", '"'),
    ],
)
def test_a_damaged_sweep_is_refused_by_its_file(screened, tmp_path, file, content):
    folder = tmp_path / "sweep"
    shutil.copytree(screened.folder, folder)
    assert read_sweep_results(str(folder)).main == "answer"
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(UserError) as refused:
        read_sweep_results(folder)
    assert str(refused.value.file).startswith(str(folder))


def test_the_main_number_of_the_index_is_the_strongest_effect(screened):
    entry = screened.summary["entry"]
    assert entry["value"] == "3.33" and "weight scale" in entry["note"] and "24 points" in entry["n"]
    assert len(entry["more"]) == 2


@pytest.mark.usefixtures("without_pages")
def test_a_design_is_the_same_every_time_and_another_seed_is_another_one(tmp_path):
    cells = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (place := tmp_path / name).mkdir()
        done = conduct(place, of_function(place, f"{LATIN}\nseed = {seed}", "LINEAR"))
        cells.append((done.folder / "points.csv").read_bytes())
    assert cells[0] == cells[1] != cells[2]


@pytest.mark.usefixtures("without_pages")
def test_a_latin_hypercube_has_every_twelfth_of_a_range_once(tmp_path):
    table = table_of(conduct(tmp_path, of_function(tmp_path, LATIN, "LINEAR")))
    for column in ("network.weight_scale", "encoding.gain"):
        assert sorted(np.floor(12 * (table[column] - 1)).astype(int)) == list(range(12))


@pytest.mark.usefixtures("without_pages")
def test_an_interrupted_sweep_computes_no_point_twice_and_comes_to_the_same_table(tmp_path):
    (whole := tmp_path / "whole").mkdir()
    expected = conduct(whole, of_function(whole, LATIN, "LINEAR"))
    (place := tmp_path / "interrupted").mkdir()
    with pytest.raises(KeyboardInterrupt):
        conduct(place, of_function(place, LATIN, "LINEAR"), most=4)
    assert not list((place / "sweeps").rglob("points.csv"))
    resumed = conduct(place, of_function(place, LATIN, "LINEAR"), jobs=2)
    assert (resumed.folder / "points.csv").read_bytes() == (expected.folder / "points.csv").read_bytes()
    again = conduct(place, of_function(place, LATIN, "LINEAR"))
    assert sorted(set(computed(place))) == list(range(12)) and again.computed == 0
    assert resumed.computed == 8, "four points were kept"
    assert again.summary["units_per_second"] == resumed.summary["units_per_second"] > 0


@pytest.mark.usefixtures("without_pages")
def test_shards_come_to_what_one_command_comes_to_and_see_failures_of_each_other(tmp_path):
    (whole := tmp_path / "whole").mkdir()
    design = 'kind = "morris"\ntrajectories = 3'
    expected = conduct(whole, of_function(whole, design, "LINEAR"))
    (place := tmp_path / "shards").mkdir()
    for number in (1, 2, 1, 2):
        conduct(place, of_function(place, design, "LINEAR"), shard=Shard(number, 2))
    done = conduct(place, of_function(place, design, "LINEAR"))
    assert done.computed == 0
    for name in ("points", "effects", "one-at-a-time"):
        assert (done.folder / f"{name}.csv").read_bytes() == (expected.folder / f"{name}.csv").read_bytes()
    (broken := tmp_path / "broken sweep").mkdir()
    (broken / "broken").touch()
    for number in (1, 2, 1):
        conduct(broken, of_function(broken, design, "FAILING", failing=[2]), shard=Shard(number, 2))
    assert -1 not in computed(broken), "without its effects nothing is moved alone"


@pytest.mark.usefixtures("without_pages")
def test_a_point_that_ends_its_process_is_given_up_and_takes_no_other_with_it(tmp_path):
    done = conduct(tmp_path, of_function(tmp_path, LATIN, "DEADLY", deadly=[5]), jobs=2)
    table = table_of(done)
    assert table.index[table.error != ""].tolist() == [5] and "died, 3 times" in table.error[5]
    assert done.analysis.failed.keys() == {"point 5"} and done.summary["n_failed"] == 1
    assert "point 5" in done.summary["verdict"][0] and "--retry" in done.summary["verdict"][0]


def test_what_fails_is_recorded_with_its_reason_and_computed_again_on_request(tmp_path):
    (tmp_path / "broken").touch()
    design = 'kind = "morris"\ntrajectories = 3'

    def again(**options):
        return conduct(tmp_path, of_function(tmp_path, design, "FAILING", failing=[2, 7]), **options)

    done = again()
    assert table_of(done).error[2] == "no such luck; key: luck; fix: try again"
    assert not (done.folder / "effects.csv").exists() and "no effects" in done.summary["verdict"][0]
    page = (done.folder / "report.html").read_text()
    assert "no such luck" in page and 'id="failures"' in page and 'id="effects"' not in page
    (tmp_path / "broken").unlink()
    before = len(computed(tmp_path))
    with no_pages():
        assert again().analysis.failed.keys() == {"point 2", "point 7"}
        assert len(computed(tmp_path)) == before, "a failed point was computed without being asked"
        retried = again(retry=True)
    assert sorted(computed(tmp_path)[before : before + 2]) == [2, 7]
    assert not retried.analysis.failed and (table_of(retried).error == "").all()
    assert (retried.folder / "effects.csv").exists()


@pytest.mark.usefixtures("without_pages")
def test_points_share_their_random_numbers_unless_each_has_its_own(tmp_path):
    common = conduct(tmp_path, of_function(tmp_path, LATIN, "LINEAR"))
    own = conduct(tmp_path, of_function(tmp_path, f'{LATIN}\nseeds = "own"', "LINEAR"))
    assert set(table_of(common).seed) == {1} and table_of(own).seed.nunique() == 12


def test_points_by_chance_have_a_surface_and_their_best_and_worst_are_listed(tmp_path):
    design = 'kind = "random"\npoints = 25'
    experiment = of_function(tmp_path, design, "LINEAR")
    done = conduct(tmp_path, experiment)
    page = experiment.page(done.analysis, done.summary)
    assert [section.id for section in page.sections] == ["surface", "main", "parallel", "tables", "methods"]
    best, worst = page.sections[3].parts
    order = table_of(done).sort_values("answer", kind="stable")["point"]
    assert len(best.rows) == len(worst.rows) == 10
    assert (best.rows["point"].iloc[0], worst.rows["point"].iloc[0]) == (order.iloc[-1], order.iloc[0])


def test_points_whose_intervals_overlap_are_not_said_to_be_worse():
    sentence = verdict_of_points("accuracy", {"a": 0.99, "b": 0.98, "c": 0.5}, 100)[1]
    assert " 1 of the others" in sentence
    assert "none of the others" in verdict_of_points("accuracy", {"a": 0.99, "c": 0.5}, 100)[1]


def test_no_parameter_is_named_where_every_interval_reaches_zero():
    row = {"outcome": "accuracy", "parameter": "p", "mu": 0.1, "mu_star": 0.1, "sigma": 0.1}
    row |= {"mu_star_low": 0.0, "mu_star_high": 0.3}
    (sentence,) = verdict_of_effects(Design(kind="morris"), [row], "accuracy", {}, {}, 100)
    assert sentence.startswith("No effect on the accuracy was found")


SOBOL = {"outcome": "accuracy", "parameter": "p", "S1": 0.3, "S1_low": 0.2, "S1_high": 0.4, "ST": 0.8,
         "ST_low": 0.6, "ST_high": 0.9}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "by itself it makes 30 % of the variance, the rest of its 80 % together with others"),
        ({"ST_low": 0.35}, "interactions with others were not found"),
        ({"S1_low": -0.1}, "a share of its own was not found"),
    ],
)
def test_interactions_are_told_where_the_intervals_of_both_indices_lie_apart(change, said):
    kind, parameter = Design(kind="sobol"), Parameter("p", "", 1.0, 2.0, "linear", ())
    _, way = verdict_of_effects(kind, [SOBOL | change], "accuracy", {"p": parameter}, {}, 100)
    assert way.startswith("p: ") and said in way


def test_of_a_choice_the_best_and_the_worst_value_are_told_and_no_direction():
    choice = Parameter("neuron.reset", "", None, None, "linear", ("exact", "zero"))
    curve = Curve(("exact", "zero"), (0.9, 0.2))
    row = {"outcome": "accuracy", "parameter": "neuron.reset", "mu": 0.7, "mu_star": 0.7, "sigma": 0.1}
    row |= {"mu_star_low": 0.6, "mu_star_high": 0.8}
    given = {"neuron.reset": choice}, {"neuron.reset": curve}, 100
    _, way = verdict_of_effects(Design(kind="morris"), [row], "accuracy", *given)
    assert "highest, 90.0 % at exact, and lowest, 20.0 % at zero" in way and "more of it" not in way


def test_nothing_is_said_of_what_was_not_computed_or_never_changes():
    assert verdict_of_points("accuracy", {}, 100) == ["No point could be computed."]
    (same,) = verdict_of_points("accuracy", {"a": 0.5, "b": 0.5}, 100)
    assert same == "The accuracy is 50.0 % at every point."
    (none,) = verdict_of_effects(Design(kind="morris"), [], "accuracy", {}, {}, 100)
    assert "the same at every point" in none
