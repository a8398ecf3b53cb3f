"""The command line: verbs and what they print; no logic of their own."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bioscnn import __version__
from bioscnn.errors import UserError

if TYPE_CHECKING:
    from bioscnn.experiments.experiment import Experiment
    from bioscnn.experiments.run import Finished
    from bioscnn.stdp.study import LearnedStudy
    from bioscnn.studies import Study

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A trained CNN as a biologically detailed spiking network in Brian2.",
)
data_app = typer.Typer(no_args_is_help=True, help="Data sets: what is here, download, check.")
app.add_typer(data_app, name="data", rich_help_panel="This machine and these docs")

StudyFile = Annotated[Path, typer.Argument(help="a study file, or a shipped one by its name, such as mnist")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help='change a key: neuron.t_ref="1 ms"')
]
DataFolder = Annotated[Path | None, typer.Option(help="data folder (default: BIOSCNN_DATA)")]
Trials = Annotated[int | None, typer.Option(help="so many examples (dataset.trials)")]
KeepSpikes = Annotated[
    bool, typer.Option("--keep-spikes", help="keep spikes too: another readout needs no simulation")
]


class TrainedOn(Enum):
    """What a network is trained on."""

    RATES = "rates"
    SPIKES = "spikes"
    TIMES = "times"


Json = Annotated[bool, typer.Option("--json", help="print JSON alone on standard output")]


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


def experiment_command(name: str | None = None) -> Callable[[Callable[..., None]], None]:
    """Make a verb of an experiment: its own options, and those of `Where`, which it gets as `where`."""

    def register(verb: Callable[..., None]) -> None:
        hints = get_type_hints(verb, include_extras=True) | get_type_hints(Where, include_extras=True)
        shared = [Parameter(f.name, Parameter.KEYWORD_ONLY, default=f.default) for f in fields(Where)]
        own = [option for option in signature(verb).parameters.values() if option.name != "where"]
        options = [option.replace(annotation=hints[option.name]) for option in (*own, *shared)]

        @wraps(verb)
        def command(**given: Any) -> None:
            where = Where(**{option.name: given.pop(option.name) for option in shared})
            verb(**given, where=where)

        command.__signature__ = Signature(options)  # type: ignore[attr-defined]
        command.__annotations__ = {option.name: option.annotation for option in options}
        app.command(name)(command)

    return register


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


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
    from bioscnn.studies.run import run_study
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    shortcuts = {
        "dataset.trials": trials,
        "simulation.device": device,
        "simulation.jobs": jobs,
        "simulation.seed": seed,
    }
    asked = _changes(changes, shortcuts)
    if (learned := _learned(study, asked)) is not None:
        from bioscnn.printing.learned import print_learned_run
        from bioscnn.stdp.run import run_learned

        with LiveProgress(learned.config.dataset.trials) as progress:
            done = run_learned(learned, data=data, out=out, results=Path("results"), progress=progress)
        typer.echo(json.dumps(done.summary, indent=2)) if as_json else print_learned_run(done)
        return
    with LiveProgress(None) as progress:
        loaded, chosen = read_settled_study(study, asked, data, progress)
    with LiveProgress(loaded.config.dataset.trials) as progress:
        results = Path("results")
        finished = run_study(loaded, data=data, out=out, results=results, progress=progress, chosen=chosen)
    if as_json:
        typer.echo(json.dumps(finished.summary, indent=2))
    else:
        print_run(finished, loaded.config, Again(study, asked, data), perf_counter() - begun)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="of the study; the file is NAME.toml")],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:PATH", help="own data: folder:, idx:, npz: or events:, then where they are"
        ),
    ] = None,
) -> None:
    """Write a study file for data of your own, with what was found in them."""
    from bioscnn.printing.studies import print_new_study
    from bioscnn.studies.new import new_study

    print_new_study(new_study(name, data))


@app.command()
def plan(
    study: StudyFile,
    changes: Changes = None,
    trials: Trials = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Say what a study needs (neurons, synapses, memory, time) without running it."""
    from bioscnn.printing.runs import print_plan
    from bioscnn.studies.plan import plan_study
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    with LiveProgress(None) as progress:
        asked = _changes(changes, {"dataset.trials": trials})
        loaded, _ = read_settled_study(study, asked, data, progress)
    planned = plan_study(loaded, data)
    if as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2))
    else:
        print_plan(planned)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of a run, such as results/mnist/latest")],
) -> None:
    """Write the report of a run again."""
    from bioscnn.report import write_report

    typer.echo(write_report(folder))


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(help="folder of a run, such as results/mnist/latest; or: latest")],
    trials: Annotated[int, typer.Option(help="trials to simulate again")] = 1000,
    jobs: Annotated[int | None, typer.Option(help="processes at a time")] = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Say where the accuracy of a run goes, cause by cause, and add that to its report."""
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
    a: Annotated[Path, typer.Argument(help="folder of a run (--set readout.record=all keeps all spikes)")],
    b: Annotated[Path, typer.Argument(help="another of the same trials: other neuron, noise, device, ...")],
    as_json: Json = False,
) -> None:
    """Compare two runs of the same trials; code 1 if spikes differ where networks and input are the same."""
    from bioscnn.printing.devices import print_comparison
    from bioscnn.studies.compare import compare_runs

    comparison = compare_runs(a, b)
    if as_json:
        typer.echo(json.dumps(comparison.as_dict(), indent=2))
    else:
        print_comparison(comparison)
    if not comparison.as_expected:
        raise typer.Exit(1)


@app.command()
def devices(
    study: StudyFile,
    changes: Changes = None,
    trials: Trials = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Run a study on every device of this machine and compare all spikes; code 1 if they differ."""
    from bioscnn.printing.devices import print_devices
    from bioscnn.studies.devices import run_devices
    from bioscnn.terminal import WorkProgress

    loaded = _study(study, changes, {"dataset.trials": trials})
    with WorkProgress() as progress:
        done = run_devices(loaded, data=data, results=Path("results"), progress=progress)
    if as_json:
        typer.echo(json.dumps(done.summary, indent=2))
    else:
        print_devices(done)
    if not done.identical:
        raise typer.Exit(1)


