"""The placing of spikes against slow code that reads as what it does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from bioscnn.noise.placement import choose, moved_apart, nth_free
from bioscnn.seeds import stream

STEPS = 8
WANTED = st.lists(st.lists(st.integers(0, STEPS - 1), max_size=STEPS), min_size=1, max_size=4)


def one_by_one(wanted):
    """Give each spike the first step after the one before it, then push back from the end."""
    placed = []
    for step in sorted(wanted):
        placed.append(max(step, placed[-1] + 1) if placed else step)
    limit = STEPS - 1
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - 1
    return placed


@given(WANTED)
def test_spikes_that_want_the_same_step_get_the_next_ones(wanted):
    train = np.repeat(np.arange(len(wanted)), [len(steps) for steps in wanted])
    step = np.array([step for steps in wanted for step in steps], dtype=np.int64)
    places = moved_apart(train, step, STEPS)
    expected = [k * STEPS + step for k, steps in enumerate(wanted) for step in one_by_one(steps)]
    assert places.tolist() == expected
    for k, steps in enumerate(wanted):
        moved = places[places // STEPS == k] % STEPS - np.sort(steps)
        assert len(steps) == 0 or np.abs(moved).max() <= len(steps) - 1


@given(st.lists(st.sets(st.integers(0, STEPS - 1)), min_size=1, max_size=4))
def test_free_steps_are_counted_from_the_first(taken):
    places = np.array([k * STEPS + step for k, steps in enumerate(taken) for step in sorted(steps)], int)
    free = [[step for step in range(STEPS) if step not in steps] for steps in taken]
    nth = np.array([k * STEPS + n for k, steps in enumerate(free) for n in range(len(steps))], int)
    assert nth_free(places, nth, STEPS).tolist() == [
        k * STEPS + step for k, steps in enumerate(free) for step in steps
    ]


@pytest.mark.parametrize("number", range(1, 5))
def test_all_combinations_of_steps_are_equally_likely(number):
    n_trains, among = 6000, 5
    places = choose(np.full(n_trains, number), np.full(n_trains, among), STEPS, stream(1, "choice"))
    assert np.array_equal(places // STEPS, np.repeat(np.arange(n_trains), number))
    combinations, times = np.unique(places.reshape(n_trains, number) % STEPS, axis=0, return_counts=True)
    assert combinations.max() == among - 1 and (np.diff(combinations, axis=1) > 0).all()
    assert len(times) == (5 if number in (1, 4) else 10)
    assert chisquare(times).pvalue > 0.01


def test_trains_may_choose_different_numbers_of_different_steps():
    number, among = np.array([0, 3, 1, 8, 5, 0]), np.array([0, 3, 8, 8, 6, 4])
    places = choose(number, among, STEPS, stream(2, "choice"))
    assert (np.diff(places) > 0).all()
    train, step = np.divmod(places, STEPS)
    assert np.array_equal(np.bincount(train, minlength=6), number)
    assert (step < among[train]).all()
