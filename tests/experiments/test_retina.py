"""The retina experiment: what is compared at equal gain control, what chooses cells, runs and pages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.encoding import FOVEAL_PIT
from bioscnn.errors import UserError
from bioscnn.experiments.retina import CellSearch, RetinaExperiment
from bioscnn.experiments.retina.choices import (
    CLEAN,
    EVERY,
    Choice,
    Condition,
    Steps,
    combinations_of_cells,
    conditions,
)
from bioscnn.experiments.retina.images import Amount, Division, Pool, load_pool
from bioscnn.experiments.retina.steps import EXPLORATORY, PRIMARY, by_readout, step_rows
from bioscnn.experiments.retina.tables import Answers, compare, mean_rows, ranked
from bioscnn.experiments.retina.verdict import Chosen, comparison_rows
from bioscnn.readout import READOUTS
from bioscnn.studies import read_study
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import Watcher, conduct
from tests.hostile import NAME, assert_nothing_ran, write_with_names

pytest.importorskip("torch")
STUDY = Path(__file__).parents[2] / "sims" / "mnist-foveal.toml"
CELLS = ("off-midget", "on-midget")
ONE_CELL = ['encoding.retina=["off-midget"]']
PIXELS, FEW, MORE = Choice(()), Choice(("off-midget",)), Choice(CELLS)
AMOUNT = Amount(seeds=1, train=100, validation=20, test=20, epochs=1, severities=(3,))
SEARCHED = Amount(1, 100, 20, 20, 1, (3,), noises=EVERY[:2], chooses=True)
SECTIONS = ("summary", "noise", "comparisons", "tables", "methods", "provenance")


@pytest.fixture(scope="module")
def embedded_splits():
    """Let the embedded digits stand for all splits, which not every machine has."""
    from bioscnn.datasets.mnist import load_embedded

    digits = load_embedded()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr("bioscnn.experiments.retina.images.load_dataset", lambda *_, **__: digits)
        patch.setattr("bioscnn.experiments.retina.experiment.STEPS", {"mnist": AMOUNT})
        patch.setattr("bioscnn.experiments.retina.search.SEARCH", {"mnist": SEARCHED})
        patch.setattr("bioscnn.experiments.retina.search.combinations_of_cells", lambda: [PIXELS, FEW])
        yield


@pytest.fixture(scope="module")
def done(embedded_splits, tmp_path_factory):
    """An experiment of one kind of cells that was interrupted while it trained, and went on."""
    results, experiment = tmp_path_factory.mktemp("retina"), RetinaExperiment(read_study(STUDY, ONE_CELL))
    with pytest.raises(KeyboardInterrupt):
        conduct(experiment, results, Watcher(most=2))
    return conduct(experiment, results)


@pytest.fixture(scope="module")
def searched(embedded_splits, tmp_path_factory):
    return conduct(CellSearch(read_study(STUDY)), tmp_path_factory.mktemp("search"))


def test_every_network_is_trained_once_and_tested_under_every_condition(done):
    assert done.computed == 5 + 5 * 4 - 2, "what was done before the interruption was kept"
    table = pd.read_csv(done.folder / "table.csv")
    assert len(table) == 20 and (table.n == AMOUNT.test).all() and table.spikes.gt(0).all()
    assert set(table.noise) == {"none", "gaussian-noise", "salt-and-pepper", "contrast"}
    assert sorted(path.name for path in (done.folder / "networks").iterdir()) == [
        "off-midget-gain-control-seed1.onnx", "off-midget-rank-order-seed1.onnx", "off-midget-seed1.onnx",
        "pixels-gain-control-seed1.onnx", "pixels-seed1.onnx",
    ]  # fmt: skip
    readouts = pd.read_csv(done.folder / "readouts.csv")
    assert set(readouts.readout) == set(READOUTS) and len(readouts) == 5 * 8


def test_networks_with_gain_control_answer_alike_whatever_the_contrast(done):
    table = pd.read_csv(done.folder / "table.csv").set_index(["front_end", "noise"])
    for label in ("pixels, gain control", "off-midget, gain control", "off-midget, rank order"):
        clean, faint = (table.loc[(label, noise)] for noise in ("none", "contrast"))
        assert abs(clean.correct - faint.correct) <= 1 and faint.spikes == pytest.approx(clean.spikes, 0.05)
    for label in ("pixels", "off-midget"):
        assert table.loc[(label, "contrast")].spikes < 0.9 * table.loc[(label, "none")].spikes


def test_the_search_chooses_by_validation_images_and_calls_itself_exploratory(searched):
    table = pd.read_csv(searched.folder / "table.csv")
    assert table.validation_accuracy.notna().all() and set(table.front_end) == {PIXELS.label, FEW.label}
    assert searched.summary["best_filtered"] == FEW.label and "search" in str(searched.folder)
    assert {row["family"] for row in searched.analysis.tables["comparisons"]} == {"front ends, exploratory"}
    assert (searched.folder / "order.csv").exists()


@pytest.mark.browser
@pytest.mark.usefixtures("undrawn")
def test_its_pages_run_no_name(browser, done, searched, tmp_path):
    for page, finished in ((RetinaExperiment.page, done), (CellSearch.page, searched)):
        assert_nothing_ran(browser, write_with_names(page, finished, tmp_path), 3, NAME)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_its_pages_open_with_every_section(browser, done, searched, width):
    for finished, more, pictures in ((done, (), 1), (searched, ("accuracies",), 2)):
        page = open_alone(browser, finished.folder / "report.html", width)
        assert_everything_fits(page, width, sorted({*SECTIONS, *more}), n_pictures=pictures)
        page.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("network.model=mnist-small", "no recipe"),
        ("network.model=caltech-foveal-noise", "no recipe"),
        ("encoding.retina=[]", "what cells add"),
    ],
)
def test_a_network_without_a_front_end_or_shown_noise_and_no_cells_are_refused_before_any_work(
    change, message, tmp_path
):
    with pytest.raises(UserError, match=message) as error:
        conduct(RetinaExperiment(read_study(STUDY, [change])), tmp_path)
    assert error.value.expected and not any(tmp_path.iterdir())


def test_an_image_has_noise_of_the_seed_whatever_else_is_shown(embedded_splits):
    pool = load_pool(read_study(STUDY).config, AMOUNT, None)
    condition = Condition("gaussian-noise", 3)
    few, more = (pool.images_under(condition, np.array(rows), 1) for rows in ([5, 7], [5, 6, 7]))
    assert np.array_equal(few, more[[0, 2]]) and not np.array_equal(few[0], few[1])
    assert not np.array_equal(few, pool.images_under(condition, np.array([5, 7]), 2))


def test_each_step_changes_one_thing_and_the_primary_ones_are_of_cells_at_equal_gain_control():
    steps = Steps(CELLS)
    for step in steps.primary:
        assert (step.before.retina, step.after.retina) == ((), CELLS)
        assert (step.before.kind, step.before.gain_control) == (step.after.kind, step.after.gain_control)
    assert {step.before.gain_control for step in steps.primary} == {"none", "image"}
    asked = {choice for step in (*steps.primary, *steps.exploratory) for choice in (step.before, step.after)}
    assert asked == set(steps.choices) and len(steps.choices) == 5


def test_fixed_units_excite_cells_as_gain_control_does_on_average(embedded_splits):
    pool = load_pool(read_study(STUDY).config, AMOUNT, None)
    rows = pool.divisions[0].train
    units = pool.units(rows)
    images = pool.images.take(rows).intensities()
    for name in CELLS:
        from bioscnn.encoding import FrontEnd

        fixed = FrontEnd("lif-layer", (name,), gain_control="none", full_response=(units[name],))
        mean = fixed.coefficients(images).mean()
        assert mean == pytest.approx(FrontEnd("lif-layer", (name,)).coefficients(images).mean(), rel=0.05)
    assert set(units) == set(FOVEAL_PIT)


def test_every_combination_of_cells_is_searched_once():
    labels = [choice.label for choice in combinations_of_cells()]
    assert len(set(labels)) == 16 and labels.count("pixels") == 1


def answers(right, *, seed=1, validation=0.5, condition=CLEAN, first=0):
    correct = np.array(right, bool)
    by_readout = np.stack([correct] * len(READOUTS))
    images = first + np.arange(len(correct))
    return Answers(seed, condition, images, correct, correct, by_readout, 1.0, 1.0, validation)


def test_seeds_that_test_the_same_images_are_no_more_images():
    wrong = {PIXELS: [answers([0, 0, 1, 1] * 5, seed=seed) for seed in (1, 2, 3)]}
    right = {FEW: [answers([1] * 20, seed=seed) for seed in (1, 2, 3)]}
    terms = [(1, FEW), (-1, PIXELS)]
    three = compare(wrong | right, terms, [CLEAN])
    one = compare({c: a[:1] for c, a in (wrong | right).items()}, terms, [CLEAN])
    assert three.value == one.value == 0.5 and (three.trials, three.seeds) == (20, 3)
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.3)
    (row,) = mean_rows(wrong)
    assert (row["accuracy"], row["n_images"], row["lowest_seed"]) == (0.5, 20, 0.5)


def test_seeds_that_test_other_images_have_more_of_them():
    results = {
        choice: [answers(right, seed=seed, first=20 * seed) for seed in (1, 2, 3)]
        for choice, right in ((PIXELS, [0, 0, 1, 1] * 5), (FEW, [1] * 20))
    }
    estimate = compare(results, [(1, FEW), (-1, PIXELS)], [CLEAN])
    assert (estimate.value, estimate.trials) == (0.5, 60)
    assert [row["n_images"] for row in mean_rows(results)] == [60, 60]


def made_up(accuracy):
    """Answers of all front ends to 200 images, 5 seeds; of noise the accuracy is that of the front end."""
    steps, rng = Steps(CELLS), np.random.default_rng(1)
    results = {
        choice: [
            answers(rng.random(200) < accuracy(choice, condition), seed=seed, condition=condition)
            for condition in conditions(EVERY, (3, 5))
            for seed in range(1, 6)
        ]
        for choice in steps.choices
    }
    return steps, results


def test_gain_control_that_helps_is_not_taken_for_filters_that_help():
    steps, results = made_up(
        lambda choice, condition: 0.95 if choice.gain_control == "image" or condition == CLEAN else 0.5
    )
    rows = step_rows(results, steps, Amount(5, 1, 1, 200, 1, (3, 5)))
    primary = [row for row in rows if row["family"] == PRIMARY]
    assert len(primary) == 8 and not any(row["significant"] for row in primary)
    by_step = {(row["step"], row["noise"]): row for row in rows if row["family"] == EXPLORATORY}
    for step in ("gain control, pixels", "gain control, cells", "cells and gain control"):
        assert not by_step[step, "none"]["significant"]
        for noise in EVERY:
            row = by_step[step, noise]
            assert row["significant"] and row["difference"] == pytest.approx(0.45, abs=0.06)
            assert row["severities"] == "3, 5"


def test_filters_that_help_only_with_gain_control_show_as_an_interaction():
    def accuracy(choice, condition):
        return 0.95 if choice.retina and choice.gain_control == "image" else 0.6

    steps, results = made_up(accuracy)
    amount = Amount(5, 1, 1, 200, 1, (3, 5))
    rows = {(row["step"], row["noise"]): row for row in step_rows(results, steps, amount)}
    for noise in ("none", *EVERY):
        assert rows["cells, gain control", noise]["difference"] == pytest.approx(0.35, abs=0.08)
        assert not rows["cells, no gain control", noise]["significant"]
        interaction = rows["cells x gain control", noise]
        assert interaction["significant"] and interaction["difference"] == pytest.approx(0.35, abs=0.12)
    of_readouts = by_readout(results, steps, amount)
    assert {row["difference"] for row in of_readouts if row["noise"] == "none"} == {
        rows[step, "none"]["difference"] for step in ("cells, gain control", "cells, no gain control")
    }


def test_validation_images_choose_and_test_images_do_not():
    results = {
        PIXELS: [answers([1] * 4, validation=0.6)],
        FEW: [answers([0] * 4, validation=0.9)],
        MORE: [answers([1, 0, 0, 0], validation=0.9)],
    }
    assert ranked(results, 0) == [FEW, MORE, PIXELS]


def test_what_any_division_tests_chooses_nothing():
    one, other = (
        Division(1, *map(np.array, ([0], [1, 2], [3]))),
        Division(2, *map(np.array, ([0], [3, 2], [1]))),
    )
    assert Pool(None, (one, other)).tested.tolist() == [1, 3], "only image 2 may choose"


def test_of_front_ends_with_as_many_right_answers_the_one_of_fewer_cells_is_chosen():
    few, many = (Choice(cells) for cells in (("on-parasol",), CELLS))
    # Equal sums of fifths that differ in their last bits, added in this order.
    results = {
        many: [answers([1] * 4, seed=s, validation=v) for s, v in enumerate((0.1, 0.2, 0.3))],
        few: [answers([1] * 4, seed=s, validation=v) for s, v in enumerate((0.3, 0.2, 0.1))],
    }
    assert np.mean([0.1, 0.2, 0.3]) != np.mean([0.3, 0.2, 0.1])
    assert ranked(results, 0) == [few, many]


def test_the_search_compares_the_same_pair_once():
    everywhere = conditions(SEARCHED.noises, SEARCHED.severities)

    def results(noisy):
        validation = {PIXELS: (0.9, 0.8), FEW: (0.8, noisy), MORE: (0.7, 0.5)}
        return {
            choice: [answers([1] * 10, condition=one, validation=shares[one != CLEAN]) for one in everywhere]
            for choice, shares in validation.items()
        }

    for noisy, count in ((0.9, 4), (0.7, 6)):
        chosen = Chosen.of(results(noisy), SEARCHED)
        rows = comparison_rows(results(noisy), chosen, SEARCHED)
        assert (chosen.best, chosen.filtered) == (PIXELS, FEW)
        assert chosen.in_noise == (FEW if count == 4 else PIXELS)
        assert len(rows) == count
