"""The networks that a benchmark compares."""

from __future__ import annotations

from math import prod
from typing import Any

from bioscnn.ann import LayerGraph, read_card, shipped_models
from bioscnn.ann.models import locate
from bioscnn.errors import UserError


def title_of(network: str) -> str:
    """Return the name under which a network appears, without folder and ending.

    Raises
    ------
    UserError
        If there is no such network.
    """
    return locate(network).stem


def shipped_networks(dataset: str) -> tuple[str, ...]:
    """Return the shipped networks of a data set that a benchmark compares, sorted by name.

    Raises
    ------
    UserError
        If there is none.
    """
    names = compared_networks(dataset)
    if not names:
        raise UserError(
            "no shipped network for this data set", key="dataset", value=dataset,
            expected=f"a name that begins one of {', '.join(shipped_models())}",
            fix="name the networks with --network",
        )  # fmt: skip
    return names


def compared_networks(dataset: str) -> tuple[str, ...]:
    """Return the shipped networks of a data set, without those that the benchmark is not about.

    One behind a front end of its own does not fit the study, one of spike times is of another code, and one
    that was shown noise answers another question than that of clean images.
    """
    models = [model for model in shipped_models() if model.startswith(f"{dataset}-")]
    return tuple(model for model in models if _is_compared(read_card(model) or {}))


def _is_compared(card: dict[str, Any]) -> bool:
    return not {"encoding", "code"} & card.keys() and not card.get("settings", {}).get("noise")


def count_neurons(graph: LayerGraph) -> int:
    """Return how many neurons spike in the network that a trained one becomes."""
    nodes = zip(graph.nodes, graph.shapes, strict=True)
    return sum(prod(shape) for node, shape in nodes if node.activates)
