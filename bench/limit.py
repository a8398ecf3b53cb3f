"""The practical limit: a C program written by hand for one kind of network, on one core.

``limit.c`` simulates what `bioscnn.conversion.convert` makes of a CNN, and no more; it is what our generated
program is measured against. ``python -m bench.limit`` measures it on shipped networks, beside the physical
limit of `bench.roofline`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.compiler import compile_c
from bench.environments import ENVIRONMENTS
from bench.networks import data_folder
from bench.neurons import columns, programs_time, write_rows
from bench.roofline import measure_core, roofline
from bench.summary import spread
from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, Convolution, Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF, LeakyIntegrator
from bioscnn.readout import final_decisions
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.simulation.cpp_device import constant_files, stimulus_files
from bioscnn.simulation.program import build, obtain
from bioscnn.simulation.recording import PopulationRecording
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

HERE = Path(__file__).parent
REALS = {"float32": "float", "float64": "double"}
PARTS = ("input", "neurons", "synapses")


@dataclass(frozen=True, eq=False)
class LimitRun:
    """What one run of the hand-written program has shown.

    Parameters
    ----------
    loop_seconds : float
        Processor time of the loop over the trials, as the program takes it.
    process_seconds : float
        Processor time of the whole process, files read and written included.
    peak_mb : float
        Peak memory of the process, MB.
    classes : ndarray of int64, shape (n_trials,)
        Class by the readout rule at the end of each trial.
    spikes : dict of ndarray of int64, shape (n_trials,)
        Spikes of each population in each trial.
    parts : dict of float
        Seconds for the input currents, the neurons and the synapses; zeros unless profiled.
    """

    loop_seconds: float
    process_seconds: float
    peak_mb: float
    classes: NDArray[np.int64]
    spikes: dict[str, NDArray[np.int64]]
    parts: dict[str, float]


@dataclass(frozen=True, eq=False)
class Limit:
    """The hand-written program, compiled.

    Parameters
    ----------
    program : Path
        The executable.
    precision : str
        ``"float32"`` or ``"float64"``.
    """

    program: Path
    precision: str

    @classmethod
    def build(cls, folder: Path, precision: str = "float32", *, profile: bool = False) -> Limit:
        """Compile ``limit.c`` into a folder.

        Parameters
        ----------
        folder : Path
            Where the executable goes.
        precision : str
            ``"float32"`` or ``"float64"``.
        profile : bool
            Whether the program times its parts, which costs a few percent.
        """
        defines = [f"-DREAL={REALS[precision]}", *(["-DPROFILE"] if profile else [])]
        name = f"limit-{precision}{'-profile' if profile else ''}"
        return cls(compile_c(HERE / "limit.c", folder / name, *defines), precision)

    def run(self, network: SpikingNetwork, stimulus: Currents, rule: str = "peak-potential") -> LimitRun:
        """Simulate every trial.

        Parameters
        ----------
        network : SpikingNetwork
            Ending in the populations ``output`` and ``readout``.
        stimulus : Currents
            One entry a trial.
        rule : str
            A key of `bioscnn.readout.READOUTS`.

        Raises
        ------
        UserError
            If the network has what the program does not simulate.
        """
        names = [population.name for population in network.neurons]
        with tempfile.TemporaryDirectory(prefix="bioscnn-limit-") as scratch:
            folder = Path(scratch)
            write_input(network, stimulus, folder, self.precision)
            begun = programs_time()
            ended = subprocess.run([self.program], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
            process_seconds = programs_time() - begun
            loop_seconds, kilobytes, *parts = map(float, ended.stdout.split())
            counts = np.fromfile(folder / "counts", np.int32).reshape(-1, len(names)).T.astype(np.int64)
            spikes = dict(zip(names, counts, strict=True))
            recording = _recording(folder, network, stimulus, spikes[OUTPUT], self.precision)
        return LimitRun(
            loop_seconds,
            process_seconds,
            kilobytes * 1024 / 1e6,
            final_decisions(recording, rule),
            spikes,
            dict(zip(PARTS, parts, strict=True)),
        )


def write_input(network: SpikingNetwork, stimulus: Currents, folder: Path, precision: str) -> None:
    """Write what ``limit.c`` reads: the sizes and constants as text, all arrays channels last.

    Raises
    ------
    UserError
        If the network has what the program does not simulate.
    """
    names = [population.name for population in network.populations]
    through = [p.synapse for p in network.projections if p.pre == network.source.name]
    if names[-2:] != [OUTPUT, READOUT] or through != [None]:
        raise UserError(
            "limit.c simulates classifiers of currents",
            key="network",
            value=names,
            expected=f"currents into one population, and {OUTPUT} and {READOUT} last",
        )
    header = [f"{stimulus.n_trials} {stimulus.n_steps} {len(names)} {len(network.projections)}"]
    arrays = []
    for population in network.populations:
        shape = _image(population.shape)
        constants = _constants(network, population, stimulus.dt)
        header.append(" ".join(["population", *map(str, shape), *(f"{value:.17g}" for value in constants)]))
        bias = np.zeros(population.size) if population.bias is None else population.bias
        arrays.append(_channels_last(bias, shape))
    for projection in network.projections:
        kernel, stride, (top, left, _, _) = _as_convolution(projection)
        ends = names.index(projection.pre), names.index(projection.post)
        sizes = *ends, *kernel.shape[2:], *stride, top, left
        header.append(" ".join(["projection", *map(str, sizes)]))
        arrays.append(kernel.transpose(1, 2, 3, 0).ravel())
    (folder / "network.txt").write_text("\n".join(header) + "\n")
    np.concatenate(arrays).astype(precision).tofile(folder / "weights")
    pixels = _channels_last(stimulus.values, _image(network.source.shape))
    pixels.astype(precision).tofile(folder / "stimulus")


def _constants(network: SpikingNetwork, population: Population, dt: float) -> tuple[float, ...]:
    """Return the solution of the equations over one step, as ``Population`` in ``limit.c`` orders it."""
    neuron, tau_s = population.neuron, network.synapse_onto(population.name).tau_s
    decay_s = np.exp(-dt / tau_s)
    if neuron is None:
        return (0.0,) * 8
    if isinstance(neuron, IF | LIF) and neuron.reset == "zero":
        raise UserError("limit.c has no reset to zero", key="neuron.reset", fix='use "exact" or "subtract"')
    if isinstance(neuron, IF):
        held = round(neuron.t_ref / dt)
        return (held, 0, 1, decay_s, tau_s * (1 - decay_s) / neuron.C_m, dt / neuron.C_m, neuron.V_th, 0)
    if not isinstance(neuron, LIF | LeakyIntegrator):
        raise UserError("limit.c has LIF and IF neurons", key=population.name, value=type(neuron).__name__)
    held, exact, V_th = 0, False, np.inf
    if isinstance(neuron, LIF):
        held, exact, V_th = round(neuron.t_ref / dt), neuron.reset == "exact", neuron.V_th
    decay_m = np.exp(-dt / neuron.tau_m)
    gain = neuron.R_m * tau_s / (neuron.tau_m - tau_s) * (decay_m - decay_s)
    return (held, exact, decay_m, decay_s, gain, neuron.R_m * (1 - decay_m), V_th, neuron.R_m)


def _as_convolution(
    projection: Projection,
) -> tuple[NDArray[np.float64], tuple[int, int], tuple[int, int, int, int]]:
    """Return kernel, stride and padding; a dense layer is a convolution as large as its image."""
    connectivity = projection.connectivity
    if isinstance(connectivity, Convolution) and connectivity.groups == 1:
        return connectivity.kernel, connectivity.stride, connectivity.padding
    if isinstance(connectivity, Dense):
        kernel = connectivity.weight.reshape(-1, *_image(connectivity.pre_shape))
        return kernel, (1, 1), (0, 0, 0, 0)
    raise UserError(
        "limit.c has convolutions without groups and dense layers",
        key=f"{projection.pre} -> {projection.post}",
        value=type(connectivity).__name__,
    )


def _image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    return channels, height, width


def _channels_last(values: NDArray[np.floating], shape: tuple[int, int, int]) -> NDArray[np.floating]:
    return np.moveaxis(values.reshape(-1, *shape), 1, -1).ravel()


def _recording(
    folder: Path, network: SpikingNetwork, stimulus: Currents, counts: NDArray[np.int64], precision: str
) -> Recording:
    """Read the spikes of the output and the potentials of the readout."""
    n_trials, n_steps, size = stimulus.n_trials, stimulus.n_steps, network[READOUT].size
    events = np.fromfile(folder / "spikes", np.int32).reshape(-1, 2)
    trial_start = np.concatenate([[0], np.cumsum(counts)])
    spikes = SpikeTrains(events[:, 1], events[:, 0], trial_start, size, n_steps, stimulus.dt)
    potentials = np.fromfile(folder / "potentials", precision).reshape(n_trials, n_steps, size)
    silent = PopulationRecording(
        np.zeros(n_trials, np.int64), np.zeros(size, np.int64), None, potentials.astype(np.float32)
    )
    output = PopulationRecording.from_spikes(spikes, True, None)
    return Recording({OUTPUT: output, READOUT: silent}, n_steps, stimulus.dt)


def measure_limit(
    name: str, images: int, repeats: int, folder: Path, data: Path | None, split: str = "test"
) -> dict[str, Any]:
    """Measure our program, the one written by hand and the roofline on one core, in turn.

    Parameters
    ----------
    name : str
        A shipped network.
    images : int
        Images that are simulated.
    repeats : int
        How often each program runs.
    folder : Path
        Where what is compiled goes.
    data : Path or None
        Data folder.
    split : str
        Of the images.

    Returns
    -------
    dict
        Images per second of processor time of both programs as whole processes, of the loop of the one by
        hand, and of the roofline; our share of each; what the one by hand spends its time on, s an image.
    """
    changes = [f"network.model={name}", f"dataset.trials={images}", f"dataset.split={split}"]
    ready = prepare(read_study(HERE.parent / "sims" / "mnist.toml", changes), data)
    plain, profiled = Limit.build(folder), Limit.build(folder, profile=True)
    shape = ready.program
    assert shape is not None
    program = obtain(shape) or build(shape)
    ours, by_hand, loops = [], [], []
    with tempfile.TemporaryDirectory(prefix="bioscnn-limit-") as scratch:
        inputs = stimulus_files(shape, ready.stimulus, np.arange(images))
        for file, values in {**constant_files(shape), **inputs}.items():
            values.tofile(Path(scratch) / file)
        (Path(scratch) / f"{OUTPUT}.record_spikes").touch()
        (Path(scratch) / f"{READOUT}.record_potentials").touch()
        environment = {**os.environ, "BIOSCNN_FOLDER": scratch}
        for _ in range(repeats):
            begun = programs_time()
            where = {"cwd": program.folder, "env": environment, "stdout": subprocess.DEVNULL}
            subprocess.run([program.executable], check=True, **where)
            ours.append(images / (programs_time() - begun))
            run = plain.run(ready.network, ready.stimulus)
            by_hand.append(images / run.process_seconds)
            loops.append(images / run.loop_seconds)
    profiles = [profiled.run(ready.network, ready.stimulus) for _ in range(repeats)]
    parts = min(profiles, key=lambda run: run.loop_seconds).parts
    recording = simulate(ready.network, ready.stimulus, Device())
    bound = 1 / roofline(ready.network, recording, measure_core(ready.network, folder))
    names = [population.name for population in ready.network.neurons if population.spikes]
    counts = np.stack([recording[name].counts_by_trial for name in names])
    differ = np.abs(np.stack([run.spikes[name] for name in names]) - counts).sum()
    shares = [a / b for a, b in zip(ours, by_hand, strict=True)]
    return {
        "network": name,
        "images": images,
        "ours": spread(ours),
        "by_hand": spread(by_hand),
        "by_hand_loop": spread(loops),
        "roofline": bound,
        "shares": shares,
        "share_of_by_hand": spread(shares),
        "share_of_roofline": median(ours) / bound,
        "parts_us": {part: 1e6 * seconds / images for part, seconds in parts.items()},
        "spikes": int(counts.sum()),
        "spikes_that_differ": int(differ),
        "peak_mb_by_hand": run.peak_mb,
    }


def main() -> None:
    """Measure our program beside the one written by hand, on one core."""
    parser = argparse.ArgumentParser(prog="python -m bench.limit", description=main.__doc__)
    parser.add_argument("networks", nargs="*", default=["mnist-small", "mnist-large"])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=ENVIRONMENTS / "limit")
    parser.add_argument("--table", type=Path, help="CSV file to write")
    options = parser.parse_args()
    rows = []
    for name in options.networks:
        limits = measure_limit(name, options.images, options.repeats, options.folder, data_folder())
        print(json.dumps(limits, indent=2))
        rows.append(
            {
                "network": name,
                "images a second": round(limits["ours"]["median"]),
                "images a second in C by hand": round(limits["by_hand"]["median"]),
                **columns("share of C by hand", np.array(limits["shares"])),
                "spikes": limits["spikes"],
                "counts that differ": limits["spikes_that_differ"],
            }
        )
    command = f"python -m bench.limit {' '.join(options.networks)}"
    command += f" --images {options.images} --repeats {options.repeats}"
    write_rows(rows, options.table, command, options.repeats)


if __name__ == "__main__":
    main()
