"""How every experiment is run from the command line: options of its own, and those of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bioscnn.cli.options import DataFolder, Json

if TYPE_CHECKING:
    from bioscnn.experiments.experiment import Experiment
    from bioscnn.experiments.run import Finished


@dataclass(frozen=True)
class Where:
    """Options that all experiments share: who measures what, on which data, and what is printed."""

    jobs: Annotated[
        int | None, typer.Option(min=1, help="processes at a time (default: simulation.jobs of the study)")
    ] = None
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="compute on the workers of a Dask scheduler")
    ] = None
    slurm: Annotated[int | None, typer.Option(min=1, help="compute in so many jobs of Slurm")] = None
    pbs: Annotated[int | None, typer.Option(min=1, help="compute in so many jobs of PBS")] = None
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="measure the K-th of N parts only; analyse later, without"),
    ] = None
    data: DataFolder = None
    as_json: Json = False


def experiment_command(app: typer.Typer, name: str | None = None) -> Callable[[Callable[..., None]], None]:
    """Make a verb of an experiment: its own options, and those of `Where`, which it gets as `where`."""

    def register(verb: Callable[..., None]) -> None:
        hints = get_type_hints(verb, include_extras=True) | get_type_hints(Where, include_extras=True)
        shared = [Parameter(f.name, Parameter.KEYWORD_ONLY, default=f.default) for f in fields(Where)]
        own = [option for option in signature(verb).parameters.values() if option.name != "where"]
        options = [option.replace(annotation=hints[option.name]) for option in (*own, *shared)]

        @wraps(verb)
        def command(**options: Any) -> None:
            where = Where(**{option.name: options.pop(option.name) for option in shared})
            verb(**options, where=where)

        command.__signature__ = Signature(options)  # type: ignore[attr-defined]
        command.__annotations__ = {option.name: option.annotation for option in options}
        app.command(name)(command)

    return register


def conduct(
    experiment: Experiment,
    where: Where,
    *,
    keep_spikes: bool = False,
    retry: bool = False,
    cluster: Mapping[str, object] | None = None,
) -> Finished | None:
    """Run an experiment, print and return its results, None of a shard; exit with code 1 if units failed."""
    from bioscnn.experiments.executors import where_to_compute
    from bioscnn.experiments.run import Shard, ShardDone, run_experiment
    from bioscnn.printing.experiments import print_experiment, print_shard
    from bioscnn.terminal import WorkProgress

    place = where_to_compute(
        jobs=where.jobs,
        dask=where.dask,
        slurm=where.slurm,
        pbs=where.pbs,
        cluster=cluster,
        usual_jobs=experiment.study.config.simulation.jobs,
    )
    part = None if where.shard is None else Shard.read(where.shard)
    with WorkProgress() as progress:
        done = run_experiment(
            experiment, where=place, data=where.data, results=Path("results"), progress=progress, retry=retry,
            shard=part, keep_spikes=keep_spikes,
        )  # fmt: skip
    if isinstance(done, ShardDone):
        print_shard(done)
        return None
    if where.as_json:
        typer.echo(json.dumps(done.summary, indent=2))
    else:
        print_experiment(done)
    if done.analysis.failed:
        raise typer.Exit(1)
    return done
