"""Measures of the detail ladder: the trials of a rung, and the time that a simulation takes on each."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY, classify_case, hasher_of_inputs
from bioscnn.experiments.trained import needed_network
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.fingerprint import hash_of
from bioscnn.ledger.conditions import spiking_network
from bioscnn.simulation import simulate_batches
from bioscnn.studies.config import Neuron, StudyConfig
from bioscnn.studies.identity import inputs_of_case
from bioscnn.studies.prepare import Loaded, Prepared, check_fit, conditions_of, furnished, is_normalised
from bioscnn.studies.study import Study

REPEATS = 5
"""So often each rung is timed."""

USUAL_STEPS = 15_000
STEPS = {"numpy": 300}
"""Time steps of a timed run on a device that is slow; the others take `USUAL_STEPS`."""


def loaded_rung(study: Study, encoder: dict[str, Any], bench: Bench) -> Loaded:
    """Return the inputs of a rung: examples as encoded, trained network, and what normalises it.

    Parameters
    ----------
    study : Study
        Of the rung.
    encoder : dict
        Its ``[neuron]`` table for the layer of neurons that encodes the examples, where the study has such a
        layer: the input is the same on all rungs.
    bench : Bench
        Of this process.

    Raises
    ------
    UserError
        If the data cannot be had, or the network does not fit them.
    """
    config = study.config
    encoded = config.model_copy(update={"neuron": Neuron.model_validate(encoder)})
    rung_input, graph = bench.input(encoded), bench.graph(config)
    check_fit(graph, rung_input, config.network.model)
    return Loaded(study, rung_input, graph, bench.calibration(encoded, graph))


def rung_case(study: Study, encoder: dict[str, Any], bench: Bench) -> Prepared:
    """Return a rung ready to be simulated; errors as of `loaded_rung`, or if it cannot be converted."""
    return _with_network(loaded_rung(study, encoder, bench), encoder, bench)


def _with_network(loaded: Loaded, encoder: dict[str, Any], bench: Bench) -> Prepared:
    """Return a rung with its network, which it shares with the one that differs from it in delays alone."""
    config, graph, calibration = loaded.study.config, loaded.graph, loaded.calibration
    if not is_normalised(graph):
        calibration = None
    conditions = conditions_of(config)
    examples = None if calibration is None else calibration.examples.sha256
    network = bench.keep(
        "converted rung",
        (conditions, graph.sha256(), examples, repr(encoder)),
        lambda: spiking_network(
            conditions, graph, None if calibration is None else calibration.intensities()
        ),
    )
    return Prepared(loaded.study, loaded.input, graph, calibration, furnished(network, config))


def _case_of(unit: Unit, bench: Bench) -> Prepared:
    """Return the rung of a unit, with the network that was trained for it if the unit needs one."""

    def made() -> Prepared:
        study, encoder = unit.study, unit.options["encoder"]
        if not unit.needs:
            return rung_case(study, encoder, bench)
        loaded = replace(loaded_rung(study, encoder, bench), trained=needed_network(unit, bench))
        return _with_network(loaded, encoder, bench)

    # The inputs of a rung are told by the same case that is then simulated.
    case: Prepared = bench.keep("rung", unit.id, made, most=1)
    return case


def classify_rung(unit: Unit, bench: Bench) -> Outcome:
    """Simulate the trials of a rung; the outcome is that of `bioscnn.experiments.classify.classify`.

    Options: ``encoder``, see `rung_case`; ``ann``, whether the trained network classifies the examples too.
    """
    case = _case_of(unit, bench)
    outcome = dict(classify_case(case, recordings=bench.recordings))
    if unit.options.get("ann"):
        outcome["ann"] = case.ann_class.astype(np.int16)
    return outcome


def time_ratios(unit: Unit, bench: Bench) -> Outcome:
    """Measure how much of a processor's time a simulation takes on every rung, relative to the first one.

    The first trials are simulated in one process without recording, on every rung in turn, several times; the
    least time of a rung counts, since whatever else a machine does can only add to it.

    Options: ``encoder``, see `rung_case`; ``rungs``, the tables of the studies of all rungs.

    Returns
    -------
    mapping of ndarray
        ``ratio``: float64, shape (n_rungs,).
    """
    cases = _all_cases(unit, bench)
    best = np.min([[_seconds(case) for case in cases] for _ in range(REPEATS)], axis=0)
    return {"ratio": best / best[0]}


def _all_cases(unit: Unit, bench: Bench) -> Sequence[Prepared]:
    studies = (Study(unit.study.name, StudyConfig.model_validate(tables)) for tables in unit.options["rungs"])
    return [rung_case(study, unit.options["encoder"], bench) for study in studies]


def _inputs_of_time(unit: Unit, bench: Bench) -> str:
    return hash_of(*(inputs_of_case(case) for case in _all_cases(unit, bench)))


def _seconds(case: Prepared) -> float:
    stimulus, device = case.stimulus, replace(case.device, jobs=1)
    trials = max(1, STEPS.get(device.name, USUAL_STEPS) // stimulus.n_steps)
    begun = _processor_time()
    for _ in simulate_batches(case.network, stimulus[:trials], device):
        pass
    return _processor_time() - begun


def _processor_time() -> float:
    """Return the seconds that this process, and the programs that it ran, have kept a processor busy."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


RUNG = Measure(classify_rung, hasher_of_inputs(_case_of), CLASSIFY.core, CLASSIFY.form)
TIME = Measure(
    time_ratios,
    _inputs_of_time,
    CLASSIFY.core,
    lambda unit: {"ratio": f"float {len(unit.options['rungs'])}"},
)
