"""The folder of a finished run, as what compares runs reads it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.metrics import first_informed_step
from bioscnn.network import OUTPUT, READOUT
from bioscnn.quantities import parse_quantity
from bioscnn.readout import output_names
from bioscnn.report.folder import FIX, read_facts
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.storage import StoredRun
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.study import flat_keys, read_study, read_tables

TABLES = ("dataset", "encoding", "network", "simulation", "readout")
"""What every run writes of its study: what is missing would be read as the default of a key."""


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A finished run, its recording not read yet.

    Parameters
    ----------
    folder : Path
        Of the run.
    summary, provenance : dict
        Contents of the JSON files of these names.
    config : StudyConfig
        Every key of its study.
    stored : StoredRun
        What was recorded, to be opened with ``with``.
    """

    folder: Path
    summary: dict[str, Any]
    provenance: dict[str, Any]
    config: StudyConfig
    stored: StoredRun

    @classmethod
    def read(cls, folder: Path) -> RunFolder:
        """Read all of a run but its recording.

        Raises
        ------
        UserError
            If the folder is no run, or a file is missing or damaged.
        """
        summary, provenance = read_facts(folder)
        config = read_study(folder / "config.toml").config
        missing = [table for table in TABLES if table not in read_tables(folder / "config.toml")]
        if missing:
            raise UserError(
                "a file of the results is incomplete", file=folder / "config.toml", key=missing[0], fix=FIX
            )
        return cls(folder, summary, provenance, config, StoredRun(folder / "run.h5"))

    @property
    def keys(self) -> dict[str, Any]:
        """Every key of its study by its full name, such as ``neuron.t_ref``."""
        return flat_keys(self.config)

    @property
    def settings(self) -> dict[str, Any]:
        """What may differ, and did the work."""
        simulation = self.config.simulation
        # NumPy computes in float64, and it and GeNN list all synapses, whatever they are asked for.
        used = {"connectivity": "explicit"} if simulation.device in ("numpy", "genn") else {}
        used |= {"precision": "float64"} if simulation.device == "numpy" else {}
        return {
            "folder": str(self.folder),
            "device": simulation.device,
            "precision": simulation.precision,
            "connectivity": simulation.connectivity,
            "jobs": simulation.jobs,
            **used,
            "brian2": self.provenance["versions"].get("brian2"),
            "commit": self.provenance["commit"],
        }

    def check(self) -> None:
        """Refuse a recording of other populations, trials or steps than its summary and study say."""
        described = {p["name"]: tuple(p["shape"]) for p in self.provenance["populations"]}
        expected, extent = (self.summary["n_trials"], self.config.simulation.n_steps), self.stored.extent()
        if extent != expected or self.stored.shapes() != described:
            raise UserError(
                "the files of the run do not belong together",
                file=self.folder / "run.h5",
                value=f"{extent[0]} trials of {extent[1]} steps",
                expected=f"the {expected[0]} of {expected[1]} steps, and the populations, of its other files",
                fix="run the study again",
            )

        labels, n_classes = self.stored.trials("label"), len(self.provenance["data"]["classes"])
        if prod(described[READOUT]) > n_classes or not ((labels >= 0) & (labels < n_classes)).all():
            raise UserError(
                "a trial has a class that there is not",
                file=self.folder / "run.h5",
                expected=f"the {n_classes} classes of provenance.json",
                fix="run the study again",
            )

    def readout(self, trials: slice) -> Recording:
        """Return the recording from which the class is read, in consecutive trials."""
        outputs = {
            name: PopulationRecording.from_spikes(self.stored.spikes(name, trials), True, None)
            for name in output_names(self.stored.shapes())
        }
        potentials, spikes = self.stored.potentials(READOUT, trials), outputs[OUTPUT].spikes
        silent = np.zeros(len(potentials), np.int64), np.zeros(potentials.shape[2], np.int64)
        readout = {READOUT: PopulationRecording(*silent, None, potentials)}
        assert spikes is not None
        return Recording(outputs | readout, spikes.n_steps, spikes.dt)

    def informed(self, trials: slice) -> NDArray[np.int64]:
        """Return the first step with evidence of consecutive trials."""
        described = next(p for p in self.provenance["populations"] if p["name"] == READOUT)
        text = described["parameters"].get("tau_m")
        try:
            tau_m = None if text is None and self.config.is_nir else parse_quantity(text, "time")
        except UserError as error:
            raise error.but(
                file=self.folder / "provenance.json", key=f"populations, {READOUT}, tau_m"
            ) from None
        return first_informed_step(self.stored.potentials(READOUT, trials), self.stored.dt(), tau_m)

    def threshold(self, population: str) -> float | None:
        """Return the threshold of a population if all its neurons share one that does not change."""
        for described in self.provenance["populations"]:
            if described["name"] == population and described["threshold"] == "V > V_th":
                if "V_th of the cells" in described:
                    return None
                text = described["parameters"].get("V_th")
                return None if text is None else parse_quantity(text, "voltage")
        return None