@app.command()
def train(
    what: Annotated[
        str,
        typer.Argument(help="a study file; or a network such as mnist-small, or a data set for all of its"),
    ],
    on: Annotated[
        TrainedOn | None, typer.Option(help="rates; or spikes or times, which begin with the study's network")
    ] = None,
    changes: Changes = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, max=2**31 - 1, help="passes through the training examples")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="training.seed")] = None,
    data: DataFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="folder of the network and its card (default: that of network.model)")
    ] = None,
) -> None:
    """Train the network of a study, on rates, spikes or spike times (needs the extra `train`)."""
    from bioscnn.printing.networks import print_training
    from bioscnn.printing.shared import Again
    from bioscnn.studies.recipes import find_recipes
    from bioscnn.studies.training import train_recipe
    from bioscnn.terminal import LiveProgress, TrainingProgress

    of_learning = _changes(changes, {"learning.seed": seed, "learning.passes": epochs})
    if (learned := _learned(Path(what), of_learning)) is not None:
        from bioscnn.printing.learned import print_learned_training
        from bioscnn.stdp.run import train_learned

        if on is not None:
            raise UserError("a network that learns without labels has no stages of training", key="--on",
                            value=on.value, fix="leave it out")  # fmt: skip
        with LiveProgress(None) as progress:
            file, card = train_learned(learned, data, out, progress)
        print_learned_training(file, card, Again(Path(what), changes or (), data))
        return
    for recipe in find_recipes(what, changes or (), None if on is None else on.value):
        with TrainingProgress(recipe.name) as progress:
            file, card = train_recipe(recipe.changed(seed, epochs), data, out, progress)
        print_training(card, file, recipe.config.network.model, Again(Path(what), changes or (), data))


@experiment_command("cross-validate")
def cross_validate(
    study: StudyFile,
    network: Annotated[str, typer.Argument(help="a recipe for recordings, such as nmnist-small-real")],
    changes: Changes = None,
    folds: Annotated[int, typer.Option(help="parts into which the recordings are divided")] = 5,
    *,
    where: Where,
) -> None:
    """Train on all folds of a set of recordings but one, simulate that one, and so on (needs `train`)."""
    from bioscnn.experiments.crossval import CrossValidation
    from bioscnn.studies.recipes import find_recipe

    experiment = CrossValidation(_study(study, changes, {}), find_recipe(network), folds)
    _conduct(experiment, where)


