"""What holds for every perturbation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.errors import UserError
from bioscnn.noise import PERTURBATIONS, Delete, Equalise, Jitter, RemoveSegment, Reorder, parse_perturbation
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from tests.unit.noise.rasters import N_STEPS, RASTERS, random_trains, raster_of, trains_of

OF_SHORT_TRIALS = [
    "jitter 0 ms", "jitter 4 ms", "shift 4 ms", "shuffle-intervals", "redistribute", "reverse",
    "reorder 2-3-1 at 4 ms and 7 ms", "shuffle-segments at 4 ms and 7 ms", "collapse",
    "delete 30 %", "first-spike", "remove-segment 2 at 4 ms and 7 ms", "equalise 3",
]  # fmt: skip
EVERY = pytest.mark.parametrize("text", OF_SHORT_TRIALS)


def test_every_perturbation_is_tested_here():
    assert {text.split()[0] for text in OF_SHORT_TRIALS} == set(PERTURBATIONS)


@EVERY
@given(raster=RASTERS, seed=st.integers(0, 99))
def test_counts_are_kept_where_they_are_said_to_be_and_nothing_spikes_in_the_last_step(text, raster, seed):
    trains, perturbation = trains_of(raster), parse_perturbation(text)
    perturbed = perturbation.apply(trains, stream(seed, "noise"))
    names = ("n_trials", "size", "n_steps", "dt")
    assert all(getattr(perturbed, name) == getattr(trains, name) for name in names)
    if perturbation.keeps_counts:
        assert np.array_equal(perturbed.counts(), trains.counts())
    assert not (perturbed.step == N_STEPS - 1).any()
    assert trains == trains_of(raster)


@EVERY
def test_a_seed_gives_one_result(text):
    trains, perturbation = random_trains(0.3, steps=N_STEPS - 1), parse_perturbation(text)
    once, again, other = (perturbation.apply(trains, stream(seed, "noise")) for seed in (1, 1, 2))
    assert once == again
    certain = {"jitter 0 ms", "reverse", "collapse", "first-spike"}
    assert (once == other) == (text in certain or text.startswith(("remove-segment", "reorder")))


@EVERY
def test_those_that_change_counts_are_those_that_say_so(text):
    trains, perturbation = random_trains(0.3, steps=N_STEPS - 1), parse_perturbation(text)
    perturbed = perturbation.apply(trains, stream(1, "noise"))
    assert np.array_equal(perturbed.counts(), trains.counts()) == perturbation.keeps_counts


@EVERY
@pytest.mark.parametrize("spikes", ["none", "one", "all", "all in one step", "none in one trial"])
def test_extreme_trains_are_perturbed_too(text, spikes):
    raster = np.zeros((3, N_STEPS - 1, 4), bool)
    if spikes == "one":
        raster[1, -1, 2] = True
    elif spikes == "all":
        raster[:] = True
    elif spikes == "all in one step":
        raster[:, -1] = True
    elif spikes == "none in one trial":
        raster[0, 3:8] = raster[2, :4] = True
    perturbation = parse_perturbation(text)
    perturbed = raster_of(perturbation.apply(trains_of(raster), stream(1, "noise")))
    if perturbation.keeps_counts:
        assert np.array_equal(perturbed.sum(axis=1), raster.sum(axis=1))
    elif text != "equalise 3":
        assert (perturbed <= raster).all()


@pytest.mark.parametrize("text", ["jitter 2 ms", "shift 2 ms", "redistribute", "reverse", "collapse"])
def test_spikes_in_the_last_step_are_refused(text):
    trains = SpikeTrains(np.zeros(1, int), np.full(1, 9), np.array([0, 1]), 1, 10, 1e-3)
    with pytest.raises(UserError, match="last step of a trial") as refused:
        parse_perturbation(text).apply(trains, stream(1, "noise"))
    assert refused.value.fix == "make the trial one step longer"


@pytest.mark.parametrize("text", [*OF_SHORT_TRIALS, "jitter 500 us", "shift 1.25 s", "delete 12.5 %",
                                  "delete 100 %", "reorder 3-2-1", "remove-segment 3"])  # fmt: skip
def test_a_label_says_what_a_perturbation_is(text):
    perturbation = parse_perturbation(text)
    assert perturbation.label == text
    assert parse_perturbation(perturbation.label) == perturbation


def test_text_has_the_very_numbers_that_it_shows():
    assert parse_perturbation(" jitter 5ms ") == Jitter(5e-3)
    assert parse_perturbation("delete 30%") == Delete(0.3)
    assert parse_perturbation("equalise 2") == Equalise(2)
    assert parse_perturbation("reorder 2-3-1") == Reorder((2, 3, 1), (0.105, 0.21))
    assert parse_perturbation("remove-segment 1 at 50 ms") == RemoveSegment(1, (0.05,))


@pytest.mark.parametrize(
    ("text", "problem", "key"),
    [
        ("jitter", "not a time", "jitter"),
        ("jitter 5", "without a unit", "jitter"),
        ("shift -5 ms", "0 or more", "shift.sigma"),
        ("reverse 2", "no setting", "reverse"),
        ("delete 0.3", "not a fraction", "delete"),
        ("delete 130 %", "not a fraction", "delete.fraction"),
        ("equalise two", "not a whole number", "equalise"),
        ("equalise 0", "too few", "equalise.count"),
        ("reorder 2-1", "not an order", "reorder.order"),
        ("reorder 2-2-1", "not an order", "reorder.order"),
        ("reorder 2-x-1", "not a whole number", "reorder"),
        ("remove-segment 4", "no such segment", "remove-segment.which"),
        ("remove-segment 1 at noon", "not a time", "remove-segment"),
        ("shuffle-segments 2", "no ends", "shuffle-segments"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(text, problem, key):
    with pytest.raises(UserError, match=problem) as refused:
        parse_perturbation(text)
    assert refused.value.key == key


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    with pytest.raises(UserError, match="unknown perturbation") as refused:
        parse_perturbation("shufle-intervals")
    assert refused.value.fix == 'did you mean "shuffle-intervals"?'
    assert refused.value.expected.split(" | ") == list(PERTURBATIONS)
