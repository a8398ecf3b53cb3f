import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bioscnn.errors import UserError
from bioscnn.neurons import IF, LIF, lif_first_spike, lif_rate, postsynaptic_potential, soft_lif_rate

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


def test_a_rate_beyond_the_refractory_limit_has_no_current():
    with pytest.raises(ValueError, match="600"):
        LIF(t_ref=2e-3).current(600.0)


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"tau_m": 0.0}, "tau_m"), ({"V_th": -1.0}, "V_th"), ({"R_m": float("nan")}, "R_m"),
     ({"t_ref": -1e-3}, "t_ref"), ({"reset": "hard"}, "reset")],
)  # fmt: skip
def test_impossible_parameters_are_refused_by_name(changes, key):
    with pytest.raises(UserError, match=f"neuron.{key}"):
        LIF(**changes)
