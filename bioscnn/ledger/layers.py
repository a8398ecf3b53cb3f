"""Layer by layer: the rate that stands for an activation, and the rate that the neurons have."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import ReLU
from bioscnn.conversion import rate_codes, scale_of, stage_outputs
from bioscnn.ledger.conditions import Case, Conditions, scales_for
from bioscnn.network import Population
from bioscnn.neurons import WindowedLIF
from bioscnn.simulation import Device, simulate
from bioscnn.spikes import SpikeTrains

N_BINS = 40
_NUMBERS_AT_ONCE = 10_000_000


@dataclass(frozen=True)
class LayerComparison:
    """One population, over neurons and trials.

    Parameters
    ----------
    name : str
        The population.
    n_neurons, n_trials : int
        Their numbers.
    correlation : float
        Pearson correlation of the two rates, 0 if one of them is constant.
    slope : float
        Of the regression of the spike rate on the expected one; 1 if they agree.
    expected, measured : float
        Mean rates, Hz: what the activations of the trained network stand for, and what was counted.
    silent : float
        Of the neurons and trials with an activation, the share without a spike.
    expected_edges, measured_edges : list of float
        Borders of the bins of `counts`, Hz.
    counts : list of list of int
        Neurons and trials by measured (rows) and expected rate (columns).
    unit : str
        ``"Hz"``; of the time code, where a value takes the place of a rate, ``"of the scale"``.
    """

    name: str
    n_neurons: int
    n_trials: int
    correlation: float
    slope: float
    expected: float
    measured: float
    silent: float
    expected_edges: list[float]
    measured_edges: list[float]
    counts: list[list[int]]
    unit: str = "Hz"

    @property
    def bias(self) -> float:
        """Mean spike rate less the expected one, Hz."""
        return self.measured - self.expected


def expected_rates(case: Case, conditions: Conditions) -> dict[str, NDArray[np.float64]]:
    """Return the rates that stand for the activations of the trained network; values in the time code.

    Returns
    -------
    dict of ndarray of float64, shape (n_trials, size)
        Hz, by population; activations over the scale of the population in the time code, where the output
        need not fire before the trial ends, and is left out.
    """
    if conditions.code == "time":
        scales = scales_for(conditions, case.graph, case.calibration)
        return {
            stage.name: after.reshape(len(after), -1).astype(np.float64) / scale_of(scales, stage.name)
            for stage, _, after in stage_outputs(case.graph, case.images)
            if isinstance(stage.layer, ReLU)
        }
    normalisation = case.normalisation(conditions)
    neuron, expected = conditions.simulated_neuron, {}
    outputs = list(stage_outputs(case.graph, case.images))
    codes = rate_codes([stage for stage, _, _ in outputs], neuron, normalisation)
    for stage, before, activation in outputs:
        code = codes[stage.name]
        if not stage.is_output:
            rate = code.rate(activation)
        elif normalisation is None:
            rate = neuron.rate(code.current(before))
        else:
            rate = code.rate(np.maximum(before, 0))
        expected[stage.name] = rate.reshape(len(rate), -1)
    return expected


def measured_rates(case: Case, conditions: Conditions, device: Device) -> dict[str, NDArray[np.float64]]:
    """Return the spike rates in the window of the conditions, in the form of `expected_rates`."""
    network = case.network(conditions)
    names = [population.name for population in network.neurons if population.spikes]
    stimulus = conditions.stimulus(case.images)
    device = replace(device, precision=conditions.precision)
    # Recording a population keeps its potentials too; a few trials at a time fit into memory.
    portion = max(1, _NUMBERS_AT_ONCE // (conditions.n_steps * sum(p.size for p in network.neurons)))
    rates: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    for first in range(0, stimulus.n_trials, portion):
        recorded = simulate(network, stimulus[first : first + portion], device, record=names)
        for name, population in recorded.from_step(conditions.first_step).populations.items():
            assert population.spikes is not None
            rates[name].append(_said(network[name], population.spikes, conditions))
    return {name: np.concatenate(parts) for name, parts in rates.items()}


def compare_layers(case: Case, conditions: Conditions, device: Device) -> list[LayerComparison]:
    """Compare every spiking population with the activations that it stands for."""
    expected = expected_rates(case, conditions)
    measured = measured_rates(case, conditions, device)
    unit = "of the scale" if conditions.code == "time" else "Hz"
    return [
        _compare(name, said, measured[name], _rows(measured[name], conditions), unit)
        for name, said in expected.items()
    ]


def _rows(measured: NDArray[np.float64], conditions: Conditions) -> NDArray[np.float64]:
    """Return borders between what can be measured, so that no row is empty for want of a value in it."""
    if conditions.code == "time":
        borders = conditions.time_code.borders
        stride = -(-len(borders) // N_BINS)
        return np.concatenate([[-borders[0]], borders[::stride], [1.0]])
    # Whole numbers of spikes.
    most = round(float(measured.max()) * conditions.duration)
    stride = -(-(most + 1) // N_BINS)
    return np.asarray((np.arange(0, most + stride + 1, stride) - 0.5) / conditions.duration)


def _said(population: Population, spikes: SpikeTrains, conditions: Conditions) -> NDArray[np.float64]:
    """Return the rate of each neuron, Hz; in the time code, the value that its spike says."""
    neuron = population.neuron
    if not isinstance(neuron, WindowedLIF):
        return np.asarray(spikes.counts() / conditions.duration)
    values = np.zeros((spikes.n_trials, spikes.size))
    values[spikes.trial(), spikes.neuron] = neuron.code.values[neuron.closes - spikes.step - 1]
    return values


def _compare(
    name: str,
    expected: NDArray[np.float64],
    measured: NDArray[np.float64],
    rows: NDArray[np.float64],
    unit: str,
) -> LayerComparison:
    x, y = expected.ravel(), measured.ravel()
    covariance = np.cov(x, y, bias=True)
    variances = float(covariance[0, 0]), float(covariance[1, 1])
    spread = np.sqrt(variances[0] * variances[1])
    active = x > 0
    columns = np.linspace(0, max(float(x.max()), float(rows[1])), N_BINS + 1)
    counts = np.histogram2d(y, x, bins=(rows, columns))[0].astype(int)
    return LayerComparison(
        name=name,
        n_neurons=expected.shape[1],
        n_trials=len(expected),
        correlation=float(covariance[0, 1] / spread) if spread > 0 else 0.0,
        slope=float(covariance[0, 1] / variances[0]) if variances[0] > 0 else 0.0,
        expected=float(x.mean()),
        measured=float(y.mean()),
        silent=float(np.mean(y[active] == 0)) if active.any() else 0.0,
        expected_edges=[float(edge) for edge in columns],
        measured_edges=[float(edge) for edge in rows],
        counts=counts.tolist(),
        unit=unit,
    )
