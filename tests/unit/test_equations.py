"""The text and the numbers that every device is given."""

from dataclasses import replace

import brian2
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.network import Axons, Dense, MembraneNoise, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    ExponentialCurrent,
    LeakyIntegrator,
    TimeCode,
    WindowedIntegrator,
    WindowedLIF,
    postsynaptic_potential,
)
from bioscnn.simulation import equations_of, input_current
from bioscnn.simulation.brian import construct
from bioscnn.simulation.equations import (
    border_statements,
    counts_steps,
    delay_steps,
    method_of,
    noise_current,
    parameters_of,
    projection_name,
    reset_of,
    start_of,
    threshold_of,
)
from bioscnn.simulation.propagator import coefficients, propagator, statements

CODE = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)
NOISE = MembraneNoise(3e-3, key=1)
XI = replace(NOISE, xi=True)


def network_of(cell, *projections):
    return SpikingNetwork((Population("input", (2,)), cell), projections)


def through(synapse, weight=1.0):
    return Projection("input", "cell", Dense((2,), (2,), np.full((2, 2), weight)), synapse)


def flags(network, cell):
    """What Brian2 makes of the equations: the flags of each variable."""
    return {e.varname: set(e.flags) for e in brian2.Equations(equations_of(network, cell)).values()}


def test_a_parameter_that_differs_from_cell_to_cell_is_shared_no_more():
    cell = Population("cell", (2,), LIF(), values={"V_th": np.array([0.02, 0.03]), "V_0": np.zeros(2)})
    found = flags(network_of(cell, through(ExponentialCurrent(5e-3))), cell)
    assert found["V_th"] == found["V_0"] == {"constant"}
    assert found["tau_m"] == found["R_m"] == found["tau_s"] == {"shared", "constant"}
    strange = Population("cell", (2,), LIF(), values={"tau_x": np.zeros(2)})
    with pytest.raises(ValueError, match="no shared parameter 'tau_x'"):
        equations_of(network_of(strange), strange)


def test_trials_begin_at_rest_or_at_potentials_of_their_own():
    cell = Population("cell", (2,), LIF())
    network = network_of(cell, through(ExponentialCurrent(5e-3)))
    assert start_of(network, cell) == {"V": "0*volt", "I_syn": "0*amp"}
    charged = replace(cell, values={"V_0": np.array([1e-3, 2e-3])})
    assert start_of(network, charged) == {"V": "V_0", "I_syn": "0*amp"}
    assert border_statements(network, charged).split("\n") == [
        "not_refractory = True", "lastspike = -10000*second", "V = V_0", "I_syn = 0*amp",
    ]  # fmt: skip
    readout = Population("cell", (2,), LeakyIntegrator())
    assert border_statements(network_of(readout), readout) == "V = 0*volt"


def test_nothing_fires_in_the_last_step():
    fires, readout = Population("cell", (2,), LIF()), Population("cell", (2,), LeakyIntegrator())
    assert threshold_of(fires) == "(V > V_th) and timestep(t, dt) % n_steps != n_steps - 1"
    assert threshold_of(readout) is None
    windowed = [Population("cell", (2,), kind(CODE, 9)) for kind in (WindowedLIF, WindowedIntegrator)]
    assert [counts_steps(cell) for cell in (fires, readout, *windowed)] == [True, False, True, True]


def test_conductances_have_their_own_step_and_reset():
    for neuron in (LIF(), IF(), AdaptiveLIF()):
        cell = Population("cell", (2,), neuron)
        current, conductance, none = (
            network_of(cell, *map(through, kinds))
            for kinds in ([ExponentialCurrent(5e-3)], [ExponentialConductance(5e-3)], [])
        )
        for network in (current, none):
            assert method_of(network, cell) == neuron.method
            assert reset_of(network, cell) == neuron.reset_statement
        assert method_of(conductance, cell) is ExponentialConductance.method
        assert reset_of(conductance, cell) == neuron.conductance_reset_statement != neuron.reset_statement
    approximated = replace(cell, noise=XI)
    assert method_of(network_of(approximated), approximated) == "euler"
    assert method_of(network_of(replace(cell, noise=NOISE)), replace(cell, noise=NOISE)) != "euler"


