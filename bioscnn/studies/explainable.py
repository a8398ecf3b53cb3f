"""Which studies a ledger can be drawn up of, and what it is drawn up from."""

from __future__ import annotations

from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.ledger import Case
from bioscnn.quantities import format_quantity
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.prepare import Loaded


def refuse_unexplained(config: StudyConfig, file: Path | None = None) -> None:
    """Refuse a study of which no ledger can be drawn up.

    Raises
    ------
    UserError
        If it is of a NIR graph, spikes come in, or it has noise, delays, or other weights and currents than
        conversion gives.
    """
    if config.is_nir:
        raise UserError(
            "a NIR graph is a spiking network already: there is no trained one to explain it by",
            file=file,
            key="network.model",
            value=config.network.model,
            fix="explain a run of a converted network",
        )
    if config.encoding.kind not in ("currents", "spike-time"):
        raise UserError(
            "only runs under constant currents or spike times can be explained",
            file=file,
            key="encoding.kind",
            value=config.encoding.kind,
            expected='"currents" or "spike-time": what comes in has to say the same in every trial',
        )
    for key, model, choices in (
        ("neuron.model", config.neuron.model, ("lif", "if")),
        ("synapse.model", config.synapse.model, ("current",)),
    ):
        if model not in choices:
            raise UserError(
                "explain knows the causes of LIF and IF neurons with synaptic currents alone",
                file=file,
                key=key,
                value=model,
                expected=" | ".join(choices),
                fix="explain a run with one of them; bioscnn ladder says what more biology costs",
            )
    refuse_noise(config, "the ledger explains a run without noise", "explain a run of the clean study")
    for key, value, none, problem in (
        ("synapse.delay", format_quantity(config.synapse.delay, "time"), "0 ms", "synaptic delays"),
        ("network.weight_scale", config.network.weight_scale, 1, "a weight scale"),
        ("encoding.gain", config.encoding.gain, 1, "a gain of the input"),
    ):
        if value != none:
            raise UserError(
                f"the ledger explains a run without {problem}",
                file=file,
                key=key,
                value=value,
                expected=str(none),
            )


def is_explainable(config: StudyConfig) -> bool:
    """Return whether a ledger can be drawn up of a study, see `refuse_unexplained`."""
    try:
        refuse_unexplained(config)
    except UserError:
        return False
    return True


def case_of(loaded: Loaded, trials: int) -> Case:
    """Return the first trials of a study as the case of a ledger."""
    first = slice(0, min(trials, len(loaded.examples)))
    return Case(
        loaded.graph,
        loaded.input.intensities()[first],
        loaded.examples.labels[first],
        None if loaded.calibration is None else loaded.calibration.intensities(),
    )
