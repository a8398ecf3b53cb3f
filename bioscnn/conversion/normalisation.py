"""How the activations of a ReLU network become firing rates: four methods, measured on images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d
from bioscnn.ann.graph import require_graph
from bioscnn.conversion.calibration import calibrate, decoded, gets_spikes
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.rate_matching import linear_current, matched_currents, observed_rate
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import Stage, stage_outputs, stages
from bioscnn.errors import UserError
from bioscnn.neurons import SpikingNeuron
from bioscnn.quantities import format_quantity

METHODS = ("rate-matched", "channel-wise", "layer-wise", "none")
MAX_RATE = 200.0

_FEW = 4
"""Images by which a ceiling or a leak is told."""

_LEAST_POWER = 1e-4
"""Variance of what reaches a class, in that of its logits, below which it is not scaled up."""

_SAMPLES, _SAMPLES_IN_ALL = 2**16, 2**22
"""Numbers that are fitted to: of a channel, and of all channels together, at most."""


@dataclass(frozen=True, eq=False)
class Normalisation:
    """What the rates of each population stand for.

    Parameters
    ----------
    neuron : SpikingNeuron
        The neuron that it was made for.
    codes : dict of RateCode
        By population. Of ``"output"``, the unit is the same for all classes; offset and slope may differ.
    window : float
        Time from rest in which spikes will be counted, s.
    spikes_come_in : bool
        Whether the stimulus consists of spikes.
    """

    neuron: SpikingNeuron
    codes: dict[str, RateCode]
    window: float = np.inf
    spikes_come_in: bool = False

    def observed(self, stage: Stage, current: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rates, Hz, that the neurons of a stage show on average at these mean currents, A."""
        fluctuating = self.spikes_come_in or gets_spikes(stage)
        return observed_rate(self.neuron, current, self.window, fluctuating=fluctuating)

    def activation(self, stage: Stage, before: NDArray[Any]) -> NDArray[Any]:
        """Return the activations that these rates stand for, given pre-activations, (n, channels, ...)."""
        return decoded(stage, self.codes[stage.name], self.observed, before)


def normalise(
    graph: LayerGraph,
    images: NDArray[np.float32],
    neuron: SpikingNeuron,
    *,
    method: str = "rate-matched",
    percentile: float = 99.9,
    max_rate: float = MAX_RATE,
    window: float = np.inf,
    spikes_come_in: bool = False,
) -> Normalisation:
    """Measure the activations of a network on images that are not used to test it, and map them onto rates.

    Parameters
    ----------
    graph : LayerGraph
        The trained network, of ReLU layers.
    images : ndarray of float32, shape (n, channels, height, width)
        Some hundred images of the training data.
    neuron : SpikingNeuron
        The model of all spiking populations.
    method : str
        ``"channel-wise"`` gives each channel the current that reaches `max_rate` at the scale of the channel,
        the percentile of its activations, and starts at the rheobase; ``"layer-wise"`` has one scale a layer.
        Both take the rate as linear in the current. ``"rate-matched"`` takes the scale of the channel and
        fits currents to the rate curve of the neuron (`matched_currents`). ``"none"`` lets an activation of
        1 stand for `max_rate` everywhere.
    percentile : float
        Share of activations, in percent, that lie below the scale; 100 takes the maximum, which a single
        outlier decides.
    max_rate : float
        Firing rate of an activation at the scale, Hz.
    window : float
        Time from rest in which spikes will be counted, s; only ``"rate-matched"`` regards it.
    spikes_come_in : bool
        Whether the stimulus consists of spikes, so that the currents of the first layer fluctuate too.

    Raises
    ------
    UserError
        If a number is out of range, the neuron cannot fire so fast, or a layer is silent on these images.

    References
    ----------
    Rueckauer et al. (2017), Frontiers in Neuroscience 11:682 (percentile); Kim et al. (2020), Spiking-YOLO,
    AAAI 34:11270 (channel-wise).
    """
    require_graph(graph)
    if not isinstance(neuron, SpikingNeuron):
        raise UserError(
            "no neuron", key="neuron", value=type(neuron).__name__, expected="such as bioscnn.LIF()"
        )
    if method not in METHODS:
        raise UserError(
            "unknown normalisation", key="network.normalisation", value=method, expected=" | ".join(METHODS)
        )
    if not 0 < percentile <= 100:
        raise UserError(
            "not a percentile", key="network.percentile", value=percentile, expected="above 0, at most 100"
        )
    check_max_rate(neuron, max_rate)

    made = Normalisation(neuron, {}, window, spikes_come_in)
    measured_before: list[tuple[NDArray[Any], NDArray[np.float64]]] = []

    def scales_of(stage: Stage, before: NDArray[Any]) -> NDArray[np.float64]:
        if not stage.is_output and before.max() <= 0:
            # A ceiling or a leak is a rectifier of its own (`bioscnn.ann.onnx.rectified`). One that no image
            # reaches has the scale of the activations that it belongs to.
            for other, scales in measured_before:
                if _is_beside(before[:_FEW], other):
                    return scales
        scales = _scales(stage, before, percentile, channel_wise=method != "layer-wise")
        measured_before.append((before[:_FEW].copy(), scales))
        return scales

    def linear(stage: Stage, scales: NDArray[np.float64]) -> RateCode:
        offset, slope = linear_current(neuron, max_rate)
        return RateCode(np.full(len(scales), offset), slope / scales, scales / max_rate)

    def matched(stage: Stage, before: NDArray[Any], arriving: NDArray[Any]) -> RateCode:
        scales = scales_of(stage, before)
        x, wanted = (_sampled(_by_channel(values)) / scales[:, None] for values in (arriving, before))
        gain = shift = np.zeros(())
        if stage.is_output:
            # The classes are first put right one by one, and then fitted together: they are compared.
            gain, shift = _regression(x, wanted)
            x, wanted = (gain[:, None] * x + shift[:, None]).reshape(1, -1), wanted.reshape(1, -1)
        activation = np.maximum(wanted, 0)
        silent = ~activation.any(axis=1)
        if silent.any():  # a channel that is silent on these images is fitted to all of its layer
            x, activation = (
                np.concatenate([values[~silent], _sampled(values.reshape(1, -1), values.shape[1])])
                for values in (x, activation)
            )
        fitted = matched_currents(
            neuron, x, activation, max_rate, window, fluctuating=spikes_come_in or gets_spikes(stage)
        )
        rows = np.where(silent, len(fitted) - 1, np.cumsum(~silent) - 1)
        offset, slope = fitted[rows].T
        if stage.is_output:
            offset, slope = offset + slope * shift, slope * gain
        return RateCode(offset, slope / scales, scales / max_rate)

    if method == "rate-matched":
        return replace(made, codes=calibrate(graph, images, matched, made.observed))
    if method == "none":
        measured = ((stage, np.ones(stage.post_shape[0])) for stage in stages(simplified(graph)))
    else:
        measured = ((stage, scales_of(stage, before)) for stage, before, _ in stage_outputs(graph, images))
    codes = {stage.name: linear(stage, scales) for stage, scales in measured if _has_code(stage)}
    return replace(made, codes=codes)


