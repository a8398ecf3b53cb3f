"""A spiking network and a stimulus become a recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import isclose
from numbers import Integral
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bioscnn.doctor import require_genn
from bioscnn.encoding import Currents, Stimulus
from bioscnn.errors import UserError
from bioscnn.network import Projection, SpikingNetwork
from bioscnn.neurons import (
    EquationNeuron,
    ExponentialConductance,
    LeadingCount,
    NIRNeuron,
    Windowed,
    WindowedLIF,
)
from bioscnn.quantities import format_quantity
from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.procedural import CONNECTIVITY, delivery
from bioscnn.simulation.recording import Recording
from bioscnn.simulation.shape import ProgramShape

DEVICES = ("cpp_standalone", "numpy", "genn")
PRECISIONS = ("float32", "float64")
LARGEST_BATCH = 2000
RECORDED_BYTES = 250e6
"""About how much of potentials a batch may record."""


class Progress(Protocol):
    """Told what a simulation is doing; see `bioscnn.cli` for one that draws it."""

    def stage(self, what: str) -> None:
        """A stage begins, such as ``"simulating"`` or ``"compiling, usually 20 s"``."""

    def trial(self) -> None:
        """One more trial is done."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, what: str) -> None:
        """Do nothing."""

    def trial(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Device:
    """What simulates.

    Parameters
    ----------
    name : str
        ``"cpp_standalone"`` compiles the network once and caches the program, ``"genn"`` too; ``"numpy"``
        interprets it.
    precision : str
        ``"float32"`` or ``"float64"`` (``numpy`` always computes in float64).
    jobs : int
        Processes at a time (compiled programs; on a GPU there is always one).
    connectivity : str
        ``"auto"`` computes the current of each projection from its kernel where it can (``cpp_standalone``);
        ``"procedural"`` insists on it; ``"explicit"`` makes `brian2.Synapses`, as the other devices do.
    use_gpu : bool
        Whether ``genn`` runs on a GPU, or on a CPU for checking.

    Raises
    ------
    UserError
        If there is no such device, precision, connectivity or number of jobs, or the device does not have it.
    """

    name: str = "cpp_standalone"
    precision: str = "float32"
    jobs: int = 1
    connectivity: str = "auto"
    use_gpu: bool = True

    def __post_init__(self) -> None:
        for key, value, choices in (
            ("device", self.name, DEVICES),
            ("precision", self.precision, PRECISIONS),
            ("connectivity", self.connectivity, CONNECTIVITY),
        ):
            if value not in choices:
                raise UserError(
                    f"unknown {key}", key=f"simulation.{key}", value=value, expected=" | ".join(choices)
                )
        if not isinstance(self.jobs, Integral) or self.jobs < 1:
            raise UserError(
                "no number of processes",
                key="simulation.jobs",
                value=self.jobs,
                expected="a whole number from 1",
            )
        if self.connectivity == "procedural" and self.name != "cpp_standalone":
            raise UserError(
                "only the device cpp_standalone has procedural connectivity",
                key="simulation.connectivity",
                value=f"procedural, on {self.name}",
                fix='set simulation.connectivity to "auto", or simulation.device to "cpp_standalone"',
            )

    @property
    def processes(self) -> int:
        """Processes at a time."""
        return 1 if self.name == "numpy" or (self.name == "genn" and self.use_gpu) else self.jobs

    def program(self, network: SpikingNetwork, spike_input: bool, dt: float) -> ProgramShape | None:
        """Return the shape of the program that simulates a network; None if the device compiles none.

        Raises
        ------
        UserError
            If GeNN is needed and is not there.
        """
        if self.name == "numpy":
            return None
        if self.name == "genn":
            require_genn(use_gpu=self.use_gpu)
            return GeNNShape(network, spike_input, self.precision, "explicit", dt, self.use_gpu)
        return ProgramShape(network, spike_input, self.precision, self.connectivity)

    def simulates(self, projection: Projection) -> str:
        """Return how a projection is simulated: `Delivery`, or as a current of the stimulus."""
        if projection.synapse is None:
            return "current"
        if self.name != "cpp_standalone":
            return "explicit"
        return delivery(projection, self.connectivity)


def simulate(
    network: SpikingNetwork,
    stimulus: Stimulus,
    device: Device,
    *,
    record: Collection[str] = (),
    potentials: Collection[str] | None = None,
    synaptic_events: bool = False,
    trials: NDArray[np.int64] | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Simulate every trial of a stimulus.

    Parameters
    ----------
    network : SpikingNetwork
        What to simulate.
    stimulus : Currents or SpikeTrains
        One entry a trial; spikes may not fall into the last step of a trial.
    device : Device
        What simulates.
    record : collection of str
        Populations of which every spike is kept; spike counts are kept of all.
    potentials : collection of str, optional
        Populations of which the potentials are kept; those in `record` if not given.
    synaptic_events : bool
        Whether the synaptic events of each trial are counted.
    trials : ndarray of int64, shape (n_trials,), optional
        Numbers of the trials, to which chance is tied in a network with noise; 0, 1, ... if not given.
    progress : Progress, optional
        Told about compilation and finished trials.

    Returns
    -------
    Recording

    Raises
    ------
    UserError
        If population, sizes or spikes do not fit, or the device fails.

    See Also
    --------
    simulate_batches : the same, without holding all trials in memory.
    bioscnn.simulation.reference.simulate_reference : the oracle that checks the devices.
    """
    return Recording.concatenate(
        list(
            simulate_batches(
                network,
                stimulus,
                device,
                record=record,
                potentials=potentials,
                synaptic_events=synaptic_events,
                trials=trials,
                progress=progress,
            )
        )
    )


def simulate_batches(
    network: SpikingNetwork,
    stimulus: Stimulus,
    device: Device,
    *,
    record: Collection[str] = (),
    potentials: Collection[str] | None = None,
    synaptic_events: bool = False,
    trials: NDArray[np.int64] | None = None,
    progress: Progress | None = None,
) -> Iterator[Recording]:
    """Simulate in batches of consecutive trials, and yield each batch in order.

    Parameters and errors as for `simulate`.
    """
    potentials = record if potentials is None else potentials
    _check(network, stimulus, device, {*record, *potentials})
    trials = np.arange(stimulus.n_trials) if trials is None else trials
    progress = progress or Silent()
    a_trial = 4 * stimulus.n_steps * sum(network[name].size for name in potentials) + 1
    largest = min(LARGEST_BATCH, int(RECORDED_BYTES / a_trial))
    # Every process gets as many batches of the same size.
    rounds = max(1, -(-stimulus.n_trials // (max(1, largest) * device.processes)))
    size = max(1, -(-stimulus.n_trials // (rounds * device.processes)))
    parts = [slice(first, first + size) for first in range(0, stimulus.n_trials, size)]
    batches = [(stimulus[part], trials[part]) for part in parts]
    shape = device.program(network, not isinstance(stimulus, Currents), stimulus.dt)
    if shape is None:
        from bioscnn.simulation.numpy_device import simulate_numpy

        progress.stage("simulating")
        for batch, numbers in batches:
            yield simulate_numpy(network, batch, numbers, record, potentials, synaptic_events, progress.trial)
        return

    from bioscnn.simulation.cpp_device import constant_files, run_batch
    from bioscnn.simulation.program import build, build_seconds, obtain

    program = obtain(shape)
    if program is None:
        progress.stage(f"compiling, usually {build_seconds(device.name):.0f} s")
        program = build(shape, device=device.name)
    progress.stage("simulating")
    constants, stop = constant_files(shape, synaptic_events), Event()
    with ThreadPoolExecutor(device.processes) as pool:
        begun: deque[Future[Recording]] = deque()
        try:
            for batch, numbers in batches:
                if len(begun) == 2 * device.processes:
                    yield begun.popleft().result()
                begun.append(
                    pool.submit(
                        run_batch, program, shape, constants, batch, numbers, record, potentials,
                        progress.trial, stop,
                    )
                )  # fmt: skip
            while begun:
                yield begun.popleft().result()
        finally:
            stop.set()


def refuse_unknown(network: SpikingNetwork, record: Collection[str]) -> None:
    """Refuse to record a population that the network does not have.

    Raises
    ------
    UserError
    """
    names = [population.name for population in network.neurons]
    for name in record:
        if name not in names:
            raise UserError(
                "no such population", key="readout.record", value=name, expected=" | ".join(names)
            )


def _check(network: SpikingNetwork, stimulus: Stimulus, device: Device, record: Collection[str]) -> None:
    refuse_unknown(network, record)
    if device.name == "genn":
        _refuse_what_genn_cannot(network)
    for population in network.neurons:
        if isinstance(population.neuron, Windowed) and not isclose(population.neuron.code.dt, stimulus.dt):
            raise UserError(
                "the windows of the time code are those of another time step",
                key="simulation.dt",
                value=format_quantity(stimulus.dt, "time"),
                expected=format_quantity(population.neuron.code.dt, "time"),
                fix="convert the network for the time step of the stimulus",
            )
    if device.name != "numpy" and any(p.noise and p.noise.xi for p in network.neurons):
        raise UserError(
            "xi is drawn where it is needed: every part of a compiled run would draw the same numbers",
            key="simulation.device",
            value=device.name,
            expected="numpy",
            fix="choose it, or noise.membrane-noise: the same law, and the same numbers on every device",
        )
    if stimulus.size != network.source.size:
        raise UserError(
            "the stimulus does not fit the network",
            value=stimulus.size,
            expected=f"{network.source.size} channels, of shape {network.source.shape}",
        )
    if isinstance(stimulus, Currents) != network.takes_currents:
        takes = "currents" if network.takes_currents else "spikes"
        raise UserError(f"the network was converted for an input of {takes}", key="encoding.kind")
    if not isinstance(stimulus, Currents) and (stimulus.step == stimulus.n_steps - 1).any():
        raise UserError(
            "input spikes in the last step of a trial would reach the next one",
            fix="make the trial one step longer",
        )


def _refuse_what_genn_cannot(network: SpikingNetwork) -> None:
    own = EquationNeuron | NIRNeuron
    synapses = [projection.synapse for projection in network.projections]
    neurons = [population.neuron for population in network.neurons]
    limits = (
        (
            any(p.axons is not None for p in network.populations)
            or any(p.failure is not None for p in network.projections),
            "GeNN delivers every spike, to all synapses, one step later: it knows no delay and no lost spike",
            "leave out synapse.delay, and noise of axons and of transmission",
        ),
        (
            any(isinstance(synapse, ExponentialConductance) for synapse in synapses),
            "GeNN is told what a step does as a matrix, and that of a membrane with conductances changes",
            'set synapse.model to "current"',
        ),
        (
            any(isinstance(synapse, LeadingCount) for synapse in synapses),
            "max pooling counts spikes in its synapses, which GeNN is not told to set back between trials",
            "train with average pooling",
        ),
        (
            any(isinstance(neuron, WindowedLIF) for neuron in neurons),
            "GeNN is told what a step does as one matrix, and in the time code windows open and close",
            'set network.code = "rate"',
        ),
        (
            any(isinstance(neuron, own) for neuron in neurons),
            "GeNN simulates the neurons that come with bioscnn",
            "another neuron.model, where the network is no NIR graph",
        ),
    )
    for reached, message, instead in limits:
        if reached:
            raise UserError(
                message,
                key="simulation.device",
                value="genn",
                expected="cpp_standalone | numpy",
                fix=f"choose one of them, or {instead}",
            )
