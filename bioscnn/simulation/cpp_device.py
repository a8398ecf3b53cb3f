"""Run a compiled program on a batch of trials."""

from __future__ import annotations

import errno
import os
import select
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import normal_tables
from bioscnn.encoding import Currents, Stimulus
from bioscnn.errors import UserError
from bioscnn.files import scratch_folder
from bioscnn.network import SpikingNetwork
from bioscnn.processes import guarded_process
from bioscnn.simulation.equations import delay_steps, input_current, noise_current, projection_name
from bioscnn.simulation.numbering import brian_index, brian_synapses, from_brian, to_brian
from bioscnn.simulation.procedural import patches, runs_of
from bioscnn.simulation.program import Program
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.shape import ProgramShape
from bioscnn.spikes import SpikeTrains

STOP_SECONDS = 0.1
"""A batch that is stopped ends after at most this time."""

_CANNOT_WRITE = 3
"""Code with which a program ends that could not read or write a file (`cpp/stream.h`)."""


class InterruptedBatchError(Exception):
    """The batch was stopped from outside."""


def constant_files(shape: ProgramShape, synaptic_events: bool = False) -> dict[str, NDArray[Any]]:
    """Return the files that a program reads once: parameters, weights, constant currents; by file name.

    With the number of synapses of each neuron, where their events are to be counted.
    """
    network, dtype = shape.network, np.dtype(shape.precision)
    files: dict[str, NDArray[Any]] = {}
    for population in network.neurons:
        name = population.name
        for parameter, value in shape.parameters(population).items():
            files[f"{name}.{parameter}"] = np.array([value], dtype)
        for parameter, values in population.values.items():
            files[f"{name}.{parameter}"] = to_brian(values, population.shape).astype(dtype)
        bias = np.zeros(population.size) if population.bias is None else population.bias
        files[f"{name}.I_stim"] = to_brian(bias, population.shape).astype(dtype)
        if synaptic_events and population.spikes:
            files[f"{name}.fan_out"] = to_brian(network.fan_out(name), population.shape).astype(np.int32)
        injection = shape.injection(name) if network.is_driven(name) else None
        if injection is not None:
            files[f"{name}.w"] = injection.weights.astype(dtype)
    for projection in shape.procedural:
        computed = patches(network, projection)
        assert computed is not None
        files[f"{projection_name(projection)}.w"] = computed.weights.astype(dtype)
    for projection in shape.listed:
        for part, values in runs_of(network, projection).items():
            files[f"{projection_name(projection)}.{part}"] = values.astype(dtype) if part == "w" else values
    for projection in shape.explicit:
        files[f"{projection_name(projection)}.w"] = brian_synapses(network, projection)[2].astype(dtype)
    return files


def chance_files(network: SpikingNetwork, dt: float) -> dict[str, NDArray[Any]]:
    """Return the files of delays and of what chance does, at a time step; by file name."""
    files: dict[str, NDArray[Any]] = {}
    for population in network.populations:
        name, axons, noise = population.name, population.axons, population.noise
        if axons is not None:
            files[f"{name}.axon_steps"] = to_brian(delay_steps(axons, dt), population.shape)
            files[f"{name}.axon_loss"] = np.array([axons.loss])
            files[f"{name}.axon_key"] = np.array([axons.key], np.int64)
        if noise is not None:
            files[f"{name}.noise_current"] = to_brian(noise_current(population, dt), population.shape)
            files[f"{name}.noise_key"] = np.array([noise.key], np.int64)
            files["normal_tables"] = normal_tables()
    for projection in network.projections:
        if projection.failure is not None:
            name = projection_name(projection)
            files[f"{name}.failure"] = np.array([projection.failure.probability])
            files[f"{name}.failure_key"] = np.array([projection.failure.key], np.int64)
    return files


