import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bioscnn.errors import UserError
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    NIRNeuron,
    lif_first_spike,
    lif_rate,
    postsynaptic_potential,
    soft_lif_rate,
)

TAU_M, TAU_S, T_REF = 20e-3, 5e-3, 2e-3


@pytest.mark.parametrize("J", [1.05, 1.5, 3.0, 12.0])
def test_first_spike_and_rate_are_those_of_the_integrated_equation(J):
    def crosses(t, V):
        return V[0] - 1

    crosses.terminal = True
    solved = solve_ivp(lambda t, V: (J - V) / TAU_M, (0, 1), [0.0], events=crosses, rtol=1e-10, atol=1e-12)
    crossing = solved.t_events[0][0]
    assert lif_first_spike(J, TAU_M) == pytest.approx(crossing, rel=1e-7)
    assert lif_rate(J, TAU_M, T_REF) == pytest.approx(1 / (crossing + T_REF), rel=1e-7)


def test_below_the_rheobase_there_is_no_spike():
    assert np.all(lif_rate([-1.0, 0.0, 1.0], TAU_M, T_REF) == 0)
    assert np.all(np.isinf(lif_first_spike([0.5, 1.0], TAU_M)))


def test_soft_rate_tends_to_the_closed_form_as_gamma_shrinks():
    J = np.linspace(0, 12, 200)
    errors = [np.abs(soft_lif_rate(J, TAU_M, T_REF, gamma) - lif_rate(J, TAU_M, T_REF)).max() for gamma in
              (0.1, 0.01, 0.001, 1e-6)]  # fmt: skip
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2 * errors[0]
    far = J > 1.05
    sharp = soft_lif_rate(J, TAU_M, T_REF, 1e-3)
    assert np.allclose(sharp[far], lif_rate(J, TAU_M, T_REF)[far], rtol=1e-6, atol=1e-6)


