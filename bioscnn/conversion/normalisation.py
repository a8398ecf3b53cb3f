"""How the activations of a ReLU network become firing rates: four methods, measured on images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.rate_matching import linear_current, matched_currents, quantiles
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import Stage, stage_outputs, stages
from bioscnn.errors import UserError
from bioscnn.neurons import SpikingNeuron
from bioscnn.quantities import format_quantity

METHODS = ("rate-matched", "channel-wise", "layer-wise", "none")
MAX_RATE = 200.0


@dataclass(frozen=True, eq=False)
class Normalisation:
    """What the rates of each population stand for.

    Parameters
    ----------
    neuron : SpikingNeuron
        The neuron that it was made for.
    codes : dict of RateCode
        By population; the same for all classes of ``"output"``.
    """

    neuron: SpikingNeuron
    codes: dict[str, RateCode]


def normalise(
    graph: LayerGraph,
    images: NDArray[np.float32],
    neuron: SpikingNeuron,
    *,
    method: str = "rate-matched",
    percentile: float = 99.9,
    max_rate: float = MAX_RATE,
    window: float = np.inf,
) -> Normalisation:
    """Measure the activations of a network on images that are not used to test it, and map them onto rates.

    Parameters
    ----------
    graph : LayerGraph
        The trained network, of ReLU layers.
    images : ndarray of float32, shape (n, channels, height, width)
        Some hundred images of the training data; ``"none"`` does not look at them.
    neuron : SpikingNeuron
        The model of all spiking populations.
    method : str
        ``"channel-wise"`` gives each channel the current that reaches `max_rate` at the scale of the channel,
        the percentile of its activations, and starts at the rheobase; ``"layer-wise"`` has one scale a layer.
        Both take the rate as linear in the current. ``"rate-matched"`` takes the scale of the channel and
        fits the current to the rate curve of the neuron (`matched_currents`). ``"none"`` lets an activation
        of 1 stand for `max_rate` everywhere.
    percentile : float
        Share of activations, in percent, that lie below the scale; 100 takes the maximum, which a single
        outlier decides.
    max_rate : float
        Firing rate of an activation at the scale, Hz.
    window : float
        Time from rest in which spikes will be counted, s; only ``"rate-matched"`` regards it.

    Raises
    ------
    UserError
        If a number is out of range, the neuron cannot fire so fast, or a layer is silent on these images.

    References
    ----------
    Rueckauer et al. (2017), Frontiers in Neuroscience 11:682 (percentile); Kim et al. (2020), Spiking-YOLO,
    AAAI 34:11270 (channel-wise).
    """
    if method not in METHODS:
        raise UserError(
            "unknown normalisation", key="network.normalisation", value=method, expected=" | ".join(METHODS)
        )
    if not 0 < percentile <= 100:
        raise UserError(
            "not a percentile", key="network.percentile", value=percentile, expected="above 0, at most 100"
        )
    check_max_rate(neuron, max_rate)
    codes = {}
    if method == "none":
        for stage in stages(simplified(graph)):
            scales = np.ones(stage.post_shape[0])
            offset, slope = linear_current(neuron, max_rate)
            codes[stage.name] = RateCode(offset * scales, slope * scales, scales / max_rate)
        return Normalisation(neuron, codes)
    for stage, before in _measured(graph, images):
        channels = np.sort(_by_channel(before), axis=1)
        scales = _scales(stage, before, channels, percentile, channel_wise=method != "layer-wise")
        if method == "rate-matched":
            currents = _matched_currents(neuron, stage, channels, scales, max_rate, window)
        else:
            currents = np.tile(linear_current(neuron, max_rate), (len(scales), 1))
        offset, slope = currents.T
        codes[stage.name] = RateCode(offset, slope / scales, scales / max_rate)
    return Normalisation(neuron, codes)


def check_max_rate(neuron: SpikingNeuron, max_rate: float, dt: float = 0.0) -> None:
    """Refuse a highest rate that the neuron does not reach, in time steps of `dt` seconds.

    Raises
    ------
    UserError
        If it is not below ``1/t_ref``, or above ``1/(t_ref + dt)``.
    """
    t_ref = neuron.t_ref
    shortest = t_ref + dt
    if not (max_rate > 0 and max_rate * t_ref < 1 and max_rate * shortest < 1 + 1e-9):
        steps = f" in steps of {format_quantity(dt, 'time')}" if dt else ""
        raise UserError(
            "the neuron cannot fire at the rate of the largest activation",
            key="network.max_rate",
            value=format_quantity(max_rate, "frequency"),
            expected=f"less than {1 / shortest:.4g} Hz, for t_ref = {format_quantity(t_ref, 'time')}{steps}"
            if shortest
            else "a positive frequency",
            fix="lower network.max_rate, neuron.t_ref" + (" or simulation.dt" if dt else ""),
        )
    try:
        neuron.current(max_rate)
    except ValueError as error:
        raise UserError(
            "the neuron cannot fire at the rate of the largest activation",
            key="network.max_rate",
            value=format_quantity(max_rate, "frequency"),
            expected=str(error),
            fix="lower network.max_rate",
        ) from None


def _measured(graph: LayerGraph, images: NDArray[Any]) -> Iterator[tuple[Stage, NDArray[Any]]]:
    """Yield each stage that is normalised, with what reaches it on the images.

    A ceiling and a leak are rectifiers of their own (`bioscnn.ann.onnx.rectified`). Where no image reaches
    the ceiling, its population takes the scale of the activations that it would limit: those that differ from
    its own by a constant, or in sign. Only stages that read the same populations are held at the same time.
    """
    left = Counter(_read_by(stage) for stage in stages(simplified(graph)))
    held: dict[frozenset[str], list[tuple[Stage, NDArray[Any]]]] = {}
    for stage, before, _ in stage_outputs(graph, images):
        reads = _read_by(stage)
        left[reads] -= 1
        if not isinstance(stage.layer, LIFRate | MaxPool2d):
            held.setdefault(reads, []).append((stage, before))
        if left[reads] == 0:
            together = held.pop(reads, [])
            for one, own in together:
                silent = not one.is_output and own.max() <= 0
                yield one, _twin(own, [other for _, other in together]) if silent else own


def _read_by(stage: Stage) -> frozenset[str]:
    return frozenset(path.source for path in stage.block.paths)


def _twin(before: NDArray[Any], others: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return pre-activations that differ by a constant, or in sign, from those of a silent population."""
    for other in others:
        if other.shape == before.shape and other.max() > 0:
            tolerance = 1e-5 * float(np.abs(other).max())
            if min(np.ptp(other - before), np.ptp(other + before)) <= tolerance:
                return other
    return before


