"""The retina experiment: what chooses, what is compared, and a run from end to end with its page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.retina import RetinaExperiment
from bioscnn.experiments.retina.choices import CLEAN, Choice, Condition, choices, conditions
from bioscnn.experiments.retina.images import Amount, load_pool
from bioscnn.experiments.retina.tables import Answers, compare, mean_rows, ranked
from bioscnn.experiments.retina.verdict import Chosen, comparison_rows
from bioscnn.studies import read_study
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import Watcher, conduct

pytest.importorskip("torch")
STUDY = Path(__file__).parents[2] / "sims" / "mnist-foveal.toml"
PIXELS, FEW, RANKED = Choice((), False), Choice(("off-midget",), False), Choice(("off-midget",), True)
AMOUNT = Amount(seeds=1, train=100, validation=20, test=20, epochs=1, severities=(3,))
SECTIONS = ("summary", "accuracies", "noise", "comparisons", "tables", "methods", "provenance")


@pytest.fixture(scope="module")
def embedded_splits():
    """Let the embedded digits stand for all splits, which not every machine has."""
    from bioscnn.datasets.mnist import load_embedded

    digits = load_embedded()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr("bioscnn.experiments.retina.images.load_dataset", lambda *_, **__: digits)
        patch.setattr("bioscnn.experiments.retina.experiment.FULL", {"mnist": AMOUNT})
        patch.setattr("bioscnn.experiments.retina.experiment.choices", lambda: [PIXELS, FEW, RANKED])
        yield


@pytest.fixture(scope="module")
def done(embedded_splits, tmp_path_factory):
    """An experiment of three front ends that was interrupted while it trained, and went on."""
    results, experiment = tmp_path_factory.mktemp("retina"), RetinaExperiment(read_study(STUDY))
    with pytest.raises(KeyboardInterrupt):
        conduct(experiment, results, Watcher(most=2))
    return conduct(experiment, results)


def test_every_network_is_trained_once_and_tested_under_every_condition(done):
    assert done.computed == 3 + 3 * 3 - 2, "what was done before the interruption was kept"
    table = pd.read_csv(done.folder / "table.csv")
    assert len(table) == 9 and (table.n == AMOUNT.test).all() and table.spikes.gt(0).all()
    assert set(table.noise) == {"none", "gaussian-noise", "salt-and-pepper"}
    assert table.validation_accuracy.notna().all()
    assert sorted(path.name for path in (done.folder / "networks").iterdir()) == [
        "off-midget-rank-order-seed1.onnx", "off-midget-seed1.onnx", "pixels-seed1.onnx",
    ]  # fmt: skip
    assert done.summary["best_filtered"] in {FEW.label, RANKED.label}
    assert len(done.analysis.tables["comparisons"]) in (7, 9)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_its_page_opens_with_every_section(browser, done, width):
    page = open_alone(browser, done.folder / "report.html", width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=2)
    page.close()


@pytest.mark.parametrize("network", ["mnist-small", "caltech-foveal-noise"])
def test_a_network_without_a_front_end_or_shown_noise_is_refused_before_any_work(network, tmp_path):
    study = read_study(STUDY, [f"network.model={network}"])
    with pytest.raises(UserError, match="no recipe") as error:
        conduct(RetinaExperiment(study), tmp_path)
    assert "mnist-foveal" in str(error.value) and not any(tmp_path.iterdir())


def test_an_image_has_the_same_noise_whatever_else_is_shown(embedded_splits):
    pool = load_pool(read_study(STUDY).config, AMOUNT, None)
    condition = Condition("gaussian-noise", 3)
    few, more = (pool.shown(condition, np.array(rows)) for rows in ([5, 7], [5, 6, 7]))
    assert np.array_equal(few, more[[0, 2]]) and not np.array_equal(few[0], few[1])


def test_every_combination_of_cells_is_tried_once():
    labels = [choice.label for choice in choices()]
    assert len(set(labels)) == 32 and sum("rank order" in label for label in labels) == 16
    assert sum(label.startswith("pixels") for label in labels) == 2


def answers(right, *, seed=1, validation=0.5, condition=CLEAN):
    correct = np.array(right, bool)
    return Answers(seed, condition, np.arange(len(correct)), correct, correct, 1.0, 1.0, validation)


def test_seeds_that_test_the_same_images_are_no_more_images():
    wrong = {PIXELS: [answers([0, 0, 1, 1] * 5, seed=seed) for seed in (1, 2, 3)]}
    right = {FEW: [answers([1] * 20, seed=seed) for seed in (1, 2, 3)]}
    ((_, three),) = compare(wrong | right, "?", PIXELS, FEW, [CLEAN])
    ((_, one),) = compare({c: a[:1] for c, a in (wrong | right).items()}, "?", PIXELS, FEW, [CLEAN])
    assert three.value == one.value == 0.5 and (three.trials, three.seeds) == (20, 3)
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.3)
    (row,) = mean_rows(wrong)
    assert (row["accuracy"], row["n_images"], row["lowest_seed"]) == (0.5, 20, 0.5)


def test_validation_images_choose_and_test_images_do_not():
    results = {
        PIXELS: [answers([1] * 4, validation=0.6)],
        FEW: [answers([0] * 4, validation=0.9)],
        RANKED: [answers([1, 0, 0, 0], validation=0.9)],
    }
    assert ranked(results, 0) == [FEW, RANKED, PIXELS]


def test_of_front_ends_with_as_many_right_answers_the_one_of_fewer_cells_is_chosen():
    few, many = (Choice(cells, False) for cells in (("on-parasol",), ("off-midget", "on-midget")))
    # Equal sums of fifths that differ in their last bits, added in this order.
    results = {
        many: [answers([1] * 4, seed=s, validation=v) for s, v in enumerate((0.1, 0.2, 0.3))],
        few: [answers([1] * 4, seed=s, validation=v) for s, v in enumerate((0.3, 0.2, 0.1))],
    }
    assert np.mean([0.1, 0.2, 0.3]) != np.mean([0.3, 0.2, 0.1])
    assert ranked(results, 0) == [few, many]


def test_the_same_pair_is_compared_once_and_all_comparisons_are_one_family():
    everywhere = conditions(AMOUNT.severities)

    def results(noisy):
        validation = {PIXELS: (0.9, 0.8), FEW: (0.8, noisy), RANKED: (0.7, 0.5)}
        return {
            choice: [answers([1] * 10, condition=one, validation=shares[one != CLEAN]) for one in everywhere]
            for choice, shares in validation.items()
        }

    for noisy, count in ((0.9, 7), (0.7, 9)):
        chosen = Chosen.of(results(noisy), AMOUNT)
        rows = comparison_rows(results(noisy), chosen, AMOUNT)
        assert (chosen.best, chosen.filtered) == (PIXELS, FEW)
        assert chosen.in_noise == (FEW if count == 7 else PIXELS)
        assert len(rows) == count and {row["family"] for row in rows} == {"front ends"}
