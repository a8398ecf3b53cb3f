"""The noise study, from its networks to its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import bioscnn
from bioscnn.datasets import EventSet
from bioscnn.datasets.titles import TITLES
from bioscnn.files import point_latest, write_csv, write_json, write_npz
from bioscnn.noise import Noise
from bioscnn.report.noise import write_noise_report
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.noise.conditions import Amount, amount_of, kinds_of
from bioscnn.studies.noise.contestants import contestants_of
from bioscnn.studies.noise.examples import example_pictures
from bioscnn.studies.noise.schedule import run_units, units_of
from bioscnn.studies.noise.tables import Results, Row, accuracy_rows, comparison_rows
from bioscnn.studies.noise.verdict import verdict_of
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.study import Study
from bioscnn.studies.watcher import Watcher


@dataclass(frozen=True)
class NoiseStudy:
    """A finished noise study.

    Parameters
    ----------
    folder : Path
        With ``accuracy.csv``, ``comparisons.csv``, ``summary.json``, ``examples.npz`` and ``report.html``.
    summary : dict
        Contents of ``summary.json``.
    accuracy, comparisons : list of dict
        Rows of the two tables.
    verdict : list of str
        What came out, in three sentences.
    """

    folder: Path
    summary: dict[str, Any]
    accuracy: list[Row]
    comparisons: list[Row]
    verdict: list[str]


def run_noise(
    study: Study,
    *,
    quick: bool = False,
    kinds: Sequence[str] = (),
    trials: int | None = None,
    data: Path | None,
    results: Path,
    progress: Watcher,
) -> NoiseStudy:
    """Show networks to every noise that fits, and write ``<results>/noise/<study>/<hash>/``.

    Each contestant is simulated under each noise at every severity and with noise of every seed. What is done
    is kept, one file a contestant and noise: an interrupted study goes on where it was.

    Parameters
    ----------
    study : Study
        Data set, neuron, synapse, simulation and readout; who is compared follows from its data set.
    quick : bool
        Whether to try a few trials, severities, seeds and noises.
    kinds : sequence of str
        Names of `bioscnn.noise.NOISES`; all that fit if there are none.
    trials : int, optional
        Examples under each condition; the fewer of the study's and the usual ones of its data if not given.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If the study has noise of its own, a noise is unknown or fits no contestant, or anything else that the
        user gave does not fit.
    """
    started = datetime.now(UTC)
    progress.stage("loading")
    refuse_noise(study.config, "the noise study adds noise itself", "remove the table; --kinds chooses")
    amount = amount_of(study.config, quick=quick, trials=trials)
    contestants = contestants_of(study)
    studies = {one.name: one.of(study, amount.trials) for one in contestants}
    chosen = kinds_of([one.config for one in studies.values()], kinds, quick=quick)
    prepared = {name: _in_memory(prepare(one, data, progress)) for name, one in studies.items()}
    main = next(iter(prepared.values()))
    name = study.name + "-simulated" * main.input.simulated + "-quick" * quick
    folder = results / "noise" / name / _key(prepared, chosen, amount)
    (folder / "units").mkdir(parents=True, exist_ok=True)
    units = units_of(prepared, chosen, folder / "units")
    found = run_units(units, amount, study.config.simulation.jobs, progress)
    table = Results(found, main.examples.labels, chosen, amount)
    accuracy, comparisons = accuracy_rows(table), comparison_rows(table)
    title = TITLES.get(study.config.dataset.name, main.examples.name)
    verdict = verdict_of(table, comparisons, title)
    summary = _facts(study, main, chosen, amount) | {
        "title": title,
        "contestants": [{"name": one.name, "model": one.model, "about": one.about} for one in contestants],
        "weights": {one.study.config.network.model: one.graph.sha256() for one in prepared.values()},
        "verdict": verdict,
        "seconds": (datetime.now(UTC) - started).total_seconds(),
        **code_version(),
        **environment(),
    }
    write_csv(folder / "accuracy.csv", accuracy)
    write_csv(folder / "comparisons.csv", comparisons)
    _write_examples(folder / "examples.npz", main, chosen, amount)
    write_json(folder / "summary.json", summary)
    write_noise_report(folder)
    point_latest(folder)
    return NoiseStudy(folder, summary, accuracy, comparisons, verdict)


def _in_memory(prepared: Prepared) -> Prepared:
    """Return a contestant with its examples and stimulus in memory, so that units only add noise."""
    shown: Any = prepared.input
    if isinstance(shown.examples, EventSet):
        shown = replace(shown, examples=replace(shown.examples, recordings=tuple(shown.examples)))
    shown.stimulus  # noqa: B018 - what is cached goes to the processes with the rest
    return replace(prepared, input=shown)


def _key(prepared: Mapping[str, Prepared], kinds: Mapping[str, type[Noise]], amount: Amount) -> str:
    """Return the hash that names the result: of all that decides it."""
    noises = [repr(kind.at(severity)) for kind in kinds.values() for severity in amount.severities]
    keys = {name: one.key for name, one in prepared.items()}
    made_by = repr((keys, noises, amount, bioscnn.__version__))
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]


def _facts(study: Study, main: Prepared, kinds: Mapping[str, type[Noise]], amount: Amount) -> dict[str, Any]:
    config, examples = main.study.config, main.examples
    return {
        "study": study.name,
        "dataset": examples.name,
        "source": examples.source,
        "simulated": main.input.simulated,
        "n": len(examples),
        "seeds": len(amount.seeds),
        "severities": amount.severities,
        "classes": list(examples.classes),
        "chance": 1 / len(examples.classes),
        "noises": [
            {
                "name": name,
                "acts_on": kind.acts_on,
                "amounts": [kind.at(severity).setting for severity in range(1, 6)],
            }
            for name, kind in kinds.items()
        ],
        "readout": config.readout.rule,
        "duration_ms": 1e3 * config.simulation.duration,
        "dt_ms": 1e3 * config.simulation.dt,
        "device": config.simulation.device,
        "data_sha256": examples.sha256,
    }


def _write_examples(path: Path, main: Prepared, kinds: Mapping[str, type[Noise]], amount: Amount) -> None:
    names, pictures = example_pictures(main, kinds, amount.seeds[0])
    write_npz(path, {"names": np.array(names, dtype=str), "pictures": pictures})
