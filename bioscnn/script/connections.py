"""Projections as a script makes them: the arrays that it loads, and the lines that connect."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import Convolution, Dense, Pooling, Projection, SpikingNetwork
from bioscnn.network.connectivity import Connectivity
from bioscnn.neurons import LeadingCount
from bioscnn.script.writing import quantity
from bioscnn.simulation.equations import delay_steps, projection_name
from bioscnn.simulation.numbering import brian_synapses, network_index, to_brian

Arrays = dict[str, NDArray[Any]]

CONVOLUTION = '''
def convolution(kernel, pre_shape, post_shape, stride, padding, groups=1):
    """Return every synapse of a kernel that slides over an image: pre, post, weight.

    kernel has the shape (channels out, channels in, rows, columns), the two populations have the shapes
    (channels, height, width). Row r of the output sees row r*stride + k - padding through row k of the
    kernel; padding counts rows above, columns on the left, rows below, columns on the right, where -1 is a
    row or column that is not seen. With several groups of channels, a group of outputs sees only its own
    group of inputs.
    """
    taps = []
    for axis in (0, 1):  # rows, columns
        to, tap = np.divmod(np.arange(post_shape[1 + axis]*kernel.shape[2 + axis]), kernel.shape[2 + axis])
        seen = to*stride[axis] + tap - padding[axis]
        inside = (seen >= 0) & (seen < pre_shape[1 + axis] + min(padding[2 + axis], 0))
        taps.append((to[inside], seen[inside], tap[inside]))
    (to_row, row, row_tap), (to_column, column, column_tap) = taps
    channels_out, channels_in = kernel.shape[:2]  # of a group
    lengths = channels_out, channels_in, len(row), len(column)
    channel, within, y, x = np.ix_(*map(np.arange, lengths))
    from_channel = channel//(channels_out//groups)*channels_in + within
    pre = (row[y]*pre_shape[2] + column[x])*pre_shape[0] + from_channel
    post = (to_row[y]*post_shape[2] + to_column[x])*post_shape[0] + channel
    weight = kernel[channel, within, row_tap[y], column_tap[x]]
    pre, post, weight = (part.ravel() for part in np.broadcast_arrays(pre, post, weight))
    order = np.lexsort((post, pre))
    return pre[order], post[order], weight[order]
'''
"""Source of the function that lists the synapses of a convolution."""


def connect(network: SpikingNetwork, projection: Projection, variable: str) -> tuple[list[str], Arrays]:
    """Return the lines that make the synapses of a projection, and the arrays that they load.

    Parameters
    ----------
    network : SpikingNetwork
        To which it belongs.
    projection : Projection
        Through synapses.
    variable : str
        Name of the `brian2.Synapses`.
    """
    assert projection.synapse is not None
    name, connectivity = projection_name(projection), projection.connectivity
    unit = re.match(r"w : (\w+)", projection.synapse.weight)
    assert unit is not None
    if isinstance(connectivity, Dense):
        pre, post = network[projection.pre], network[projection.post]
        rows, columns = (network_index(np.arange(p.size, dtype=np.int32), p.shape) for p in (pre, post))
        arrays = {f"{name}_weight": connectivity.weight[columns][:, rows].T}
        return [
            f"{variable}.connect()  # all to all; a row of weights is what one neuron sends",
            f'{variable}.w = data["{name}_weight"].ravel()*{unit[1]}',
        ], arrays
    kernel, groups = _kernel(connectivity)
    if kernel is None:
        pre_index, post_index, weight = brian_synapses(network, projection)
        return [
            f'{variable}.connect(i=data["{name}_pre"], j=data["{name}_post"])',
            f'{variable}.w = data["{name}_weight"]*{unit[1]}',
        ], {f"{name}_pre": pre_index, f"{name}_post": post_index, f"{name}_weight": weight}
    assert isinstance(connectivity, Convolution | Pooling)
    shapes = f"{connectivity.pre_shape}, {connectivity.post_shape}"
    grouped = f", groups={groups}" if groups > 1 else ""
    return [
        "pre, post, weight = convolution(",
        f'    data["{name}_kernel"], {shapes}, stride={connectivity.stride}, '
        f"padding={connectivity.padding}{grouped}",
        ")",
        f"{variable}.connect(i=pre, j=post)",
        f"{variable}.w = weight*{unit[1]}",
    ], {f"{name}_kernel": kernel}


def describe(projection: Projection) -> str:
    """Return the description of a projection."""
    match projection.connectivity:
        case Convolution(stride=stride, groups=groups) as convolution:
            size = " x ".join(map(str, convolution.window))
            split = f", {groups} groups of channels" if groups > 1 else ""
            what = f"a kernel of {size}, {_steps(stride)}{split}"
        case Pooling(size=size, stride=stride):
            kind = "max" if isinstance(projection.synapse, LeadingCount) else "average"
            what = f"{kind} pooling of {size[0]} x {size[1]}, {_steps(stride)}"
        case Dense():
            what = "all to all"
        case _:
            what = "synapses listed one by one"
    receptor = {"g_e": ", excitation", "g_i": ", inhibition"}.get(
        getattr(projection.synapse, "receptor", ""), ""
    )
    return f"{projection.pre} to {projection.post}: {what}{receptor}"


def statements(
    network: SpikingNetwork, projection: Projection, dt: float, variable: str
) -> tuple[str, str, list[str], Arrays]:
    """Return the equations of a synapse, what is run at a spike, and the lines and arrays of its delay.

    Raises
    ------
    UserError
        If spikes get lost or synapses fail.
    """
    synapse, axons = projection.synapse, network[projection.pre].axons
    assert synapse is not None
    lost = "noise.spike-loss" if axons is not None and axons.loss else None
    failing = "noise.transmission-failure" if projection.failure is not None else None
    if lost or failing:
        raise UserError(
            "which spikes are lost is drawn by bioscnn when they are sent: plain Brian2 would draw others",
            key=lost or failing,
            expected="noise that is drawn before the simulation: of images, events, weights, parameters",
            fix="remove this noise from the study",
        )
    equations, on_pre = synapse.weight, synapse.on_pre
    if axons is None or not (steps := delay_steps(axons, dt)).any():
        return equations, on_pre, [], {}
    name = projection_name(projection)
    if (steps == steps[0]).all():
        travel, arrays = str(steps[0]), {}
        lines = [f"{variable}.delay = {quantity(float(steps[0]) * dt, 'second')}"]
    else:
        travel, equations = "travel", f"{equations}\ntravel : integer (constant)"
        arrays = {f"{name}_delay_steps": to_brian(steps, network[projection.pre].shape)}
        lines = [
            f'{variable}.travel = data["{name}_delay_steps"][{variable}.i]',
            f'{variable}.delay = data["{name}_delay_steps"][{variable}.i]*defaultclock.dt',
        ]
    arrived = f"int(timestep(t, dt) % n_steps >= {travel})"
    return equations, "\n".join(f"{line} * {arrived}" for line in on_pre.splitlines()), lines, arrays


def _steps(stride: tuple[int, int]) -> str:
    return f"stride {stride[0]}" if stride[0] == stride[1] else f"strides {stride[0]} and {stride[1]}"


def _kernel(connectivity: Connectivity) -> tuple[NDArray[np.float64] | None, int]:
    """Return the kernel of a convolution and its groups; of pooling with one weight for each channel, too."""
    if isinstance(connectivity, Convolution):
        return connectivity.kernel, connectivity.groups
    if isinstance(connectivity, Pooling):
        weight = connectivity.weight_onto()
        if not np.ptp(weight, axis=(1, 2)).any():
            kernel = np.broadcast_to(weight[:, :1, :1, None], (len(weight), 1, *connectivity.window))
            return np.array(kernel), len(weight)
    return None, 1
