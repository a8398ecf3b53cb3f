"""The practical limit and the physical one: a C program written by hand for one network, and a roofline.

``limit.c`` simulates on one core what `bioscnn.conversion.convert` makes of a CNN, and nothing else; it is what
our generated program is measured against. ``roofline.c`` measures what the core can do at all. From the root of
the repository, ``python -m bench.limit`` prints both for the shipped networks.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.metrics import synaptic_operations_per_trial
from bioscnn.network import (
    OUTPUT,
    READOUT,
    Convolution,
    Dense,
    Population,
    Projection,
    SpikingNetwork,
)
from bioscnn.neurons import IF, LIF, LeakyIntegrator
from bioscnn.readout import decisions
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.simulation.recording import PopulationRecording
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

HERE = Path(__file__).parent
# Vectors of 256 bits are faster here than 512; -ffast-math gains nothing, and infinities would be undefined.
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-mprefer-vector-width=256")
REALS = {"float32": "float", "float64": "double"}
PARTS = ("input", "neurons", "synapses")

DRIVEN_BYTES, SYNAPTIC_BYTES = 12, 20
"""Bytes that one update moves: V and drive read, V written; with synapses also I read and written."""


@dataclass(frozen=True, eq=False)
class LimitRun:
    """What one run of the hand-written program has shown.

    Parameters
    ----------
    loop_seconds : float
        The loop over the trials, as the program times it.
    process_seconds : float
        The whole process, files read and written included.
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
            begun = perf_counter()
            said = subprocess.run([self.program, folder], capture_output=True, text=True, check=True).stdout
            process_seconds = perf_counter() - begun
            loop_seconds, kilobytes, *parts = map(float, said.split())
            counts = np.fromfile(folder / "counts", np.int32).reshape(-1, len(names)).T.astype(np.int64)
            spikes = dict(zip(names, counts, strict=True))
            recording = _recording(folder, network, stimulus, spikes[OUTPUT], self.precision)
        return LimitRun(
            loop_seconds,
            process_seconds,
            kilobytes * 1024 / 1e6,
            decisions(recording, rule)[:, -1],
            spikes,
            dict(zip(PARTS, parts, strict=True)),
        )


def compile_c(source: Path, program: Path, *flags: str) -> Path:
    """Compile a C file with ``$CC``, by default ``cc``; return the program.

    Raises
    ------
    UserError
        If there is no compiler, or it fails.
    """
    command = [
        *shlex.split(os.environ.get("CC", "cc")),
        *FLAGS,
        *flags,
        str(source),
        "-o",
        str(program),
        "-lm",
    ]
    program.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise UserError("no C compiler", key="CC", value=command[0], fix="run `bioscnn doctor`") from None
    except subprocess.CalledProcessError as error:
        raise UserError("the C compiler failed", file=source, value=error.stderr[-2000:]) from None
    return program


