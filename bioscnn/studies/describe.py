"""A trained network as the spiking network that it becomes, to read before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioscnn.ann import read_card, read_model
from bioscnn.ann.models import locate
from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Dense, Pooling, Projection
from bioscnn.neurons import ExponentialConductance, LeadingCount
from bioscnn.quantities import format_quantity
from bioscnn.simulation import Device
from bioscnn.studies.config import KEYS_OF_ENCODINGS, StudyConfig
from bioscnn.studies.prepare import calibration_input, check_shape, convert_for
from bioscnn.studies.provenance import describe_network


def describe_conversion(model: str, data: Path | None = None) -> dict[str, Any]:
    """Convert a network with the default neuron and the input of its training, and describe the result.

    Parameters
    ----------
    model : str
        A shipped network, or the path of an ONNX file; a ReLU network has to fit the default data set.
    data : Path, optional
        Data folder.

    Returns
    -------
    dict
        ``populations`` with equations and parameters, ``projections`` with the range of their weights,
        ``calibrated_on``: the data set on whose images rates were matched, or None.

    Raises
    ------
    UserError
        If the network cannot be converted.
    """
    config, graph = _usual_study(model), read_model(model)
    calibration = calibration_input(config, graph, data)
    if calibration is not None:
        check_shape(graph, calibration, model)
    network = convert_for(config, graph, calibration)
    description = describe_network(network, Device())
    description["calibrated_on"] = None if calibration is None else config.dataset.name
    for projection, row in zip(network.projections, description["projections"], strict=True):
        row["weights"] = _weights(projection)
    return description


def _usual_study(model: str) -> StudyConfig:
    """Return a study of what a network was trained on: images or recordings, as its card says."""
    try:
        return _study_of(read_card(model) or {})
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UserError(
            "the card of the network does not say what it was trained on",
            file=locate(model).with_suffix(".json"),
            value=str(error).partition("\n")[0],
            fix="train it again, or remove the card",
        ) from None


def _study_of(card: Mapping[str, Any]) -> StudyConfig:
    if "encoding" in card:
        made = card["encoding"]
        keys = {key: made[key] for key in KEYS_OF_ENCODINGS[made["kind"]] if made.get(key)}
        if "full_response" in keys:
            keys["full_response"] = dict(zip(made["retina"], made["full_response"], strict=True))
        for key, dimension in (("full_current", "current"), ("input_rate", "frequency")):
            if key in keys:
                keys[key] = format_quantity(keys[key], dimension)
        name = card["data"]["train"]["name"]
        return StudyConfig.model_validate(
            {"dataset": {"name": name}, "encoding": {"kind": made["kind"], **keys}}
        )
    if "recordings" not in card:
        return StudyConfig()
    name = card["data"]["train"]["name"].removesuffix("-simulated")
    rate = format_quantity(card["settings"]["input_rate"], "frequency")
    encoding = {"kind": "events", "input_rate": rate, "bin_size": card["recordings"]["bin_size"]}
    tables = {"dataset": {"name": name}, "encoding": encoding, "simulation": {"duration": "300 ms"}}
    return StudyConfig.model_validate(tables)


def _weights(projection: Projection) -> str:
    low, high = _range(projection.connectivity)
    if projection.synapse is None:
        return f"{low:.3g} to {high:.3g} A/A"
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
