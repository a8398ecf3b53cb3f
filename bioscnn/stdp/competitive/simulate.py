"""Images through the network: a part of a training, or what a trained network answers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.files import scratch_folder
from bioscnn.processes import guarded_process
from bioscnn.simulation.program import Program, build, obtain
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.competitive.groups import parameter_values
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.program import CompetitiveProgram
from bioscnn.stdp.competitive.settings import Circuit, Precision

RASTER = np.dtype([("image", "<i4"), ("attempt", "<i4"), ("step", "<i4"), ("neuron", "<i4")])


@dataclass(frozen=True, eq=False)
class State:
    """What a network has learned.

    Parameters
    ----------
    weight : ndarray, shape (n_inputs, n_neurons)
        Of the precision in which it is simulated.
    kept : mapping of ndarray, each of shape (n_neurons,)
        Variables that last from image to image, in SI units.
    """

    weight: NDArray[Any]
    kept: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the neurons answered to each image, and what it took.

    Parameters
    ----------
    counts : ndarray of uint16, shape (n_images, n_neurons)
        Spikes of the excitatory neurons at the last presentation.
    presentations : ndarray of int64, shape (n_images,)
        How often the image was shown.
    input_spikes, excitatory_spikes, inhibitory_spikes : ndarray of int64, shape (n_images,)
        Spikes of all presentations.
    first_step : ndarray of int64, shape (n_images,)
        Of the first excitatory spike of the last presentation; -1 without one.
    raster : ndarray of `RASTER`
        Excitatory spikes of the first images, all presentations.
    """

    counts: NDArray[np.uint16]
    presentations: NDArray[np.int64]
    input_spikes: NDArray[np.int64]
    excitatory_spikes: NDArray[np.int64]
    inhibitory_spikes: NDArray[np.int64]
    first_step: NDArray[np.int64]
    raster: NDArray[Any]


def show(
    model: Model,
    circuit: Circuit,
    state: State,
    images: NDArray[np.float32],
    ordinals: NDArray[np.int64],
    key: int,
    *,
    learns: bool,
    precision: Precision = "float32",
    rasters: int = 0,
    given: SpikeTrains | None = None,
    told: Callable[[int], None] | None = None,
) -> tuple[State, Answers]:
    """Show images one after the other, in one run of the compiled program.

    Parameters
    ----------
    model : Model
        The equations.
    circuit : Circuit
        Sizes, times and rates.
    state : State
        What the network has learned so far.
    images : ndarray of float32, shape (n_images, n_inputs)
        Intensities, 0 to 1.
    ordinals : ndarray of int64, shape (n_images,)
        Number of each image: with `key` and the attempt it decides its input spikes.
    key : int
        Of all random numbers, see `bioscnn.draws`.
    learns : bool
        Whether weights and thresholds change.
    precision : str
        ``"float32"`` or ``"float64"``.
    rasters : int
        Images whose spikes are recorded.
    given : SpikeTrains, optional
        Input spikes of each image, in place of drawn ones; an image that is shown again gets the same. Their
        trials may have more steps than a presentation, in which nothing fires.
    told : callable, optional
        Told how many images are done.

    Returns
    -------
    State, Answers
        What the network has learned after the last image, and what it answered.

    Raises
    ------
    UserError
        If the program cannot be compiled, or fails.
    """
    compiled, n = compiled_program(model, circuit, precision), len(images)
    if given is not None and (given.n_trials, given.size) != (n, circuit.n_inputs):
        raise ValueError(f"spikes of {given.size} inputs in {given.n_trials} trials")
    if given is not None and given.n_spikes and given.step.max() >= circuit.n_steps:
        raise ValueError(f"spikes after the {circuit.n_steps} steps of a presentation")
    files: dict[str, NDArray[Any]] = {
        "images": np.ascontiguousarray(images, np.float32),
        "trials": ordinals.astype(np.int64),
        "n_trials": np.array([n], np.int64),
        "n_steps": np.array([circuit.n_steps], np.int64),
        "dt": np.array([circuit.dt]),
        "input_key": np.array([key], np.int64),
        "rate": np.array([circuit.rate]),
        "raise": np.array([circuit.raise_rate]),
        "fewest_spikes": np.array([circuit.fewest_spikes], np.int64),
        "most_tries": np.array([circuit.most_tries], np.int64),
        "weight_total": np.array([circuit.weight_total]),
        "learns": np.array([learns], np.int64),
        "rasters": np.array([rasters], np.int64),
        "w": state.weight.astype(precision),
        **{name: values.astype(precision) for name, values in state.kept.items()},
        "gives": np.array([given is not None], np.int64),
        "given_start": np.zeros(n + 1, np.int64) if given is None else given.trial_start,
        "given_step": np.empty(0, np.int32) if given is None else given.step,
        "given_input": np.empty(0, np.int32) if given is None else given.neuron,
    }
    for group, values in parameter_values(model, circuit, learns=learns).items():
        files |= {f"{group}.{name}": np.array([value]) for name, value in values.items()}
    with scratch_folder(Path(tempfile.gettempdir()), "bioscnn") as folder:
        for name, content in files.items():
            content.tofile(folder / name)
        _execute(compiled.command, compiled.folder, folder, told)
        totals = np.fromfile(folder / "totals", np.int64).reshape(n, 5).T
        answers = Answers(
            counts=np.fromfile(folder / "counts", np.uint16).reshape(n, circuit.n_neurons),
            presentations=totals[0],
            input_spikes=totals[1],
            excitatory_spikes=totals[2],
            inhibitory_spikes=totals[3],
            first_step=totals[4],
            raster=np.fromfile(folder / "raster", RASTER),
        )
        after = {name: np.fromfile(folder / f"{name}_after", precision) for name in state.kept}
        weight = np.fromfile(folder / "w_after", precision).reshape(state.weight.shape)
    return State(weight, after), answers


def compiled_program(model: Model, circuit: Circuit, precision: Precision) -> Program:
    """Return the compiled program; one that is not in the cache is made, in the main thread alone.

    Raises
    ------
    UserError
        If it cannot be compiled.
    """
    program = CompetitiveProgram(model, circuit.n_inputs, circuit.n_neurons, precision)
    return obtain(program) or build(program, CompetitiveProgram.write)


def _execute(command: list[str], home: Path, folder: Path, told: Callable[[int], None] | None) -> None:
    import subprocess

    with guarded_process(
        command, cwd=home, env=os.environ | {"BIOSCNN_FOLDER": str(folder)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if told is not None and line.strip().isdigit():
                told(int(line))
        errors = process.stderr.read()
    if process.returncode != 0:
        raise UserError(
            "the simulation failed",
            value=errors.strip()[-500:] or f"exit code {process.returncode}",
            fix="run `bioscnn doctor`; if it finds nothing, report this message",
        )


def fresh_state(model: Model, circuit: Circuit, rng: np.random.Generator) -> State:
    """Return a network that has learned nothing: weights uniform between 0 and 0.3 of the largest."""
    largest = next((p.value for p in model.synapse.parameters if p.name == "w_max"), 1.0)
    weight = rng.uniform(0.003, 0.303, (circuit.n_inputs, circuit.n_neurons)) * largest
    kept = {variable.name: np.full(circuit.n_neurons, variable.value) for variable in model.excitatory.kept}
    return State(weight, kept)