def write_input(network: SpikingNetwork, stimulus: Currents, folder: Path, precision: str) -> None:
    """Write what ``limit.c`` reads: the sizes and constants as text, all arrays channels last.

    Raises
    ------
    UserError
        If the network has what the program does not simulate.
    """
    names = [population.name for population in network.populations]
    if names[-2:] != [OUTPUT, READOUT] or not network.takes_currents:
        raise UserError(
            "limit.c simulates classifiers of currents",
            key="network",
            value=names,
            expected=f"a source of currents first, {OUTPUT} and {READOUT} last",
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
    _channels_last(stimulus.values, _image(network.source.shape)).astype(precision).tofile(
        folder / "stimulus"
    )


def _constants(network: SpikingNetwork, population: Population, dt: float) -> tuple[float, ...]:
    """Solve the equations over one step of constant current; in the order of ``Population`` in ``limit.c``."""
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


@dataclass(frozen=True)
class Core:
    """What one core can do at best.

    Parameters
    ----------
    adds : float
        Additions of contiguous floats a second in the first level of cache.
    adds_beyond : float
        The same in the second level.
    bandwidth : float
        Bytes a second of a state update, at the working set of a network.
    """

    adds: float
    adds_beyond: float
    bandwidth: float


def measure_core(network: SpikingNetwork, folder: Path) -> Core:
    """Compile and run ``roofline.c``: a fraction of a second.

    Parameters
    ----------
    network : SpikingNetwork
        Whose state (float32: V and the drive, and I where there are synapses) is the working set.
    folder : Path
        Where the program goes.
    """
    program = compile_c(HERE / "roofline.c", folder / "roofline")
    state = sum(p.size * (8 if network.is_driven(p.name) else 12) for p in network.neurons)
    said = subprocess.run([program, str(state)], capture_output=True, text=True, check=True).stdout
    return Core(*map(float, said.split()))


def roofline(network: SpikingNetwork, recording: Recording, core: Core) -> float:
    """Return the least time that a time-stepped float32 simulation takes on one core, in seconds an image.

    .. math:: \\frac{\\text{updates} \\times \\text{bytes an update}}{\\text{bandwidth}}
              + \\frac{\\text{synaptic events}}{\\text{additions a second}}

    Every neuron is updated in every step, and moves `DRIVEN_BYTES` or `SYNAPTIC_BYTES` between the registers and
    the level of cache that holds the state; arithmetic, threshold, reset and refractory period are free. A spike
    costs one addition a synapse at the rate of contiguous runs in the first level of cache; finding the spike
    and its targets is free, and so are the input currents, reading, and recording. The two do not overlap, since
    both are bound by loads and stores. A program that keeps neurons in registers over several steps, which a
    feed-forward network allows, or skips silent ones, is not bound by it.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        Spike counts of all its populations, from any device.
    core : Core
        From `measure_core`.
    """
    sizes = [(p.size, DRIVEN_BYTES if network.is_driven(p.name) else SYNAPTIC_BYTES) for p in network.neurons]
    moved = recording.n_steps * sum(size * bytes_moved for size, bytes_moved in sizes)
    return moved / core.bandwidth + synaptic_operations_per_trial(network, recording) / core.adds


def main() -> None:
    """Print images a second, the profile, the roofline, and the agreement with the C++ device."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("networks", nargs="*", default=["mnist-small", "mnist-large"])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=Path("results/bench/programs"))
    asked = parser.parse_args()
    data = Path(os.environ["BIOSCNN_DATA"]) if "BIOSCNN_DATA" in os.environ else None
    plain, profiled = Limit.build(asked.folder), Limit.build(asked.folder, profile=True)
    for name in asked.networks:
        changes = [f"network.model={name}", f"dataset.trials={asked.images}", "dataset.split=test"]
        ready = prepare(read_study(HERE.parent / "sims" / "mnist.toml", changes), data)
        runs = [plain.run(ready.network, ready.stimulus) for _ in range(asked.repeats)]
        ours = simulate(ready.network, ready.stimulus, Device())
        spikes = sum(count.sum() for count in runs[0].spikes.values()) / asked.images
        right = np.mean(runs[0].classes == ready.images.labels)
        print(f"{name}: {asked.images} images, {spikes:.1f} spikes an image, {100 * right:.2f} % right")
        for what, seconds in (
            ("loop", [run.loop_seconds for run in runs]),
            ("process", [run.process_seconds for run in runs]),
        ):
            best, typical = (asked.images / pick(seconds) for pick in (min, median))
            print(f"  {what:<8} {best:8,.0f} images/s at best, {typical:8,.0f} median of {asked.repeats}")
        parts = min((profiled.run(ready.network, ready.stimulus) for _ in range(asked.repeats)),
                    key=lambda run: run.loop_seconds).parts  # fmt: skip
        print("  profile ", ", ".join(f"{k} {1e6 * v / asked.images:.1f} us" for k, v in parts.items()))
        core = measure_core(ready.network, asked.folder)
        print(f"  core     {core.adds / 1e9:.1f} G adds/s, {core.adds_beyond / 1e9:.1f} G beyond L1, "
              f"{core.bandwidth / 1e9:.0f} GB/s; peak memory {runs[0].peak_mb:.1f} MB")  # fmt: skip
        print(f"  roofline {1 / roofline(ready.network, ours, core):8,.0f} images/s")
        pairs = [
            (runs[0].spikes[p.name], ours[p.name].counts_by_trial) for p in ready.network.neurons if p.spikes
        ]
        differing, off, total = (sum(map(f, pairs)) for f in (
            lambda pair: int(np.sum(pair[0] != pair[1])),
            lambda pair: int(np.abs(pair[0] - pair[1]).sum()),
            lambda pair: int(pair[1].sum()),
        ))  # fmt: skip
        print(
            f"  device   {differing} of {len(pairs) * asked.images} counts differ, by {off} of {total} spikes"
        )


if __name__ == "__main__":
    main()
