"""Rates in training: exact values with a smooth slope, and what a short window shows of them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.ann import LIFRate  # noqa: E402
from bioscnn.neurons import soft_lif_rate  # noqa: E402
from bioscnn.training.observed_rates import observed_rates  # noqa: E402
from bioscnn.training.rates import lif_rate  # noqa: E402
from bioscnn.training.settings import RateSettings  # noqa: E402


@pytest.mark.parametrize("dead_below", [-3.0, 0.5])
def test_the_rate_is_exact_and_its_slope_that_of_the_soft_rate(dead_below):
    neuron = LIFRate(20e-3, 2e-3, 10e-3)
    J = torch.linspace(dead_below, 10, 400, dtype=torch.float64, requires_grad=True)
    rate = lif_rate(J, neuron, 0.2)
    np.testing.assert_allclose(rate.detach().numpy(), neuron.forward(J.detach().numpy()), rtol=1e-9)
    rate.sum().backward()
    at, step = J.detach().numpy(), 1e-6
    slope = [neuron.amplitude * soft_lif_rate(at + s, 20e-3, 2e-3, 0.2) for s in (-step, step)]
    alive = at > 1 - 15 * 0.2
    np.testing.assert_allclose(J.grad.numpy()[alive], ((slope[1] - slope[0]) / (2 * step))[alive], rtol=1e-5)


def observed(rate, **settings):
    rates = torch.full((50, 4, 10, 10), rate)
    noise = torch.Generator().manual_seed(1)
    return observed_rates(rates, 0.01, RateSettings(**settings), noise)


def test_without_noise_and_window_training_sees_the_rates_themselves():
    torch.testing.assert_close(
        observed(0.7, rate_noise=0, shortest_window=0), torch.full((50, 4, 10, 10), 0.7)
    )


def test_the_noise_on_a_rate_has_the_deviation_asked_for():
    x = observed(2.0, rate_noise=20, shortest_window=0)
    assert x.mean() == pytest.approx(2.0, abs=0.01)
    assert x.std() == pytest.approx(0.2, rel=0.05)


def test_a_short_window_costs_up_to_one_spike_and_a_quarter_on_average():
    x = observed(2.0, rate_noise=0, shortest_window=0.02)
    assert 1.5 <= x.min() < 1.55
    assert x.max() <= 2.0
    assert x.mean() == pytest.approx(2.0 - 0.5 / 4, abs=0.02)


def test_no_rate_becomes_negative_and_the_silent_stay_silent():
    assert observed(0.1, rate_noise=50).min() == 0
    assert observed(0.0, rate_noise=50).abs().max() == 0
