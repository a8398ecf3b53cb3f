"""The study file of a competitive network: its keys, and the circuit that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity
from bioscnn.stdp.competitive.model import FILES, Model, read_model
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.config import LearnedConfig, Learning
from bioscnn.studies.config.values import Count, Factor, Frequency, PathOrName, Time, refuse, whole

MOST_NEURONS = 20_000
"""Their weights from 784 pixels are 63 MB."""


class Competitive(Learning):
    """The table ``[learning]`` of a competitive network.

    Parameters
    ----------
    neurons : int
        Excitatory neurons; there are as many inhibitory ones.
    label_examples : int
        Training images whose labels say what neurons stand for.
    readout : str
        ``"votes"``: a neuron stands for the class to which it answers most, and the class whose neurons fire
        most on average is chosen, as published; ``"likelihood"``: `bioscnn.stdp.labels.likelihoods`.
    rate : float
        Poisson rate of a white pixel, Hz.
    shown : float
        How long an image is shown, s.
    rest : float
        How long thresholds decay after it, s.
    dt : float
        Time step, s.
    weight_total : float
        Sum of the weights onto an excitatory neuron, restored before each image.
    parameters : mapping
        Parameters of the equations with other values than in their files.
    excitatory : path
        File of the excitatory neuron; ``excitatory.toml`` of ``bioscnn/stdp/competitive`` if left out.
    inhibitory : path
        File of the inhibitory neuron; ``inhibitory.toml`` if left out.
    synapse : path
        File of the plastic synapse; ``plastic.toml`` if left out.
    """

    rule: Literal["competitive"] = "competitive"
    neurons: Count = 400
    label_examples: Count = 10_000
    readout: Literal["votes", "likelihood"] = "votes"
    rate: Frequency = Circuit.rate
    shown: Time = Circuit.shown
    rest: Time = Circuit.rest
    dt: Time = Circuit.dt
    weight_total: Factor = Circuit.weight_total
    parameters: dict[str, Any] = Field(default={})
    excitatory: PathOrName | None = None
    inhibitory: PathOrName | None = None
    synapse: PathOrName | None = None

    @model_validator(mode="after")
    def _sizes(self) -> Competitive:
        if self.neurons > MOST_NEURONS:
            raise refuse("too many neurons", key="learning.neurons", value=self.neurons,
                         expected=f"at most {MOST_NEURONS:,}")  # fmt: skip
        if not (self.dt > 0 and whole(self.shown, self.dt) and 2 <= round(self.shown / self.dt) <= 100_000):
            raise refuse(
                "an image is shown for no whole number of time steps",
                key="learning.shown",
                value=format_quantity(self.shown, "time"),
                expected=f"2 to 100,000 steps of learning.dt = {format_quantity(self.dt, 'time')}",
            )
        if self.rest < 0:
            raise refuse("no time", key="learning.rest", value=format_quantity(self.rest, "time"),
                         expected="at least 0 ms")  # fmt: skip
        if not 0 < self.rate * self.dt < 1:
            raise refuse(
                "a white pixel would spike more than once a time step, or never",
                key="learning.rate",
                value=format_quantity(self.rate, "frequency"),
                expected=f"more than 0 Hz and less than {format_quantity(1 / self.dt, 'frequency')}",
            )
        return self

    @model_validator(mode="after")
    def _equations(self) -> Competitive:
        try:
            model_of(self)
        except UserError as error:
            raise ValueError(error) from None
        return self


class CompetitiveConfig(LearnedConfig):
    """A study file of a competitive network."""

    learning: Competitive

    def other_noises(self) -> tuple[str, ...]:
        """Return ``spike-loss``, which input spikes have."""
        return ("spike-loss",)


def circuit_of(keys: Competitive, n_inputs: int) -> Circuit:
    """Return the circuit of a study; an image that gave too few spikes gets half its rate on top."""
    return Circuit(
        n_inputs,
        keys.neurons,
        rate=keys.rate,
        raise_rate=keys.rate / 2,
        weight_total=keys.weight_total,
        shown=keys.shown,
        rest=keys.rest,
        dt=keys.dt,
    )


def model_of(keys: Competitive) -> Model:
    """Return the equations of a study; errors as of `bioscnn.stdp.competitive.model.read_model`."""
    paths = {name: getattr(keys, name) for name in FILES}
    return read_model(keys.parameters, **{name: path and Path(path) for name, path in paths.items()})


def own_files(keys: Competitive) -> str | None:
    """Return the user's own files of equations, for an error; None if there are none."""
    return ", ".join(path for name in FILES if (path := getattr(keys, name)) is not None) or None
