"""Events of a camera as input spikes: one neuron a pixel and polarity, one spike an event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, EventStream
from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

POLARITIES = 2


def input_shape(sensor_size: tuple[int, int], bin_size: int = 1) -> tuple[int, int, int]:
    """Return the shape of the input population, (polarities, height, width).

    Examples
    --------
    >>> input_shape((34, 34)), input_shape((240, 180), bin_size=6)
    ((2, 34, 34), (2, 30, 40))
    """
    width, height = sensor_size
    if width % bin_size or height % bin_size:
        raise UserError(
            "the bins do not fill the sensor",
            key="encoding.bin_size",
            value=bin_size,
            expected=f"a divisor of {width} and {height}",
        )
    return POLARITIES, height // bin_size, width // bin_size


def event_spikes(recordings: EventSet, n_steps: int, dt: float, bin_size: int = 1) -> SpikeTrains:
    """Turn events into spikes of the input population.

    The neuron of polarity bit p, row y and column x is ``(p * height + y) * width + x``, rows and columns
    divided by `bin_size`. An event becomes a spike in the step in which it falls. A neuron spikes at most
    once a step, so events of a bin that share a step are one spike. Events from the last step of the trial on
    are left out: nothing spikes there.

    Parameters
    ----------
    recordings : EventSet
        One per trial.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.
    bin_size : int
        Pixels, across and down, that share a neuron.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    UserError
        If the bins do not fill the sensor.
    """
    shape = input_shape(recordings.sensor_size, bin_size)
    size = int(np.prod(shape))
    # int32 from the start: a split has ten million spikes and more.
    trains = [_train(stream, shape, n_steps, dt, bin_size) for stream in recordings]
    nothing = np.empty(0, np.int32)
    step, neuron = (np.concatenate([nothing, *(train[k] for train in trains)]) for k in (0, 1))
    start = np.cumsum([0, *(len(train[0]) for train in trains)])
    return SpikeTrains(neuron, step, start, size, n_steps, dt)


def _train(
    stream: EventStream, shape: tuple[int, int, int], n_steps: int, dt: float, bin_size: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return step and neuron of each spike, ordered by step, then by neuron."""
    step = stream.t_us // round(1e6 * dt)
    in_time = step < n_steps - 1
    polarity, row, column = (array[in_time].astype(np.int64) for array in (stream.p, stream.y, stream.x))
    _, height, width = shape
    neuron = (polarity * height + row // bin_size) * width + column // bin_size
    size = int(np.prod(shape))
    first, second = divmod(np.unique(step[in_time] * size + neuron), size)
    return first.astype(np.int32), second.astype(np.int32)