@experiment_command()
def timing(
    study: StudyFile,
    changes: Changes = None,
    perturb: Annotated[
        list[str] | None,
        typer.Option(help='what is done to the spikes, repeatable, such as "jitter 5 ms" (default: all)'),
    ] = None,
    collapsed: Annotated[
        str | None,
        typer.Option(help="a network of recordings collapsed in time (default: DATASET-collapsed)"),
    ] = None,
    folds: Annotated[int, typer.Option(help="parts into which the decoders' trials are divided")] = 5,
    layer: Annotated[
        list[str] | None, typer.Option(help="whose spikes are perturbed, repeatable (default: all)")
    ] = None,
    trials: Trials = None,
    *,
    where: Where,
) -> None:
    """Ask what the times of spikes carry that their number does not."""
    from bioscnn.experiments.timing import TimingExperiment

    loaded = _study(study, changes, {"dataset.trials": trials})
    experiment = TimingExperiment(loaded, tuple(perturb or ()), collapsed, folds, tuple(layer or ()))
    _conduct(experiment, where)


@experiment_command("times-needed")
def times_needed(
    study: StudyFile,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse one: few recordings, two seeds")] = False,
    changes: Changes = None,
    seeds: Annotated[int | None, typer.Option(help="networks of each kind (default: 5)")] = None,
    trials: Trials = None,
    *,
    where: Where,
) -> None:
    """Train networks on recordings without their spike times, and say what they lose (needs `train`)."""
    from bioscnn.experiments.times_needed import TimesNeededExperiment

    loaded = _study(study, changes, {"dataset.trials": trials})
    _conduct(TimesNeededExperiment(loaded, quick, seeds), where)


@experiment_command()
def codes(
    study: StudyFile,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse one: few images, two seeds")] = False,
    changes: Changes = None,
    seeds: Annotated[int | None, typer.Option(help="networks of each code (default: 5)")] = None,
    examples: Annotated[int | None, typer.Option(min=1, help="training images (default: 6000)")] = None,
    *,
    where: Where,
) -> None:
    """Train networks of rates and of spike times alike, and say which code to choose (needs `train`)."""
    from bioscnn.experiments.codes import CodesExperiment

    _conduct(CodesExperiment(_study(study, changes, {}), quick, seeds, examples), where)


@experiment_command()
def retina(
    study: StudyFile,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse one: few images, one severity")] = False,
    search: Annotated[
        bool, typer.Option("--search", help="try every combination of cells instead (exploratory)")
    ] = False,
    changes: Changes = None,
    *,
    where: Where,
) -> None:
    """Say what a retina's cells add to gain control, clean and in noise (needs the extra `train`)."""
    from bioscnn.experiments.retina import CellSearch, RetinaExperiment

    experiment = (CellSearch if search else RetinaExperiment)(_study(study, changes, {}), quick)
    _conduct(experiment, where)


@experiment_command()
def noise(
    study: StudyFile,
    quick: Annotated[
        bool, typer.Option("--quick", help="a coarse one: few trials, severities, kinds")
    ] = False,
    kinds: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="noises such as gaussian-noise,spike-loss (default: all that fit)"),
    ] = None,
    changes: Changes = None,
    trials: Annotated[int | None, typer.Option(min=1, help="examples under each condition")] = None,
    training_seeds: Annotated[
        int | None,
        typer.Option(min=1, help="train every network anew with so many seeds (needs the extra `train`)"),
    ] = None,
    training_examples: Annotated[
        int | None, typer.Option(min=1, help="such a training shows the first so many examples")
    ] = None,
    networks: Annotated[
        str | None, typer.Option(metavar="A,B", help='compare these, such as "soft LIF,ReLU" (default: all)')
    ] = None,
    keep_spikes: KeepSpikes = False,
    *,
    where: Where,
) -> None:
    """Say what noise destroys first, and whether retina, training and spikes help."""
    from bioscnn.experiments.noise import NoiseExperiment

    experiment = NoiseExperiment(
        _study(study, changes, {}),
        quick,
        _words(kinds),
        trials,
        training_seeds,
        training_examples,
        _words(networks),
    )
    _conduct(
        experiment,
        where,
        keep_spikes=keep_spikes,
    )


@app.command()
def merge(
    sources: Annotated[list[Path], typer.Argument(help="folders of results of other machines")],
) -> None:
    """Bring the units that shards measured elsewhere into results/; then type the command without --shard."""
    from bioscnn.experiments.merge import merge as merge_units

    done = merge_units(sources, Path("results"))
    typer.echo(
        f"{done.copied:,} units copied, {done.there:,} were there, {done.damaged:,} damaged ones left out"
    )
    for name in done.experiments:
        typer.echo(f"  results/{name}")


