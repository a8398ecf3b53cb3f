from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.errors import UserError
from bioscnn.noise import RemoveSegment, Reorder, ShuffleSegments
from bioscnn.seeds import stream
from tests.unit.noise.rasters import RASTERS, random_trains, raster_of, trains_of

ENDS = (4e-3, 7e-3)
SEGMENTS = [slice(0, 4), slice(4, 7), slice(7, 11)]


@given(RASTERS, st.permutations([1, 2, 3]))
def test_segments_are_played_one_after_the_other_at_their_own_lengths(raster, order):
    played = Reorder(tuple(order), ENDS).apply(trains_of(raster), stream(1, "noise"))
    expected = np.concatenate([raster[:, SEGMENTS[segment - 1]] for segment in order], axis=1)
    assert np.array_equal(raster_of(played), expected)


def test_the_order_of_the_saccades_is_undone_where_they_now_end():
    trains, rng = random_trains(0.02), stream(1, "noise")
    assert Reorder((1, 2, 3)).apply(trains, rng) == trains
    played = Reorder((2, 3, 1)).apply(trains, rng)
    # The last saccade has 89 steps in which neurons spike, the others 105.
    assert Reorder((3, 1, 2), (105e-3, 194e-3)).apply(played, rng) == trains
    assert Reorder((3, 1, 2)).apply(played, rng) != trains


def test_every_recording_has_an_order_of_its_own_and_its_segments_stay_whole():
    trains = random_trains(0.3, n_trials=200, steps=11)
    played = ShuffleSegments(ENDS).apply(trains, stream(1, "noise"))
    orders = [Reorder(order, ENDS).apply(trains, stream(1, "none")) for order in permutations((1, 2, 3))]
    which = [[played[trial : trial + 1] == one[trial : trial + 1] for one in orders] for trial in range(200)]
    assert np.array_equal(np.sum(which, axis=1), np.ones(200)), "each trial is one of the six orders"
    assert np.sum(which, axis=0).min() > 15, "33 of each are expected"


def test_segments_of_one_length_are_put_back_by_the_inverse_order():
    trains, rng, ends = random_trains(0.1, steps=300), stream(1, "noise"), (100e-3, 200e-3)
    assert Reorder((3, 1, 2), ends).apply(Reorder((2, 3, 1), ends).apply(trains, rng), rng) == trains


@given(RASTERS, st.integers(1, 3))
def test_a_removed_segment_is_silent_and_the_others_stay(raster, which):
    removed = RemoveSegment(which, ENDS).apply(trains_of(raster), stream(1, "noise"))
    expected = raster.copy()
    expected[:, SEGMENTS[which - 1]] = False
    assert np.array_equal(raster_of(removed), expected)


@pytest.mark.parametrize("kind", [lambda ends: Reorder((2, 1, 3), ends), lambda ends: RemoveSegment(1, ends)])
@pytest.mark.parametrize(
    ("ends", "problem"),
    [
        ((105e-3, 299e-3), "within the trial of 300 ms"),
        ((105e-3, 105e-3), "one after the other"),
        ((0.0, 105e-3), "one after the other"),
        ((105e-3, 210.5e-3), "does not end with a step of 1 ms"),
    ],
)
def test_segments_that_the_trial_does_not_have_are_refused(kind, ends, problem):
    with pytest.raises(UserError, match=problem):
        kind(ends).apply(random_trains(0.02), stream(1, "noise"))
