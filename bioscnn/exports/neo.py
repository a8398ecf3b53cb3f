"""A run as a neo block in a NIX file, for elephant and other readers of neo.

NIX is the format that neo itself writes whole: hierarchy, units, annotations and array annotations come back
as they were. It is HDF5. (Neo's other whole format is a pickle, which no careful reader loads.)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.exports.activity import Activity
from bioscnn.exports.place import whole_file
from bioscnn.extras import require
from bioscnn.hdf5 import place_of_hdf5

if TYPE_CHECKING:
    from h5py import File
    from neo import Block


MOST_TRAINS = 2000
"""Spike trains that are written: NIX looks up every name among all others, and gets slower with each."""


def write(folder: Path, out: Path | None) -> Path:
    """Write the spikes, potentials and decisions of a run as one block with one segment.

    Its trials follow each other, as they did in the simulation; the epoch ``trials`` says where, and
    `neo.utils.cut_segment_by_epoch` cuts them. Each neuron is a spike train, also if it never fired, with
    ``population`` and ``neuron`` as annotations; potentials are analog signals, mV above rest. Times are
    those of `Activity`.

    Parameters and errors as of `bioscnn.exports.export`.
    """
    require("neo files need neo and nixio", "export", "neo", "nixio")
    from neo.io import NixIO

    path = place_of_hdf5(out, folder / "run.nix", _is_nix, ("format",))
    activity = Activity.read(folder)
    if (trains := sum(spikes.size for spikes in activity.spikes.values())) > MOST_TRAINS:
        raise UserError(
            "a NIX file takes a tenth of a second per spike train, and each neuron is one",
            file=folder,
            value=f"{trains:,} neurons",
            expected=f"at most {MOST_TRAINS:,}",
            fix="choose --to nwb, which neo reads too (neo.io.NWBIO), or keep fewer (readout.record)",
        )
    with whole_file(path) as scratch:
        file = NixIO(str(scratch), mode="ow")
        try:
            file.write_block(block_of(activity))
        finally:
            file.close()
    return path


def _is_nix(file: File) -> bool:
    return file.attrs.get("format") in ("nix", b"nix")


def block_of(activity: Activity) -> Block:
    """Return the activity of a run as a neo block."""
    from neo import AnalogSignal, Block, Epoch, Segment, SpikeTrain
    from quantities import ms

    dt_ms, n_trials = 1e3 * activity.dt, activity.n_trials
    facts = {name: value for name, value in activity.facts().items() if value is not None}
    block = Block(name="run", description=activity.title, **facts)
    segment = Segment(name="all trials")
    block.segments.append(segment)
    duration = activity.n_steps * dt_ms
    names = np.array(activity.classes)
    segment.epochs.append(
        Epoch(
            times=np.arange(n_trials) * duration,
            durations=np.full(n_trials, duration),
            labels=names[activity.label],
            units="ms",
            name="trials",
            array_annotations={
                "true_class": activity.label,
                "chosen_class": activity.chosen_class,
                **({} if activity.ann_class is None else {"ann_class": activity.ann_class}),
                "index": activity.index,
            },
        )
    )
    for name in activity.spikes:
        for neuron, steps in enumerate(activity.trains(name)):
            segment.spiketrains.append(
                SpikeTrain(
                    steps * dt_ms,
                    units="ms",
                    t_stop=n_trials * duration,
                    name=f"{name} {neuron}",
                    population=name,
                    neuron=neuron,
                )
            )
    signals: dict[str, tuple[NDArray[Any], str]] = {
        f"{name} potential": (1e3 * volts, "mV") for name, volts in activity.potentials.items()
    }
    signals["decision"] = activity.decision[:, :, None], "dimensionless"
    for name, (values, unit) in signals.items():
        flat = values.reshape(-1, values.shape[2])
        segment.analogsignals.append(AnalogSignal(flat, units=unit, sampling_period=dt_ms * ms, name=name))
    return block