@experiment_command("time-step")
def time_step(
    study: StudyFile,
    steps: Annotated[
        str | None,
        typer.Option(metavar="A,B", help='time steps such as "1 ms,0.1 ms" (default: 2 to 0.05 ms)'),
    ] = None,
    changes: Changes = None,
    trials: Trials = None,
    keep_spikes: KeepSpikes = False,
    *,
    where: Where,
) -> None:
    """Say what a coarser time step changes in accuracy, latency and spikes."""
    from bioscnn.experiments.time_step import TimeStepExperiment
    from bioscnn.experiments.time_step.experiment import STEPS

    loaded = _study(study, changes, {"dataset.trials": trials})
    experiment = TimeStepExperiment(loaded, _words(steps) or STEPS)
    _conduct(experiment, where,
        keep_spikes=keep_spikes,
    )  # fmt: skip


@experiment_command()
def sweep(
    file: Annotated[Path, typer.Argument(help="a sweep file, or a shipped one: sweeps/mnist-morris")],
    plan: Annotated[
        bool, typer.Option("--plan", help="say how many points, programs and seconds; simulate nothing")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="compute points again that failed")] = False,
    gain: Annotated[
        str | None, typer.Option(help="wired | kept, in place of the file's: whether layers keep their gain")
    ] = None,
    changes: Changes = None,
    trials: Trials = None,
    *,
    where: Where,
) -> None:
    """Vary the parameters of a study, by a grid up to global sensitivity; code 1 if points fail."""
    from bioscnn.experiments.sweep import SweepExperiment, plan_sweep, read_sweep
    from bioscnn.printing.studies import print_sweep_plan

    given = [*(changes or []), *([] if trials is None else [f"dataset.trials={trials}"])]
    experiment = SweepExperiment(read_sweep(file, given, gain))
    if not plan:
        _conduct(experiment, where, retry=retry,
            cluster=experiment.sweep.cluster,
        )  # fmt: skip
        return
    n_jobs = where.slurm or where.pbs or where.jobs or experiment.study.config.simulation.jobs
    planned = plan_sweep(experiment, jobs=n_jobs, data=where.data)
    if where.as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2))
    else:
        print_sweep_plan(planned)


@experiment_command()
def ladder(
    study: StudyFile,
    neuron: Annotated[
        Path | None, typer.Option(help="a neuron of your own, a TOML file, which is one more rung")
    ] = None,
    fine_tuned: Annotated[
        bool, typer.Option("--fine-tuned", help="fine-tune on spikes, too (needs the extra `train`)")
    ] = False,
    factorial: Annotated[
        bool, typer.Option("--factorial", help="all combinations: does it depend on the order?")
    ] = False,
    networks: Annotated[
        int, typer.Option(help="trained networks of the factorial (more than one needs the extra `train`)")
    ] = 1,
    epochs: Annotated[int | None, typer.Option(help="of their training, fewer for a look")] = None,
    changes: Changes = None,
    trials: Trials = None,
    *,
    where: Where,
) -> None:
    """Say what each piece of biology costs and buys, from bare integrators upwards."""
    from bioscnn.experiments.ladder import LadderExperiment

    experiment = LadderExperiment(
        _study(study, changes, {"dataset.trials": trials}), neuron, fine_tuned, factorial, networks, epochs
    )
    _conduct(experiment, where)


@app.command()
def convert(
    model: Annotated[str, typer.Argument(help="a shipped network, or an .onnx or .keras file")],
    as_json: Json = False,
) -> None:
    """Show the spiking network that a trained one becomes: equations, parameters, synapses."""
    from bioscnn.printing.runs import print_conversion
    from bioscnn.studies.describe import describe_conversion

    description = describe_conversion(model)
    if as_json:
        typer.echo(json.dumps(description, indent=2))
    else:
        print_conversion(description, model)


