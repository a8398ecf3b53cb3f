"""Studies, sweeps, neurons, changes of keys, and pages with their tables: valid ones, and what reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.reader import ROOT, SIMS, packed

CLUSTER = b"""
[cluster]
cores = 1
memory = "2 GB"
walltime = "01:00:00"
queue = "short"
"""


def toml_files(*patterns: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [path.read_bytes() for pattern in patterns for path in sorted(SIMS.glob(pattern))]


def study(path: Path) -> object:
    from bioscnn.studies import read_study

    study = read_study(path)
    return study, study.toml()


def neuron(folder: Path) -> list[bytes]:
    cases = ROOT / "tests" / "cases" / "neurons"
    return [
        path.read_bytes() for path in (*sorted(SIMS.glob("neurons/*.toml")), *sorted(cases.glob("*.toml")))
    ]


def read_neuron(path: Path) -> object:
    from bioscnn.neurons.neuron_file import read_definition

    return read_definition(path)


def beside_studies(place: Path) -> None:
    """Studies lie where the paths of sweeps and of training lead."""
    for path in SIMS.glob("*.toml"):
        shutil.copy(path, place.parent)


def sweeps(folder: Path) -> list[bytes]:
    """Those that are shipped, and one for a cluster."""
    shipped = toml_files("sweeps/*.toml")(folder)
    return [*shipped, shipped[0] + CLUSTER]


def sweep(path: Path) -> object:
    from bioscnn.errors import UserError
    from bioscnn.experiments.sweep import read_sweep

    try:
        return read_sweep(path)
    except UserError as error:  # the study that it names may lie anywhere, and be at fault
        raise error.but(file=error.file and path) from None


def training(path: Path) -> object:
    from bioscnn.studies.recipes import find_recipes

    return find_recipes(str(path))


def changes(folder: Path) -> list[bytes]:
    return [
        b'neuron.t_ref="1 ms"', b"dataset.trials=10", b"noise.jitter.severity=2", b"readout.record=all",
        b'neuron.definition={equations="dV/dt = (R_m*I_syn - V)/tau_m : volt", threshold="V > V_th"}',
        b"encoding.retina=[\"on-midget\"]", b"network.model=mnist-small-relu", b"simulation.duration=auto",
    ]  # fmt: skip


def read_changes(path: Path) -> object:
    from bioscnn.errors import UserError
    from bioscnn.studies import read_study

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    try:
        return read_study(SIMS / "mnist.toml", [text]).toml()
    except UserError as error:
        raise error.but(file=path) from None  # the study is the file at fault, of which nothing is wrong


def docs(folder: Path) -> list[bytes]:
    from bioscnn.claims import Record
    from bioscnn.claims.record import write_table

    table = (
        b"network,accuracy (%),accuracy (%) low,accuracy (%) high,spikes\nsmall,99.06,98.75,99.29,1817.9\n"
    )
    record = Record(
        "bioscnn run mnist", "c" * 40, "trials", code={"bioscnn.readout": "x"}, units={"spikes": "1"}
    )
    (folder / "docs").mkdir()
    write_table(folder / "docs/tables/runs.csv", table, record)
    (folder / "docs" / "page.md").write_text(
        "# Ours\n\nIt is <!--= runs; small; accuracy (%) -->99.06 % [98.75, 99.29]<!--/-->, for "
        "<!--= runs; small; spikes -->1,818<!--/--> spikes.\n\n<!--= table runs -->\n"
        "| network | spikes |\n|---|---|\n| small | 1,818 |\n<!--/-->\n"
    )
    return [packed(folder)]


def claims(path: Path) -> object:
    from bioscnn.claims import adopt_page, pages_of, survey, write_page

    pages = pages_of(path)
    found = survey(pages)
    for page in pages:
        write_page(page)
        adopt_page(page, "make it", "trials")
    return found
