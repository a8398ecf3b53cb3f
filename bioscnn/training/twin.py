"""The differentiable twin: the spiking network's own discrete dynamics in torch, with a surrogate gradient.

Everything is in the units of the neuron: potentials of ``V_th``, currents of the rheobase ``V_th/R_m``. The
forward pass is the simulation, spike for spike; only the slope of a spike is invented.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from bioscnn.ann import LIFRate, MaxPool2d, ReLU
from bioscnn.errors import UserError
from bioscnn.training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Clock:
    """The times of a simulation that its twin needs.

    Parameters
    ----------
    duration, dt : float
        Of a trial and of a step, s.
    tau_s : float
        Synaptic time constant, s.
    """

    duration: float = 30e-3
    dt: float = 1e-3
    tau_s: float = 5e-3

    @property
    def n_steps(self) -> int:
        """Steps of a trial; nothing spikes in the last one."""
        return round(self.duration / self.dt)


@dataclass(frozen=True)
class Dynamics:
    """One step of LIF neurons with exponential synapses and the reset rule ``exact``.

    Parameters
    ----------
    clock : Clock
        Time step, duration and synapse.
    tau_m, t_ref : float
        Membrane time constant and refractory period, s.
    jump : float
        Synaptic current, in rheobases, that a spike through a weight of 1 adds.
    """

    clock: Clock
    tau_m: float
    t_ref: float
    jump: float

    @property
    def leak(self) -> float:
        """Share of the potential that is lost in a step."""
        return -math.expm1(-self.clock.dt / self.tau_m)

    @property
    def synapse_decay(self) -> float:
        """Share of the synaptic current that is left after a step."""
        return math.exp(-self.clock.dt / self.clock.tau_s)

    @property
    def gain(self) -> float:
        """Potential after a step for a synaptic current of 1 at its start."""
        tau_s = self.clock.tau_s
        return tau_s / (self.tau_m - tau_s) * (1 - self.leak - self.synapse_decay)

    @property
    def held(self) -> int:
        """Steps for which a neuron is held after a spike."""
        return round(self.t_ref / self.clock.dt)


@dataclass(frozen=True, eq=False)
class TwinRun:
    """What the twin did.

    Parameters
    ----------
    spikes : tuple of tensor, each of shape (n_steps, n, ...)
        1 where a neuron spikes, a population each.
    potentials : tensor, shape (n_steps, n, classes)
        Of the readout, after every step; a constant logit of 1 would end at 1.
    """

    spikes: tuple[torch.Tensor, ...]
    potentials: torch.Tensor

    def evidence(self, readout: str) -> torch.Tensor:
        """Return the evidence of a readout after every step, shape (n_steps, n, classes).

        Parameters
        ----------
        readout : str
            ``"last-potential"`` or ``"mean-potential"``.
        """
        if readout == "last-potential":
            return self.potentials
        steps = torch.arange(1, len(self.potentials) + 1, dtype=self.potentials.dtype)
        return self.potentials.cumsum(0) / steps[:, None, None]

    def spikes_per_image(self) -> torch.Tensor:
        """Return the mean number of spikes of an image, a scalar with a gradient."""
        return sum(((s.sum() / s.shape[1]) for s in self.spikes), torch.zeros(()))


def run_twin(network: TorchNetwork, stimulus: torch.Tensor, clock: Clock, input_rate: float = 0) -> TwinRun:
    """Simulate a network of LIF rates as the spiking network that it becomes.

    Parameters
    ----------
    network : TorchNetwork
        Its activations are `LIFRate`.
    stimulus : tensor, shape (n, channels, height, width) or (n_steps, n, channels, height, width)
        Constant input currents of the trials, or their input spikes: 1 where there is one. Their dtype is
        that of the computation.
    clock : Clock
        Duration, time step and synapse.
    input_rate : float
        Firing rate that stands for an input of 1, Hz, if the stimulus is spikes.

    Raises
    ------
    UserError
        If the network has an activation that is no LIF rate.
    """
    n, steps, jump = stimulus.shape[-4], clock.n_steps, 1.0
    arriving: torch.Tensor | None = None
    constant, populations, tau_m = stimulus, [], LIFRate().tau_m
    if stimulus.dim() == 5:
        if len(stimulus) != steps:
            raise ValueError(f"spikes of {len(stimulus)} steps in trials of {steps}")
        arriving, constant = stimulus, torch.zeros_like(stimulus[0, :1])
        jump = 1 / (input_rate * clock.tau_s)
    for index, layer in enumerate(network.graph.layers):
        if isinstance(layer, ReLU | MaxPool2d):
            raise UserError(
                "only a network of LIF rates without max pooling is trained on spikes",
                key=network.graph.name,
                value=type(layer).__name__,
                fix="train one on rates",
            )
        if not isinstance(layer, LIFRate):
            constant = network.linear(index, constant)
            if arriving is not None:
                arriving = network.linear(index, arriving.flatten(0, 1), bias=False)
                arriving = arriving.unflatten(0, (steps, n))
            continue
        dynamics = Dynamics(clock, layer.tau_m, layer.t_ref, jump)
        spikes = lif_spikes(arriving, constant.expand(n, *constant.shape[1:]), dynamics)
        populations.append(spikes)
        arriving, constant = spikes, torch.zeros_like(spikes[0, :1])
        tau_m, jump = layer.tau_m, layer.amplitude / clock.tau_s
    if arriving is None:
        raise UserError("a network without neurons has no twin", key=network.graph.name)
    readout = Dynamics(clock, tau_m, 0.0, jump)
    return TwinRun(tuple(populations), leaky_potentials(arriving, constant, readout))


def lif_spikes(arriving: torch.Tensor | None, constant: torch.Tensor, dynamics: Dynamics) -> torch.Tensor:
    """Simulate LIF neurons from rest.

    The gradient follows the charge. Below threshold a change of potential leaks as the potential does; a
    refractory neuron keeps it; near the threshold a part of it, as large as the surrogate slope says, becomes
    a spike and leaves the membrane. So a charge counts once, however long the potential stays near threshold.

    Parameters
    ----------
    arriving : tensor, shape (n_steps, n, ...), or None
        Weighted spikes that arrive at the end of each step.
    constant : tensor, shape (n, ...)
        Current that is constant over the trial, rheobases.
    dynamics : Dynamics
        Of the population.

    Returns
    -------
    tensor of the dtype and shape of `constant`, with a leading axis of the steps
        1 where a neuron spikes.

    References
    ----------
    Neftci, Mostafa and Zenke (2019), Surrogate gradient learning in spiking neural networks, IEEE Signal
    Processing Magazine 36:51. Bellec, Salaj, Subramoney, Legenstein and Maass (2018), NeurIPS 31 (the
    triangle).
    """
    # The steps of a scan are cheap only in the order of the memory, which is channels last for an image.
    image = constant.dim() == 4
    inner = (0, 2, 3, 1) if image else tuple(range(constant.dim()))
    outer = (0, 1, *(1 + axis for axis in inner[1:]))
    rows = None if arriving is None else arriving.permute(outer)
    spikes: torch.Tensor = _Population.apply(rows, constant.permute(inner), dynamics)
    return spikes.permute(0, 1, 4, 2, 3) if image else spikes


def leaky_potentials(arriving: torch.Tensor, constant: torch.Tensor, dynamics: Dynamics) -> torch.Tensor:
    """Return the potentials of leaky integrators without threshold after every step.

    Parameters
    ----------
    arriving : tensor, shape (n_steps, n, classes)
        Weighted spikes that arrive at the end of each step.
    constant : tensor, shape (n or 1, classes)
        Constant current.
    dynamics : Dynamics
        Of the membrane and the synapse.

    Returns
    -------
    tensor, shape (n_steps, n, classes)
        In units in which a constant current of 1 ends at a potential of 1.
    """
    steps = torch.arange(dynamics.clock.n_steps, dtype=torch.float64)
    since = (steps[:, None] - steps[None, :]).clamp(min=0)
    scale = dynamics.jump * dynamics.clock.tau_s / (dynamics.tau_m - dynamics.clock.tau_s)
    response = scale * ((1 - dynamics.leak) ** since - dynamics.synapse_decay**since)
    charged = 1 - (1 - dynamics.leak) ** (steps + 1)
    flat = response.to(arriving.dtype) @ arriving.flatten(1)
    return flat.view_as(arriving) + charged.to(arriving.dtype)[:, None, None] * constant


class _Population(torch.autograd.Function):  # type: ignore[misc]
    """`lif_spikes` for arrays in the order of the memory, step after step, with its backward pass."""

    @staticmethod
    def forward(
        ctx: Any, arriving: torch.Tensor | None, constant: torch.Tensor, dynamics: Dynamics
    ) -> torch.Tensor:
        n_steps, leak = dynamics.clock.n_steps, dynamics.leak
        J = constant.contiguous().view(-1)
        jumps = None if arriving is None else arriving.contiguous().view(n_steps, -1)
        V, free = J.new_empty(n_steps, len(J)), J.new_ones(n_steps, len(J))
        fired = torch.zeros_like(V)
        steady, before = J * leak, torch.zeros_like(J)
        change, current = torch.empty_like(J), torch.zeros_like(J)
        crossings: list[tuple[torch.Tensor, torch.Tensor]] = []
        for step in range(n_steps):
            torch.add(steady, before, alpha=-leak, out=change)
            change.add_(current, alpha=dynamics.gain)
            current.mul_(dynamics.synapse_decay)
            before = torch.addcmul(before, change, free[step], out=V[step])
            if step == n_steps - 1:
                break
            # A held neuron stays where its reset put it, which may be above threshold.
            at = torch.nonzero((before > 1) & (free[step] > 0)).squeeze(1)
            excess = before[at] - 1
            crossings.append((at, excess))
            fired[step, at] = 1
            free[step + 1 : step + 1 + dynamics.held, at] = 0
            since = 1 / torch.clamp((current[at] + J[at] - 1) / excess, min=1 / leak)
            before[at] = excess + since
            if jumps is not None:
                current.add_(jumps[step], alpha=dynamics.jump)
        ctx.saved, ctx.dynamics, ctx.driven = (V, free, crossings), dynamics, arriving is not None
        return fired.view(n_steps, *constant.shape)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor, None]:
        V, free, crossings = ctx.saved
        dynamics: Dynamics = ctx.dynamics
        grad = grads[0].contiguous().view_as(V)
        of_V, of_constant, of_current = (torch.zeros_like(V[0]) for _ in range(3))
        arriving = torch.empty_like(V) if ctx.driven else None
        for step in reversed(range(dynamics.clock.n_steps)):
            if arriving is not None:
                torch.mul(of_current, dynamics.jump, out=arriving[step])
            if step < len(crossings):
                at, excess = crossings[step]
                slope = (V[step] - 1).abs_()
                slope[at] = excess
                slope = slope.neg_().add_(1).clamp_(min=0).mul_(free[step])
                # What becomes a spike leaves the membrane.
                of_V.addcmul_(grad[step] - of_V, slope)
            integrating = of_V * free[step]
            of_constant.add_(integrating)
            of_V.sub_(integrating, alpha=dynamics.leak)
            of_current.mul_(dynamics.synapse_decay).add_(integrating, alpha=dynamics.gain)
        constant_shape = grads[0].shape[1:]
        by_arrival = None if arriving is None else arriving.view(grads[0].shape)
        return by_arrival, of_constant.mul_(dynamics.leak).view(constant_shape), None
