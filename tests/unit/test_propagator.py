"""A step of a neuron as a matrix."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF, EquationNeuron, ExponentialCurrent, LeakyIntegrator, read_definition
from bioscnn.simulation.propagator import propagator

SIMS = Path(__file__).parents[2] / "sims"


def step_of(neuron, dt=1e-3, tau_s=5e-3):
    dense = Dense((1,), (1,), np.ones((1, 1)))
    cell = Population("cell", (1,), neuron)
    network = SpikingNetwork(
        (Population("input", (1,)), cell),
        (Projection("input", "cell", dense, ExponentialCurrent(tau_s)),),
    )
    return propagator(network, cell, dt)


@pytest.mark.parametrize("neuron", [LIF(), IF(), LeakyIntegrator()], ids=lambda neuron: type(neuron).__name__)
def test_two_half_steps_are_one_step(neuron):
    whole, half = step_of(neuron), step_of(neuron, dt=0.5e-3)
    names = ["V", "I_syn"]
    matrix, root = (np.array([[step[a][b] for b in names] for a in names]) for step in (whole, half))
    assert np.allclose(root @ root, matrix, rtol=1e-12)
    assert whole["I_syn"]["I_stim"] == 0 and whole["I_syn"]["V"] == 0


def test_the_charge_of_a_spike_reaches_a_membrane_that_does_not_leak():
    step = step_of(IF(C_m=200e-12), dt=1.0)
    assert step["V"]["I_syn"] * 200e-12 == pytest.approx(5e-3)


def test_a_step_that_is_not_linear_is_left_to_the_equations():
    @dataclass(frozen=True)
    class Drifting(IF):
        method: ClassVar = staticmethod(lambda *_: "V = V + 0.001*V**2")

    @dataclass(frozen=True)
    class Driven(IF):
        method: ClassVar = staticmethod(lambda *_: "V = V + 0.001")

    assert step_of(Drifting()) is None and step_of(Driven()) is None


def test_a_step_that_differs_from_cell_to_cell_is_no_matrix():
    dense, cell = Dense((1,), (1,), np.ones((1, 1))), Population("cell", (1,), LIF())
    through = Projection("input", "cell", dense, ExponentialCurrent(5e-3))
    for name, matrix in (("V_th", True), ("tau_m", False)):
        own = replace(cell, values={name: np.array([1e-2])})
        network = SpikingNetwork((Population("input", (1,)), own), (through,))
        assert (propagator(network, own, 1e-3) is not None) == matrix
    exponential = replace(cell, neuron=EquationNeuron(read_definition(SIMS / "neurons" / "exponential.toml")))
    assert propagator(SpikingNetwork((Population("input", (1,)), exponential), ()), exponential, 1e-3) is None


def test_a_step_is_arithmetic_with_exponentials():
    @dataclass(frozen=True)
    class Odd(IF):
        method: ClassVar = staticmethod(lambda *_: "V = -(2 - V/4)*exp(0) + V**1 - (-1*V) + I_stim*0 + 2")

    step = step_of(Odd())
    assert step["V"] == {"V": 2.25, "I_syn": 0, "I_stim": 0}

    @dataclass(frozen=True)
    class Unknown(IF):
        method: ClassVar = staticmethod(lambda *_: "V = sin(V)")

    with pytest.raises(ValueError, match=r"a solution has no sin\(V\)"):
        step_of(Unknown())


def test_equations_are_solved_once_and_not_in_every_process(monkeypatch, tmp_path):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    ask = (
        "import sys; from tests.unit.test_propagator import step_of, LIF;"
        "print(step_of(LIF(tau_m={}e-3))); print('brian2' in sys.modules)"
    )
    answers = []
    for tau_m in (20, 20, 15):
        asked = subprocess.check_output([sys.executable, "-c", ask.format(tau_m)], text=True)
        answers.append(asked.splitlines())
    first, again, faster = answers
    assert first[1] == "True" and again == [first[0], "False"]
    assert faster == [str(step_of(LIF(tau_m=15e-3))), "False"]
