"""The gradient of the differentiable twin follows the charge."""

import pytest

torch = pytest.importorskip("torch")

from bioscnn.training.twin import Clock, Dynamics, leaky_potentials, lif_spikes  # noqa: E402

CLOCK = Clock(duration=25e-3)
DYNAMICS = Dynamics(CLOCK, tau_m=20e-3, t_ref=2e-3, jump=1.7)


class Spike(torch.autograd.Function):
    """A step with the slope of a triangle."""

    @staticmethod
    def forward(ctx, excess):
        ctx.save_for_backward(excess)
        return (excess > 0).to(excess.dtype)

    @staticmethod
    def backward(ctx, grad):
        (excess,) = ctx.saved_tensors
        return grad * (1 - excess.abs()).clamp(min=0)


def slow_spikes(arriving, constant, dynamics):
    """Write the same dynamics as torch would like them, one operation after the other."""
    n_steps = dynamics.clock.n_steps
    V, current = torch.zeros_like(constant), torch.zeros_like(constant)
    held = torch.zeros_like(constant)
    fired = []
    for step in range(n_steps):
        free = (held == 0).to(V.dtype)
        V = V + free * (dynamics.leak * (constant - V) + dynamics.gain * current)
        current = current * dynamics.synapse_decay
        held = (held - 1).clamp(min=0)
        spike = torch.zeros_like(V)
        if step < n_steps - 1:
            spike = Spike.apply(V - 1) * free
            with torch.no_grad():
                excess = V - 1
                kept = 1 / torch.clamp((current + constant - 1) / excess, min=1 / dynamics.leak)
            # The reset takes the spike away and adds what is known of it without a gradient.
            V = V - spike + spike.detach() * kept
            held = torch.where(spike > 0, torch.full_like(held, dynamics.held), held)
        fired.append(spike)
        current = current + dynamics.jump * arriving[step]
    return torch.stack(fired)


@pytest.mark.parametrize("shape", [(3, 7), (2, 3, 4, 5)])
def test_the_written_out_backward_pass_is_that_of_the_dynamics(shape):
    generator = torch.Generator().manual_seed(1)

    def drawn(*size, low, high):
        drawn = torch.rand(*size, generator=generator, dtype=torch.float64) * (high - low) + low
        return drawn.requires_grad_()

    arriving = drawn(CLOCK.n_steps, *shape, low=-0.3, high=0.6)
    constant = drawn(*shape, low=-1.0, high=6.0)
    upstream = torch.randn(CLOCK.n_steps, *shape, generator=generator, dtype=torch.float64)
    grads = []
    for simulate in (lif_spikes, slow_spikes):
        fired = simulate(arriving, constant, DYNAMICS)
        assert fired.sum() > fired[0].numel()
        grads.append((fired.detach(), *torch.autograd.grad((fired * upstream).sum(), (arriving, constant))))
    assert torch.equal(grads[0][0], grads[1][0])
    torch.testing.assert_close(grads[0][1], grads[1][1])
    torch.testing.assert_close(grads[0][2], grads[1][2])


def test_a_charge_makes_at_most_one_spike():
    # However long a potential lingers near threshold, the slope of the count is that of one charge.
    constant = torch.full((1, 1), 1.02, dtype=torch.float64)
    arriving = torch.zeros(CLOCK.n_steps, 1, 1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(lif_spikes(arriving, constant, DYNAMICS).sum(), arriving)
    charge_of_a_jump = DYNAMICS.jump * CLOCK.tau_s / DYNAMICS.tau_m
    assert 0 < slope.max() < charge_of_a_jump


def test_potentials_are_those_of_a_leaky_integrator_step_by_step():
    generator = torch.Generator().manual_seed(2)
    arriving = torch.randn(CLOCK.n_steps, 2, 3, generator=generator, dtype=torch.float64)
    constant = torch.randn(1, 3, generator=generator, dtype=torch.float64)
    V, current, expected = torch.zeros(2, 3).double(), torch.zeros(2, 3).double(), []
    for step in range(CLOCK.n_steps):
        V = V + DYNAMICS.leak * (constant - V) + DYNAMICS.gain * current
        current = current * DYNAMICS.synapse_decay + DYNAMICS.jump * arriving[step]
        expected.append(V)
    torch.testing.assert_close(leaky_potentials(arriving, constant, DYNAMICS), torch.stack(expected))
