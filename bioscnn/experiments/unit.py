"""The smallest piece of an experiment: one study, measured in one way."""

from __future__ import annotations

import hashlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from bioscnn.experiments.form import Form
from bioscnn.fingerprint import hash_of
from bioscnn.studies.study import Study

if TYPE_CHECKING:
    from bioscnn.experiments.bench import Bench

__all__ = ["Measure", "Outcome", "Unit", "hash_of", "measure_of"]

Outcome = Mapping[str, NDArray[Any]]
"""What a unit comes to: arrays by name."""


@dataclass(frozen=True)
class Unit:
    """One study, measured in one way. It travels to other processes, so it holds no data.

    Parameters
    ----------
    variant : str
        What is compared: a network, a front end, a neuron.
    condition : str
        What it is put under: a noise, a perturbation, a point of a sweep.
    study : Study
        Every key, this unit's noise and seed among them.
    measure : str
        Where its `Measure` is: ``"package.module:NAME"``.
    options : mapping
        What the measure needs beside the study; plain JSON.
    severity : float, optional
        How strong the condition is, where conditions have an order.
    needs : tuple of str
        Outcomes of earlier rounds that the measure finds in `Bench.given`; see `Done.need`.
    work : float
        About how long it takes, relative to the other units of the experiment; for order and progress.
    exclusive : bool
        Whether nothing else may run on the machine meanwhile, as for a measurement of time.
    program : str
        What units share that need the same compiled program; by variant, condition and measure if empty.
    """

    variant: str
    condition: str
    study: Study
    measure: str
    options: Mapping[str, Any] = field(default_factory=dict)
    severity: float | None = None
    needs: tuple[str, ...] = ()
    work: float = 1.0
    exclusive: bool = False
    program: str = ""

    @cached_property
    def id(self) -> str:
        """Hash of all that decides the outcome; what the unit is called decides nothing."""
        written = [self.study.key(), self.measure, dict(self.options), self.needs]
        return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Variant and condition, for people."""
        severity = "" if self.severity is None else f" {self.severity:g}"
        return f"{self.variant}: {self.condition}{severity}, seed {self.study.config.simulation.seed}"


@dataclass(frozen=True)
class Measure:
    """How units are measured.

    Parameters
    ----------
    run : callable
        Returns the outcome of a unit.
    inputs : callable, optional
        Returns the hash of everything that `run` computes its outcome from, so that an outcome is used again
        after a change of the code that comes before. Without it, any change of the code that the measure
        can reach makes the unit compute again.
    core : tuple of str
        Modules whose code turns those inputs into the outcome.
    form : callable, optional
        Returns what the arrays of a unit's outcome look like; one that looks otherwise is measured again.
    """

    run: Callable[[Unit, Bench], Outcome]
    inputs: Callable[[Unit, Bench], str] | None = None
    core: tuple[str, ...] = ()
    form: Callable[[Unit], Form] | None = None


def measure_of(name: str) -> Measure:
    """Return the measure that a unit names; units are made by code, and no file names a measure."""
    measure = pkgutil.resolve_name(name)
    assert isinstance(measure, Measure), name
    return measure
