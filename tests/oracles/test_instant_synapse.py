"""The limit of a synapse that is far faster than the time step: the charge of a spike arrives at once."""

import numpy as np

from bioscnn.encoding import SpikeTrains
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.neurons.synapse import SHARPEST
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate

DT, N_STEPS, SIZE = 1e-3, 400, 20
NEURON = LIF(t_ref=0.0)


def by_hand(arrived: np.ndarray, jumps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Potentials and spikes of neurons that jump when a spike arrives, and are reset at that moment."""
    leak, V = np.exp(-DT / NEURON.tau_m), np.zeros(SIZE)
    potentials, spikes = np.zeros((N_STEPS, SIZE)), np.zeros((N_STEPS, SIZE), bool)
    for step in range(N_STEPS):
        V = V + jumps * (arrived[step - 1] if step else 0)
        # Brian2 looks at the end of the step; a jump that has leaked away by then makes no spike.
        spikes[step] = (V * leak > NEURON.V_th) & (step < N_STEPS - 1)
        V = np.where(spikes[step], V - NEURON.V_th, V) * leak
        potentials[step] = V
    return potentials, spikes


def test_the_charge_arrives_at_once_and_the_exact_reset_subtracts_when_it_does():
    arrived = stream(2, "input spikes").random(N_STEPS) < 0.3
    arrived[-1] = False
    step = np.flatnonzero(arrived)
    trains = SpikeTrains.from_events(
        np.zeros_like(step), step, np.zeros_like(step), n_trials=1, size=1, n_steps=N_STEPS, dt=DT
    )
    tau_s = DT / SHARPEST
    jumps = np.linspace(2e-3, 25e-3, SIZE)
    weights = jumps * NEURON.tau_m / (NEURON.R_m * tau_s)
    populations = Population("input", (1,)), Population("neurons", (SIZE,), NEURON)
    wire = Projection("input", "neurons", Dense((1,), (SIZE,), weights[:, None]), ExponentialCurrent(tau_s))
    recorded = simulate(SpikingNetwork(populations, (wire,)), trains, Device("numpy"), record=["neurons"])

    # Within the step after a spike, what arrives late has leaked less: a thousandth more is left.
    potentials, spikes = by_hand(arrived, jumps * NEURON.tau_m / (NEURON.tau_m - tau_s))
    assert spikes.sum() > 500
    simulated = recorded["neurons"]
    fired = np.zeros((N_STEPS, SIZE), bool)
    fired[simulated.spikes.step, simulated.spikes.neuron] = True
    assert np.array_equal(fired, spikes)
    assert np.allclose(simulated.potentials[0], potentials, rtol=1e-5, atol=1e-8)