def coded_populations(graph: LayerGraph) -> dict[str, int]:
    """Return the populations of a ReLU network that have a code each, and their numbers of channels."""
    return {stage.name: stage.post_shape[0] for stage in stages(simplified(graph)) if _has_code(stage)}


def _has_code(stage: Stage) -> bool:
    return not isinstance(stage.layer, LIFRate | MaxPool2d)


def check_max_rate(neuron: SpikingNeuron, max_rate: float, dt: float = 0.0) -> None:
    """Refuse a highest rate that the neuron does not reach, in time steps of `dt` seconds.

    Raises
    ------
    UserError
        If it is not below ``1/t_ref``, or above ``1/(t_ref + dt)``.
    """
    t_ref = neuron.t_ref
    shortest = t_ref + dt
    if not max_rate > 0:
        raise UserError(
            "not a rate at which a neuron could fire",
            key="network.max_rate",
            value=format_quantity(max_rate, "frequency"),
            expected="above 0 Hz",
            fix=f'write "{MAX_RATE:g} Hz", the default',
        )
    if not (max_rate * t_ref < 1 and max_rate * shortest < 1 + 1e-9):
        steps = f" in steps of {format_quantity(dt, 'time')}" if dt else ""
        raise UserError(
            "the neuron cannot fire at the rate of the largest activation",
            key="network.max_rate",
            value=format_quantity(max_rate, "frequency"),
            expected=f"less than {1 / shortest:.4g} Hz, for t_ref = {format_quantity(t_ref, 'time')}{steps}",
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


def _scales(stage: Stage, before: NDArray[Any], percentile: float, channel_wise: bool) -> NDArray[np.float64]:
    """Return the activation that stands for the highest rate, by channel; the same for all classes."""
    if stage.is_output:
        # The largest of centred logits is never negative, and zero only where no class differs from another.
        largest = float(np.percentile(before.max(axis=1), percentile))
        return np.full(before.shape[1], largest if largest > 0 else 1.0)
    activation = np.maximum(_by_channel(before), 0)
    layer_scale = float(np.percentile(activation, percentile))
    if layer_scale <= 0:
        raise UserError(
            "a layer without any activation cannot be normalised",
            key=stage.name,
            value=layer_scale,
            fix="give images on which the network works, or a higher percentile",
        )
    scale = np.full(len(activation), layer_scale)
    if channel_wise:
        scale = np.percentile(activation, percentile, axis=1).astype(np.float64)
    # A channel that is silent on these images takes the scale of its layer.
    return np.where(scale > 0, scale, layer_scale)


def _is_beside(before: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether pre-activations differ from others by a constant alone, or by that and their sign."""
    if before.shape != other.shape:
        return False
    tolerance = 1e-5 * max(float(np.ptp(other)), 1e-12)
    return bool(min(np.ptp(other - before), np.ptp(other + before)) <= tolerance)


def _sampled(values: NDArray[Any], n: int | None = None) -> NDArray[Any]:
    """Return so many numbers of each row at most, at equal distances."""
    most = n or min(_SAMPLES, max(_SAMPLES_IN_ALL // len(values), 1))
    return values[:, :: -(-values.shape[1] // most)][:, :most]


def _regression(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gain and shift of the least squares line from x to y; gain 1 where x tells nothing."""
    dx, dy = (values - values.mean(axis=1, keepdims=True) for values in (x, y))
    power = (dx**2).mean(axis=1)
    told = power > _LEAST_POWER * (dy**2).mean(axis=1)
    gain = np.divide((dx * dy).mean(axis=1), power, out=np.ones(len(x)), where=told)
    gain = np.where(gain > 0, gain, 1.0)  # a class is never turned round
    return gain, y.mean(axis=1) - gain * x.mean(axis=1)


def _by_channel(values: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
