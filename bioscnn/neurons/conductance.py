"""Synapses that open conductances: what current flows depends on where the membrane is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, ClassVar

from bioscnn.errors import UserError
from bioscnn.neurons.synapse import check_tau_s
from bioscnn.quantities import require_number

if TYPE_CHECKING:
    from brian2 import Equations

EXCITATORY, INHIBITORY = RECEPTORS = ("g_e", "g_i")


def averaged(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Integrate a membrane whose conductances change while it charges, as Brian2 abstract code.

    All variables but V decay exponentially and by themselves, so their means over the step are known exactly.
    With these means the membrane is linear in V, ``dV/dt = A V + B``, and is solved exactly:
    ``V + (A V + B) dt (exp(A dt) - 1)/(A dt)``. No conductance is lost however fast it decays; the
    error of V is of second order in dt, see docs/physics.md.

    Raises
    ------
    ValueError
        If the equations are of another kind.
    """
    import sympy
    from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
    from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

    system = get_conditionally_linear_system(equations, variables)
    # A refractory neuron keeps its V whatever is computed here: Brian2 does not write it.
    free = str_to_sympy("int(not_refractory)", variables)
    leak, drive = (part.subs(free, 1) for part in system.pop("V"))
    symbols = {name: sympy.Symbol(name, real=True) for name in system}
    means, updates, decayed = [], ["V = _V"], {}
    for name, (rate, source) in system.items():
        if source != 0 or rate.has(*symbols.values(), sympy.Symbol("V", real=True)):
            raise ValueError(f"{name} does not decay by itself: {equations}")
        decayed[symbols[name]] = sympy.Symbol(f"_mean_{name}", real=True)
        means.append(f"_mean_{name} = {name}*exprel({sympy_to_str(rate)}*dt)")
        updates.append(f"{name} = {name}*exp({sympy_to_str(rate)}*dt)")
    # A membrane that leaks by itself never divides by zero, and its exponential is faster than exprel.
    always_leaks = leak.subs(dict.fromkeys(symbols.values(), 0)) != 0
    solution = "(V + _B/_A)*exp(_A*dt) - _B/_A" if always_leaks else "V + dt*(_A*V + _B)*exprel(_A*dt)"
    leak, drive = (sympy_to_str(part.subs(decayed)) for part in (leak, drive))
    return "\n".join([*means, f"_A = {leak}", f"_B = {drive}", f"_V = {solution}", *updates])


@dataclass(frozen=True)
class ExponentialConductance:
    """Conductance that jumps by the weight at each spike and decays exponentially.

    .. math:: I_{syn} = g_e (E_e - V) + g_i (E_i - V), \\quad \\frac{dg}{dt} = -g/\\tau_s, \\quad
              g \\leftarrow g + w

    A weight is not negative; excitation and inhibition have receptors, and projections, of their own.

    Parameters
    ----------
    tau_s : float
        Synaptic time constant, s.
    E_e, E_i : float
        Reversal potentials of excitation (AMPA, about 0 mV) and inhibition (GABA_A, about -80 mV), V,
        relative to a resting potential of about -70 mV.
    receptor : str
        Which conductance a projection opens: ``"g_e"`` or ``"g_i"``.

    Attributes
    ----------
    equations, state
        As in `ExponentialCurrent`; ``G_syn`` is what the open receptors add to the leak of the membrane.
    method : callable
        Brian2's numerical integration of a linear neuron with these synapses.

    References
    ----------
    Destexhe, Rudolph, Fellous and Sejnowski (2001), Fluctuating synaptic conductances recreate in vivo-like
    activity in neocortical neurons, Neuroscience 107:13 (E_e 0 mV, E_i -75 mV). Brette et al. (2007),
    Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23:349 (its benchmark 1:
    rest -60 mV, E_e 0 mV, E_i -80 mV). Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics,
    chapter 3.
    """

    tau_s: float = 5e-3
    E_e: float = 70e-3
    E_i: float = -10e-3
    receptor: str = EXCITATORY

    equations: ClassVar[str] = """
I_syn = g_e*(E_e - V) + g_i*(E_i - V) : amp
G_syn = g_e + g_i                     : siemens
dg_e/dt = -g_e/tau_s                  : siemens
dg_i/dt = -g_i/tau_s                  : siemens
E_e                                   : volt   (shared, constant)
E_i                                   : volt   (shared, constant)
tau_s                                 : second (shared, constant)
"""
    weight: ClassVar[str] = "w : siemens (constant)"
    state: ClassVar[dict[str, str]] = {"g_e": "siemens", "g_i": "siemens"}
    method: ClassVar[Callable[..., str]] = staticmethod(averaged)

    def __post_init__(self) -> None:
        check_tau_s(self.tau_s)
        for name in ("E_e", "E_i"):
            require_number(f"synapse.{name}", getattr(self, name))
        if not -inf < self.E_i < 0 < self.E_e < inf:
            key, value = ("synapse.E_i", self.E_i) if 0 < self.E_e < inf else ("synapse.E_e", self.E_e)
            raise UserError(
                "excitation pulls the potential up from rest, and inhibition down",
                key=key,
                value=value,
                expected="E_i below 0 and E_e above it, in V relative to rest",
            )

    @property
    def target(self) -> str:
        """The postsynaptic variable to which each spike adds the weight."""
        return self.receptor

    @property
    def on_pre(self) -> str:
        """The same as Brian2 statement."""
        return f"{self.receptor}_post += w"

    @property
    def model(self) -> ExponentialConductance:
        """What all synapses onto a neuron have in common, whatever their receptor."""
        return replace(self, receptor=EXCITATORY)

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {"E_e": self.E_e, "E_i": self.E_i, "tau_s": self.tau_s}

    def weight_of_a_current(self, V: float) -> float:
        """Return the weight, S, through which a current of 1 A flows at a potential, V."""
        return 1 / (self.E_e - V if self.receptor == EXCITATORY else V - self.E_i)
