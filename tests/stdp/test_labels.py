"""What neurons stand for, and how they vote."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.stdp.labels import UNASSIGNED, assign, likelihoods, mean_answers, votes

COUNTS = np.array([[4, 0, 0, 1], [2, 1, 0, 1], [0, 3, 0, 2]])
LABELS = np.array([0, 0, 1])


def test_a_neuron_stands_for_the_class_that_it_answers_to_most_per_image():
    # The last neuron fires two spikes for either class, but class 0 was shown twice.
    assert assign(mean_answers(COUNTS, LABELS, 2)).tolist() == [0, 1, UNASSIGNED, 1]


def test_neurons_vote_by_their_mean_so_that_a_class_with_many_neurons_has_no_advantage():
    assigned = np.array([0, 1, 1, UNASSIGNED])
    assert votes(np.array([[2, 1, 2, 9]]), assigned, 3).tolist() == [[2, 1.5, -1]]


def test_likelihoods_weigh_every_neuron_by_what_it_says_of_the_classes():
    means = np.array([[4.0, 1.0], [1.0, 1.0]])
    scores = likelihoods(np.array([[3, 9], [1, 9]]), means)
    # Neuron 1 says nothing; neuron 0 fires 4 or 1 spikes, and 3 log 4 - 3 > 0 > log 4 - 3.
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert scores[0, 0] - scores[0, 1] == pytest.approx(3 * np.log(4.01 / 1.01) - 3)


def test_labels_that_say_too_little_are_refused():
    with pytest.raises(UserError, match="no labelled image shows class 2"):
        mean_answers(COUNTS, LABELS, 3)
    with pytest.raises(UserError, match="no neuron answered"):
        mean_answers(np.zeros_like(COUNTS), LABELS, 2)
    with pytest.raises(UserError, match="different numbers of images"):
        mean_answers(COUNTS, LABELS[:2], 2)
    with pytest.raises(UserError, match="another number of neurons"):
        votes(COUNTS, np.zeros(3, int), 2)
    with pytest.raises(UserError, match="another number of neurons"):
        likelihoods(COUNTS, np.ones((2, 3)))
