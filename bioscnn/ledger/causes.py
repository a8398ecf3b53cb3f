"""The causes that a ledger knows: what each one is, when it applies, and how it is switched off.

To add one, write its function and list it in `CAUSES`; the docs, the report and the sums follow. The order
is that in which all causes together are switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, isclose

from bioscnn.ann import LayerGraph, LIFRate
from bioscnn.conversion import METHODS
from bioscnn.ledger.conditions import Conditions
from bioscnn.neurons import IF, LIF
from bioscnn.neurons.synapse import SHARPEST
from bioscnn.quantities import format_quantity

FINE_STEP = 0.1e-3
LONGER = 10


@dataclass(frozen=True)
class Off:
    """A cause that is switched off: the conditions without it, and in words what was changed."""

    conditions: Conditions
    change: str


Switch = Callable[[Conditions, LayerGraph], Off | str]
"""From conditions to those without a cause, or to the reason why the cause does not apply."""


@dataclass(frozen=True)
class Cause:
    """A cause of lost accuracy.

    Parameters
    ----------
    name : str
        What it is called.
    meaning : str
        What it is, in one sentence.
    switch : callable
        A pure function.
    codes : tuple of str
        Of `Conditions.code`, those that the cause is there in.
    """

    name: str
    meaning: str
    switch: Switch
    codes: tuple[str, ...] = ("rate",)

    def switch_off(self, now: Conditions, graph: LayerGraph) -> Off | str:
        """Return the conditions without the cause, or the reason why it does not apply."""
        if now.code not in self.codes:
            return f"it is a cause of the {self.codes[0]} code"
        return self.switch(now, graph)


def _trained(graph: LayerGraph) -> LIFRate | None:
    """Return the rate curve that a network was trained on; None for a ReLU network."""
    return next((layer for layer in graph.layers if isinstance(layer, LIFRate)), None)


def _change(key: str, before: float, after: float, dimension: str = "time") -> str:
    return f"{key} {format_quantity(before, dimension)} -> {format_quantity(after, dimension)}"


def _normalisation(now: Conditions, graph: LayerGraph) -> Off | str:
    if _trained(graph) is not None:
        return "the network was trained on the rates of its neurons and needs none"
    best = METHODS[0]
    if now.normalisation == best:
        return f"it is {best} already"
    return Off(replace(now, normalisation=best), f"{now.normalisation} -> {best}")


def _refractory_ceiling(now: Conditions, graph: LayerGraph) -> Off | str:
    trained, t_ref = _trained(graph), now.neuron.t_ref
    target = trained.t_ref if trained else 0.0
    if isclose(t_ref, target, rel_tol=1e-6, abs_tol=1e-9):
        return f"the network was trained for t_ref = {format_quantity(target, 'time')}" if trained else (
            "t_ref is 0 already"
        )  # fmt: skip
    neuron = replace(now.neuron, t_ref=target)  # type: ignore[call-arg]
    return Off(replace(now, neuron=neuron), _change("t_ref", t_ref, target))


def _membrane(now: Conditions, graph: LayerGraph) -> Off | str:
    trained, neuron = _trained(graph), now.neuron
    if not isinstance(neuron, LIF):
        return "the membrane does not leak"
    if trained is None:
        straight = IF(neuron.t_ref, neuron.V_th, neuron.tau_m / neuron.R_m, neuron.reset)
        return Off(replace(now, neuron=straight), "LIF -> IF, whose rate is linear")
    if isclose(neuron.tau_m, trained.tau_m, rel_tol=1e-6):
        return f"the network was trained for tau_m = {format_quantity(trained.tau_m, 'time')}"
    return Off(
        replace(now, neuron=replace(neuron, tau_m=trained.tau_m)),
        _change("tau_m", neuron.tau_m, trained.tau_m),
    )


def _rate_curve(now: Conditions, graph: LayerGraph) -> Off | str:
    trained, neuron = _trained(graph), now.neuron
    if now.rates_in_ann:
        return "the trained network is computed with the rates already"
    off = replace(now, rates_in_ann=True)
    if trained is not None:
        if trained.gamma == 0:
            return "the network was trained on the exact rate, which is 0 below the rheobase"
        return Off(off, f"in the ANN: gamma {trained.gamma:g} -> 0")
    if isinstance(neuron, IF) and neuron.t_ref == 0:
        return "the rate is linear in the current, as a ReLU is"
    return Off(off, "in the ANN: ReLU -> rate of the neuron")


def _start_up(now: Conditions, graph: LayerGraph) -> Off | str:
    if now.warm_up > 0:
        return "the network has settled already"
    warm_up = (LONGER - 1) * now.duration
    return Off(replace(now, warm_up=warm_up), _change("read from", 0.0, warm_up))


def _finite_duration(now: Conditions, graph: LayerGraph) -> Off | str:
    return Off(
        replace(now, duration=LONGER * now.duration),
        _change("duration", now.duration, LONGER * now.duration),
    )


def _time_step(now: Conditions, graph: LayerGraph) -> Off | str:
    # A whole fraction, so that what was a whole number of steps stays one.
    fraction = ceil(now.dt / FINE_STEP - 1e-9)
    if fraction == 1:
        return f"dt is {format_quantity(now.dt, 'time')} already"
    fine = replace(now, dt=now.dt / fraction)
    if now.code == "time":
        # Windows are as long as whole steps allow, so a finer step lengthens them.
        coarse, finer = now.time_code, fine.time_code
        longer = finer.window_steps * finer.dt / (coarse.window_steps * coarse.dt)
        fine = replace(fine, duration=ceil(longer * now.duration / now.dt) * now.dt)
    return Off(fine, _change("dt", now.dt, fine.dt))


def _reset_rule(now: Conditions, graph: LayerGraph) -> Off | str:
    neuron = now.neuron
    reset = getattr(neuron, "reset", "exact")
    if reset == "exact":
        return "the reset is exact already"
    if isinstance(neuron, IF) and reset == "subtract":
        return "without a leak, subtract is exact"
    return Off(replace(now, neuron=replace(neuron, reset="exact")), f"{reset} -> exact")  # type: ignore[call-arg]


def _synaptic_filter(now: Conditions, graph: LayerGraph) -> Off | str:
    # The current is solved exactly within the step; exp(-50) of it is left at the end.
    instant, tau_s = now.dt / SHARPEST, now.synapse.tau_s
    if tau_s <= 1.01 * instant:
        return "the charge of a spike arrives within a step already"
    return Off(replace(now, synapse=replace(now.synapse, tau_s=instant)), _change("tau_s", tau_s, instant))


def _clipping(now: Conditions, graph: LayerGraph) -> Off | str:
    times = now.spike_times
    assert times is not None
    if times.scale is not None:
        wider = replace(times, scale=2 * times.scale)
        return Off(replace(now, spike_times=wider), f"scale {times.scale:g} -> {wider.scale:g}")
    if now.percentile == 100:
        return "the scale is the largest activation of the training images already"
    return Off(replace(now, percentile=100.0), f"percentile {now.percentile:g} -> 100")


def _single_precision(now: Conditions, graph: LayerGraph) -> Off | str:
    if now.precision == "float64":
        return "computed in float64 already"
    return Off(replace(now, precision="float64"), "float32 -> float64")


CAUSES = (
    Cause(
        "normalisation",
        "The activations of a ReLU network are mapped onto rates that the neurons do not have.",
        _normalisation,
    ),
    Cause(
        "refractory ceiling",
        "A refractory period that the network was not trained for keeps the neurons from firing fast.",
        _refractory_ceiling,
    ),
    Cause(
        "membrane",
        "The rates of the membrane are not those that the network was trained on; a ReLU is linear.",
        _membrane,
    ),
    Cause(
        "rate curve",
        "The trained network uses activations that no rate of a neuron stands for: it is 0 below the "
        "rheobase, and bent above it.",
        _rate_curve,
    ),
    Cause(
        "start-up transient",
        "The membranes start from rest, and each layer waits for the one before it.",
        _start_up,
    ),
    Cause(
        "finite duration",
        "A few spikes stand for a rate: it is known to about one spike in the window.",
        _finite_duration,
    ),
    Cause(
        "time step",
        "A neuron fires at the end of a step, at most once a step, and is refractory for whole steps; "
        "in the time code, values are rounded to those that whole steps can say.",
        _time_step,
        ("rate", "time"),
    ),
    Cause(
        "clipping",
        "An activation above the scale is said by the earliest spike, which says the scale.",
        _clipping,
        ("time",),
    ),
    Cause("reset rule", "The reset loses charge that arrived beyond the threshold.", _reset_rule),
    Cause(
        "synaptic filter",
        "The charge of a spike arrives over the time constant of the synapse.",
        _synaptic_filter,
    ),
    Cause(
        "float32", "Membrane potentials and weights have seven digits.", _single_precision, ("rate", "time")
    ),
)


def switch_all_off(now: Conditions, graph: LayerGraph) -> Conditions:
    """Return the conditions with every cause switched off that applies to them."""
    off = now
    for cause in CAUSES:
        if isinstance(cause.switch_off(now, graph), Off) and isinstance(
            switched := cause.switch_off(off, graph), Off
        ):
            off = switched.conditions
    return off
