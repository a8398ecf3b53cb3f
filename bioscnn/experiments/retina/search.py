"""Every combination of the retina's cells: the exploratory part of the retina experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bioscnn.datasets.titles import TITLES
from bioscnn.experiments.amounts import amount_for
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Row
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.retina.choices import CLEAN, PIXELS, Choice, combinations_of_cells
from bioscnn.experiments.retina.experiment import NO_IMAGES, RetinaExperiment, networks_of, results_of
from bioscnn.experiments.retina.images import SEARCH, SEARCH_QUICK, Amount
from bioscnn.experiments.retina.measure import pool_of
from bioscnn.experiments.retina.order import order_rows
from bioscnn.experiments.retina.search_page import search_page
from bioscnn.experiments.retina.tables import mean_rows, table_rows
from bioscnn.experiments.retina.verdict import Chosen, comparison_rows, needed_spikes, verdict_of
from bioscnn.report.formats import percent, percent_interval, plural


@dataclass(frozen=True)
class CellSearch(RetinaExperiment):
    """The search for the best cells among all combinations, each with its gain control, through LIF neurons.

    Validation images choose. It is exploratory: cells have gain control and pixels have none, so a difference
    between them is not one of filters alone.
    """

    page = staticmethod(search_page)

    @property
    def label(self) -> str:
        """The study, and whether it was a quick one."""
        return self.study.name + "-search" + "-quick" * self.quick

    @cached_property
    def amount(self) -> Amount:
        """Images, seeds, epochs and severities."""
        return amount_for(self.study.config.dataset.name, SEARCH_QUICK if self.quick else SEARCH, NO_IMAGES)

    @property
    def choices(self) -> list[Choice]:
        """Front ends that are trained and tested."""
        return combinations_of_cells()

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return every network's accuracy, means, comparisons, the order of spikes and the verdict."""
        pool = pool_of(self.study.config, self.amount, bench)
        results = results_of(self, done, pool)
        chosen, means = Chosen.of(results, self.amount), mean_rows(results)
        order, needed = order_rows(pool.images.take(pool.divisions[0].test))
        tables = {
            "table": table_rows(results),
            "means": means,
            "comparisons": comparison_rows(results, chosen, self.amount),
            "order": order,
        }
        title = TITLES[self.study.config.dataset.name]
        summary = self._facts(pool) | {
            "best": chosen.best.label,
            "best_filtered": chosen.filtered.label,
            "best_in_noise": chosen.in_noise.label,
            "spikes_needed": needed,
        }
        sentences = verdict_of(means, tables["comparisons"], chosen, self.amount, title)
        return Analysis(
            title,
            tables,
            [*sentences, needed_spikes(needed, order[0]["n"])],
            _entry(summary, means),
            summary,
            files=networks_of(done),
        )

    def _refuse_study(self) -> None:
        self._refuse_network()


def _entry(summary: Mapping[str, Any], means: Sequence[Row]) -> Entry:
    """Return the chosen front end on clean images, the chosen one of those with cells, and the pixels."""
    rows = {row["front_end"]: row for row in means if row["noise"] == CLEAN.noise}
    best, *others = dict.fromkeys((summary["best"], summary["best_filtered"], PIXELS))
    interval = percent_interval(rows[best]["low"], rows[best]["high"])
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        f"{plural(summary['n_test'], 'test image')}, {plural(summary['n_seeds'], 'seed')}",
        percent(rows[best]["accuracy"]),
        f"{interval} chosen by validation images: {best}",
        [f"{label}: {share_of(rows[label])}" for label in others],
    )
