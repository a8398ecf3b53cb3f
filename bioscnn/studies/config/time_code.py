"""What a study of the time code demands of its other tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.neurons import TimeCode
from bioscnn.studies.config.values import either, refuse

if TYPE_CHECKING:
    from bioscnn.studies.config.study import StudyConfig

READOUTS = ("last-potential", "first-spike")
ENCODINGS = ("spike-time", "currents")

_TIMES = "a spike says a value by its time in one window"
NEEDS = {
    "neuron.model": (("lif",), "the threshold falls with the membrane of LIF neurons"),
    "synapse.model": (("current",), "conductances change the time constant by which times are read"),
    "encoding.kind": (ENCODINGS, f"{_TIMES}, and here spikes come in by another code"),
    "simulation.start": (("rest",), "a potential at the start would count as a value"),
    "simulation.device": (("cpp_standalone", "numpy"), "GeNN is told what a step does as one matrix"),
    "readout.rule": (READOUTS, "the class stands in the potentials at the end of the last window"),
}
"""By key: what it may be in the time code, and why."""


def with_its_readout(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of a study, which read the last potential if they do not say what to read."""
    network = tables.get("network")
    readout = tables.get("readout", {})
    if not (isinstance(network, dict) and network.get("code") == "time" and isinstance(readout, dict)):
        return tables
    return tables | {"readout": {"rule": READOUTS[0]} | readout}


def check_time_code(config: StudyConfig) -> None:
    """Refuse what does not go together with ``network.code``; raises what a validator does."""
    if config.network.code == "rate":
        if config.encoding.kind == "spike-time":
            raise refuse(
                "spike times as input are for a network that reads them",
                key="encoding.kind",
                value="spike-time",
                expected='network.code = "time"',
                fix='set it, or encoding.kind = "currents"',
            )
        return
    if config.is_nir:
        raise refuse(
            "a NIR graph is a spiking network already, with a code of its own",
            key="network.code",
            value="time",
            fix="remove the key, or convert a trained ReLU network",
        )
    for key, (allowed, why) in NEEDS.items():
        table, name = key.split(".")
        value = getattr(getattr(config, table), name)
        if value not in allowed:
            raise refuse(
                f"not in the time code: {why}",
                key=key,
                value=value,
                expected=either(*allowed),
                fix='set it, or network.code = "rate"',
            )
    try:
        TimeCode(config.neuron.tau_m, config.synapse.tau_s, config.simulation.dt)
    except UserError as error:
        raise ValueError(error) from error
