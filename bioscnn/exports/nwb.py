"""A run as an NWB file, the format of archives of neurophysiology such as DANDI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.exports.activity import Activity
from bioscnn.exports.place import whole_file
from bioscnn.extras import require
from bioscnn.hdf5 import place_of_hdf5

if TYPE_CHECKING:
    from h5py import File
    from pynwb import NWBFile

NO_ANIMAL = "No animal: a simulated network, whose age and sex are only filled in."


def write(folder: Path, out: Path | None) -> Path:
    """Write the spikes, potentials and decisions of a run.

    Neurons are units, with the columns ``population`` and ``neuron``; the trials are the table of trials, one
    after the other as in the simulation; potentials (V above rest) and decisions are time series of the
    processing module ``misc``. Times are those of `Activity`.

    Parameters and errors as of `bioscnn.exports.export`.
    """
    require("NWB files need pynwb", "nwb", "pynwb")
    from pynwb import NWBHDF5IO

    path = place_of_hdf5(out, folder / "run.nwb", _is_export, ("identifier",))
    activity = Activity.read(folder)
    with whole_file(path) as scratch, NWBHDF5IO(str(scratch), "w") as file:
        file.write(file_of(activity))
    return path


def _is_export(file: File) -> bool:
    return bool(file["identifier"][()].startswith(b"bioscnn-"))


def file_of(activity: Activity) -> NWBFile:
    """Return the activity of a run as the contents of an NWB file."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO
    from pynwb import NWBFile, TimeSeries
    from pynwb.file import Subject

    provenance, dt, ann_class = activity.run.provenance, activity.dt, activity.ann_class
    origin = "was converted from a trained one" if ann_class is not None else "is a NIR graph"
    facts = "\n".join(f"{name}: {value}" for name, value in activity.facts().items())
    nwb = NWBFile(
        session_description=activity.title,
        identifier=f"bioscnn-{provenance.get('key', provenance['started'])}",
        session_start_time=activity.started,
        experiment_description=f"Simulation of a spiking network that {origin}.",
        source_script=facts,
        source_script_file_name="bioscnn",
        subject=Subject(subject_id="simulation", sex="U", age="P0D", description=NO_ANIMAL),
    )
    duration = activity.n_steps * dt
    for name, about in (
        ("true_class", "class of the example"),
        ("chosen_class", "class that the spiking network chose at the end of the trial"),
        *([] if ann_class is None else [("ann_class", "class that the trained network chose")]),
        ("dataset_index", "place of the example in its split of the data set"),
        ("true_name", "name of the class of the example"),
    ):
        nwb.add_trial_column(name, about)
    for k in range(activity.n_trials):
        nwb.add_trial(
            start_time=k * duration,
            stop_time=(k + 1) * duration,
            true_class=int(activity.label[k]),
            chosen_class=int(activity.chosen_class[k]),
            **({} if ann_class is None else {"ann_class": int(ann_class[k])}),
            dataset_index=int(activity.index[k]),
            true_name=activity.classes[activity.label[k]],
        )
    observed = [[0.0, activity.n_trials * duration]]  # without it, neo cannot read the units
    nwb.add_unit_column("population", "population of the neuron")
    nwb.add_unit_column("neuron", "number of the neuron in its population, row by row, channels first")
    for name in activity.spikes:
        for neuron, steps in enumerate(activity.trains(name)):
            nwb.add_unit(spike_times=steps * dt, obs_intervals=observed, population=name, neuron=neuron)
    if nwb.units is not None:
        nwb.units.resolution = dt
    module = nwb.create_processing_module("misc", "what was recorded at the end of each time step")
    clock = {"starting_time": 0.0, "rate": 1 / dt}
    for name, volts in activity.potentials.items():
        flat = volts.reshape(-1, volts.shape[2])
        # Readers take the longer side of an array for time; a population of more neurons is several series.
        for first in range(0, flat.shape[1], len(flat)):
            part = flat[:, first : first + len(flat)]
            neurons = f"neurons {first} to {first + part.shape[1] - 1}"
            module.add(
                TimeSeries(
                    name=f"{name}_potential" + (f"_from_{first}" if part.size < flat.size else ""),
                    data=H5DataIO(part, compression=True),
                    unit="volts",
                    description=f"membrane potentials of {name}, above rest; a column per neuron, {neurons}",
                    **clock,
                )
            )
    module.add(
        TimeSeries(
            name="decision",
            data=H5DataIO(activity.decision.ravel(), compression=True),
            unit="class",
            description="class that the readout chooses after each step",
            **clock,
        )
    )
    return nwb
