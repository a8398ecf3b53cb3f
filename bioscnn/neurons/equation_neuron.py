"""A neuron of the user's own, whose rate curve is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.errors import UserError
from bioscnn.neurons.cells import Cells, cells, declared, refractory_expression
from bioscnn.neurons.definition import Definition
from bioscnn.neurons.expressions import compared_with
from bioscnn.neurons.model import SpikingNeuron, whole_steps

COARSE = np.concatenate([[0.0], np.geomspace(1e-12, 1e-6, 97)])
"""Currents among which the rheobase and the top of the rate curve are sought, A."""

SECONDS = 1.0
"""How long cells are simulated; the rate is that of the second half."""

VOLTS = {"volt": 1.0, "mV": 1e-3, "mvolt": 1e-3, "uV": 1e-6, "uvolt": 1e-6}
"""Units that a threshold may name."""

FINE = 300
"""Currents of the measured curve."""


@dataclass(frozen=True)
class EquationNeuron(SpikingNeuron):
    """A neuron that a user has written as equations.

    Its rate curve is measured: cells under constant currents are simulated for a second, as many steps of
    `dt` as the network will take, so that what the time step does to the neuron is in its curve. A reset
    that forgets what lies above the threshold makes a staircase of it, whose intervals are whole numbers of
    steps; inputs that vary make a slope of the staircase, which the curve takes through the middle of each
    stair.

    Parameters
    ----------
    definition : Definition
        The equations, from `read_definition`.
    dt : float
        Time step of the measurement, s.
    """

    definition: Definition
    dt: float = 1e-3

    @property
    def equations(self) -> str:  # type: ignore[override]
        """Brian2 model equations."""
        return "\n" + declared(self.definition) + "\n"

    @property
    def threshold(self) -> str:  # type: ignore[override]
        """Condition for a spike."""
        return self.definition.threshold

    @property
    def refractory(self) -> str:  # type: ignore[override]
        """Expression of Brian2's refractory time."""
        return refractory_expression(self.definition)

    @property
    def method(self) -> str:  # type: ignore[override]
        """Brian2's numerical integration."""
        return self.definition.method

    @property
    def state(self) -> dict[str, str]:  # type: ignore[override]
        """Variables that return to zero before each trial, with their Brian2 units."""
        from bioscnn.neurons.brian_checks import state_units

        return state_units(self.definition)

    @property
    def reset_statement(self) -> str:
        """Brian2 statements run at a spike."""
        return self.definition.reset

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {parameter.name: parameter.value for parameter in self.definition.parameters}

    @property
    def t_ref(self) -> float:
        """Refractory period, s; 0 where the definition has none."""
        name = self.definition.refractory
        return 0.0 if name is None else self.parameters[name]

    @property
    def threshold_potential(self) -> float:
        """The potential that makes a spike, V, with all other variables at rest.

        Where the threshold compares `V` with nothing that is known beforehand, the `working_potential`.
        """
        at_rest = VOLTS | dict.fromkeys(self.state, 0.0) | self.parameters
        compared = compared_with("V", self.threshold, at_rest)
        return abs(compared) if compared else abs(self.working_potential)

    @property
    def rheobase(self) -> float:
        """The largest constant current that never makes a spike, A, as measured."""
        return float(_measured(self).currents[0])

    @property
    def working_potential(self) -> float:
        """Mean potential of the cells that fire at up to 100 Hz, V, as measured."""
        cells = _measured(self).cells
        rates = np.array([_settled_rate(train) for train in cells.spikes])
        working = (rates > 0) & (rates <= max(100.0, rates[rates > 0].min()))
        return float(cells.mean_potential[working].mean())

    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes, once the neuron has settled."""
        return self.mean_rate(current, np.inf)

    def mean_rate(self, current: ArrayLike, window: float) -> NDArray[np.float64]:
        """Return the rate in Hz of the first `window` seconds under a constant current in amperes.

        Where the window ends within an interval, the part of it that has gone by counts as a part of a spike.
        """
        currents, rates = _curve(self, window)
        return np.interp(np.asarray(current, dtype=np.float64), currents, rates, left=0.0)

    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a rate in Hz, the inverse of `rate`.

        Raises
        ------
        ValueError
            If no current of the measured curve gives that rate.
        """
        currents, rates = _curve(self, np.inf)
        if not 0 < rate <= rates[-1]:
            raise ValueError(f"{self.definition.name} fires at up to {rates[-1]:.4g} Hz, not at {rate:g} Hz")
        return float(np.interp(rate, rates, currents))

    def in_whole_steps(self, dt: float) -> EquationNeuron:
        """Return the neuron as steps of `dt` seconds make it: its refractory period, its rate curve."""
        t_ref, definition = whole_steps(self.t_ref, dt), self.definition
        if t_ref != self.t_ref:
            parameters = (replace(p, value=t_ref) if p.name == definition.refractory else p
                          for p in definition.parameters)  # fmt: skip
            definition = replace(definition, parameters=tuple(parameters))
        return EquationNeuron(definition, dt)


