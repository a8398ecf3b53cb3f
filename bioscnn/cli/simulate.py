"""Verbs around one run of a study: write it, plan it, run it, explain it, show it."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from bioscnn.cli.options import Changes, DataFolder, Json, RunFolder, StudyFile, Trials, all_changes
from bioscnn.errors import printable

app = typer.Typer()


class Code(Enum):
    """What the spikes of a new study say."""

    RATE = "rate"
    TIME = "time"


@app.command()
def run(
    study: StudyFile,
    changes: Changes = None,
    trials: Trials = None,
    device: Annotated[
        str | None, typer.Option(help="cpp_standalone, numpy or genn (simulation.device)")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="processes at a time (simulation.jobs)")] = None,
    seed: Annotated[int | None, typer.Option(help="of what is drawn (simulation.seed)")] = None,
    data: DataFolder = None,
    out: Annotated[Path | None, typer.Option(help="folder of this run")] = None,
    as_json: Json = False,
) -> None:
    """Simulate a study and write its report."""
    begun = perf_counter()
    from bioscnn.printing.runs import print_run
    from bioscnn.printing.shared import Again
    from bioscnn.stdp.study import read_learned_study
    from bioscnn.studies.run import run_study
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    shortcuts = {
        "dataset.trials": trials,
        "simulation.device": device,
        "simulation.jobs": jobs,
        "simulation.seed": seed,
    }
    all_changed = all_changes(changes, shortcuts)
    if (learned := read_learned_study(study, all_changed)) is not None:
        from bioscnn.printing.learned import print_learned_run
        from bioscnn.stdp.run import run_learned

        with LiveProgress(learned.config.dataset.trials) as progress:
            done = run_learned(learned, data=data, out=out, results=Path("results"), progress=progress)
        if as_json:
            typer.echo(json.dumps(done.summary, indent=2))
        else:
            print_learned_run(done)
        return
    with LiveProgress(None) as progress:
        loaded, chosen = read_settled_study(study, all_changed, data, progress)
    with LiveProgress(loaded.config.dataset.trials) as progress:
        results = Path("results")
        finished = run_study(loaded, data=data, out=out, results=results, progress=progress, chosen=chosen)
    if as_json:
        typer.echo(json.dumps(finished.summary, indent=2))
    else:
        print_run(finished, loaded.config, Again(study, all_changed, data), perf_counter() - begun)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="of the study; the file is NAME.toml")],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:PATH", help="own data: folder:, idx:, npz: or events:, then where they are"
        ),
    ] = None,
    code: Annotated[
        Code, typer.Option(help="what spikes say: rate; or time, one spike per neuron (docs/time-code.md)")
    ] = Code.RATE,
) -> None:
    """Write a study file for data of your own.

    It begins with comments that say what was found in them.
    """
    from bioscnn.printing.studies import print_new_study
    from bioscnn.studies.new import new_study

    print_new_study(new_study(name, data, code=code.value))


@app.command()
def plan(
    study: StudyFile,
    changes: Changes = None,
    trials: Trials = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Say what a study needs, without running it.

    Neurons, synapses, memory, and time.
    """
    from bioscnn.printing.runs import print_plan
    from bioscnn.studies.plan import plan_study
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    with LiveProgress(None) as progress:
        all_changed = all_changes(changes, {"dataset.trials": trials})
        loaded, _ = read_settled_study(study, all_changed, data, progress)
    planned = plan_study(loaded, data)
    if as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2))
    else:
        print_plan(planned)


@app.command()
def report(
    folder: RunFolder,
) -> None:
    """Write the report of a run again."""
    from bioscnn.files import newest_run
    from bioscnn.report import write_report

    typer.echo(printable(str(write_report(newest_run(folder)))))


@app.command()
def explain(
    run: RunFolder,
    trials: Annotated[int, typer.Option(help="trials to simulate again")] = 1000,
    jobs: Annotated[int | None, typer.Option(help="processes at a time")] = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Say where the accuracy of a run goes, cause by cause.

    The answer is printed, and added to the report of the run.
    """
    from bioscnn.printing.runs import print_ledger
    from bioscnn.studies.explain import explain_run
    from bioscnn.terminal import LiveProgress

    with LiveProgress(trials) as progress:
        folder, ledger = explain_run(run, data=data, trials=trials, jobs=jobs, progress=progress)
    if as_json:
        typer.echo((folder / "ledger.json").read_text(encoding="utf-8"))
    else:
        print_ledger(ledger, folder / "report.html")


@app.command()
def compare(
    a: RunFolder,
    b: Annotated[Path, typer.Argument(help="another of the same trials: other neuron, noise, device, ...")],
    as_json: Json = False,
) -> None:
    """Compare two runs of the same trials.

    Runs with `--set readout.record=all` keep all spikes. Ends with code 1 if spikes differ where networks
    and input are the same.
    """
    from bioscnn.files import newest_run
    from bioscnn.printing.devices import print_comparison
    from bioscnn.studies.compare import compare_runs

    comparison = compare_runs(newest_run(a), newest_run(b))
    if as_json:
        typer.echo(json.dumps(comparison.as_dict(), indent=2))
    else:
        print_comparison(comparison)
    if not comparison.as_expected:
        raise typer.Exit(1)


@app.command()
def play(
    out: Annotated[Path, typer.Option(help="the HTML file")] = Path("results/play.html"),
    opens: Annotated[bool, typer.Option("--open/--no-open", help="open it in the browser")] = True,
    data: DataFolder = None,
) -> None:
    """Write and open a page whose network reads digits you draw."""
    from bioscnn.files import made_folder
    from bioscnn.play import open_page, write_play_page

    with made_folder(out.parent):
        path = write_play_page(out, data=data)
    typer.echo(path)
    if opens and not open_page(path):
        typer.echo("no browser here: open the file in any, also on a phone", err=True)


@app.command()
def cite(study: StudyFile, changes: Changes = None, data: DataFolder = None) -> None:
    """Print BibTeX of exactly the methods that a study uses."""
    from bioscnn.citations import bibtex, methods_of
    from bioscnn.stdp.study import read_learned_study
    from bioscnn.studies.settling import read_study_of_any_duration

    learned = read_learned_study(study, changes or [])
    loaded = learned or read_study_of_any_duration(study, changes or [])
    typer.echo(bibtex(methods_of(loaded.config, data)), nl=False)
