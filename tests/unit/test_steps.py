"""A step and a reset of each membrane, in the statements that Brian2 is given, computed here by hand."""

from textwrap import dedent

import brian2
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import exprel

from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF, AdaptiveLIF, ExponentialConductance, ExponentialCurrent, NIRNeuron, Pulse
from bioscnn.neurons.conductance import averaged
from bioscnn.simulation.equations import equations_of, method_of, parameters_of, reset_of

DT = 1e-3
KNOWN = {"exp": np.exp, "exprel": exprel, "clip": np.clip, "inf": np.inf, "floor": np.floor, "volt": 1.0}


def computed(code, **values):
    """Return the variables, SI units, after statements of Brian2's."""
    names = {**KNOWN, "second": 1.0, **values}
    exec(dedent(code), names)
    return names


def network_of(neuron, *synapses):
    dense, cell = Dense((1,), (1,), np.ones((1, 1))), Population("cell", (1,), neuron)
    projections = tuple(Projection("input", "cell", dense, synapse) for synapse in synapses)
    return SpikingNetwork((Population("input", (1,)), cell), projections), cell


def stepped(neuron, *synapses, dt=DT, **state):
    """Return the variables after one step of a neuron."""
    network, cell = network_of(neuron, *synapses)
    equations = brian2.Equations(equations_of(network, cell))
    code = method_of(network, cell)(equations, {})
    return computed(code, **parameters_of(network, cell), **state, dt=dt)


@pytest.mark.parametrize("I_syn", [None, 0.3e-9])
def test_a_membrane_without_leak_takes_up_all_charge(I_syn):
    state = {"V": 2e-3, "I_stim": 0.2e-9} | ({} if I_syn is None else {"I_syn": I_syn})
    synapses = () if I_syn is None else (ExponentialCurrent(5e-3),)
    after = stepped(IF(C_m=200e-12), *synapses, **state)
    arrived = 0.2e-9 * DT + (0 if I_syn is None else I_syn * 5e-3 * (1 - np.exp(-DT / 5e-3)))
    assert after["V"] == pytest.approx(2e-3 + arrived / 200e-12)


@pytest.mark.parametrize("neuron", [LIF(), IF()], ids=["LIF", "IF"])
def test_a_step_under_conductances_is_that_of_their_equations_up_to_the_third_order(neuron):
    kinds = [ExponentialConductance(receptor=receptor) for receptor in ("g_e", "g_i")]
    before = {"V": 5e-3, "g_e": 20e-9, "g_i": 30e-9, "I_stim": 0.1e-9}
    E_e, E_i, tau_s = kinds[0].E_e, kinds[0].E_i, kinds[0].tau_s

    def slopes(t, y):
        V, g_e, g_i = y
        current = g_e * (E_e - V) + g_i * (E_i - V) + before["I_stim"]
        if isinstance(neuron, IF):
            return current / neuron.C_m, -g_e / tau_s, -g_i / tau_s
        return (neuron.R_m * current - V) / neuron.tau_m, -g_e / tau_s, -g_i / tau_s

    errors = []
    for dt in (2e-3, 1e-3):
        start = before["V"], before["g_e"], before["g_i"]
        exact = solve_ivp(slopes, (0, dt), start, rtol=1e-10, atol=1e-16).y[:, -1]
        after = stepped(neuron, *kinds, **before, dt=dt)
        assert [after["g_e"], after["g_i"]] == pytest.approx(exact[1:], rel=1e-7)
        errors.append(abs(after["V"] - exact[0]) / abs(exact[0] - before["V"]))
    assert errors[0] < 0.02 and errors[0] / errors[1] == pytest.approx(4, rel=0.2)


def test_a_conductance_that_follows_the_potential_has_no_such_step():
    text = "dV/dt = (R_m*(I - g*V) - V)/tau_m : volt\ndg/dt = {}/tau_s : siemens\nI : amp\nR_m : ohm\n"
    text += "tau_m : second\ntau_s : second\nw : siemens/volt"
    assert "_mean_g" in averaged(brian2.Equations(text.format("-g")), {})
    for slope in ("(w*V - g)", "-g*V/volt", "(1*nS - g)"):
        with pytest.raises(ValueError, match="g does not decay by itself"):
            averaged(brian2.Equations(text.format(slope)), {})


@pytest.mark.parametrize("neuron", [LIF, IF])
def test_the_exact_reset_under_conductances_charges_for_what_is_left_of_the_step(neuron):
    """From zero, since the moment at which the membrane crossed the threshold."""
    cell, G, left = neuron(), 15e-9, 0.4e-3
    V_th = cell.V_th
    k = G / cell.C_m if neuron is IF else (1 + cell.R_m * G) / cell.tau_m
    V_inf = 2.5 * V_th
    V = V_inf + (V_th - V_inf) * np.exp(-k * left)
    # The current at V, of which the membrane comes to rest at V_inf.
    current = G * (V_inf - V) + (0 if neuron is IF else V_inf / cell.R_m)
    values = {"V": V, "I_syn": current, "I_stim": 0.0, "G_syn": G, "dt": DT}
    for reset, expected in (
        ("exact", V_inf * (1 - np.exp(-k * left))),
        ("subtract", V - V_th),
        ("zero", 0.0),
    ):
        network, population = network_of(neuron(reset=reset), ExponentialConductance())
        after = computed(reset_of(network, population), **parameters_of(network, population), **values)
        assert after["V"] == pytest.approx(expected)


