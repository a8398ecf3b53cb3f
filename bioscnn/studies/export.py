"""The converted network of a study as a file for other simulators."""

from __future__ import annotations

from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.hdf5 import place_of_hdf5
from bioscnn.nir import Exported, write_nir
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import Study


def export_nir(study: Study, data: Path | None, out: Path | None) -> Exported:
    """Write the converted network of a study as a NIR graph.

    Parameters
    ----------
    study : Study
        Without noise.
    data : Path or None
        Data folder: images may be needed to normalise the network.
    out : Path or None
        The file; None for the name of the study in the current folder.

    Raises
    ------
    UserError
        If the network cannot be converted, NIR cannot say what it is, or the file cannot be written.
    """
    refuse_noise(study.config, "a graph of the network without its noise would be of another one")
    path = out or Path(f"{study.name}.nir")
    if path.suffix != ".nir":
        raise UserError("not the name of a NIR file", file=path, fix="let it end in .nir")
    path = place_of_hdf5(out, path, lambda file: "node/metadata/bioscnn" in file, None)
    prepared = prepare(study, data)
    if not prepared.has_ann:
        raise UserError(
            "the network is a NIR graph already", key="network.model", value=study.config.network.model
        )
    encoding, simulation = study.config.encoding, study.config.simulation
    about = {"encoding": encoding.kind, "weights_sha256": prepared.graph.sha256()}
    return write_nir(prepared.network, path, simulation.dt, about)