def test_postsynaptic_potential_is_the_integrated_equation():
    weight, R_m = 0.1e-9, 100e6
    times = np.linspace(0, 0.1, 50)
    solved = solve_ivp(
        lambda t, y: [(R_m * y[1] - y[0]) / TAU_M, -y[1] / TAU_S],
        (0, 0.1), [0.0, weight], t_eval=times, rtol=1e-10, atol=1e-20,
    )  # fmt: skip
    predicted = postsynaptic_potential(times, weight, R_m, TAU_M, TAU_S)
    assert np.allclose(predicted, solved.y[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("neuron", [LIF(), LIF(t_ref=0.0), IF(), IF(t_ref=2e-3)])
@pytest.mark.parametrize("rate", [10.0, 50.0, 200.0, 400.0])
def test_current_is_the_inverse_of_rate(neuron, rate):
    assert neuron.rate(neuron.current(rate)) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(
    "neuron",
    [AdaptiveLIF(), AdaptiveLIF(t_ref=0.0, b=0.3e-9), AdaptiveLIF(tau_a=5e-3), AdaptiveLIF(tau_a=2.0)],
)
@pytest.mark.parametrize("rate", [10.0, 50.0, 200.0, 400.0])
def test_current_is_the_inverse_of_rate_to_six_digits_where_the_neuron_adapts(neuron, rate):
    assert neuron.rate(neuron.current(rate)) == pytest.approx(rate, rel=1e-6)


def test_a_neuron_whose_spikes_add_no_adaptation_is_a_lif_neuron():
    currents = np.linspace(0, 3e-9, 100)
    assert np.allclose(AdaptiveLIF(b=0.0).rate(currents), LIF().rate(currents), rtol=1e-6)


def test_the_adapted_neuron_fires_as_if_its_mean_adaptation_were_missing_from_the_current():
    """Slow adaptation hardly changes between two spikes (Benda and Herz, 2003)."""
    neuron = AdaptiveLIF(tau_a=20.0, b=0.5e-12)
    currents = np.linspace(0.4e-9, 2e-9, 20)
    rates = neuron.rate(currents)
    assert np.allclose(LIF().rate(currents - neuron.b * neuron.tau_a * rates), rates, rtol=0.01)


def test_in_a_short_window_the_neuron_has_hardly_adapted_and_in_a_long_one_it_has():
    neuron, currents = AdaptiveLIF(), np.linspace(0.3e-9, 2e-9, 20)
    in_5_ms, in_30_ms, for_ever = (neuron.mean_rate(currents, T) for T in (5e-3, 30e-3, np.inf))
    assert np.allclose(in_5_ms, LIF().rate(currents), rtol=0.07)
    assert np.all((in_30_ms < in_5_ms) & (in_30_ms > for_ever))
    assert np.allclose(for_ever, neuron.rate(currents))


@pytest.mark.parametrize("drive", [1.2, 1.4, 2.0, 3.0])
def test_at_its_working_potential_a_conductance_makes_the_rate_of_the_current_that_it_replaces(drive):
    """In closed form: under a steady conductance, a membrane relaxes faster, to a lower potential."""
    neuron, E_e = LIF(), ExponentialConductance().E_e
    g = drive * neuron.rheobase * ExponentialConductance().weight_of_a_current(neuron.working_potential)
    load = 1 + neuron.R_m * g
    J = neuron.R_m * g * E_e / load / neuron.V_th
    under_conductance = lif_rate(J, neuron.tau_m / load, neuron.t_ref)
    assert under_conductance == pytest.approx(neuron.rate(drive * neuron.rheobase), rel=0.1)


def test_a_rate_beyond_the_refractory_limit_has_no_current():
    with pytest.raises(ValueError, match="600"):
        LIF(t_ref=2e-3).current(600.0)


def test_models_fire_at_one_threshold_unless_told_otherwise():
    assert {neuron.V_th for neuron in (LIF(), IF(), AdaptiveLIF())} == {20e-3}


@pytest.mark.parametrize("kind", ["LIF", "CubaLIF"])
def test_a_nir_layer_that_does_not_fire_has_no_threshold_no_reset_and_no_refractory_step(kind):
    for fires in (True, False):
        neuron = NIRNeuron(kind, fires=fires)
        rules = neuron.threshold, neuron.reset_statement, neuron.refractory
        assert [rule is not None for rule in rules] == 3 * [fires]
        assert ({"V_th", "V_reset"} <= neuron.parameters.keys()) is fires


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"tau_m": 0.0}, "tau_m"), ({"V_th": -1.0}, "V_th"), ({"R_m": float("nan")}, "R_m"),
     ({"t_ref": -1e-3}, "t_ref"), ({"reset": "hard"}, "reset")],
)  # fmt: skip
def test_impossible_parameters_are_refused_by_name(changes, key):
    with pytest.raises(UserError, match=f"neuron.{key}"):
        LIF(**changes)


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"tau_a": 20.1e-3}, "tau_a"), ({"tau_a": -1.0}, "tau_a"), ({"b": -1e-12}, "b"), ({"R_m": 0.0}, "R_m")],
)
def test_impossible_adaptation_is_refused_by_name(changes, key):
    with pytest.raises(UserError, match=f"neuron.{key}"):
        AdaptiveLIF(**changes)


@pytest.mark.parametrize(
    ("changes", "key"), [({"E_e": -1e-3}, "E_e"), ({"E_i": 1e-3}, "E_i"), ({"tau_s": 0.0}, "tau_s")]
)
def test_impossible_conductances_are_refused_by_name(changes, key):
    with pytest.raises(UserError, match=f"synapse.{key}"):
        ExponentialConductance(**changes)


def test_a_time_constant_that_is_none_is_refused_in_the_unit_in_which_one_writes_it():
    with pytest.raises(UserError) as refused:
        LIF(tau_m=-20e-3)
    assert (refused.value.key, refused.value.value) == ("neuron.tau_m", "-20 ms")
