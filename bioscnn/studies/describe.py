"""A trained network as the spiking network that it becomes, to read before it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bioscnn.ann import read_card, read_model
from bioscnn.ann.models import locate
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Dense, Pooling, Projection
from bioscnn.neurons import ExponentialConductance, LeadingCount
from bioscnn.quantities import format_quantity
from bioscnn.simulation import Device
from bioscnn.studies.config import KEYS_OF_ENCODINGS, StudyConfig
from bioscnn.studies.prepare import calibration_input, check_shape, convert_for
from bioscnn.studies.provenance import describe_network
from bioscnn.studies.study import study_of

RESETS = {
    "exact": "subtraction, and the charge since the true crossing is kept",
    "subtract": "subtraction",
    "zero": "to rest",
}
"""What the reset rules of the neurons that come with bioscnn do."""


def describe_conversion(model: str, data: Path | None = None, changes: Sequence[str] = ()) -> dict[str, Any]:
    """Convert a network as in a study with the input of its training, and describe the result.

    Parameters
    ----------
    model : str
        A shipped network, or the path of an ONNX file; a ReLU network has to fit the default data set.
    data : Path, optional
        Data folder.
    changes : sequence of str
        Of keys of that study, ``"neuron.t_ref=1 ms"``.

    Returns
    -------
    dict
        ``populations`` with equations and parameters, ``projections`` with the range of their weights,
        ``calibrated_on``: the data set on whose images rates were matched, or None.

    Raises
    ------
    UserError
        If the network cannot be converted, or a change does not fit.
    """
    tables, graph = _usual_study(model), read_model(model)
    config = _changed(tables, changes)
    calibration = calibration_input(config, graph, data)
    if calibration is not None:
        check_shape(graph, calibration, model)
    network = convert_for(config, graph, calibration)
    description = describe_network(network, Device())
    description["calibrated_on"] = None if calibration is None else config.dataset.name
    for row in description["populations"]:
        row["resets"] = RESETS.get(str(getattr(network[row["name"]].neuron, "reset", None)))
    for projection, row in zip(network.projections, description["projections"], strict=True):
        row["weights"] = _weights(projection)
    return description


def _usual_study(model: str) -> dict[str, Any]:
    """Return tables of a study of what a network was trained on: images or recordings, as its card says."""
    try:
        tables = _tables_of(read_card(model) or {})
        StudyConfig.model_validate(tables)
        return tables
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UserError(
            "the card of the network does not say what it was trained on",
            file=locate(model).with_suffix(".json"),
            value=str(error).partition("\n")[0],
            fix="train it again, or remove the card",
        ) from None


def _changed(tables: Mapping[str, Any], changes: Sequence[str]) -> StudyConfig:
    """Return a study with keys changed; there is no file that an error could name."""
    config = StudyConfig.model_validate(tables)
    if not changes:
        return config
    try:
        changed = study_of(Path("study.toml"), tables, changes).config
    except UserError as error:
        raise error.but(file=None if error.file == Path("study.toml") else error.file) from None
    if changed.network.model != config.network.model:
        raise UserError(
            "the network is the argument of this command",
            key="network.model",
            value=changed.network.model,
            fix="bioscnn convert NETWORK",
        )
    return changed


def _tables_of(card: Mapping[str, Any]) -> dict[str, Any]:
    if "encoding" in card:
        made = card["encoding"]
        keys = {key: made[key] for key in KEYS_OF_ENCODINGS[made["kind"]] if made.get(key)}
        if "full_response" in keys:
            keys["full_response"] = dict(zip(made["retina"], made["full_response"], strict=True))
        for key, dimension in (("full_current", "current"), ("input_rate", "frequency")):
            if key in keys:
                keys[key] = format_quantity(keys[key], dimension)
        name = card["data"]["train"]["name"]
        return {"dataset": {"name": name}, "encoding": {"kind": made["kind"], **keys}}
    if "recordings" not in card:
        return {}
    name = card["data"]["train"]["name"].removesuffix("-simulated")
    if name not in EVENT_DATASETS:
        name = "nmnist"  # recordings of one's own: the card does not say where they lie
    rate = format_quantity(card["settings"]["input_rate"], "frequency")
    encoding = {"kind": "events", "input_rate": rate, "bin_size": card["recordings"]["bin_size"]}
    return {"dataset": {"name": name}, "encoding": encoding, "simulation": {"duration": "300 ms"}}


def _weights(projection: Projection) -> str:
    low, high = _range(projection.connectivity)
    if projection.synapse is None:
        return f"{low:.3g} to {high:.3g} nA per nA"
    if isinstance(projection.synapse, LeadingCount):
        return format_quantity(projection.synapse.jump, "voltage")
    unit = "nS" if isinstance(projection.synapse, ExponentialConductance) else "nA"
    return f"{low * 1e9:.3g} to {high * 1e9:.3g} {unit}"


def _range(connectivity: Connectivity) -> tuple[float, float]:
    """Return the smallest and the largest weight; of a kernel or a matrix without listing synapses."""
    match connectivity:
        case Convolution():
            weights = connectivity.kernel
        case Dense():
            weights = connectivity.weight
        case Pooling():
            weights = connectivity.weight_onto()
        case _:
            weights = connectivity.synapses()[2]
    return float(weights.min()), float(weights.max())
