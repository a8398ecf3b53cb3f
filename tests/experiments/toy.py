"""An experiment without networks: its units double numbers, and its last one adds them up."""

from dataclasses import dataclass
from pathlib import Path

from bioscnn.experiments.executors import Where
from bioscnn.experiments.experiment import Analysis, Entry
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.unit import Unit
from bioscnn.report.page import Headline, Page, Section, Text
from bioscnn.studies import Study, read_study
from bioscnn.studies.watcher import Unwatched
from tests.experiments.measures import HERE

STUDY = read_study(Path(__file__).parents[2] / "sims" / "mnist.toml", ["dataset.trials=2"])


@dataclass(frozen=True)
class Toy:
    """Doubles the numbers 0 to n - 1, then adds them up."""

    calls: Path
    n: int = 5
    measure: str = "DOUBLE"
    options: tuple = ()
    keeps_failures: bool = False
    name: str = "toy"
    label: str = "toy"
    study: Study = STUDY

    @property
    def spec(self):
        return {}

    def plan(self, bench):
        given = {"calls": str(self.calls), **dict(self.options)}
        return [
            Unit("number", f"number {k}", self.study, f"{HERE}:{self.measure}", {"value": k, **given})
            for k in range(self.n)
        ]

    def next_round(self, done, bench):
        if done.where("sum"):
            return []
        needs = tuple(done.need(unit) for unit in done.units if unit.id in done.outcomes)
        return [Unit("sum", "sum", self.study, f"{HERE}:TOTAL", {"calls": str(self.calls)}, needs=needs)]

    def analyse(self, done, bench):
        rows = [
            {"unit": unit.condition, "value": float(done[unit]["value"][0])}
            for unit in done.units
            if unit.id in done.outcomes
        ]
        failed = {unit.condition: done.failed[unit.id] for unit in done.units if unit.id in done.failed}
        return Analysis("Numbers", {"numbers": rows}, ["They add up."], Entry("", "", "", ""), failed=failed)

    def page(self, analysis, summary):
        number = Headline("Sum", str(analysis.tables["numbers"][-1]["value"]))
        return Page("Numbers", "toy", "do they add up?", analysis.verdict, [number],
                    [Section("all", "All", [Text("numbers")])], [])  # fmt: skip


class Watcher(Unwatched):
    """Remembers what it was told, and may interrupt after some units."""

    def __init__(self, most=None):
        self.tasks, self.stages, self.most = [], [], most

    def stage(self, what):
        self.stages.append(what)

    def task(self, what, trials, work):
        self.tasks.append(what)
        if len(self.tasks) == self.most:
            raise KeyboardInterrupt


def conduct(experiment, results, watcher=None, jobs=1, data=None, **options):
    return run_experiment(
        experiment, where=Where(jobs), data=data, results=results, progress=watcher or Watcher(), **options
    )
