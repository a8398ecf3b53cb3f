"""The model as text with units: what the card says and the page shows, and what the Brian2 twin simulates."""

from __future__ import annotations

from bioscnn.quantities import format_quantity
from bioscnn.stdp.convolutional.network import Architecture
from bioscnn.stdp.convolutional.settings import Plasticity

MEMBRANES = {
    "if": "V : 1",
    "lif": "dV/dt = (I - V)/tau_m : 1\ndI/dt = -I/tau_s : 1",
}
"""Equations of each neuron; V and I (times the resistance) in PSPs of a synapse of weight 1."""

ARRIVALS = {"if": "V += w", "lif": "I += charge*w"}
"""What a spike does at a synapse; ``charge`` makes the highest potential of one spike w."""


def equations(network: Architecture, stdp: Plasticity) -> dict[str, str]:
    """Return the equations of a network by what they are of."""
    neuron, retina = network.neuron, network.retina
    given = ""
    if neuron.leak is not None:
        given = (
            f"\ntau_m = {format_quantity(neuron.tau_m, 'time')}, "
            f"tau_s = {format_quantity(neuron.tau_s, 'time')}, charge = {neuron.leak.charge:.4g}"
        )
    thresholds = f"V_th = {network.first.threshold:g} (first layer), {network.second.threshold:g} (second)"
    window = format_quantity(neuron.window, "time")
    return {
        "retina": (
            f"K = +-(G(sigma) - G({retina.ratio:g} sigma)), norm 1\n"
            f"{retina.size} x {retina.size} pixels, sigma = {retina.sigma:g} pixels\n"
            f"a cell with a coefficient of {retina.least:g} or more fires once, at {window} * r/N:\n"
            "r is its rank among the N such cells of the image"
        ),
        "neuron": (
            f"{MEMBRANES[neuron.model]}\n"
            "threshold: V > V_th, once per image\n"
            f"{thresholds}, in PSPs of a synapse of weight 1\n"
            "at a spike: all other neurons at the same place are silent for the rest of the image\n"
            f"of several in one step of {format_quantity(neuron.dt, 'time')}, that of the highest V fires,\n"
            "of equal ones that of the first map"
            f"{given}"
        ),
        "plastic synapse": (
            f"at a spike of the input: {ARRIVALS[neuron.model]}\n"
            "at the first spike of a map, for all of the map:\n"
            "    w += a_plus*w*(1 - w)   where the input had fired\n"
            "    w -= a_minus*w*(1 - w)  elsewhere\n"
            f"a_plus = {stdp.a_plus:g}, doubled each {stdp.doubling:,} images up to {stdp.largest:g}; "
            f"a_minus = {stdp.ratio:g} a_plus"
        ),
        "pooling": "a neuron fires with the first spike of its square, one step later",
    }
