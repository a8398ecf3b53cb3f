"""Run a compiled program on a batch of trials."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import Currents, Stimulus
from bioscnn.errors import UserError
from bioscnn.simulation.equations import input_current, parameters_of, projection_name
from bioscnn.simulation.program import Program
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.shape import ProgramShape
from bioscnn.spikes import SpikeTrains


class InterruptedBatchError(Exception):
    """The batch was stopped from outside."""


def constant_files(shape: ProgramShape) -> dict[str, NDArray[Any]]:
    """Return what a program reads once: parameters, weights, constant currents; by file name."""
    network, dtype = shape.network, np.dtype(shape.precision)
    files: dict[str, NDArray[Any]] = {}
    for population in network.neurons:
        for name, value in parameters_of(network, population).items():
            files[f"{population.name}.{name}"] = np.array([value], dtype)
        if not network.is_driven(population.name):
            current = input_current(network, population, np.zeros((1, network.source.size)))
            files[f"{population.name}.I_stim"] = current.astype(dtype)
    for projection in network.projections:
        if projection.synapse is not None:
            files[f"{projection_name(projection)}.w"] = projection.connectivity.synapses()[2].astype(dtype)
    return files


def stimulus_files(shape: ProgramShape, stimulus: Stimulus) -> dict[str, NDArray[Any]]:
    """Return what a program reads trial by trial, by file name."""
    network = shape.network
    files: dict[str, NDArray[Any]] = {"n_trials": np.array([stimulus.n_trials], np.int64)}
    if isinstance(stimulus, Currents):
        for population in network.neurons:
            if network.is_driven(population.name):
                current = input_current(network, population, stimulus.values)
                files[f"{population.name}.stimulus"] = current.astype(shape.precision)
    else:
        events = np.stack([stimulus.step, stimulus.neuron], axis=1).ravel()
        lengths = np.diff(stimulus.trial_start).astype(np.int32)
        files[f"{network.source.name}.stimulus"] = np.insert(events, 2 * stimulus.trial_start[:-1], lengths)
    return files


def run_batch(
    program: Program,
    shape: ProgramShape,
    constants: dict[str, NDArray[Any]],
    stimulus: Stimulus,
    record: Collection[str],
    on_trial: Callable[[], None],
    stop: Event,
) -> Recording:
    """Run a program on a batch of trials, in a folder of its own.

    Parameters
    ----------
    program : Program
        Compiled for `shape`.
    constants : dict of ndarray
        From `constant_files`.
    stimulus : Currents or SpikeTrains
        The batch.
    record : collection of str
        Populations whose spikes and potentials are wanted.
    on_trial : callable
        Called once for each trial that ends.
    stop : threading.Event
        Set to end the program early.

    Raises
    ------
    UserError
        If the program fails, such as on a full disk.
    InterruptedBatchError
        If `stop` was set.
    """
    with tempfile.TemporaryDirectory(prefix="bioscnn-") as scratch:
        folder = Path(scratch)
        try:
            for name, values in {**constants, **stimulus_files(shape, stimulus)}.items():
                values.tofile(folder / name)
            for name in record:
                (folder / f"{name}.record").touch()
        except OSError as error:
            raise UserError(
                f"cannot write the input of the simulation: {error.strerror or error}",
                file=folder,
                fix="free some space there, or set TMPDIR to a folder that has some",
            ) from error
        process = subprocess.Popen(
            [program.executable],
            cwd=program.folder,
            env={**os.environ, "BIOSCNN_FOLDER": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None and process.stderr is not None
            for begun in process.stdout:
                if stop.is_set():
                    process.kill()
                elif int(begun) > 0:
                    on_trial()
            message = process.stderr.read().strip()
        if stop.is_set():
            raise InterruptedBatchError
        if process.returncode != 0:
            raise UserError(
                f"the simulation ended with code {process.returncode}",
                file=program.executable,
                value=message[-2000:],
                fix="free some space in the folder for temporary files (TMPDIR) if the disk is full",
            )
        on_trial()
        return _collect(shape, stimulus.n_trials, record, folder)


def _collect(shape: ProgramShape, n_trials: int, record: Collection[str], folder: Path) -> Recording:
    """Read what a program has written."""
    network, n_steps, dt = shape.network, shape.n_steps, shape.dt
    recorded = {}
    for population in network.neurons:
        name, size = population.name, population.size
        by_trial, by_neuron = np.zeros(n_trials, np.int64), np.zeros(size, np.int64)
        if population.spikes:
            by_trial = _read(folder / f"{name}.trial_counts", np.int64, (n_trials,))
            by_neuron = _read(folder / f"{name}.neuron_counts", np.int64, (size,))
        spikes, potentials = None, None
        if name in record:
            potentials = _read(folder / f"{name}.potentials", np.float32, (n_trials, n_steps, size))
            trial_start = np.concatenate([[0], np.cumsum(by_trial)])
            events = np.empty((0, 2), np.int32)
            if population.spikes:
                events = _read(folder / f"{name}.spikes", np.int32, (int(trial_start[-1]), 2))
            spikes = SpikeTrains(events[:, 1], events[:, 0], trial_start, size, n_steps, dt)
        recorded[name] = PopulationRecording(by_trial, by_neuron, spikes, potentials)
    return Recording(recorded, n_steps, dt)


def _read(path: Path, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    values: NDArray[Any] = np.fromfile(path, dtype)
    if values.size != np.prod(shape):
        raise UserError(
            "the simulation left an incomplete file", file=path, value=values.size, expected=str(shape)
        )
    return values.reshape(shape)
