"""Options that verbs share, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bioscnn.studies import Study

StudyFile = Annotated[Path, typer.Argument(help="a study file, or a shipped one by its name, such as mnist")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help='change a key: neuron.t_ref="1 ms"')
]
DataFolder = Annotated[Path | None, typer.Option(help="data folder (default: BIOSCNN_DATA)")]
Trials = Annotated[int | None, typer.Option(help="so many examples (dataset.trials)")]
RunFolder = Annotated[
    Path, typer.Argument(help="folder of a run, such as results/mnist/latest; or latest, the newest of all")
]
KeepSpikes = Annotated[
    bool, typer.Option("--keep-spikes", help="keep spikes too: another readout needs no simulation")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON alone on standard output")]


def read_study_file(path: Path, changes: list[str] | None, shortcuts: Mapping[str, object]) -> Study:
    """Return the study of a file with changes of its keys, those by an option of their own last."""
    from bioscnn.studies import read_study

    return read_study(path, all_changes(changes, shortcuts))


def all_changes(changes: list[str] | None, shortcuts: Mapping[str, object]) -> list[str]:
    """Return all changes of keys, those by an option of their own last."""
    return [*(changes or []), *(f"{key}={value}" for key, value in shortcuts.items() if value is not None)]


def words(text: str | None) -> tuple[str, ...]:
    """Split words that are separated by commas."""
    return tuple(filter(None, map(str.strip, (text or "").split(","))))
