"""Networks that learn without labels: their studies, run and trained, and what a run of them came to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.files import read_npz
from bioscnn.ledger import Ledger
from bioscnn.library.arguments import Changes, StudyLike, as_texts, file_of, progress_bar
from bioscnn.library.result import Result
from bioscnn.network import OUTPUT, READOUT
from bioscnn.report.files import read_json
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion
from bioscnn.stdp.network import LearnedNetwork, read_network
from bioscnn.stdp.run import KIND, run_learned, train_learned
from bioscnn.stdp.study import LearnedStudy, read_learned_study
from bioscnn.studies.study import Study

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class LearnedResult(Result):
    """A finished run of a network that learned without labels.

    There was no trained ANN, spikes are counted and not kept, and there is no ledger.
    """

    @cached_property
    def accuracy(self) -> Estimate:
        """Share of the images that are right, with a Wilson 95 % interval."""
        return proportion(self._arrays["chosen"] == self._arrays["label"])

    @property
    def ledger(self) -> Ledger | None:
        """None: there is no trained ANN whose accuracy could be lost."""
        return None

    @cached_property
    def decisions(self) -> DataFrame:
        """One row per image.

        Columns: ``trial``; ``true_class``, ``chosen_class``; ``correct``; ``latency_ms``, when the network
        had answered, NaN if it never did; ``spikes`` of all neurons but the input.
        """
        from pandas import DataFrame

        arrays = self._arrays
        chosen, label = arrays["chosen"], arrays["label"]
        own = [counts for name, counts in self._counts.items() if name != "input"]
        return DataFrame(
            {
                "trial": np.arange(len(label)),
                "true_class": label,
                "chosen_class": chosen,
                "correct": chosen == label,
                "latency_ms": arrays.get("latency_ms", np.full(len(label), np.nan)),
                "spikes": np.sum(own, axis=0),
            }
        )

    @cached_property
    def populations(self) -> DataFrame:
        """One row per population: ``population``, ``spikes_per_trial``."""
        from pandas import DataFrame

        means = {name: float(counts.mean()) for name, counts in self._counts.items()}
        return DataFrame({"population": list(means), "spikes_per_trial": list(means.values())})

    def spikes(self, population: str = OUTPUT) -> SpikeTrains:
        """Refused: spikes of these networks are counted, and not kept."""
        self._refuse("spikes")

    def potentials(self, population: str = READOUT) -> NDArray[np.float32]:
        """Refused: no potentials of these networks are kept."""
        self._refuse("potentials")

    def _refuse(self, what: str) -> NoReturn:
        raise UserError(
            f"runs of networks that learned without labels keep no {what}",
            file=self.folder,
            expected="decisions, and populations with the numbers of their spikes",
        )

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        file = self.folder / "run.npz"
        arrays = read_npz(file)
        if arrays is None or not {"chosen", "label"} <= set(arrays):
            raise UserError("the file of the run is missing or damaged", file=file, fix="run the study again")
        return arrays

    @property
    def _counts(self) -> dict[str, NDArray[Any]]:
        prefix = "spikes/"
        return {k.removeprefix(prefix): n for k, n in self._arrays.items() if k.startswith(prefix)}


def learned_study(study: StudyLike, changes: Changes | None) -> LearnedStudy | None:
    """Return a study of a network that learns without labels; None of any other."""
    return None if isinstance(study, Study) else read_learned_study(file_of(study), as_texts(changes))


def run_learned_study(
    study: LearnedStudy, data: Path | None, out: Path | None, results: Path, progress: bool
) -> LearnedResult:
    """Run a study; parameters and errors as of `bioscnn.run`."""
    with progress_bar(progress, study.config.dataset.trials) as watcher:
        done = run_learned(study, data=data, out=out, results=results, progress=watcher)
    return LearnedResult(done.folder, done.summary)


def train_learned_study(
    study: LearnedStudy, data: Path | None, out: Path | None, progress: bool
) -> tuple[LearnedNetwork, dict[str, Any]]:
    """Train the network of a study; parameters and errors as of `bioscnn.train`."""
    with progress_bar(progress) as watcher:
        file, card = train_learned(study, data, out, watcher)
    return read_network(file, card["rule"], card["n_inputs"], tuple(card["classes"])), card


def read_learned_run(folder: Path) -> LearnedResult | None:
    """Return a finished run of a network that learned; None of any other folder."""
    file = folder / "summary.json"
    if not file.is_file():
        return None
    summary = read_json(file, (), "run the study again")
    return LearnedResult(folder, summary) if summary.get("experiment") == KIND else None
