"""Verbs about this machine, its data, and the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bioscnn.cli.options import (
    Changes,
    DataFolder,
    Json,
    StudyFile,
    Trials,
    all_changes,
    read_study_file,
    words,
)
from bioscnn.errors import UserError

app = typer.Typer()
data_app = typer.Typer(no_args_is_help=True, help="Data sets: what is here, download, check.")


@app.command()
def devices(
    study: StudyFile,
    changes: Changes = None,
    trials: Trials = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Run a study on every device and compare all spikes.

    Ends with code 1 if they differ.
    """
    from bioscnn.printing.devices import print_devices
    from bioscnn.stdp.study import read_learned_study
    from bioscnn.terminal import WorkProgress

    options: Any = {"data": data, "results": Path("results")}
    learned = read_learned_study(study, all_changes(changes, {"dataset.trials": trials}))
    with WorkProgress() as progress:
        if learned is not None:
            from bioscnn.stdp.devices import run_learned_devices

            done = run_learned_devices(learned, **options, progress=progress)
        else:
            from bioscnn.studies.devices import run_devices

            loaded = read_study_file(study, changes, {"dataset.trials": trials})
            done = run_devices(loaded, **options, progress=progress)
    if as_json:
        typer.echo(json.dumps(done.summary, indent=2))
    else:
        print_devices(done)
    if not done.identical:
        raise typer.Exit(1)


@app.command()
def claims(
    pages: Annotated[
        list[Path] | None, typer.Argument(help="pages (default: README.md and docs/*.md)")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="write the numbers of the tables into the pages")
    ] = False,
    adopt: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="copy unmarked numbers of the pages, which this command measured, to tables",
        ),
    ] = None,
    take: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="copy a table of results, or runs by their summaries, to docs/tables"
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="name of the table that is taken")] = None,
    command: Annotated[
        str | None, typer.Option(help="with --take: what wrote the table, if no experiment")
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="with --command: whose code decides the numbers"),
    ] = None,
    varied: Annotated[str, typer.Option(help="what varied, with --take and --adopt")] = "trials",
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """List the numbers of the docs, and which are stale.

    A number is stale if the code or the data that made it have changed.
    """
    from bioscnn.claims import adopt_page, made_now, pages_of, survey, take_runs, take_table, write_page
    from bioscnn.printing.claims import print_survey

    chosen = pages or pages_of(Path())
    _refuse_what_is_not_taken(take or [], {"--name": name, "--command": command, "--code": code})
    if take:
        made_by = made_now(command, varied, *(code or [])) if command else None
        table = Path("docs/tables") / f"{name or take[0].stem}.csv"
        if len(take) > 1:
            take_runs(take, table, varied)
        else:
            take_table(take[0], table, varied, data, made_by)
    for page in chosen:
        if adopt is not None:
            adopt_page(page, adopt, varied)
        if write:
            write_page(page)
    claimed = survey(chosen, data)
    if as_json:
        typer.echo(json.dumps(claimed.as_dict(), indent=2))
    else:
        print_survey(claimed)
    if claimed.problems:
        raise typer.Exit(1)


def _refuse_what_is_not_taken(take: list[Path], of_table: dict[str, Any]) -> None:
    """Refuse options that would count for nothing: of a table where none is taken, of what made runs."""
    for key in (key for key, value in of_table.items() if value):
        if not take:
            raise UserError("no table is taken", key=key, value=of_table[key], fix="say which: --take FILE")
        if len(take) > 1 and key != "--name":
            raise UserError("runs say what made them", key=key, value=of_table[key], fix="leave it out")
        if key == "--code" and not of_table["--command"]:
            raise UserError("code of no command", key=key, value=of_table[key], fix="give --command too")


@app.command()
def study(
    quick: Annotated[
        bool, typer.Option("--quick", help="a few minutes of it, on what comes with bioscnn")
    ] = False,
    only: Annotated[str | None, typer.Option(metavar="A,B", help="run these steps and no others")] = None,
    again: Annotated[
        str | None, typer.Option(metavar="A,B", help="run these steps though they are done")
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="run nothing, write results/index.html alone")
    ] = False,
    data: DataFolder = None,
) -> None:
    """Run all that the docs report, and link it on one page."""
    from bioscnn.printing.studies import print_reproduction
    from bioscnn.report import write_index
    from bioscnn.reproduce import reproduce
    from bioscnn.terminal import StepProgress

    if index:
        typer.echo(write_index(Path("results")))
        return
    with StepProgress() as progress:
        done = reproduce(
            quick=quick, only=words(only), again=words(again), data=data, place=Path(), progress=progress
        )
    print_reproduction(done)
    if done.missing:
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say what works on this machine, and how to mend the rest."""
    from bioscnn.doctor import diagnose
    from bioscnn.printing.checks import print_checks

    checks = diagnose()
    print_checks(checks)
    if any(check.status in ("missing", "broken") for check in checks):
        raise typer.Exit(2)


@data_app.command("list")
def list_data(data: DataFolder = None) -> None:
    """List data sets and where they would come from."""
    from bioscnn.datasets import list_datasets
    from bioscnn.printing.shared import print_table

    rows = [(row.name, row.split, f"{row.n:,}", row.available) for row in list_datasets(data)]
    print_table(("data set", "split", "n", "available"), rows)


@data_app.command()
def fetch(name: Annotated[str, typer.Argument(help="such as mnist")]) -> None:
    """Download a data set, verified by checksum."""
    from bioscnn.datasets import fetch as fetch_dataset
    from bioscnn.terminal import DownloadProgress

    with DownloadProgress() as progress:
        paths = fetch_dataset(name, progress)
    for path in paths:
        typer.echo(path)


@data_app.command()
def check(name: Annotated[str, typer.Argument(help="such as mnist")], data: DataFolder = None) -> None:
    """Verify the files of a data set."""
    from bioscnn.datasets import check as check_dataset
    from bioscnn.printing.shared import print_table

    rows = check_dataset(name, data)
    print_table(("file", "status", "found"), [(str(row.file), row.status, row.found) for row in rows])
    if any(row.status == "broken" for row in rows):
        raise typer.Exit(2)