@app.command()
def export(
    what: Annotated[Path, typer.Argument(help="folder of a run; for nir a study")],
    to: Annotated[str, typer.Option(help="npz | csv | neo | nwb | nir")],
    out: Annotated[
        Path | None, typer.Option(help="file, for csv a folder (default: in the folder of the run, or here)")
    ] = None,
    changes: Changes = None,
    data: DataFolder = None,
) -> None:
    """Write what a run recorded for other tools, or the network of a study for other simulators."""
    if to == "nir":
        from bioscnn.printing.networks import print_export
        from bioscnn.studies.export import export_nir

        print_export(export_nir(_study(what, changes, {"dataset.trials": 1}), data, out), what)
        return
    from bioscnn.exports import counted_alone
    from bioscnn.exports import export as export_to

    typer.echo(export_to(what, to, out, changes or ()))
    if counted := counted_alone(what):
        typer.echo(
            f"without {', '.join(counted)}: a run keeps their spikes with --set readout.record=all",
            err=True,
        )


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
    """Write a study as a plain Brian2 script, which gives the same spikes without bioscnn."""
    from bioscnn.script import write_script
    from bioscnn.studies.settling import read_settled_study
    from bioscnn.terminal import LiveProgress

    with LiveProgress(None) as progress:
        loaded, _ = read_settled_study(study, changes or [], data, progress)
        written = write_script(loaded, out, trials, data, progress)
    if written.script is None:
        typer.echo(written.text, nl=False)
        typer.echo(f"keep {written.arrays} beside the script, which loads it", err=True)
    else:
        typer.echo(f"{written.script}\n{written.arrays}")


@app.command()
def play(
    out: Annotated[Path, typer.Option(help="the HTML file")] = Path("results/play.html"),
    opens: Annotated[bool, typer.Option("--open/--no-open", help="open it in the browser")] = True,
    data: DataFolder = None,
) -> None:
    """Write a page with a spiking network that reads the digits one draws, and open it."""
    from bioscnn.files import make_folder
    from bioscnn.play import open_page, write_play_page

    make_folder(out.parent)
    path = write_play_page(out, data=data)
    typer.echo(path)
    if opens and not open_page(path):
        typer.echo("no browser here: open the file in any, also on a phone", err=True)


@app.command()
def cite(study: StudyFile, changes: Changes = None, data: DataFolder = None) -> None:
    """Print BibTeX of exactly the methods that a study uses."""
    from bioscnn.citations import bibtex, methods_of
    from bioscnn.studies.settling import read_study_of_any_duration

    loaded = read_study_of_any_duration(study, changes or [])
    typer.echo(bibtex(methods_of(loaded.config, data)), nl=False)


@experiment_command()
def benchmark(
    dataset: Annotated[str, typer.Argument(help="such as mnist: its study sims/mnist.toml, its networks")],
    network: Annotated[
        list[str] | None,
        typer.Option(help="a network, repeatable (default: all shipped ones of the data set)"),
    ] = None,
    study: Annotated[Path | None, typer.Option(help="the study (default: sims/DATASET.toml)")] = None,
    split: Annotated[str, typer.Option(help="images to report accuracies on")] = "test",
    trials: Annotated[
        int | None, typer.Option(min=1, help="so many images of each split, for a quick look")
    ] = None,
    time_step_trials: Annotated[int, typer.Option(min=1, help="images to compare time steps on")] = 500,
    changes: Changes = None,
    docs: Annotated[
        Path | None, typer.Option(help="write the tables between the markers of this file")
    ] = None,
    *,
    where: Where,
) -> None:
    """Measure the shipped networks of a data set side by side."""
    from bioscnn.claims import publish, record_of
    from bioscnn.experiments.benchmark import BenchmarkExperiment, shipped_networks
    from bioscnn.report.document import Document

    experiment = BenchmarkExperiment(
        dataset=dataset,
        study_file=study or Path("sims") / f"{dataset}.toml",
        networks=tuple(network) if network else shipped_networks(dataset),
        split=split,
        trials=trials,
        time_step_trials=time_step_trials,
        changes=tuple(changes or ()),
    )
    document = None if docs is None else Document(docs, dataset)
    done = _conduct(experiment, where)
    if document is not None and done is not None:
        record = replace(record_of(done.folder, "trials", where.data), command=experiment.command)
        publish(document, done.analysis.files["table.md"].decode(), record)


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
        Path | None, typer.Option(metavar="CSV", help="copy a table of results to docs/tables")
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
    """List the numbers of the docs, and which are stale against code or data."""
    from bioscnn.claims import adopt_page, made_now, pages_of, survey, take_table, write_page
    from bioscnn.printing.claims import print_survey

    chosen = pages or pages_of(Path())
    if take is not None:
        made_by = made_now(command, varied, *(code or [])) if command else None
        take_table(take, Path("docs/tables") / f"{name or take.stem}.csv", varied, data, made_by)
    for page in chosen:
        if adopt is not None:
            adopt_page(page, adopt, varied)
        if write:
            write_page(page)
    found = survey(chosen, data)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        print_survey(found)
    if found.problems:
        raise typer.Exit(1)


