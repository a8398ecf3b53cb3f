"""Verbs that train and show networks."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from bioscnn.cli.conduct import Where, conduct, experiment_command
from bioscnn.cli.options import Changes, DataFolder, Json, StudyFile, all_changes, read_study_file

app = typer.Typer()


class TrainedOn(Enum):
    """What a network is trained on."""

    RATES = "rates"
    SPIKES = "spikes"
    TIMES = "times"


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
    """Train the network of a study on rates, spikes or times.

    Needs the extra `train`, which brings torch.
    """
    from bioscnn.printing.networks import print_training
    from bioscnn.printing.shared import Again
    from bioscnn.stdp.study import read_learned_study
    from bioscnn.studies.recipes import find_recipes
    from bioscnn.studies.training import made_otherwise, network_file, train_recipe
    from bioscnn.terminal import LiveProgress, TrainingProgress

    of_learning = all_changes(changes, {"learning.seed": seed, "learning.passes": epochs})
    if (learned := read_learned_study(Path(what), of_learning)) is not None:
        from bioscnn.printing.learned import print_learned_training
        from bioscnn.stdp.run import refuse_stage, train_learned

        refuse_stage("--on", None if on is None else on.value)
        with LiveProgress(None) as progress:
            file, card = train_learned(learned, data, out, progress)
        print_learned_training(file, card, Again(Path(what), changes or (), data))
        return
    for known in find_recipes(what, changes or (), None if on is None else on.value):
        recipe = known.changed(seed, epochs)
        if command := made_otherwise(place := network_file(recipe, out), recipe):
            typer.echo(f"will replace {place}, which was made by {command!r}", err=True)
        with TrainingProgress(recipe.name) as progress:
            file, card = train_recipe(recipe, data, out, progress)
        print_training(card, file, recipe.config, Again(Path(what), changes or (), data))


@experiment_command(app, "cross-validate")
def cross_validate(
    study: StudyFile,
    network: Annotated[str, typer.Argument(help="a recipe for recordings, such as nmnist-small-real")],
    changes: Changes = None,
    folds: Annotated[int, typer.Option(help="parts into which the recordings are divided")] = 5,
    *,
    where: Where,
) -> None:
    """Train and simulate a network of recordings, fold by fold.

    Each fold is simulated by a network that was trained on all others. Needs the extra `train`.
    """
    from bioscnn.experiments.crossval import CrossValidation
    from bioscnn.studies.recipes import find_recipe

    experiment = CrossValidation(read_study_file(study, changes, {}), find_recipe(network), folds)
    conduct(experiment, where)


@app.command()
def convert(
    model: Annotated[str, typer.Argument(help="a shipped network, or an .onnx or .keras file")],
    changes: Changes = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> None:
    """Show the spiking network that a trained one becomes.

    Its equations, parameters and synapses.
    """
    from bioscnn.printing.runs import print_conversion
    from bioscnn.studies.describe import describe_conversion

    description = describe_conversion(model, data, changes or ())
    if as_json:
        typer.echo(json.dumps(description, indent=2))
    else:
        print_conversion(description, model, changes or ())


@experiment_command(app)
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
    done = conduct(experiment, where)
    if document is not None and done is not None:
        record = replace(record_of(done.folder, "trials", where.data), command=experiment.command)
        publish(document, done.analysis.files["table.md"].decode(), record)
