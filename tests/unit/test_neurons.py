import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bioscnn.errors import UserError
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    ExponentialCurrent,
    LeadingCount,
    LeakyIntegrator,
    MaxPooling,
    NIRNeuron,
    Pulse,
    TimeCode,
    Windowed,
    WindowedIntegrator,
    WindowedLIF,
    lif_first_spike,
    lif_rate,
    postsynaptic_potential,
    soft_lif_rate,
)
from bioscnn.neurons.model import whole_steps
from bioscnn.neurons.synapse import lasts

TAU_M, TAU_S, T_REF = 20e-3, 5e-3, 2e-3
CODE = TimeCode(20e-3, 5e-3, 1e-3)


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


@pytest.mark.parametrize(
    "neuron", [AdaptiveLIF(), AdaptiveLIF(tau_m=8e-3, t_ref=5e-3, tau_a=40e-3, b=0.2e-9)]
)
@pytest.mark.parametrize("charging", [5e-3, 30e-3])
def test_an_adapted_neuron_repeats_itself_from_spike_to_spike(neuron, charging):
    """From a reset, with the adaptation that an endless train leaves, V reaches the threshold in time."""
    interval = charging + neuron.t_ref
    current = neuron.current(1 / interval)
    behind = neuron.b / (1 - np.exp(-interval / neuron.tau_a)) * np.exp(-neuron.t_ref / neuron.tau_a)

    def slopes(t, y):
        V, I_a = y
        return (neuron.R_m * (current - I_a) - V) / neuron.tau_m, -I_a / neuron.tau_a

    solved = solve_ivp(slopes, (0, charging), [0.0, behind], rtol=1e-10, atol=1e-18, max_step=1e-3)
    assert solved.y[0, -1] == pytest.approx(neuron.V_th, rel=1e-7)
    assert solved.y[0, :-1].max() < neuron.V_th


def test_the_rate_of_an_adapting_neuron_decays_over_a_window():
    """From that of the LIF neuron to the adapted one, in tau_a times their ratio (Benda and Herz, 2003)."""
    neuron = AdaptiveLIF(tau_a=80e-3)
    for drive in (1.5, 3.0):
        current = drive * neuron.rheobase
        onset, adapted = float(LIF().rate(current)), float(neuron.rate(current))
        tau = neuron.tau_a * adapted / onset
        for window in (10e-3, 0.1):
            t = np.linspace(0, window, 20_001)
            mean = np.trapezoid(adapted + (onset - adapted) * np.exp(-t / tau), t) / window
            assert neuron.mean_rate(current, window) == pytest.approx(mean, rel=1e-6)
    assert neuron.mean_rate([0.0, neuron.rheobase], 0.1).tolist() == [0, 0]


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


@pytest.mark.parametrize("neuron", [LIF(t_ref=2e-3), IF(t_ref=2e-3), AdaptiveLIF(t_ref=2e-3)])
def test_a_current_is_known_for_rates_between_0_and_one_per_refractory_period(neuron):
    assert neuron.current(499.0) > neuron.current(50.0) > neuron.rheobase
    for rate in (0.0, -1.0, 500.0):
        with pytest.raises(ValueError, match=f"no current gives {rate} Hz .* of 0.002 s"):
            neuron.current(rate)


@pytest.mark.parametrize(
    ("time", "dt", "found"),
    [(2e-3, 1e-3, 2e-3), (2.4e-3, 1e-3, 2e-3), (2.5e-3, 1e-3, 3e-3), (2.6e-3, 1e-3, 3e-3),
     (0.4e-3, 1e-3, 0.0), (0.3e-3, 0.1e-3, 0.3e-3), (0.0, 1e-3, 0.0)],
)  # fmt: skip
def test_a_refractory_period_is_the_nearest_whole_number_of_steps(time, dt, found):
    assert whole_steps(time, dt) == pytest.approx(found, abs=1e-12)
    assert LIF(t_ref=time).in_whole_steps(dt) == LIF(t_ref=whole_steps(time, dt))
    assert whole_steps(0.3e-3, 0.1e-3) == 0.3e-3 != 3 * 0.1e-3