def test_noise_enters_as_a_current_or_as_that_of_brian():
    plain, noisy, xi = (Population("cell", (2,), LIF(), noise=noise) for noise in (None, NOISE, XI))
    assert equations_of(network_of(noisy), noisy) == equations_of(network_of(plain), plain)
    text = equations_of(network_of(xi), xi)
    assert "/tau_m + V_noise*sqrt(2/tau_m)*xi : volt" in text
    assert flags(network_of(xi), xi)["V_noise"] == {"shared", "constant"}
    assert parameters_of(network_of(xi), xi) == {**LIF().parameters, "V_noise": 3e-3}
    assert parameters_of(network_of(noisy), noisy) == LIF().parameters
    leakless = Population("cell", (2,), IF(), noise=XI)
    with pytest.raises(UserError, match="membranes that come with bioscnn"):
        equations_of(network_of(leakless), leakless)


def test_noise_of_the_time_code_flows_whether_or_not_its_window_is_open():
    cell = Population("cell", (2,), WindowedLIF(CODE, 9), noise=NOISE)
    text = equations_of(network_of(cell, through(ExponentialCurrent(5e-3))), cell)
    assert "listens + R_m*I_noise - V)/tau_m" in text.replace("  ", " ") and text.endswith("\nI_noise : amp")


@pytest.mark.parametrize("dt", [1e-3, 0.1e-3])
def test_the_noisy_current_gives_potentials_their_standard_deviation(dt):
    """Of V' = a V + R (1 - a) I, it is R sd(I) (1 - a)/sqrt(1 - a**2)."""
    tau_m, R_m = np.array([10e-3, 30e-3]), LIF().R_m
    cell = Population("cell", (2,), LIF(), values={"tau_m": tau_m}, noise=NOISE)
    sd, decay = noise_current(cell, dt), np.exp(-dt / tau_m)
    np.testing.assert_allclose(R_m * sd * (1 - decay) / np.sqrt(1 - decay**2), 3e-3)
    assert noise_current(Population("cell", (2,), LIF(), noise=NOISE), dt).shape == (2,)
    with pytest.raises(UserError, match="without a leak"):
        noise_current(Population("cell", (2,), IF(), noise=NOISE), dt)


def test_delays_are_the_nearest_whole_number_of_steps():
    found = delay_steps(Axons(np.array([0, 0.4e-3, 0.6e-3, 3e-3, 1e9])), 1e-3)
    assert found.tolist() == [0, 0, 1, 3, 2**30] and found.dtype == np.int32


def test_the_current_into_a_neuron_is_its_bias_and_what_the_source_injects():
    cell = Population("cell", (2,), LIF(), bias=np.array([1.0, 2.0]))
    into = Projection("input", "cell", Dense((2,), (2,), np.array([[1.0, 10.0], [0.5, 0.0]])), None)
    values = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    found = input_current(network_of(cell, into, into, through(ExponentialCurrent())), cell, values)
    assert found.tolist() == [[87.0, 5.0], [21.0, 2.0], [1.0, 2.0]]
    unbiased = Population("cell", (2,), LIF())
    assert input_current(network_of(unbiased), unbiased, values).tolist() == [[0.0, 0.0]] * 3


def test_two_projections_of_conductances_have_two_names():
    kinds = [ExponentialConductance(receptor=receptor) for receptor in ("g_e", "g_i")]
    names = [projection_name(through(synapse)) for synapse in (ExponentialCurrent(), *kinds, None)]
    assert names == ["input_to_cell", "input_to_cell_g_e", "input_to_cell_g_i", "input_to_cell"]


def test_a_step_in_coefficients_takes_the_membrane_where_its_solution_does():
    """In Brian2, charged by a constant current while a synaptic current decays."""
    cell = Population("cell", (2,), LeakyIntegrator())
    network = network_of(cell, through(ExponentialCurrent(5e-3)))
    step = propagator(network, cell, 1e-3)
    numbers = coefficients(step)
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    brian2.defaultclock.dt = 1e-3 * brian2.second
    group = construct(network, (), None, {"cell": (statements(step), numbers)}).groups["cell"]
    for name, value in {**parameters_of(network, cell), **numbers, "I_stim": 1e-9, "I_syn": 2e-9}.items():
        group.variables[name].set_value(value)
    brian2.Network(group).run(7e-3 * brian2.second, namespace={})
    t, R_m = 7e-3, cell.neuron.R_m
    decaying = postsynaptic_potential(t, 2e-9, R_m, 20e-3, 5e-3)
    charged = R_m * 1e-9 * (1 - np.exp(-t / 20e-3))
    assert np.asarray(group.V) == pytest.approx([charged + decaying] * 2)