@pytest.mark.parametrize("conductances", [False, True])
@pytest.mark.parametrize("b", [0.0, 0.08e-9])
def test_the_exact_reset_of_an_adapting_neuron_charges_against_the_new_adaptation(conductances, b):
    cell, left, I_a = AdaptiveLIF(b=b), 0.4e-3, 0.03e-9
    G = 15e-9 if conductances else 0.0
    k, V_th = (1 + cell.R_m * G) / cell.tau_m, cell.V_th
    V_inf = 2.5 * V_th
    V = V_inf + (V_th - V_inf) * np.exp(-k * left)
    # What flows in while V rests at V_inf, less what a conductance lets out there.
    current = G * (V_inf - V) + V_inf / cell.R_m + I_a
    values = {"V": V, "I_syn": current, "I_stim": 0.0, "I_a": I_a, "G_syn": G, "dt": DT}
    charged = V_inf - cell.R_m * b / (1 + cell.R_m * G)
    for reset, expected in (
        ("exact", charged * (1 - np.exp(-k * left))), ("subtract", V - V_th), ("zero", 0.0),
    ):  # fmt: skip
        synapse = ExponentialConductance() if conductances else ExponentialCurrent()
        network, population = network_of(AdaptiveLIF(b=b, reset=reset), synapse)
        after = computed(reset_of(network, population), **parameters_of(network, population), **values)
        assert after["V"] == pytest.approx(expected) and after["I_a"] == pytest.approx(I_a + b)


S, V, I = 0.7, 0.3, 0.2
R, TAU, TAU_SYN, W = 1.5, 1e-2, 4e-3, 3.0
IN_CURRENT, JUMPED = I + DT / TAU_SYN * (W * S - I), I + W * S


@pytest.mark.parametrize(
    ("kind", "step", "expected"),
    [
        ("IF", "euler", {"V": V + DT * R * S}),
        ("IF", "exponential", {"V": V + DT * R * S}),
        ("LIF", "euler", {"V": V + DT / TAU * (R * S - V)}),
        ("LIF", "exponential", {"V": R * S + (V - R * S) * np.exp(-DT / TAU)}),
        ("CubaLIF", "euler", {"I": IN_CURRENT, "V": V + DT / TAU * (R * I - V)}),
        ("CubaLIF", "current-first", {"I": IN_CURRENT, "V": V + DT / TAU * (R * IN_CURRENT - V)}),
        (
            "CubaLIF",
            "current-jumps",
            {"I": JUMPED * (1 - DT / TAU_SYN), "V": V + DT / TAU * (R * JUMPED - V)},
        ),
    ],
)
@pytest.mark.parametrize("begin", [0, 2])
def test_a_layer_of_nir_takes_the_step_of_its_framework(kind, step, expected, begin):
    """The current of a spike, half of it a stimulus, lasts one step; a stimulus may begin later."""
    neuron = NIRNeuron(kind, step, R=R, tau=TAU, tau_syn=TAU_SYN, w_in=W, begin=begin)
    for age in (1, 2) if begin else (0,):
        acts = age >= begin
        state = {"V": V, "I": I, "I_syn": S if not acts else 0.4, "I_stim": S - 0.4, "age": age}
        after = stepped(neuron, Pulse(), **state, jump=W * S)
        assert {name: after[name] for name in expected} == pytest.approx(expected)
        assert after["I_syn"] == 0 and after["age"] == age + bool(begin)


def test_a_layer_of_nir_that_subtracts_later_or_several_times_does_so_in_its_step():
    later = NIRNeuron("LIF", "euler", R=R, tau=TAU, reset="subtract-later", V_drop=0.25)
    after = stepped(later, Pulse(), V=V, I_syn=S, I_stim=0.0, owed=0.25)
    assert after["V"] == pytest.approx(V + DT / TAU * (R * S - V) - 0.25) and after["owed"] == 0
    several = NIRNeuron("IF", "euler", R=1e3, reset="subtract", V_th=0.25, V_drop=0.25, most=3)
    for total, spikes in ((0.2, 0), (0.6, 2), (5.0, 3)):
        state = {"V": 0.0, "I_syn": total, "I_stim": 0.0}
        after = stepped(several, Pulse(), **state)
        assert after["due"] == spikes and after["V"] == pytest.approx(total - 0.25 * spikes)
