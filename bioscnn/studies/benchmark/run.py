"""One benchmark from its tasks to its folder: simulate what is not kept yet, tabulate, draw, write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.files import whole_folder, write_csv, write_json
from bioscnn.metrics import Proportion
from bioscnn.studies.benchmark.markdown import Document, tables_markdown
from bioscnn.studies.benchmark.measurement import (
    Measurement,
    code_sha256,
    keep,
    kept,
    measure,
    measurement_key,
)
from bioscnn.studies.benchmark.tables import Measured, Row, network_row, over_time_rows, time_step_rows
from bioscnn.studies.benchmark.tasks import Benchmark, Task, count_images, tasks_of
from bioscnn.studies.prepare import prepare
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.watcher import Watcher

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Finished:
    """A finished benchmark.

    Parameters
    ----------
    folder : Path
        With ``networks.csv``, ``over-time.csv``, ``time-steps.csv``, ``table.md``, figures, ``summary.json``.
    summary : dict
        Contents of ``summary.json``.
    """

    folder: Path
    summary: dict[str, Any]


def run_benchmark(
    benchmark: Benchmark, *, data: Path | None, results: Path, docs: Path | None, progress: Watcher
) -> Finished:
    """Measure every network of a benchmark and write ``<results>/benchmark/<name>/``.

    Every simulation is kept in ``<results>/benchmark/measurements/`` under a hash of its study, data, weights
    and code, and not repeated.

    Parameters
    ----------
    benchmark : Benchmark
        What to measure.
    data : Path or None
        Data folder, as in `bioscnn.datasets.load_dataset`.
    results : Path
        Folder of all results.
    docs : Path or None
        A document whose part between the markers is replaced by the tables.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If anything the user gave does not fit, or a folder cannot be written; what is half done is left out.
    """
    document = None if docs is None else Document(docs, benchmark.name)
    started = datetime.now(UTC)
    n_images = count_images(benchmark, data)
    planned = [tasks_of(benchmark, network, n_images, data) for network in benchmark.networks]
    progress.plan(sum(task.work for tasks in planned for task in tasks.all()))
    keeping, data_used, names = results / "benchmark" / "measurements", {}, {}

    def result(task: Task) -> Measurement:
        prepared = prepare(task.study, data)
        images, key = prepared.examples, measurement_key(prepared, task.with_ann)
        names[key] = task.what
        data_used[images.sha256] = {"split": images.split, "n": len(images), "source": images.source}
        path = keeping / f"{key}.npz"
        if (found := kept(path)) is not None:
            progress.skip(task.work)
            return found
        progress.task(task.what, len(images), task.work)
        made = measure(prepared, task.with_ann, progress)
        keep(made, path)
        return made

    measured = [
        Measured(
            tasks.network,
            tasks.weights_sha256,
            result(tasks.choice),
            result(tasks.headline),
            result(tasks.long),
            {case: result(task) for case, task in tasks.time_steps.items()},
        )
        for tasks in planned
    ]
    networks = [network_row(one, benchmark.split) for one in measured]
    time_steps = [row for one in measured for row in time_step_rows(one)]
    summary = {
        "benchmark": benchmark.name,
        "started": started.isoformat(timespec="seconds"),
        **code_version(),
        "code_sha256": code_sha256(),
        **environment(),
        "data": data_used,
        "study": benchmark.read().toml(),
        "networks": networks,
        "time_steps": time_steps,
        "measurements": names,
    }
    text = tables_markdown(networks, time_steps, benchmark.command)
    folder = results / "benchmark" / benchmark.name
    with whole_folder(folder, mark="summary.json") as scratch:
        write_csv(scratch / "networks.csv", networks)
        write_csv(
            scratch / "over-time.csv", [r for one in measured for r in over_time_rows(one, benchmark.split)]
        )
        write_csv(scratch / "time-steps.csv", time_steps)
        (scratch / "table.md").write_text(text, encoding="utf-8")
        _draw(scratch, measured, networks, time_steps)
        write_json(scratch / "summary.json", summary)
    if document is not None:
        document.write(text)
    return Finished(folder, summary)


def _draw(folder: Path, measured: list[Measured], networks: list[Row], time_steps: list[Row]) -> None:
    from bioscnn import plots

    curves: dict[str, list[Proportion]] = {one.network: one.long.curve(one.rule) for one in measured}
    figures: dict[str, Figure] = {
        "accuracy-over-time": plots.networks_over_time(curves, measured[0].long.dt, networks),
        "time-steps": plots.time_steps(time_steps),
    }
    for name, figure in figures.items():
        for ending in (".svg", ".png"):
            plots.save(figure, folder / f"{name}{ending}")
