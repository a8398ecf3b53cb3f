"""What a sweep cannot vary, and designs that would not say what they seem to."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from bioscnn.conversion import check_max_rate
from bioscnn.errors import UserError
from bioscnn.studies.prepare import conditions_of

if TYPE_CHECKING:
    from bioscnn.experiments.sweep.file import Sweep

SAME_EVERYWHERE = {
    "dataset": "every point is shown the same examples",
    "simulation.jobs": "the number of processes decides no result",
    "simulation.use_gpu": "where it is computed decides no result",
    "readout.record": "a point keeps its outcomes alone",
}
"""Keys, and tables, that no parameter may be; and why."""

OF_CONVERSION = (
    "network.model", "network.normalisation", "network.percentile", "network.max_rate", "encoding.kind",
    "encoding.retina", "encoding.keep", "encoding.bin_size", "encoding.frame", "synapse.model",
)  # fmt: skip
"""Keys that decide the weights, or what they are for: they mean nothing where weights are fixed."""

OF_TIMES = (
    "network.code", "network.scale", "neuron.tau_m", "neuron.R_m", "neuron.V_th", "synapse.tau_s",
    "synapse.delay", "simulation.dt",
)  # fmt: skip
"""The same in the time code, whose windows and weights follow from them."""

GAIN = (
    "neuron.tau_m", "neuron.t_ref", "neuron.V_th", "neuron.R_m", "synapse.tau_s", "simulation.dt",
)  # fmt: skip
"""Keys that change the gain of a layer under its weights."""


MOST_POINTS = 100_000
"""Of a sweep: each is a study that is checked before the first is simulated, and then simulated."""


def refuse_parameter(sweep: Sweep, key: str) -> None:
    """Refuse a key that cannot differ between the points of a sweep.

    Raises
    ------
    UserError
        Saying why.
    """
    for same, why in SAME_EVERYWHERE.items():
        if key == same or key.startswith(f"{same}."):
            raise UserError(
                f"this key is no parameter: {why}",
                key=key,
                fix='put it under [set], as in "dataset.trials" = 200',
            )
    spikes_in = sweep.study.config.encoding.kind not in ("poisson", "currents")
    of_times = key in OF_TIMES and (key == OF_TIMES[0] or sweep.study.config.network.code == "time")
    of_conversion = key in OF_CONVERSION or of_times or (key == "encoding.input_rate" and spikes_in)
    if sweep.design.weights == "fixed" and of_conversion:
        raise UserError(
            "this key means nothing where the weights are fixed: it decides what they become",
            key=key,
            expected='design.weights = "converted", which converts the network anew at every point',
            fix="write that, or take the key out of [parameters]",
        )
    if key == "simulation.seed" and sweep.design.seeds == "own":
        raise UserError(
            "the seed is a parameter, and every point has a seed of its own",
            key=key,
            fix='remove design.seeds = "own"',
        )


def refuse_design(sweep: Sweep) -> None:
    """Refuse too many points, a gain that cannot be kept, and choices that a screening never compares whole.

    Raises
    ------
    UserError
        Naming the key of the design or of the parameter.
    """
    try:
        _refuse_too_many(sweep)
        if sweep.design.gain == "kept":
            _refuse_gain(sweep)
        if sweep.design.kind == "morris":
            _refuse_uneven(sweep)
    except UserError as error:
        raise error.but(file=sweep.file) from None


def _refuse_too_many(sweep: Sweep) -> None:
    design, n = sweep.design, len(sweep.parameters)
    key, n_points = {
        "grid": ("parameters", prod(len(p.values) or p.steps or 1 for p in sweep.parameters)),
        "random": ("design.points", design.points),
        "latin-hypercube": ("design.points", design.points),
        "morris": ("design.trajectories", design.trajectories * (n + 1)),
        "sobol": ("design.samples", design.samples * (2 * n + 2 if design.second_order else n + 2)),
    }[design.kind]
    if n_points > MOST_POINTS:
        raise UserError(
            "a sweep of too many points",
            key=key,
            value=f"{n_points:,} points",
            expected=f"at most {MOST_POINTS:,}",
            fix="take fewer",
        )


def _refuse_gain(sweep: Sweep) -> None:
    design, config, keys = sweep.design, sweep.study.config, {p.key for p in sweep.parameters}

    def refuse(why: str, expected: str, fix: str) -> UserError:
        return UserError(
            f"no gain to keep: {why}", key="design.gain", value="kept", expected=expected, fix=fix
        )

    if design.weights == "converted":
        raise refuse(
            "a network that is converted anew gets its gain from that",
            'design.weights = "fixed"',
            "remove one of the two",
        )
    if config.neuron.model != "lif" or "neuron.model" in keys:
        raise refuse(
            "it is that of the rate curve of a LIF neuron", 'neuron.model = "lif"', 'write gain = "wired"'
        )
    if config.synapse.model != "current":
        raise refuse(
            "through a conductance no fixed charge flows", 'synapse.model = "current"', 'write gain = "wired"'
        )
    if not keys & set(GAIN):
        raise refuse(
            "no parameter of this sweep changes it",
            f"one of {', '.join(GAIN)} in [parameters]",
            'write gain = "wired"',
        )
    check_max_rate(conditions_of(config).simulated_neuron, config.network.max_rate, config.simulation.dt)


def _refuse_uneven(sweep: Sweep) -> None:
    """Refuse listed values whose number does not divide the levels: a step then never joins some of them."""
    levels = sweep.design.levels
    for parameter in sweep.parameters:
        if parameter.values and levels % len(parameter.values):
            raise UserError(
                "the values do not share the levels of a screening evenly, so that some pairs of them are "
                "never compared",
                key=f"parameters.{parameter.key}",
                value=", ".join(parameter.values),
                expected=f"a number of values that divides design.levels = {levels}",
                fix=f"list 2 values, or set design.levels = {2 * len(parameter.values)}",
            )
