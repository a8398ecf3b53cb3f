import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS, decisions, decisions_in_parts, final_decisions
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains


def recording(events, potentials):
    """One trial; events are (step, neuron)."""
    step, neuron = np.array(events, dtype=int).reshape(-1, 2).T
    n_steps, size = np.shape(potentials)
    spikes = SpikeTrains.from_events(
        np.zeros(len(step), int), step, neuron, n_trials=1, size=size, n_steps=n_steps, dt=1e-3
    )
    zeros = np.zeros(1, np.int64), np.zeros(size, np.int64)
    return Recording(
        {
            OUTPUT: PopulationRecording.from_spikes(spikes, True, None),
            READOUT: PopulationRecording(*zeros, None, np.array([potentials], np.float32)),
        },
        n_steps,
        1e-3,
    )


# Neuron 0 fires first and has the last word, 1 fires most and has the highest mean, 2 peaks early.
TRIAL = recording(
    [(0, 0), (1, 1), (2, 1), (3, 1)], [[0, 2, 0], [0, 2, 3], [0, 2, -3], [1, 2, -3], [3, 2, -3]]
)


@pytest.mark.parametrize(
    ("rule", "over_time"),
    [
        ("spike-count", [0, 1, 1, 1, 1]),
        ("first-spike", [0, 0, 0, 0, 0]),
        ("mean-potential", [1, 1, 1, 1, 1]),
        ("peak-potential", [1, 2, 2, 2, 0]),
        ("last-potential", [1, 2, 1, 1, 0]),
    ],
)
def test_each_rule_reads_what_it_says(rule, over_time):
    assert decisions(TRIAL, rule)[0].tolist() == over_time
    assert final_decisions(TRIAL, rule).tolist() == over_time[-1:]


def test_without_any_spike_the_potential_decides():
    silent = recording([], [[0, 1, 2], [5, 1, 2]])
    for rule in ("spike-count", "first-spike"):
        assert decisions(silent, rule)[0].tolist() == [2, 0]


def test_a_first_spike_says_nothing_before_it():
    assert decisions(recording([(1, 1)], [[0, 0, 1], [0, 0, 1]]), "first-spike")[0].tolist() == [2, 1]


def test_rules_need_what_they_read_to_be_recorded():
    bare = TRIAL.without_traces()
    for rule in READOUTS:
        with pytest.raises(UserError, match="were not recorded"):
            decisions(bare, rule)


def test_decisions_are_those_of_all_trials_however_few_are_read_at_a_time(monkeypatch):
    chance = np.random.default_rng(1)
    fired = np.unravel_index(np.flatnonzero(chance.random((9, 8, 3)) < 0.2), (9, 8, 3))
    spikes = SpikeTrains.from_events(*fired, n_trials=9, size=3, n_steps=8, dt=1e-3)
    potentials = chance.normal(size=(9, 8, 3)).astype(np.float32)
    some = Recording(
        {
            OUTPUT: PopulationRecording.from_spikes(spikes, True, None),
            READOUT: PopulationRecording(np.zeros(9, np.int64), np.zeros(3, np.int64), None, potentials),
        },
        8,
        1e-3,
    )
    at_once = {rule: decisions(some, rule) for rule in READOUTS}
    monkeypatch.setattr("bioscnn.readout._AT_ONCE", 2 * 8 * 3)
    for rule, expected in at_once.items():
        assert [len(part) for part in decisions_in_parts(some, rule)] == [2, 2, 2, 2, 1]
        assert np.array_equal(decisions(some, rule), expected)
        assert np.array_equal(final_decisions(some, rule), expected[:, -1])
