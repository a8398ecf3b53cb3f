"""Networks of a data set side by side: the plan of the benchmark, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from bioscnn import plots
from bioscnn.datasets import load_dataset
from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.benchmark.markdown import tables_markdown
from bioscnn.experiments.benchmark.networks import compared_networks, count_neurons, title_of
from bioscnn.experiments.benchmark.page import benchmark_page, drawings
from bioscnn.experiments.benchmark.tables import (
    RESETS,
    TIME_STEPS,
    NetworkResult,
    network_rows,
    over_time_rows,
    time_step_rows,
)
from bioscnn.experiments.benchmark.verdict import verdict_of
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.unit import Outcome, Unit
from bioscnn.plots.style import WIDE
from bioscnn.quantities import format_quantity
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.study import Study, read_study

CLASSIFY = "bioscnn.experiments.classify:CLASSIFY"

VALIDATION, HEADLINE, LONG = "validation images", "reported images", "reported images in long trials"

DENSITY = 300 / 96
"""Of the pixels of figures: 300 dpi."""

LONG_DURATION = "100 ms"
"""Duration of the trials behind accuracy against time."""


@dataclass(frozen=True)
class BenchmarkExperiment(Experiment):
    """The question how accurate, fast and thrifty networks of one data set are.

    Parameters
    ----------
    dataset : str
        Data set, such as ``"mnist"``; names the folder of results.
    study_file : Path
        The study that all simulations are made of.
    networks : tuple of str
        Shipped networks or ONNX files.
    split : str
        Images that accuracies are reported on.
    trials : int, optional
        The first so many images of each split; all if not given.
    time_step_trials : int
        Validation images that time steps and reset rules are compared on.
    changes : tuple of str
        ``"table.key=value"``, as on the command line.

    Raises
    ------
    UserError
        If there is no such network, or two have one name.
    """

    dataset: str
    study_file: Path
    networks: tuple[str, ...]
    split: str = "test"
    trials: int | None = None
    time_step_trials: int = 500
    changes: tuple[str, ...] = ()
    name: ClassVar = "benchmark"
    page = staticmethod(benchmark_page)

    def __post_init__(self) -> None:
        names = [title_of(network) for network in self.networks]
        if len(set(names)) < len(names):
            raise UserError(
                "two networks of one name", key="--network", value=names, expected="each file name once"
            )

    @property
    def label(self) -> str:
        """The data set."""
        return self.dataset

    @cached_property
    def study(self) -> Study:  # type: ignore[override]
        """The study with the changes of the benchmark."""
        return read_study(self.study_file, self.changes)

    @property
    def command(self) -> str:
        """The command that repeats it."""
        words = ["bioscnn benchmark", self.dataset]
        if self.networks != compared_networks(self.dataset):
            words += [f"--network {network}" for network in self.networks]
        if self.study_file != Path("sims") / f"{self.dataset}.toml":
            words.append(f"--study {self.study_file}")
        for option, value in (("split", self.split), ("trials", self.trials)):
            words += [] if value in ("test", None) else [f"--{option} {value}"]
        words += [f"--set {change}" for change in self.changes if not change.startswith("simulation.jobs")]
        return " ".join(words)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the trials of every network; see `NetworkResult` for what they are for."""
        config = self.study.config
        refuse_noise(config, "a benchmark compares networks without noise")
        if config.encoding.kind != "currents":
            raise UserError(
                "a benchmark compares networks of images",
                key="dataset.name",
                value=config.dataset.name,
                fix="cross-validate a network of recordings: `bioscnn cross-validate`",
            )
        images = {
            split: len(load_dataset(config.dataset.name, split, data=bench.data))
            for split in dict.fromkeys(("validation", self.split))
        }
        units = [unit for network in self.networks for unit in self._units(network, images, bench)]
        for unit in units:
            if unit.condition == VALIDATION:
                bench.case(unit.study)
        return units

    def _units(self, network: str, images: Mapping[str, int], bench: Bench) -> Iterator[Unit]:
        neurons = count_neurons(bench.read(network))

        def unit(condition: str, split: str, *changes: str, most: int | None = None, **options: bool) -> Unit:
            n = min(limit for limit in (images[split], most, self.trials) if limit is not None)
            of_unit = f"network.model={network}", f"dataset.split={split}", f"dataset.trials={n}"
            study = read_study(self.study_file, [*self.changes, *of_unit, *changes])
            work = float(n * study.config.simulation.n_steps * neurons)
            return Unit(title_of(network), condition, study, CLASSIFY, options, work=work)

        yield unit(VALIDATION, "validation")
        yield unit(HEADLINE, self.split, ann=True)
        yield unit(LONG, self.split, f"simulation.duration={LONG_DURATION}", curve=True)
        for dt in TIME_STEPS:
            for reset in RESETS:
                step = format_quantity(dt, "time")
                changes = f"neuron.reset={reset}", f"simulation.dt={step}"
                yield unit(case_name(reset, dt), "validation", *changes, most=self.time_step_trials)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return the tables of networks, moments and time steps; validation images choose the readout."""
        results = [self._result(title_of(network), done, bench) for network in self.networks]
        over_time = over_time_rows(results)
        networks, time_steps = network_rows(results, over_time), time_step_rows(results)
        examples = bench.clean(results[0].study.config).examples
        title = TITLES.get(self.study.config.dataset.name, examples.name)
        tables = {"networks": networks, "over-time": over_time, "time-steps": time_steps}
        return Analysis(
            title,
            tables,
            verdict_of(networks, time_steps, title),
            _entry(networks, f"{examples.name}, {examples.split}: {examples.source}"),
            {
                "dataset": examples.name,
                "source": examples.source,
                "split": self.split,
                "data_sha256": examples.sha256,
                "weights": {result.network: result.graph.sha256() for result in results},
                "study_file": self.study.toml(),
            },
            files={
                "table.md": tables_markdown(networks, time_steps, self.command).encode(),
                **dict(_figures(tables)),
            },
        )

    def _result(self, network: str, done: Done, bench: Bench) -> NetworkResult:
        units = {unit.condition: unit for unit in done.where(network)}

        def outcome(condition: str) -> Outcome:
            return done[units[condition]]

        study = units[HEADLINE].study
        return NetworkResult(
            network,
            bench.graph(study.config),
            study,
            outcome(VALIDATION),
            outcome(HEADLINE),
            outcome(LONG),
            {(reset, dt): outcome(case_name(reset, dt)) for dt in TIME_STEPS for reset in RESETS},
        )


def _figures(tables: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, bytes]]:
    """Yield the figures as files, vectors and pixels."""
    for name, draw in drawings(tables).items():
        yield f"{name}.svg", plots.to_svg(draw(WIDE)).encode()
        yield f"{name}.png", plots.to_png(draw(WIDE), DENSITY)


def case_name(reset: str, dt: float) -> str:
    """Return the name of a reset rule with a time step, s, in the comparison of time steps."""
    return f"reset {reset}, dt {format_quantity(dt, 'time')}"


def _entry(networks: Sequence[Row], source: str) -> Entry:
    columns = [f"snn_accuracy{end}" for end in ("", "_low", "_high")]
    best, *others = sorted(networks, key=lambda row: -row["snn_accuracy"])
    return Entry(
        source,
        f"{plural(best['n'], 'image')}, {plural(len(networks), 'network')}",
        percent(best["snn_accuracy"]),
        f"{percent_interval(*(best[end] for end in columns[1:]))} {best['network']}, "
        "the most accurate spiking network",
        [f"{row['network']}: {share_of(row, *columns)}" for row in others],
    )
