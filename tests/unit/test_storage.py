"""A run in its file: what was recorded in batches is read whole or in pieces."""

import h5py
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.storage import RunFile, StoredRun, load_run
from bioscnn.spikes import SpikeTrains

N_TRIALS, N_STEPS, SHAPES = 5, 7, {"b": (2, 3, 2), "a": (4,)}


def recording(trials):
    """Every spike and potential of `b`, and the counts alone of `a`, in some of the trials."""
    populations = {}
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        rng = stream(1, name)
        raster, V = rng.random((N_TRIALS, N_STEPS, size)) < 0.3, rng.normal(size=(N_TRIALS, N_STEPS, size))
        trial, step, neuron = np.nonzero(raster[trials])
        spikes = SpikeTrains.from_events(
            trial, step, neuron, n_trials=len(raster[trials]), size=size, n_steps=N_STEPS, dt=1e-3
        )
        whole = name == "b"
        potentials = V[trials].astype(np.float32) if whole else None
        populations[name] = PopulationRecording.from_spikes(spikes, whole, potentials)
    return Recording(populations, N_STEPS, 1e-3)


@pytest.fixture
def path(tmp_path):
    whole = recording(slice(None))
    with RunFile(tmp_path / "run.h5", SHAPES) as file:
        for batch in (slice(0, 2), slice(2, 3), slice(3, 5)):
            file.append(recording(batch))
        file.describe_trials(**{name: np.arange(N_TRIALS) for name in ("label", "index", "ann_class")})
        file.add_examples(whole, np.arange(N_TRIALS), np.zeros((N_TRIALS, 1, 2, 2), np.uint8))
    return tmp_path / "run.h5"


def test_batches_are_read_as_one_recording(path):
    expected, found = recording(slice(None)), load_run(path).recording
    assert list(found.populations) == list(SHAPES)
    for name, population in expected.populations.items():
        np.testing.assert_array_equal(found[name].counts_by_trial, population.counts_by_trial)
        np.testing.assert_array_equal(found[name].counts_by_neuron, population.counts_by_neuron)
    assert found["b"].spikes == expected["b"].spikes and found["a"].spikes is None
    np.testing.assert_array_equal(found["b"].potentials, expected["b"].potentials)


def test_potentials_are_compressed_in_whole_trials(path):
    with h5py.File(path) as file:
        assert file["populations/b/potentials"].chunks == (2, N_STEPS, 12)  # trials of the first batch


@pytest.mark.parametrize("trials", [slice(0, 5), slice(1, 4), slice(4, 5), slice(2, 2)])
def test_a_piece_of_a_run_is_that_piece_of_the_recording(path, trials):
    expected = recording(trials)
    with StoredRun(path) as run:
        assert run.extent() == (N_TRIALS, N_STEPS) and run.shapes() == SHAPES
        assert [run.has(name, what) for name in SHAPES for what in ("spikes", "potentials")] == [
            True, True, False, False,
        ]  # fmt: skip
        assert run.spikes("b", trials) == expected["b"].spikes
        values = run.potentials("b", trials, slice(3, 8))
        np.testing.assert_array_equal(values, expected["b"].potentials[:, :, 3:8])
        np.testing.assert_array_equal(run.counts("a")[1], recording(slice(None))["a"].counts_by_neuron)


@pytest.mark.parametrize(("n_steps", "fits"), [(2**31 - 1, True), (2**31, False), (0, False)])
def test_a_file_that_says_more_steps_than_numbers_count_is_refused(path, n_steps, fits):
    with h5py.File(path, "r+") as file:
        file.attrs["n_steps"] = n_steps
    with StoredRun(path) as run:
        if fits:
            assert run.extent() == (N_TRIALS, n_steps)
        else:
            with pytest.raises(UserError, match="not a complete recording"):
                run.extent()


