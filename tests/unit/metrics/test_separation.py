"""Distances within classes against distances between them."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from bioscnn.errors import UserError
from bioscnn.metrics import class_separation


def drawn(shift, seed=1):
    """Distances of points in a plane whose classes lie a shift apart, in whole units so that some tie."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1, 2], 8))
    places = np.rint(rng.normal(0, 2, (len(labels), 2)) + shift * labels[:, None])
    return np.linalg.norm(places[:, None] - places, axis=2), labels


def test_the_share_is_scipys_statistic_of_each_trial_divided_by_the_pairs():
    distances, labels = drawn(shift=2)
    found = class_separation(distances, labels)
    for k, row in enumerate(distances):
        own = np.delete(row, k)[np.delete(labels, k) == labels[k]]
        others = row[labels != labels[k]]
        assert found.share[k] == pytest.approx(mannwhitneyu(others, own).statistic / (len(own) * len(others)))
        assert (found.within[k], found.between[k]) == pytest.approx((own.mean(), others.mean()))


def test_a_distance_that_knows_nothing_separates_one_pair_in_two():
    distances, labels = drawn(shift=0)
    assert class_separation(np.ones_like(distances), labels).share.tolist() == [0.5] * len(labels)
    shares = [class_separation(*drawn(shift=0, seed=seed)).share.mean() for seed in range(30)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert class_separation(*drawn(shift=30)).share.min() == 1


def test_a_distance_of_each_trial_from_itself_is_not_looked_at():
    distances, labels = drawn(shift=2)
    other = distances + 99 * np.eye(len(labels))
    assert np.array_equal(class_separation(distances, labels).share, class_separation(other, labels).share)


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1]])
def test_what_cannot_be_compared_is_refused(labels):
    with pytest.raises(UserError):
        class_separation(np.ones((4, 4)), np.array(labels))