@app.command("study")
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
    """Run all that the docs report, step by step, and write one page that links all results."""
    from bioscnn.printing.studies import print_reproduction
    from bioscnn.report import write_index
    from bioscnn.reproduce import reproduce
    from bioscnn.terminal import StepProgress

    if index:
        typer.echo(write_index(Path("results")))
        return
    with StepProgress() as progress:
        done = reproduce(
            quick=quick, only=_words(only), again=_words(again), data=data, place=Path(), progress=progress
        )
    print_reproduction(done)
    if done.missing:
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say what works on this machine, and how to mend what does not."""
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


def _conduct(
    experiment: Experiment,
    where: Where,
    *,
    keep_spikes: bool = False,
    retry: bool = False,
    cluster: Mapping[str, object] | None = None,
) -> Finished | None:
    """Run an experiment and print what came of it; code 1 if units failed. Of a shard nothing is returned."""
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


def _learned(path: Path, changes: list[str]) -> LearnedStudy | None:
    """Return the study of a network that learns without labels; None of a converted one, or of no study."""
    from bioscnn.stdp.study import read_learned_study

    return read_learned_study(path, changes)


def _study(path: Path, changes: list[str] | None, shortcuts: Mapping[str, object]) -> Study:
    from bioscnn.studies import read_study

    return read_study(path, _changes(changes, shortcuts))


def _changes(changes: list[str] | None, shortcuts: Mapping[str, object]) -> list[str]:
    """Return all changes of keys, those by an option of their own last."""
    return [*(changes or []), *(f"{key}={value}" for key, value in shortcuts.items() if value is not None)]


def _words(text: str | None) -> tuple[str, ...]:
    """Split words that are separated by commas."""
    return tuple(filter(None, map(str.strip, (text or "").split(","))))


class _Interrupt(BaseException):
    """Ctrl-C, as an exception that typer does not turn into a message and an exit code of its own."""


PANELS = {
    "Simulate": ("run", "new", "plan", "explain", "compare", "report", "play", "cite"),
    "Networks": ("train", "convert", "cross-validate", "benchmark"),
    "Experiments": (
        "noise",
        "timing",
        "times-needed",
        "ladder",
        "retina",
        "time-step",
        "codes",
        "sweep",
        "merge",
    ),
    "Other tools": ("export", "brian2"),
    "This machine and these docs": ("doctor", "devices", "study", "claims"),
}
"""How ``--help`` groups the commands."""

for _command in app.registered_commands:
    _name = _command.name or getattr(_command.callback, "__name__", "")
    _command.rich_help_panel = next((panel for panel, names in PANELS.items() if _name in names), "Other")


def _interrupt(signal_number: int, frame: object) -> None:
    raise _Interrupt


def _run() -> None:
    """Run the command line; an interrupt that something has wrapped, as making a class does, is one."""
    try:
        app(prog_name="bioscnn")
    except Exception as error:
        if isinstance(error.__cause__, _Interrupt):
            raise error.__cause__ from None
        raise


def main() -> None:
    """Run the command line; what the user can mend ends with one message and code 2."""
    signal.signal(signal.SIGINT, _interrupt)
    # Python looks for the modules of worker processes in the current folder first, and would run them.
    os.environ["PYTHONSAFEPATH"] = "1"
    # Brian2 loads all of pylab where it can, of which it uses nothing: a third of its time.
    sys.modules.setdefault("pylab", None)  # type: ignore[arg-type]
    try:
        _run()
    except UserError as error:
        typer.echo(f"bioscnn: {error}", err=True)
        sys.exit(2)
    except ImportError as error:
        if (error.name or "").split(".")[0] == "bioscnn":
            raise
        broken = UserError(
            "a package that bioscnn needs is missing or broken",
            key=error.name,
            value=str(error),
            fix="`bioscnn doctor` says which versions fit, and how to get them",
        )
        typer.echo(f"bioscnn: {broken}", err=True)
        sys.exit(2)
    except _Interrupt:
        typer.echo("bioscnn: interrupted; nothing half-written is left", err=True)
        sys.exit(2)
    finally:
        # All is done: Python, which takes a while to end, is left to it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