@dataclass(frozen=True, eq=False)
class _Measured:
    """Currents, A, from the rheobase up, and what cells did under them."""

    currents: NDArray[np.float64]
    cells: Cells


@lru_cache(maxsize=16)
def _measured(neuron: EquationNeuron) -> _Measured:
    """Measure the rate curve; currents lie densest above the rheobase, where it is steepest.

    Raises
    ------
    UserError
        If no current makes the neuron fire, or it fires without one.
    """
    definition, dt = neuron.definition, neuron.dt

    def rates_under(currents: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([_settled_rate(train) for train in cells(definition, currents, SECONDS, dt).spikes])

    coarse = rates_under(COARSE)
    first = int(np.argmax(coarse > 0))
    if first == 0:
        raise UserError(
            "the neuron fires without input" if coarse[0] > 0 else "no current makes the neuron fire",
            key="neuron.model",
            value=definition.name,
            expected="a neuron that is silent at rest and fires under some current up to 1 uA",
            fix="look at its threshold and at the units of its parameters",
        )
    # A cell that a current takes to infinity is silent again: the curve ends before it.
    firing = first + int(np.argmin(np.append(coarse[first:], 0) > 0))
    top = COARSE[int(np.argmax(coarse >= 0.9 * coarse[:firing].max()))]
    low, high = COARSE[first - 1], COARSE[first]
    for _ in range(2):
        near = np.linspace(low, high, 50)
        k = int(np.argmax(rates_under(near) > 0))
        low, high = near[k - 1], near[k]
    currents = low + (top - low) * np.linspace(0, 1, FINE) ** 2
    return _Measured(currents, cells(definition, currents, SECONDS, dt))


def _settled_rate(train: NDArray[np.float64]) -> float:
    """Return the rate of a spike train, Hz, from the intervals of its second half."""
    if len(train) == 0:
        return 0.0
    late = train[train >= SECONDS / 4]
    late = late[len(late) // 3 :]
    return (len(late) - 1) / (late[-1] - late[0]) if len(late) > 1 else len(train) / SECONDS


@lru_cache(maxsize=16)
def _curve(neuron: EquationNeuron, window: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return currents, A, and the rates in a window from rest under them, Hz, both rising."""
    measured = _measured(neuron)
    trains = measured.cells.spikes
    if window >= SECONDS:
        measured_rates = [_settled_rate(train) for train in trains]
    else:
        measured_rates = [_count(train, window) / window for train in trains]
    rates, stair = np.unique(np.maximum.accumulate(measured_rates), return_inverse=True)
    currents = np.bincount(stair, measured.currents) / np.bincount(stair)
    currents[0] = measured.currents[0]
    return currents, rates


def _count(train: NDArray[np.float64], window: float) -> float:
    """Return how many intervals of a train that began at rest lie in a window, parts of intervals too."""
    times = np.concatenate([[0.0], train])
    n = int(np.searchsorted(times, window, side="right")) - 1
    if n + 1 == len(times):
        return float(n)
    return float(n + (window - times[n]) / (times[n + 1] - times[n]))
