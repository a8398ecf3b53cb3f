"""Verbs that write what other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bioscnn.cli.options import Changes, DataFolder, StudyFile, read_study_file
from bioscnn.errors import printable

app = typer.Typer()


@app.command()
def export(
    what: Annotated[Path, typer.Argument(help="folder of a run, or latest; for nir a study")],
    to: Annotated[str, typer.Option(help="npz | csv | neo | nwb | nir")],
    out: Annotated[
        Path | None, typer.Option(help="file, for csv a folder (default: in the folder of the run, or here)")
    ] = None,
    changes: Changes = None,
    data: DataFolder = None,
) -> None:
    """Write a run, or a network, for other tools.

    What a run recorded, as npz, csv, neo or nwb; or the network of a study for other simulators, as nir.
    """
    if to == "nir":
        from bioscnn.printing.networks import print_export
        from bioscnn.printing.shared import Again
        from bioscnn.studies.export import export_nir

        exported = export_nir(read_study_file(what, changes, {"dataset.trials": 1}), data, out)
        print_export(exported, Again(what, changes or (), data))
        return
    from bioscnn.exports import counted_alone
    from bioscnn.exports import export as export_to
    from bioscnn.files import newest_run

    run = newest_run(what)
    typer.echo(printable(str(export_to(run, to, out, changes or ()))))
    if counted := counted_alone(run):
        names = printable(", ".join(counted))
        typer.echo(f"without {names}: a run keeps their spikes with --set readout.record=all", err=True)


@app.command()
def brian2(
    study: StudyFile,
    changes: Changes = None,
    trials: Annotated[int, typer.Option(min=1, help="so many of the study's first trials")] = 10,
    data: DataFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="folder for model.py and model.npz (default: script on standard output, STUDY-brian2.npz)"
        ),
    ] = None,
) -> None:
    """Write a study as a plain Brian2 script.

    The script gives the same spikes without bioscnn.
    """
    from bioscnn.script import write_script
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    with LiveProgress(None) as progress:
        loaded, _ = read_settled_study(study, changes or [], data, progress)
        written = write_script(loaded, out, trials, data, progress)
    if written.script is None:
        typer.echo(written.text, nl=False)
        typer.echo(
            f"{written.arrays.absolute()}: keep this file in the folder of the script, which loads it",
            err=True,
        )
    else:
        typer.echo(f"{written.script}\n{written.arrays}")