def stimulus_files(
    shape: ProgramShape, stimulus: Stimulus, trials: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return the files of a batch: its clock, and the stimulus trial by trial; by file name."""
    network, source = shape.network, shape.network.source
    files: dict[str, NDArray[Any]] = {
        **chance_files(network, stimulus.dt),
        "trials": trials.astype(np.int64),
        "n_trials": np.array([stimulus.n_trials], np.int64),
        "n_steps": np.array([stimulus.n_steps], np.int64),
        "dt": np.array([stimulus.dt], np.float64),
    }
    for population in network.neurons:
        files[f"{population.name}.n_steps"] = np.array([stimulus.n_steps], np.int32)
        if isinstance(stimulus, Currents) and network.is_driven(population.name):
            if shape.injection(population.name) is not None:
                current = to_brian(stimulus.values, source.shape)
            else:
                current = to_brian(input_current(network, population, stimulus.values), population.shape)
            files[f"{population.name}.stimulus"] = current.astype(shape.precision)
    if not isinstance(stimulus, Currents):
        neuron = brian_index(stimulus.neuron, source.shape)
        events = np.stack([stimulus.step, neuron], axis=1, dtype=np.int32).ravel()
        lengths = np.diff(stimulus.trial_start).astype(np.int32)
        files[f"{source.name}.stimulus"] = np.insert(events, 2 * stimulus.trial_start[:-1], lengths)
    return files


def run_batch(
    program: Program,
    shape: ProgramShape,
    constants: dict[str, NDArray[Any]],
    stimulus: Stimulus,
    trials: NDArray[np.int64],
    record: Collection[str],
    potentials: Collection[str],
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
    trials : ndarray of int64, shape (n_trials,)
        Which trials of the whole run these are.
    record, potentials : collection of str
        Populations of which every spike is wanted, and those of which the potentials are.
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
    with scratch_folder(Path(tempfile.gettempdir()), "bioscnn") as folder:
        try:
            for name, values in {**constants, **stimulus_files(shape, stimulus, trials)}.items():
                values.tofile(folder / name)
            for name in record:
                (folder / f"{name}.record_spikes").touch()
            for name in potentials:
                (folder / f"{name}.record_potentials").touch()
        except OSError as error:
            raise UserError(
                f"cannot write the input of the simulation: {error.strerror or error}",
                file=folder,
                fix="free some space there, or set TMPDIR to a folder that has some",
            ) from (error if error.errno else _full())  # NumPy names no reason
        environment = {**os.environ, "BIOSCNN_FOLDER": str(folder)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with guarded_process(program.command, cwd=program.folder, env=environment, **pipes) as process:
            assert process.stdout is not None and process.stderr is not None
            reported = 0
            for done in _numbers(process.stdout.fileno(), stop):
                for _ in range(done - reported):
                    on_trial()
                reported = done
            message = process.stderr.read().strip()
        if stop.is_set():
            raise InterruptedBatchError
        if process.returncode != 0:
            raise UserError(
                f"the simulation ended with code {process.returncode}",
                file=program.executable,
                value=message[-2000:],
                fix="free some space in the folder for temporary files (TMPDIR) if the disk is full",
            ) from (_full() if process.returncode == _CANNOT_WRITE else None)
        return _collect(shape, stimulus, record, potentials, folder)


def _full() -> OSError:
    """Return the cause of a program that could not read or write its files."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _numbers(descriptor: int, stop: Event) -> Iterator[int]:
    """Yield the numbers that a program prints, one per line, until it ends or `stop` is set."""
    ready, text = select.poll(), b""
    ready.register(descriptor)
    while True:
        if stop.is_set():
            raise InterruptedBatchError
        if ready.poll(1e3 * STOP_SECONDS):
            if not (piece := os.read(descriptor, 1 << 16)):
                return
            *lines, text = (text + piece).split(b"\n")
            yield from map(int, lines)


def _collect(
    shape: ProgramShape,
    stimulus: Stimulus,
    record: Collection[str],
    potentials: Collection[str],
    folder: Path,
) -> Recording:
    """Read what a program has written."""
    network, n_trials, n_steps, dt = shape.network, stimulus.n_trials, stimulus.n_steps, stimulus.dt
    recorded = {}
    for population in network.neurons:
        name, size = population.name, population.size
        by_trial, by_neuron = np.zeros(n_trials, np.int64), np.zeros(size, np.int64)
        if population.spikes:
            by_trial = _read(folder / f"{name}.trial_counts", np.int64, (n_trials,))
            by_neuron = from_brian(
                _read(folder / f"{name}.neuron_counts", np.int64, (size,)), population.shape
            )
        spikes, traces, events = None, None, None
        if (folder / f"{name}.fan_out").exists():
            events = _read(folder / f"{name}.trial_events", np.int64, (n_trials,))
        if name in potentials:
            traces = from_brian(
                _read(folder / f"{name}.potentials", np.float32, (n_trials, n_steps, size)), population.shape
            )
        if name in record:
            trial_start = np.concatenate([[0], np.cumsum(by_trial)])
            neuron, step = np.empty((2, 0), np.int32)
            if population.spikes:
                number = np.uint16 if size < 1 << 16 else np.int32  # as cpp/recorders.h writes them
                neuron = _read(folder / f"{name}.spikes", number, (int(trial_start[-1]),)).astype(np.int32)
                in_step = _read(folder / f"{name}.step_counts", number, (n_trials, n_steps))
                step = np.repeat(np.tile(np.arange(n_steps, dtype=np.int32), n_trials), in_step.ravel())
            spikes = SpikeTrains.in_order(neuron, step, trial_start, size, n_steps, dt)
        recorded[name] = PopulationRecording(by_trial, by_neuron, spikes, traces, events)
    return Recording(recorded, n_steps, dt)


def _read(path: Path, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    there, expected = path.stat().st_size, np.dtype(dtype).itemsize * int(np.prod(shape))
    if there != expected:
        raise UserError(
            "the simulation left an incomplete file",
            file=path,
            value=f"{there} bytes",
            expected=f"{expected} bytes",
        ) from _full()
    values: NDArray[Any] = np.fromfile(path, dtype)
    return values.reshape(shape)