def test_each_model_says_its_parameters_in_si_units():
    assert LIF(10e-3, 1e-3, 5e-3, 2e6).parameters == {"tau_m": 10e-3, "R_m": 2e6, "V_th": 5e-3, "t_ref": 1e-3}
    assert IF(1e-3, 5e-3, 1e-10).parameters == {"C_m": 1e-10, "V_th": 5e-3, "t_ref": 1e-3}
    adaptive = AdaptiveLIF(10e-3, 1e-3, 5e-3, 2e6, tau_a=0.2, b=1e-9).parameters
    assert adaptive == LIF(10e-3, 1e-3, 5e-3, 2e6).parameters | {"tau_a": 0.2, "b": 1e-9}
    assert LeakyIntegrator(10e-3, 2e6).parameters == {"tau_m": 10e-3, "R_m": 2e6}
    assert ExponentialCurrent(4e-3).parameters == {"tau_s": 4e-3}
    assert ExponentialConductance(4e-3, 60e-3, -9e-3).parameters == {
        "tau_s": 4e-3,
        "E_e": 60e-3,
        "E_i": -9e-3,
    }
    assert MaxPooling().parameters == LeadingCount().parameters == Pulse().parameters == {}
    window = {"tau_m": 20e-3, "R_m": 5e7, "window": 9.0, "closes": 16.0}
    assert WindowedIntegrator(CODE, 7, 5e7).parameters == window
    assert WindowedLIF(CODE, 7, 5e7, 10e-3).parameters == window | {
        "V_th": 10e-3, "tau_fall": 20e-3, "tau_rise": 5e-3,
        "psp_of_1": pytest.approx(np.exp(-9 / 20) - np.exp(-9 / 5)),
    }  # fmt: skip


def test_parameters_that_are_not_given_are_those_of_a_pyramidal_cell():
    lif = {"tau_m": 20e-3, "R_m": 100e6, "V_th": 20e-3, "t_ref": 2e-3}
    assert LIF().parameters == lif
    assert AdaptiveLIF().parameters == lif | {"tau_a": 100e-3, "b": 0.05e-9}
    assert IF().parameters == {"C_m": 200e-12, "V_th": 20e-3, "t_ref": 0}
    assert LeakyIntegrator().parameters == {"tau_m": 20e-3, "R_m": 10e6}
    assert (WindowedLIF(CODE, 9).R_m, WindowedIntegrator(CODE, 9).R_m, Windowed(CODE, 9).R_m) == (
        1e8,
        1e7,
        1e8,
    )
    assert ExponentialCurrent().parameters == {"tau_s": 5e-3}
    assert ExponentialConductance().parameters == {"tau_s": 5e-3, "E_e": 70e-3, "E_i": -10e-3}
    assert LeadingCount.jump == 1e-3
    assert NIRNeuron("CubaLIF", most=2, begin=1, reset="subtract").parameters == {
        "R": 1, "tau": 1e-2, "tau_syn": 5e-3, "w_in": 1, "V_th": 1, "V_drop": 1, "begin": 1, "level": 1,
        "most": 2,
    }  # fmt: skip
    assert (NIRNeuron("IF").most, NIRNeuron("IF").begin, NIRNeuron("IF").at_threshold) == (1, 0, False)


def test_a_synaptic_current_outlives_a_step_that_is_not_25_times_as_long():
    assert lasts(0.041e-3, 1e-3) and not lasts(0.039e-3, 1e-3)


def test_a_driven_membrane_works_between_rest_and_threshold():
    models = IF(V_th=40e-3), LIF(V_th=40e-3), AdaptiveLIF(V_th=40e-3)
    assert [neuron.working_potential for neuron in models] == [20e-3, 30e-3, 30e-3]
    assert [neuron.rheobase for neuron in models] == pytest.approx([0, 0.4e-9, 0.4e-9])


def test_a_conductance_lets_a_current_through_at_its_receptor():
    for receptor, V, weight in (("g_e", 20e-3, 20.0), ("g_i", 15e-3, 40.0)):
        synapse = ExponentialConductance(5e-3, 70e-3, -10e-3, receptor)
        assert synapse.weight_of_a_current(V) == pytest.approx(weight)
        assert (synapse.target, synapse.on_pre) == (receptor, f"{receptor}_post += w")
        assert synapse.model == ExponentialConductance(5e-3, 70e-3, -10e-3, "g_e")


