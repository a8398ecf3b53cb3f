"""The node of a neuron as a `NIRNeuron`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import NIRNeuron
from bioscnn.nir.frameworks import Rules
from bioscnn.nir.graph import FIRING, Graph, Node

NEVER = 1e12
"""A threshold that no potential reaches, V."""

Values = dict[str, NDArray[np.float64]]


def cells_of(graph: Graph, node: Node | None, rules: Rules, dt: float, size: int) -> tuple[NIRNeuron, Values]:
    """Return the neuron of a node, and the parameters in which its cells differ, of shape (size,).

    The time of the file is stretched, so that a step of its framework is one of the simulation; potentials
    are deviations from the leak potential, at which the frameworks begin.

    Parameters
    ----------
    graph, node : Graph, Node
        The node; None for the sum over all steps of what a last linear node says.
    rules : Rules
        How the framework takes a step.
    dt : float
        Step of the simulation, s.
    size : int
        Number of cells.
    """
    if node is None:
        return NIRNeuron("IF", fires=False, R=1 / dt), {}
    stretch, framework, zero = dt / rules.dt, rules.framework, np.zeros(())
    kind = {"LI": "LIF", "CubaLI": "CubaLIF"}.get(node.type, node.type)
    rest = node.array("v_leak") if "v_leak" in node.values else zero
    parameters = {"R": node.array("r")}
    if kind == "IF":
        parameters["R"] = parameters["R"] / (dt if framework.adds else stretch)
    else:
        parameters["tau"] = node.array("tau" if kind == "LIF" else "tau_mem") * stretch
    if kind == "CubaLIF":
        parameters["tau_syn"] = node.array("tau_syn") * stretch
        parameters["w_in"] = node.array("w_in") if "w_in" in node.values else zero + 1
    if node.type in FIRING:
        reset = node.array("v_reset") if "v_reset" in node.values else zero
        if kind == "IF" and rules.name == "spikingjelly":
            rest = reset  # where its neurons begin
        parameters["V_th"], parameters["V_drop"] = node.array("v_threshold") - rest, node.array("v_threshold")
        parameters["V_reset"] = reset - rest
    for key in ("tau", "tau_syn"):
        if key in parameters and (parameters[key] <= 0).any():
            raise graph.refuse(f"{key} is not positive", node.name, value=float(parameters[key].min()))
    shared = {key: float(np.ravel(value)[0]) for key, value in parameters.items()}
    values = {
        key: np.broadcast_to(np.ravel(value), size).astype(np.float64)
        for key, value in parameters.items()
        if value.size > 1 and np.ptp(value) > 0
    }
    neuron = NIRNeuron(kind, framework.step, node.type in FIRING, framework.at_threshold, rules.reset)
    return replace(neuron, **shared), values  # type: ignore[arg-type]
