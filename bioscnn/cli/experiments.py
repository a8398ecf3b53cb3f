"""Verbs that ask one question of many simulations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bioscnn.cli.conduct import Where, conduct, experiment_command
from bioscnn.cli.options import Changes, KeepSpikes, StudyFile, Trials, all_changes, read_study_file, words

app = typer.Typer()

MOST_SEEDS = 1000
"""Networks of one kind: each is trained."""


@experiment_command(app)
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
    """Ask what the times of spikes carry beyond their number."""
    from bioscnn.experiments.timing import LearnedTiming, TimingExperiment
    from bioscnn.stdp.study import read_learned_study

    changed = all_changes(changes, {"dataset.trials": trials})
    options: Any = {
        "perturb": tuple(perturb or ()), "collapsed": collapsed, "folds": folds, "layers": tuple(layer or ()),
    }  # fmt: skip
    learned = read_learned_study(study, changed)
    if learned is not None:
        conduct(LearnedTiming.of(study, changed, learned, **options), where)
    else:
        conduct(TimingExperiment(read_study_file(study, changed, {}), **options), where)


@experiment_command(app, "times-needed")
def times_needed(
    study: StudyFile,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse one: few recordings, two seeds")] = False,
    changes: Changes = None,
    seeds: Annotated[
        int | None, typer.Option(max=MOST_SEEDS, help="networks of each kind (default: 5)")
    ] = None,
    trials: Trials = None,
    *,
    where: Where,
) -> None:
    """Train networks without spike times; say what they lose.

    Needs the extra `train`.
    """
    from bioscnn.experiments.times_needed import TimesNeededExperiment

    loaded = read_study_file(study, changes, {"dataset.trials": trials})
    conduct(TimesNeededExperiment(loaded, quick, seeds), where)


@experiment_command(app)
def codes(
    study: StudyFile,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse one: few images, two seeds")] = False,
    changes: Changes = None,
    seeds: Annotated[
        int | None, typer.Option(max=MOST_SEEDS, help="networks of each code (default: 5)")
    ] = None,
    examples: Annotated[int | None, typer.Option(min=1, help="training images (default: 6000)")] = None,
    *,
    where: Where,
) -> None:
    """Train on rates and on spike times alike; compare the codes.

    Needs the extra `train`.
    """
    from bioscnn.experiments.codes import CodesExperiment

    conduct(CodesExperiment(read_study_file(study, changes, {}), quick, seeds, examples), where)


@experiment_command(app)
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
    """Say what a retina's cells add to gain control.

    On clean images and in noise. Needs the extra `train`.
    """
    from bioscnn.experiments.retina import CellSearch, RetinaExperiment

    experiment = (CellSearch if search else RetinaExperiment)(read_study_file(study, changes, {}), quick)
    conduct(experiment, where)


@experiment_command(app)
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
        typer.Option(
            min=1,
            max=MOST_SEEDS,
            help="train every network anew with so many seeds (needs the extra `train`)",
        ),
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
    """Say what noise destroys first, and what helps."""
    from bioscnn.experiments.noise import NoiseExperiment

    experiment = NoiseExperiment(
        read_study_file(study, changes, {}),
        quick,
        words(kinds),
        trials,
        training_seeds,
        training_examples,
        words(networks),
    )
    conduct(experiment, where, keep_spikes=keep_spikes)


@app.command()
def merge(
    sources: Annotated[list[Path], typer.Argument(help="folders of results of other machines")],
) -> None:
    """Bring the units that shards measured into results/.

    Then type the command of the experiment again, without --shard.
    """
    from bioscnn.experiments.merge import merge as merge_units

    done = merge_units(sources, Path("results"))
    typer.echo(
        f"{done.copied:,} units copied, {done.there:,} were there already, "
        f"{done.damaged:,} damaged ones left out"
    )
    for name in done.experiments:
        typer.echo(f"  results/{name}")


@experiment_command(app, "time-step")
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
    """Say what a coarser time step changes.

    In accuracy, latency and spikes.
    """
    from bioscnn.experiments.time_step import TimeStepExperiment
    from bioscnn.experiments.time_step.experiment import STEPS

    loaded = read_study_file(study, changes, {"dataset.trials": trials})
    experiment = TimeStepExperiment(loaded, words(steps) or STEPS)
    conduct(experiment, where, keep_spikes=keep_spikes)


@experiment_command(app)
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
    """Vary parameters of a study: grids, global sensitivity.

    Ends with code 1 if points fail.
    """
    from bioscnn.experiments.sweep import SweepExperiment, plan_sweep, read_sweep
    from bioscnn.printing.studies import print_sweep_plan

    experiment = SweepExperiment(read_sweep(file, all_changes(changes, {"dataset.trials": trials}), gain))
    if not plan:
        conduct(experiment, where, retry=retry, cluster=experiment.sweep.cluster)
        return
    n_jobs = where.slurm or where.pbs or where.jobs or experiment.study.config.simulation.jobs
    planned = plan_sweep(experiment, jobs=n_jobs, data=where.data)
    if where.as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2))
    else:
        print_sweep_plan(planned)


@experiment_command(app)
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
    """Say what each piece of biology costs and buys.

    From bare integrators upwards.
    """
    from bioscnn.experiments.ladder import LadderExperiment

    experiment = LadderExperiment(
        read_study_file(study, changes, {"dataset.trials": trials}),
        neuron,
        fine_tuned,
        factorial,
        networks,
        epochs,
    )
    conduct(experiment, where)