def damaged(file, name, values):
    del file[name]
    file[name] = values


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: damaged(file, "populations/b/counts_by_trial", np.zeros(N_TRIALS - 1, int)),
        lambda file: damaged(file, "populations/b/counts_by_trial", np.zeros(N_TRIALS)),
        lambda file: damaged(file, "populations/b/counts_by_trial", np.zeros((N_TRIALS, 1), int)),
        lambda file: damaged(file, "populations/b/counts_by_neuron", np.zeros(11, int)),
        lambda file: damaged(file, "populations/b/spikes/trial_start", np.zeros(N_TRIALS, int)),
        lambda file: damaged(file, "populations/b/spikes/step", np.zeros(1, int)),
        lambda file: damaged(file, "populations/b/potentials", np.zeros((N_TRIALS, N_STEPS, 11))),
        lambda file: damaged(file, "populations/b/potentials", np.zeros((N_TRIALS, N_STEPS, 12), int)),
        lambda file: damaged(file, "trials/label", np.full(N_TRIALS, -1)),
        lambda file: damaged(file, "trials/ann_class", np.full(N_TRIALS, -1)),
        lambda file: damaged(file, "trials/index", np.zeros(N_TRIALS - 1, int)),
        lambda file: damaged(file, "examples/trial", np.full(N_TRIALS, N_TRIALS)),
        lambda file: damaged(file, "examples/trial", np.full(N_TRIALS, -1)),
        lambda file: damaged(file, "examples/image", np.zeros((N_TRIALS, 1, 2), np.uint8)),
        lambda file: damaged(file, "examples/image", np.zeros((N_TRIALS, 1, 2, 2))),
        lambda file: file["populations/b"].attrs.update(shape=[12, 0]),
        lambda file: file["populations/b"].attrs.update(shape=np.zeros(0, int)),
        lambda file: file.attrs.update(n_steps=7.0),
        lambda file: file.attrs.update(n_steps=[7]),
        lambda file: file.attrs.update(dt=1),
        lambda file: file.attrs.update(dt=0.0),
        lambda file: file.attrs.update(dt=np.inf),
        lambda file: file.move("populations/a", "populations/c"),
        lambda file: damaged(file, "trials", np.zeros(3)),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(path, damage):
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(UserError, match="not a complete recording of a run") as refusal:
        load_run(path)
    assert refusal.value.file == path


def test_trials_and_examples_are_what_was_described(tmp_path):
    columns = {"label": [3, 1, 4, 1, 5], "index": [9, 2, 6, 5, 3]}
    image, shape = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2), (1, 2, 2)
    came_in = recording(slice(1, 3))["b"].spikes.of_neurons(np.arange(4))
    with RunFile(tmp_path / "run.h5", SHAPES) as file:
        file.append(recording(slice(None)))
        file.describe_trials(**{name: np.array(values) for name, values in columns.items()})
        file.add_examples(recording(slice(1, 3)), np.array([1, 2]), image)
        file.add_example_input(came_in, shape)
    run = load_run(tmp_path / "run.h5")
    assert (run.label.tolist(), run.index.tolist(), run.ann_class) == (*columns.values(), None)
    assert run.example_trial.tolist() == [1, 2] and run.shapes == SHAPES
    np.testing.assert_array_equal(run.example_image, image)
    assert run.example_input == came_in and run.input_shape == shape
    assert run.examples["b"].spikes == recording(slice(1, 3))["b"].spikes
    with StoredRun(tmp_path / "run.h5") as stored:
        assert stored.trials("index").tolist() == columns["index"] and stored.dt() == 1e-3
        with pytest.raises(UserError, match="not a complete recording"):
            stored.trials("ann_class")


def test_units_stand_beside_the_numbers(path):
    with h5py.File(path) as file:
        b = file["populations/b"]
        names = {"counts_by_trial": "spikes", "counts_by_neuron": "spikes", "potentials": "V",
                 "spikes/step": "time steps of length dt"}  # fmt: skip
        assert {name: b[name].attrs["unit"] for name in names} == names
        assert "unit" not in b["spikes/neuron"].attrs
        assert (file.attrs["n_steps"], file.attrs["dt"], file.attrs["dt_unit"]) == (N_STEPS, 1e-3, "s")
