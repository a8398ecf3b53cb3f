"""An experiment, from its plan to its folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.engine import bench_of, complete
from bioscnn.experiments.executors import Where, executor_at, require_means
from bioscnn.experiments.experiment import Analysis, Done, Experiment
from bioscnn.experiments.lock import locked
from bioscnn.experiments.store import SPEC, UNITS, MadeBy, Store
from bioscnn.experiments.unit import Outcome, Unit
from bioscnn.experiments.warned import warnings_of
from bioscnn.files import (
    make_folder,
    path_of,
    point_latest,
    read_text,
    refuse_folder,
    write_atomically,
    write_csv,
    write_json,
)
from bioscnn.fingerprint import hash_of
from bioscnn.report import INDEX, write_index
from bioscnn.report.render import write_page
from bioscnn.report.warned import sentences_of
from bioscnn.result_versions import in_format
from bioscnn.studies.naming import result_folder
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.watcher import Watcher

LONGEST_SHARD = 40
"""Characters of ``--shard``."""


@dataclass(frozen=True)
class Finished:
    """A finished experiment.

    Parameters
    ----------
    folder : Path
        With tables, ``units.csv``, ``summary.json`` and ``report.html``.
    summary : dict
        Contents of ``summary.json``.
    analysis : Analysis
        What it came to.
    computed : int
        Units that were measured now; the others were kept from earlier.
    """

    folder: Path
    summary: dict[str, Any]
    analysis: Analysis
    computed: int


@dataclass(frozen=True)
class Shard:
    """One of several equal parts of the units, measured by a command of its own.

    Parameters
    ----------
    number, of : int
        ``3`` and ``16`` of ``--shard 3/16``.
    """

    number: int
    of: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """Return the shard that ``"3/16"`` names.

        Raises
        ------
        UserError
            If it names none.
        """
        first, _, last = text.partition("/")
        short = len(text) <= LONGEST_SHARD  # Python makes no number of thousands of digits
        if (
            short
            and text.isascii()
            and first.isdecimal()
            and last.isdecimal()
            and 1 <= int(first) <= int(last)
        ):
            return cls(int(first), int(last))
        raise UserError(
            "not a shard", key="--shard", value=text, expected="number/of, such as 3/16: the third of sixteen"
        )

    def of_units(self, units: Iterable[Unit]) -> list[Unit]:
        """Return the units of this shard."""
        return [unit for place, unit in enumerate(units) if place % self.of == self.number - 1]


@dataclass(frozen=True)
class ShardDone:
    """A shard whose units are in the store; the experiment is finished by its command without a shard."""

    folder: Path
    units: int
    computed: int


def run_experiment(
    experiment: Experiment,
    *,
    where: Where,
    data: Path | None,
    results: Path,
    progress: Watcher,
    retry: bool = False,
    shard: Shard | None = None,
    keep_spikes: bool = False,
) -> Finished | ShardDone:
    """Measure what is not in the store yet, analyse, and write the folder of the experiment, and the index.

    The folder is ``<results>/<name>/<label>/<what was changed in the study>-<hash>/``.

    Where recordings are simulated, the label ends in ``-simulated``.

    Everything is checked before anything is measured. Outcomes are kept unit by unit, so an interrupted
    experiment goes on where it was; an outcome that was made by other code is measured again unless its
    inputs and the code that it was computed by are the same.

    Parameters
    ----------
    experiment : Experiment
        What to do.
    where : Where
        Who measures; it decides no result.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.
    retry : bool
        Whether units that failed are measured again.
    shard : Shard, optional
        Measure only these units of the next round that is not complete, and analyse nothing.
    keep_spikes : bool
        Whether spikes and potentials are kept too, in ``<results>/recordings/``: after a change of the
        readout they are read out again without simulating.

    Returns
    -------
    Finished or ShardDone

    Raises
    ------
    UserError
        If anything that the user gave does not fit, another process is at this experiment, who measures
        cannot be reached, or the disk is full.
    """
    begun = datetime.now(UTC)
    require_means(where)
    refuse_folder(results / INDEX)
    progress.stage("loading")
    data = None if data is None else path_of(data).absolute()  # workers may run in other folders
    bench = bench_of(data)
    bench.progress = progress
    with threadpool_limits(1, user_api="blas"):  # as where units are measured
        units = experiment.plan(bench)
    plan = _key(experiment, units, bench)
    warnings = [asdict(warning) for warning in warnings_of(units, bench)]
    simulated = bench.clean(units[0].study.config).simulated
    label = experiment.label + "-simulated" * simulated
    folder = result_folder(results / experiment.name / label, experiment.study.label, plan)
    store = Store(folder, lambda unit: bench.contents(unit.study.config))
    store.open({"plan": plan, "experiment": experiment.name, "label": label})
    _speak_of_earlier(folder, progress)
    version = code_version()
    every: list[Unit] = []
    outcomes: dict[str, Outcome] = {}
    made: dict[str, MadeBy] = {}
    computed = measured = 0
    seconds = 0.0
    lock = ".lock" if shard is None else f".lock-{shard.number}-of-{shard.of}"
    with locked(folder, lock):
        with executor_at(where, progress.stage) as executor:
            while units:
                mine = units if shard is None else shard.of_units(units)
                round_begun = perf_counter()
                done = complete(
                    mine,
                    store,
                    executor,
                    data,
                    progress,
                    commit=_commit(version),
                    recordings=results.absolute() / "recordings" if keep_spikes else None,
                    keep_failures=experiment.keeps_failures,
                    retry=retry,
                    outcomes={need: outcomes[need.partition(":")[0]] for unit in mine for need in unit.needs},
                )
                seconds += perf_counter() - round_begun
                computed += done.computed
                measured += len(mine)
                if shard is not None and not done.add(store, units):
                    return ShardDone(folder, measured, computed)
                every += units
                outcomes |= done.outcomes
                made |= done.made
                with threadpool_limits(1, user_api="blas"):
                    units = experiment.next_round(_done(every, outcomes, made), bench)
        if shard is not None:
            return ShardDone(folder, measured, computed)
        progress.stage("analysing")
        per_second = computed / seconds if computed else _earlier_speed(folder)
        analysis = experiment.analyse(_done(every, outcomes, made), bench)
        for name, content in analysis.files.items():
            make_folder((folder / name).parent)
            write_atomically(folder / name, content)
        for name, rows in analysis.tables.items():
            write_csv(folder / f"{name}.csv", rows)
        store.write_overview(every, made)
        summary = in_format(_summary(experiment, analysis, made, begun, version, computed))
        summary |= {"units_per_second": per_second, "warnings": warnings}
        write_json(folder / "summary.json", summary)
        progress.stage("reporting")
        page = experiment.page(analysis, summary)
        write_page(replace(page, warnings=[*page.warnings, *sentences_of(summary)]), folder)
        point_latest(folder)
    write_index(results)
    return Finished(folder, summary, analysis, computed)


def _done(units: list[Unit], outcomes: Mapping[str, Outcome], made: Mapping[str, MadeBy]) -> Done:
    failed = {name: made_by.error for name, made_by in made.items() if made_by.error}
    return Done(tuple(units), outcomes, failed)


def _earlier_speed(folder: Path) -> float | None:
    """Return how many units per second were measured when the experiment was finished last."""
    try:
        speed = json.loads(read_text(folder / "summary.json"))["units_per_second"]
        return None if speed is None else float(speed)
    except (UserError, OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _key(experiment: Experiment, units: Iterable[Unit], bench: Bench) -> str:
    """Return the hash that names the result: of its units, its options, its data and its networks."""
    named = sorted(f"{unit.id}-{bench.contents(unit.study.config)}" for unit in units)
    return hash_of(named, dict(experiment.spec))[:16]


def _commit(version: Mapping[str, Any]) -> str:
    return f"{version['commit'] or 'not from a checkout'}{'+' if version['dirty'] else ''}"


def _speak_of_earlier(folder: Path, progress: Watcher) -> None:
    """Say that results of an earlier version are there, and are not used."""
    earlier = [
        path
        for path in folder.parent.iterdir()
        if path.is_dir() and not path.is_symlink() and path.name != UNITS and not (path / SPEC).exists()
    ]
    if earlier:
        progress.stage(f"{earlier[0]} was made by an earlier bioscnn; everything is measured anew")


def _summary(
    experiment: Experiment,
    analysis: Analysis,
    made: Mapping[str, MadeBy],
    begun: datetime,
    version: Mapping[str, Any],
    computed: int,
) -> dict[str, Any]:
    config = experiment.study.config
    return {
        "experiment": experiment.name,
        "label": experiment.label,
        "study": experiment.study.name,
        "changed": dict(experiment.study.edits),
        "title": analysis.title,
        "simulated": analysis.simulated,
        "verdict": list(analysis.verdict),
        "entry": asdict(analysis.entry),
        "readout": config.readout.rule,
        "duration_ms": 1e3 * config.simulation.duration,
        "dt_ms": 1e3 * config.simulation.dt,
        "device": config.simulation.device,
        "precision": config.simulation.precision,
        **analysis.summary,
        "failed": dict(analysis.failed),
        "units": len(made),
        "computed": computed,
        "unit_seconds": sum(made_by.seconds for made_by in made.values()),
        "unit_commits": sorted({made_by.commit for made_by in made.values()}),
        "started": begun.isoformat(timespec="seconds"),
        "seconds": (datetime.now(UTC) - begun).total_seconds(),
        **version,
        **environment(),
    }
