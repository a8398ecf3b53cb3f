"""The measures of a sweep: what a point comes to, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY, hasher_of_inputs
from bioscnn.experiments.form import Form
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.ledger import draw_up
from bioscnn.ledger.causes import CAUSES
from bioscnn.metrics import decision_latency, informed_steps, spikes_per_trial, synaptic_operations_per_trial
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.explainable import case_of
from bioscnn.studies.fixed_weights import kept_gain, with_encoder_of, with_fixed_weights
from bioscnn.studies.prepare import Prepared, conditions_of
from bioscnn.studies.study import Study

COLUMNS = {
    "accuracy": ("accuracy",),
    "latency": ("latency [ms]",),
    "spikes": ("spikes",),
    "synops": ("synops",),
    "ledger": tuple(f"ledger.{name}" for name in (*(c.name for c in CAUSES), "interaction", "unexplained")),
}
"""Columns of each outcome of a sweep file."""


def simulate_point(unit: Unit, bench: Bench) -> Outcome:
    """Simulate a point.

    Options: ``outcomes``, keys of `COLUMNS`; ``weights_of``, the tables of the study that the network was
    converted for, or None where it is converted anew at every point; ``gain``, ``"kept"`` where the gain of
    those weights is.

    Returns
    -------
    mapping of ndarray
        By column, float64, shape (): share of right trials; median time in ms after which the readout has
        decided; spikes per trial; synaptic operations per trial.

    Raises
    ------
    UserError
        If the point cannot be simulated, or an outcome is no finite number.
    """
    case = _case_of(unit, bench)
    recording = simulate(
        case.network,
        case.stimulus,
        replace(case.device, jobs=1),
        record={OUTPUT, READOUT},
        potentials={READOUT},
    )
    decided = decisions(recording, case.study.config.readout.rule)
    latency = decision_latency(decided, recording.dt, informed_steps(case.network, recording))
    return _outcome_of(
        unit,
        {
            "accuracy": np.mean(decided[:, -1] == case.examples.labels),
            "latency [ms]": 1e3 * np.median(latency),
            "spikes": spikes_per_trial(recording),
            "synops": synaptic_operations_per_trial(case.network, recording, case.input.spikes),
        },
    )


def explain_point(unit: Unit, bench: Bench) -> Outcome:
    """Simulate a point, and draw up the ledger of its accuracy; a cause that does not apply takes nothing.

    Options, outcome and errors are those of `simulate_point`, with a column per cause.
    """
    config, case = unit.study.config, bench.case(unit.study)
    conditions = conditions_of(config)
    device = replace(case.device, jobs=1, precision=conditions.precision)
    parts = draw_up(case_of(case, len(case.examples)), conditions, config.readout.rule, device).parts
    names = (column.removeprefix("ledger.") for column in COLUMNS["ledger"])
    ledger = {f"ledger.{name}": parts[name].value if name in parts else 0.0 for name in names}
    others = [outcome for outcome in unit.options["outcomes"] if outcome != "ledger"]
    simulated = simulate_point(replace(unit, options={**unit.options, "outcomes": others}), bench)
    return _outcome_of(unit, {**simulated, **ledger})


def columns_of(outcomes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of outcomes."""
    return tuple(column for outcome in outcomes for column in COLUMNS[outcome])


def network_of(
    study: Study, weights_of: Mapping[str, Any] | None, bench: Bench, gain: str = "wired"
) -> SpikingNetwork:
    """Return the network of a point: converted for it, or for a study whose weights, or gain, it keeps."""
    if weights_of is None:
        graph = bench.graph(study.config)
        return bench.network(study.config, graph, bench.calibration(study.config, graph))
    nominal = _nominal(weights_of, bench)
    graph = bench.graph(nominal)
    converted = bench.converted(nominal, graph, bench.calibration(nominal, graph))
    return with_fixed_weights(
        converted, study.config, kept_gain(nominal, study.config) if gain == "kept" else None
    )


def _nominal(weights_of: Mapping[str, Any], bench: Bench) -> StudyConfig:
    nominal: StudyConfig = bench.keep("nominal", weights_of, lambda: StudyConfig.model_validate(weights_of))
    return nominal


def _case_of(unit: Unit, bench: Bench) -> Prepared:
    study, weights_of, gain = unit.study, unit.options["weights_of"], unit.options.get("gain", "wired")
    if weights_of is None:
        return bench.case(study)

    def make() -> Prepared:
        config, graph = study.config, bench.graph(study.config)
        if gain == "kept":
            config = with_encoder_of(_nominal(weights_of, bench), config)
        network = network_of(study, weights_of, bench, gain)
        return Prepared(study, bench.input(config), graph, None, network)

    # The inputs of a point are told by the same case that is then simulated.
    case: Prepared = bench.keep("point", unit.id, make, most=1)
    return case


def _outcome_of(unit: Unit, measured: Mapping[str, Any]) -> Outcome:
    outcome = {column: np.array(measured[column], float) for column in columns_of(unit.options["outcomes"])}
    if unknown := [column for column, value in outcome.items() if not np.isfinite(value)]:
        raise UserError(f"{', '.join(unknown)}: not a finite number")
    return outcome


def _form(unit: Unit) -> Form:
    return dict.fromkeys(columns_of(unit.options["outcomes"]), "float")


SIMULATE = Measure(simulate_point, hasher_of_inputs(_case_of, ann=False), CLASSIFY.core, _form)
"""Named by units as ``"bioscnn.experiments.sweep.measure:SIMULATE"``."""

EXPLAIN = Measure(explain_point, form=_form)
"""The same, of sweeps with the outcome ``ledger``."""
