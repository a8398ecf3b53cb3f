"""A spiking network and images, recordings or a stimulus become a recording."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral
from typing import Any

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.encoding import Currents, FrontEnd, SpikeTrains, Stimulus, event_spikes
from bioscnn.errors import UserError
from bioscnn.library.arguments import progress_bar, require_type, table_of
from bioscnn.library.networks import finite
from bioscnn.library.wording import in_python
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.quantities import format_quantity, parse_quantity
from bioscnn.seeds import stream
from bioscnn.simulation import Device, Recording
from bioscnn.simulation import simulate as simulate_on
from bioscnn.studies.config.tables import Simulation

_MICROSECOND = 1e-6


@in_python
def simulate(
    network: SpikingNetwork,
    stimulus: object,
    *,
    duration: str | None = None,
    dt: str | None = None,
    encoding: FrontEnd | None = None,
    device: Device | None = None,
    potentials: Collection[str] | None = None,
    seed: int = 1,
    progress: bool = False,
) -> Recording:
    """Simulate a spiking network, and keep every spike.

    Parameters
    ----------
    network : SpikingNetwork
        From `bioscnn.convert`.
    stimulus : ImageSet, EventSet, array, Currents or SpikeTrains
        One trial per image, recording or entry. An array or tensor of images is (n, channels, height, width),
        of intensities from 0 to 1.
    duration : str, optional
        Of a trial; 30 ms for images, and as long as the longest one for recordings. Currents and spikes have
        their own.
    dt : str, optional
        Time step, 1 ms if left out; currents and spikes have their own.
    encoding : FrontEnd, optional
        What images become; constant currents, 1 nA for an intensity of 1, if it is missing.
    device : Device, optional
        What simulates; ``Device()``, which compiles the network once, if it is missing.
    potentials : collection of str, optional
        Populations whose membrane potentials are kept; those of output and readout if left out.
    seed : int
        Of random spikes of the encoding.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    Recording
        ``recording.spikes("output")`` are `SpikeTrains`, ``recording.potentials("readout")`` is an array of
        shape (n_trials, n_steps, size), V above rest. `bioscnn.decisions` reads the class from it.

    Raises
    ------
    UserError
        If the stimulus does not fit the network, or the device fails.

    Examples
    --------
    >>> digits = load_dataset("mnist", trials=3)  # doctest: +SKIP
    >>> simulate(convert("mnist-small"), digits)["output"].spikes.n_trials  # doctest: +SKIP
    3
    """
    if not isinstance(network, SpikingNetwork):
        raise UserError(
            "no spiking network",
            key="network",
            value=type(network).__name__,
            expected="a SpikingNetwork",
            fix="bioscnn.simulate(bioscnn.convert(network, images), images)",
        )
    require_type("encoding", encoding, FrontEnd, 'such as FrontEnd("poisson", input_rate=100.0)')
    require_type("potentials", potentials, list | tuple | set | frozenset, 'names, such as {"conv1"}')
    require_type("device", device, Device, 'such as Device("numpy")')
    if not isinstance(seed, Integral) or seed < 0:
        raise UserError("no seed", key="seed", value=seed, expected="a whole number from 0")
    trials = _stimulus(network, stimulus, duration, dt, encoding, seed)
    record = [population.name for population in network.neurons if population.spikes]
    names = {population.name for population in network.neurons}
    with_potentials = names & {OUTPUT, READOUT} if potentials is None else potentials
    with progress_bar(progress, trials.n_trials) as watcher:
        return simulate_on(
            network, trials, device or Device(), record=record, potentials=with_potentials, progress=watcher
        )


def _stimulus(
    network: SpikingNetwork,
    stimulus: Any,
    duration: str | None,
    dt: str | None,
    encoding: FrontEnd | None,
    seed: int,
) -> Stimulus:
    """Return the stimulus of the input population as an object of bioscnn."""
    if isinstance(stimulus, Currents | SpikeTrains):
        given = {"duration": duration, "dt": dt, "encoding": encoding}
        if keys := [key for key, value in given.items() if value is not None]:
            problem = "a stimulus is encoded already, and has its own time step and duration"
            raise UserError(problem, key=", ".join(keys), fix="leave it out")
        return stimulus
    dt = dt or "1 ms"
    if isinstance(stimulus, EventSet):
        return _spikes_of(network, stimulus, duration, dt)
    images = finite(stimulus.intensities() if isinstance(stimulus, ImageSet) else stimulus, "stimulus")
    encoding = encoding or FrontEnd()
    shape = network.source.shape
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4 or not len(images) or encoding.shape(images.shape) != shape:
        raise UserError(
            "the images do not fit the network",
            key="stimulus",
            value=images.shape,
            expected=f"(n, channels, height, width), n >= 1, and an input of shape {shape}",
        )
    if encoding.sends_spikes == network.takes_currents:
        takes = "currents" if network.takes_currents else "spikes"
        raise UserError(
            f"the network was converted for an input of {takes}",
            key="encoding",
            value=encoding.kind,
            fix="leave it out, or convert(network, input_rate=encoding.input_rate)"
            if network.takes_currents
            else 'give an encoding that sends spikes: FrontEnd("poisson", input_rate=100.0)',
        )
    clock = table_of(Simulation, "simulation", {"duration": duration or "30 ms", "dt": dt})
    return encoding.stimulus(images, clock.n_steps, clock.dt, stream(seed, "encoding"))


def _spikes_of(network: SpikingNetwork, recordings: EventSet, duration: str | None, dt: str) -> SpikeTrains:
    """Return events as spikes; as many pixels share a neuron as the input of the network tells."""
    step = parse_quantity(dt, "time")
    if duration is None and step > 0:  # another step is refused below
        longest = max((int(events.t_us[-1]) for events in recordings if len(events)), default=0)
        duration = format_quantity((int(longest * _MICROSECOND / step) + 2) * step, "time")
    clock = table_of(Simulation, "simulation", {"duration": duration or "30 ms", "dt": dt})
    bin_size = -(-recordings.sensor_size[0] // network.source.shape[-1])
    return event_spikes(recordings, clock.n_steps, clock.dt, bin_size)