def test_models_fire_at_one_threshold_unless_told_otherwise():
    assert {neuron.V_th for neuron in (LIF(), IF(), AdaptiveLIF(), WindowedLIF(CODE, 9))} == {20e-3}
    assert (NIRNeuron("LIF").V_th, NIRNeuron("LIF").V_drop, NIRNeuron("LIF").V_reset) == (1, 1, 0)


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


IN_SI = "a number in SI units, such as 0.02 for 20 ms or 20 mV"
BELOW = "above zero and below tau_m = 20 ms"


@pytest.mark.parametrize(
    ("make", "key", "value", "expected"),
    [
        (lambda: LIF(V_th=0.0), "neuron.V_th", "0 mV", "a voltage above 0"),
        (lambda: LIF(R_m=-1e6), "neuron.R_m", "-1 Mohm", "a resistance above 0"),
        (lambda: IF(C_m=-1e-12), "neuron.C_m", "-1 pF", "a capacitance above 0"),
        (lambda: LIF(tau_m=np.inf), "neuron.tau_m", np.inf, "a time above 0"),
        (lambda: LeakyIntegrator(tau_m=0.0), "neuron.tau_m", "0 ms", "a time above 0"),
        (lambda: LIF(t_ref=-1e-3), "neuron.t_ref", "-1 ms", "0 ms to 1000 s"),
        (lambda: LIF(t_ref=np.inf), "neuron.t_ref", "inf ms", "0 ms to 1000 s"),
        (lambda: IF(reset="hard"), "neuron.reset", "hard", "exact | subtract | zero"),
        (lambda: AdaptiveLIF(b=np.inf), "neuron.b", np.inf, None),
        (lambda: AdaptiveLIF(tau_a=20.1e-3), "neuron.tau_a", 20.1e-3, "not within 1 % of tau_m = 0.02 s"),
        (lambda: ExponentialCurrent(0.0), "synapse.tau_s", 0.0, None),
        (lambda: ExponentialCurrent(np.inf), "synapse.tau_s", np.inf, None),
        (lambda: ExponentialConductance(E_e=np.inf), "synapse.E_e", np.inf, None),
        (lambda: LIF(tau_m="20 ms"), "neuron.tau_m", "20 ms", IN_SI),
        (lambda: LIF(t_ref="2 ms"), "neuron.t_ref", "2 ms", IN_SI),
        (lambda: AdaptiveLIF(b="1 pA"), "neuron.b", "1 pA", IN_SI),
        (lambda: ExponentialCurrent("5 ms"), "synapse.tau_s", "5 ms", IN_SI),
        (lambda: ExponentialConductance(E_i="-10 mV"), "synapse.E_i", "-10 mV", IN_SI),
        (lambda: WindowedLIF(CODE, 9, V_th=0.0), "neuron.V_th", "0 mV", "a voltage above 0"),
        (lambda: WindowedIntegrator(CODE, 9, 0.0), "neuron.R_m", "0 mohm", None),
        (lambda: TimeCode(20e-3, 20e-3, 1e-3), "synapse.tau_s", "20 ms", BELOW),
        (lambda: TimeCode(20e-3, 0.0, 1e-3), "synapse.tau_s", "0 ms", BELOW),
        (lambda: TimeCode(20e-3, 5e-3, 4.7e-3), "simulation.dt", "4.7 ms", "at most 4.62 ms"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_with_its_value_and_what_would_do(make, key, value, expected):
    with pytest.raises(UserError) as refused:
        make()
    assert (refused.value.key, refused.value.value) == (key, value)
    assert expected is None or refused.value.expected == expected


def test_the_least_that_is_positive_will_do():
    assert LIF(t_ref=0.0).t_ref == AdaptiveLIF(b=0.0).b == 0
    assert TimeCode(20e-3, 5e-3, 4.6e-3).window_steps == 2
    assert AdaptiveLIF(tau_a=20.3e-3).tau_a == 20.3e-3


def test_a_time_constant_that_is_none_is_refused_in_the_unit_in_which_one_writes_it():
    with pytest.raises(UserError) as refused:
        LIF(tau_m=-20e-3)
    assert (refused.value.key, refused.value.value) == ("neuron.tau_m", "-20 ms")
