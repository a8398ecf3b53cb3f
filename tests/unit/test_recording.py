"""What a simulation leaves behind: counts, parts of it, and what was not kept."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.recordings import kept_batches
from bioscnn.seeds import stream
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains

RASTER = stream(1, "raster").random((5, 6, 4)) < 0.4
"""Of trials, steps and neurons."""
V = stream(1, "V").normal(size=(5, 6, 3)).astype(np.float32)


def trains(raster):
    trial, step, neuron = np.nonzero(raster)
    n_trials, n_steps, size = raster.shape
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=1e-3
    )


def recording(raster=RASTER, potentials=V):
    """Every spike of `fires`, potentials of `readout` alone, and counts alone of `counted`."""
    silent = np.zeros((*raster.shape[:2], 3), bool)
    populations = {
        "fires": PopulationRecording.from_spikes(trains(raster), True, None),
        "readout": PopulationRecording.from_spikes(trains(silent), False, potentials),
        "counted": PopulationRecording.from_spikes(trains(raster), False, None),
    }
    return Recording(populations, raster.shape[1], 1e-3)


def test_spikes_are_counted_by_trial_and_by_neuron():
    whole = recording()
    assert whole.n_trials == 5
    for name in ("fires", "counted"):
        np.testing.assert_array_equal(whole[name].counts_by_trial, RASTER.sum(axis=(1, 2)))
        np.testing.assert_array_equal(whole[name].counts_by_neuron, RASTER.sum(axis=(0, 1)))
    assert whole["readout"].counts_by_neuron.tolist() == [0, 0, 0]


def test_from_a_step_on_are_the_spikes_and_potentials_of_trials_that_begin_there():
    whole = recording()
    kept = {"fires": whole["fires"], "both": PopulationRecording.from_spikes(trains(RASTER), True, V)}
    later = Recording({**whole.populations, **kept}, 6, 1e-3).from_step(2)
    assert (list(later.populations), later.n_steps, later.dt) == (["fires", "both"], 4, 1e-3)
    for name in kept:
        assert later.spikes(name) == trains(RASTER[:, 2:])
        np.testing.assert_array_equal(later[name].counts_by_trial, RASTER[:, 2:].sum(axis=(1, 2)))
    np.testing.assert_array_equal(later.potentials("both"), V[:, 2:])
    assert later["fires"].potentials is None


def test_joined_batches_are_the_whole_recording():
    whole = recording()
    parts = [recording(RASTER[batch], V[batch]) for batch in (slice(0, 2), slice(2, 3), slice(3, 5))]
    joined = Recording.concatenate(parts)
    assert (list(joined.populations), joined.n_steps, joined.dt) == (list(whole.populations), 6, 1e-3)
    for name, population in whole.populations.items():
        np.testing.assert_array_equal(joined[name].counts_by_trial, population.counts_by_trial)
        np.testing.assert_array_equal(joined[name].counts_by_neuron, population.counts_by_neuron)
    assert joined.spikes("fires") == whole.spikes("fires") and joined["counted"].spikes is None
    np.testing.assert_array_equal(joined.potentials(), V)
    assert joined["fires"].potentials is None
    assert Recording.concatenate(parts[:1]) is parts[0]


def test_without_traces_the_counts_remain():
    counts = recording().without_traces()
    assert (list(counts.populations), counts.n_steps, counts.dt) == (["fires", "readout", "counted"], 6, 1e-3)
    assert all(p.spikes is None and p.potentials is None for p in counts.populations.values())
    np.testing.assert_array_equal(counts["fires"].counts_by_trial, RASTER.sum(axis=(1, 2)))
    np.testing.assert_array_equal(counts["fires"].counts_by_neuron, RASTER.sum(axis=(0, 1)))


@pytest.mark.parametrize(
    ("what", "name", "expected", "fix"),
    [
        ("spikes", "absent", "fires | readout | counted", None),
        ("spikes", "counted", "fires", None),
        ("potentials", "fires", "readout", 'simulate again with potentials=("fires",)'),
    ],
)
def test_what_was_not_recorded_is_told_with_what_was(what, name, expected, fix):
    with pytest.raises(UserError) as refusal:
        getattr(recording(), what)(name)
    assert (refusal.value.value, refusal.value.expected, refusal.value.fix) == (name, expected, fix)


def test_a_recording_is_kept_and_read_back_without_simulating(tmp_path):
    path = tmp_path / "kept" / "spikes.npz"
    batches = [recording(RASTER[:2], V[:2]), recording(RASTER[2:], V[2:])]

    def never():
        raise AssertionError("it was simulated again")
        yield

    assert list(kept_batches(path, iter(batches))) == batches
    (again,) = kept_batches(path, never())
    whole = Recording.concatenate(batches)
    assert (again.n_steps, again.dt) == (whole.n_steps, whole.dt)
    for name, population in whole.populations.items():
        for part in ("counts_by_trial", "counts_by_neuron", "potentials"):
            np.testing.assert_array_equal(getattr(again[name], part), getattr(population, part))
        assert again[name].spikes == population.spikes


def test_no_recording_is_kept_that_is_not_asked_for_or_too_large_to_be_read(tmp_path, monkeypatch):
    assert len(list(kept_batches(None, [recording()]))) == 1
    monkeypatch.setattr("bioscnn.experiments.recordings.LARGEST_UNPACKED", 10)
    assert len(list(kept_batches(tmp_path / "spikes.npz", [recording()]))) == 1
    assert not list(tmp_path.iterdir())
