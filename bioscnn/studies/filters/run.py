"""The filter study, from its images to its folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bioscnn
from bioscnn.datasets.titles import TITLES
from bioscnn.encoding.reconstruction import WANTED
from bioscnn.errors import UserError
from bioscnn.files import point_latest, write_csv, write_json
from bioscnn.report.filters import write_filters_report
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.filters.choices import Choice, choices
from bioscnn.studies.filters.images import FULL, QUICK, amount_of, load_pool
from bioscnn.studies.filters.order import order_rows
from bioscnn.studies.filters.tables import mean_rows, table_rows
from bioscnn.studies.filters.unit import Row, Work, run_unit
from bioscnn.studies.filters.verdict import Verdict, verdict_of
from bioscnn.studies.image_input import front_end_of
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.study import Study
from bioscnn.studies.watcher import Watcher
from bioscnn.training.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class Filters:
    """A finished filter study.

    Parameters
    ----------
    folder : Path
        With ``table.csv``, ``means.csv``, ``comparisons.csv``, ``order.csv``, ``summary.json``,
        ``report.html``, and every trained network in ``networks/``.
    summary : dict
        Contents of ``summary.json``.
    verdict : Verdict
        What came out.
    """

    folder: Path
    summary: dict[str, Any]
    verdict: Verdict


def run_filters(
    study: Study, *, quick: bool = False, data: Path | None, results: Path, progress: Watcher
) -> Filters:
    """Try every combination of cells, and write ``<results>/filters/<study>/<hash>/``.

    For each, with and without rank order, networks are trained anew and simulated on clean and noisy test
    images. What is done is kept front end by front end, and each network when it is trained: an interrupted
    study goes on where it was.

    Parameters
    ----------
    study : Study
        Data set, trial, neuron and readout; its network's recipe is what is trained.
    quick : bool
        Whether to try a few images, one seed and one severity of noise.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If the network has no recipe with a front end, or the images cannot be had.
    """
    started = datetime.now(UTC)
    refuse_noise(study.config, "the filter study has noise of its own")
    progress.stage("loading")
    recipe = _recipe(study)
    amount = amount_of(study.config, QUICK if quick else FULL)
    pool = load_pool(study.config, amount, data)
    work = Work(study, recipe, pool, amount, front_end_of(study.config))
    folder = results / "filters" / (f"{study.name}-quick" if quick else study.name) / _key(work)
    (folder / "networks").mkdir(parents=True, exist_ok=True)
    (folder / "units").mkdir(exist_ok=True)
    found = _run_all(work, folder, progress)
    labels = pool.images.labels
    means = mean_rows(found, labels)
    verdict = verdict_of(found, means, labels, amount, TITLES[study.config.dataset.name])
    order, needed = order_rows(pool.images.take(pool.divisions[0].test))
    summary = {
        "study": study.name,
        "dataset": pool.images.name,
        "title": TITLES[study.config.dataset.name],
        "source": pool.images.source,
        "n_seeds": amount.seeds,
        "n_train": len(pool.divisions[0].train),
        "n_validation": len(pool.divisions[0].validation),
        "n_test": len(pool.divisions[0].test),
        "epochs": amount.epochs,
        "duration_ms": 1e3 * study.config.simulation.duration,
        "dt_ms": 1e3 * study.config.simulation.dt,
        "readout": study.config.readout.rule,
        "device": study.config.simulation.device,
        "best": verdict.best.label,
        "best_filtered": verdict.best_filtered.label,
        "best_in_noise": verdict.best_in_noise.label,
        "spikes_needed": needed,
        "verdict": [*verdict.sentences, _needed(needed, order[0]["n"])],
        "seconds": (datetime.now(UTC) - started).total_seconds(),
        "data_sha256": pool.images.sha256,
        **code_version(),
        **environment(),
    }
    write_csv(folder / "table.csv", table_rows(found, labels))
    write_csv(folder / "means.csv", means)
    write_csv(folder / "comparisons.csv", verdict.comparisons)
    write_csv(folder / "order.csv", order)
    write_json(folder / "summary.json", summary)
    write_filters_report(folder)
    point_latest(folder)
    return Filters(folder, summary, verdict)


def _run_all(work: Work, folder: Path, progress: Watcher) -> dict[Choice, list[Row]]:
    """Return the rows of every front end; those that are kept are not repeated."""
    from joblib import Parallel, delayed

    every = choices()
    progress.plan(sum(choice.work for choice in every))
    path = {choice: folder / "units" / f"{choice.file_name}.json" for choice in every}
    todo = []
    for choice in every:
        if path[choice].exists():
            progress.skip(choice.work)
        else:
            todo.append(choice)
    # The longest first, so that no process is left alone with one at the end.
    todo.sort(key=lambda choice: -choice.work)
    parallel = Parallel(n_jobs=work.study.config.simulation.jobs, return_as="generator_unordered")
    for choice in parallel(
        delayed(_finish)(work, choice, folder / "networks", path[choice]) for choice in todo
    ):
        progress.task(choice.label, 1, choice.work)
        progress.trial()
    return {choice: json.loads(path[choice].read_text(encoding="utf-8")) for choice in every}


def _finish(work: Work, choice: Choice, networks: Path, path: Path) -> Choice:
    write_json(path, run_unit(work, choice, networks))
    return choice


def _recipe(study: Study) -> Recipe:
    """Return the recipe of the study's network, whose front end can be exchanged."""
    recipe = RECIPES.get(study.config.network.model)
    known = [r.name for r in RECIPES.values() if r.front_end is not None and r.settings.noise == 0]
    if recipe is None or recipe.name not in known or isinstance(recipe.start, str):
        raise UserError(
            "the filter study trains networks like that of the study, and there is no recipe for it",
            key="network.model",
            value=study.config.network.model,
            expected=" | ".join(known),
        )
    return recipe


def _needed(share: float, n: int) -> str:
    return (
        f"Ranked over all four kinds of cells, the first {100 * share:.1f} % of the spikes explain "
        f"{100 * WANTED:.0f} % of what all of them explain of an image (mean of {n} test images)."
    )


def _key(work: Work) -> str:
    """Return the hash that names the result: of everything that decides it.

    Which front end the study itself has does not.
    """
    written, start = work.study.config.model_dump(), work.recipe.start
    del written["simulation"]["jobs"], written["network"], written["encoding"], written["dataset"]["trials"]
    same = Choice((), rank_order=False).of(work.front_end)
    training = (work.recipe.settings, start if isinstance(start, str) else start.convolutions)
    made_by = repr((written, work.amount, same, training, work.pool.images.sha256, bioscnn.__version__))
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]
