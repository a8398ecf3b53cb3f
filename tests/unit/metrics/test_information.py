import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from bioscnn.errors import UserError
from bioscnn.metrics import count_response, joint_response, latency_response, mutual_information
from bioscnn.seeds import stream
from tests.unit.test_spikes import from_raster

CLASSES, TRIALS = 4, 400
LABELS = np.tile(np.arange(CLASSES), TRIALS // CLASSES)


def rng():
    return stream(1, "shuffles")


def test_the_raw_estimate_is_scikit_learns():
    response = stream(1, "response").integers(5, size=(TRIALS, 6)) + (LABELS[:, None] > 1)
    raw = mutual_information(response, LABELS, rng=rng()).raw
    assert raw == pytest.approx([mutual_info_score(LABELS, r) / np.log(2) for r in response.T])


def test_a_two_by_two_table_by_hand():
    labels, response = np.repeat([0, 1], 4), np.array([0, 0, 0, 1, 0, 1, 1, 1])[:, None]
    found = mutual_information(response, labels, rng=rng())
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert found.raw == pytest.approx(1 - entropy)
    assert found.bias == pytest.approx(((2 - 1) + (2 - 1) - (2 - 1)) / (2 * 8 * np.log(2)))
    assert found.bits == pytest.approx(found.raw - found.bias) and found.n == 8


def test_a_response_that_is_the_class_carries_all_of_it_and_a_constant_nothing():
    response = np.stack([LABELS, CLASSES - 1 - LABELS, np.full(TRIALS, 2)], axis=1)
    found = mutual_information(response, 10 * LABELS + 3, rng=rng())
    assert found.raw == pytest.approx([2, 2, 0])
    assert found.bits == pytest.approx([2, 2, 0], abs=0.01)
    assert found.shuffled == pytest.approx(np.zeros(3), abs=0.01)


def test_few_trials_make_information_of_nothing_and_the_correction_takes_it_away():
    labels = np.tile(np.arange(CLASSES), 20)
    response = stream(1, "independent").integers(5, size=(len(labels), 500))
    found = mutual_information(response, labels, rng=rng())
    assert found.raw.mean() > 0.1
    assert abs(found.bits.mean()) < 0.02
    assert found.bits.mean() == pytest.approx(found.shuffled.mean(), abs=0.01)
    outside = np.abs(found.bits - found.shuffled) > 2 * found.shuffled_sd
    assert outside.mean() < 0.1


def timing_adds(trains):
    count, latency = count_response(trains), latency_response(trains)
    alone = mutual_information(count, LABELS, rng=rng())
    both = mutual_information(joint_response(count, latency), LABELS, rng=rng())
    return alone.bits[0], (both.bits - alone.bits)[0], mutual_information(latency, LABELS, rng=rng()).bits[0]


def test_timing_adds_nothing_where_only_the_count_depends_on_the_class():
    raster = np.zeros((TRIALS, 60, 1), bool)
    raster[np.arange(TRIALS), stream(1, "latency").integers(50, size=TRIALS)] = True
    for label in range(CLASSES):
        raster[LABELS == label, 50 : 50 + label] = True
    count, added, latency = timing_adds(from_raster(raster))
    assert count == pytest.approx(2, abs=0.02)
    assert added == pytest.approx(0, abs=0.03) and latency == pytest.approx(0, abs=0.03)


def test_timing_adds_everything_where_every_class_has_one_spike_at_its_own_time():
    raster = np.zeros((TRIALS, 60, 1), bool)
    raster[np.arange(TRIALS), 10 * LABELS + stream(1, "jitter").integers(5, size=TRIALS)] = True
    count, added, latency = timing_adds(from_raster(raster))
    assert count == pytest.approx(0, abs=1e-9)
    assert added == pytest.approx(2, abs=0.02) and latency == pytest.approx(2, abs=0.02)


def test_latency_bins_are_filled_alike_and_keep_the_order():
    raster = stream(2, "raster").random((500, 300, 3)) < [0.002, 0.01, 0.0]
    trains = from_raster(raster)
    bins, first = latency_response(trains, bins=5), trains.first_step()
    assert np.array_equal(bins == 0, first == trains.n_steps)
    for neuron in (0, 1):
        fires = bins[:, neuron] > 0
        filled = np.bincount(bins[fires, neuron], minlength=6)[1:]
        assert filled == pytest.approx(fires.sum() / 5, abs=0.05 * fires.sum())
        order = np.argsort(first[fires, neuron])
        assert np.all(np.diff(bins[fires, neuron][order]) >= 0)


def test_joint_responses_are_equal_where_both_are():
    first, second = (stream(k, "joint").integers(3, size=(50, 2)) for k in (1, 2))
    joint = joint_response(first, second)
    same = (first[:, None] == first) & (second[:, None] == second)
    assert np.array_equal(joint[:, None] == joint, same)


def test_counts_above_the_largest_are_one_response():
    raster = np.zeros((2, 9, 2), bool)
    raster[0, :7, 0] = raster[1, :2, 0] = True
    assert count_response(from_raster(raster), largest=3).tolist() == [[3, 0], [2, 0]]


@pytest.mark.parametrize(
    ("response", "labels", "shuffles", "problem"),
    [
        (np.zeros((7, 2), int), np.arange(7) % 4, 20, "at least 8 trials for 4 classes"),
        (np.zeros((8, 2), int), np.arange(9) % 4, 20, "same trials"),
        (np.zeros(8, int), np.arange(8) % 4, 20, "same trials"),
        (-np.ones((8, 2), int), np.arange(8) % 4, 20, "whole numbers"),
        (np.zeros((8, 2)), np.arange(8) % 4, 20, "whole numbers"),
        (np.zeros((8, 2), int), np.arange(8) % 4, 1, "2 or more"),
    ],
)
def test_what_has_no_estimate_is_refused(response, labels, shuffles, problem):
    with pytest.raises(UserError, match=problem):
        mutual_information(response, labels, rng=rng(), shuffles=shuffles)


@pytest.mark.parametrize("call", [count_response, latency_response])
def test_responses_need_at_least_one_value(call):
    with pytest.raises(UserError, match="1 or more"):
        call(from_raster(np.ones((1, 2, 1), bool)), 0)