def _scales(
    stage: Stage, before: NDArray[Any], channels: NDArray[Any], percentile: float, channel_wise: bool
) -> NDArray[np.float64]:
    """Return the activation that stands for the highest rate, by channel; the same for all classes."""
    if stage.is_output:
        # The largest of centred logits is never negative, and zero only where no class differs from another.
        largest = float(np.percentile(before.max(axis=1), percentile))
        return np.full(before.shape[1], largest if largest > 0 else 1.0)
    scale = np.asarray(np.maximum(np.percentile(channels, percentile, axis=1), 0), np.float64)
    if channel_wise and scale.all():
        return scale
    layer_scale = float(np.percentile(np.maximum(channels, 0), percentile))
    if layer_scale <= 0:
        raise UserError(
            "a layer without any activation cannot be normalised",
            key=stage.name,
            value=layer_scale,
            fix="give images on which the network works, or a higher percentile",
        )
    # A channel that is silent on these images takes the scale of its layer.
    return np.where(scale > 0, scale, layer_scale) if channel_wise else np.full(len(channels), layer_scale)


def _matched_currents(
    neuron: SpikingNeuron,
    stage: Stage,
    channels: NDArray[Any],
    scales: NDArray[np.float64],
    max_rate: float,
    window: float,
) -> NDArray[np.float64]:
    """Fit each channel by itself; the classes together, since they are compared with each other.

    A channel that is silent on these images is fitted to all activations of its layer.
    """
    if stage.is_output:
        channels = np.sort(channels.reshape(1, -1), axis=1)
    zero = channels.dtype.type(0)
    positive = [row[np.searchsorted(row, zero, side="right") :] for row in channels]
    if not any(row.size for row in positive):
        return np.tile(linear_current(neuron, max_rate), (len(scales), 1))
    x = [quantiles(row) / scale if row.size else None for row, scale in zip(positive, scales, strict=False)]
    if any(row is None for row in x):
        scaled = [row / scale for row, scale in zip(positive, scales, strict=False)]
        of_the_layer = quantiles(np.sort(np.concatenate(scaled)))
        x = [of_the_layer if row is None else row for row in x]
    fitted = matched_currents(neuron, np.array(x), max_rate, window)
    return np.tile(fitted, (len(scales) // len(fitted), 1))


def _by_channel(values: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
