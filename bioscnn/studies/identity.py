"""What decides the results of a run: the inputs of its simulation, and the code that simulates them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from bioscnn.encoding import Currents
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.simulation.cpp_device import chance_files, constant_files
from bioscnn.simulation.shape import ProgramShape
from bioscnn.studies.prepare import Prepared

SIMULATION = "bioscnn.simulation.simulate"

MEASURED_BY = (SIMULATION, "bioscnn.studies.scores")
"""Modules that turn the inputs of a simulation into the numbers of a run."""


def code_of_runs() -> str:
    """Return the hash of the code, and of the versions of packages, that make a run's numbers of its inputs.

    An edit of what comes before, such as conversion, shows in the inputs; one of pages does not count.
    """
    return hash_of(code_of_modules(*MEASURED_BY), environment_of_results())[:16]


def inputs_of_case(case: Prepared, *, ann: bool = False) -> str:
    """Return the hash of program, constants, chance, stimulus, clock, labels and device of a case."""
    network, stimulus, device = case.network, case.stimulus, case.device
    shape = ProgramShape(network, not isinstance(stimulus, Currents), device.precision, device.connectivity)
    constants = constant_files(shape) | chance_files(network, stimulus.dt)
    if isinstance(stimulus, Currents):
        presented: list[NDArray[Any]] = [stimulus.values]
    else:
        presented = [stimulus.neuron, stimulus.step, stimulus.trial_start]
    # What the trained network answers, not what it is: the code between the two is in no core.
    trained = [case.ann_class] if ann else []
    return hash_of(
        shape.key(),
        *(part for name in sorted(constants) for part in (name, constants[name])),
        *presented,
        stimulus.n_steps,
        stimulus.dt,
        case.examples.labels,
        device.name,
        device.precision,
        case.study.config.readout.rule,
        *trained,
    )
