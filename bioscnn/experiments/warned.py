"""What may be wrong with the data of an experiment, found before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.unit import Unit, measure_of
from bioscnn.studies.guards import Finding, findings_of_data
from bioscnn.studies.identity import SIMULATION
from bioscnn.studies.prepare import Loaded


def warnings_of(units: Iterable[Unit], bench: Bench) -> list[Finding]:
    """Return the findings of `bioscnn.studies.guards.findings_of_data`, each once.

    Units that simulate a network which their study names are looked at: not those that train, nor those that
    need a network which another unit trains.

    Parameters
    ----------
    units : iterable of Unit
        The first round of an experiment.
    bench : Bench
        Of this process.
    """
    findings: dict[Finding, None] = {}
    seen = set[str]()
    for unit in units:
        config = unit.study.config
        named = repr((config.dataset, config.network.model))
        if unit.needs or named in seen or SIMULATION not in measure_of(unit.measure).core:
            continue
        seen.add(named)
        loaded = Loaded(unit.study, bench.clean(config), bench.read(config.network.model), None)
        findings |= dict.fromkeys(findings_of_data(loaded, bench.data))
    return list(findings)
