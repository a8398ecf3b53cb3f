"""Export every network through every door; print and write a table of what became of it.

In one environment with bioscnn, torch, onnxscript and Keras 3, or with what of these there is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import bioscnn
from bench.architectures import torch_networks
from bench.architectures.compare import (
    DEVICES,
    SHAPE,
    differing,
    images,
    logits_error,
    onnxruntime_logits,
    spiking,
)
from bioscnn.ann import LayerGraph
from bioscnn.errors import UserError

AT_ONCE = 12
"""Networks that are simulated side by side, in one compiled program."""

Made = tuple[LayerGraph, dict[str, NDArray[np.float32]]]


def of_torch(name: str, folder: Path, dynamo: bool) -> Made:
    """Return a network that torch has exported to a file, and the logits of onnxruntime."""
    path = folder / "network.onnx"
    torch_networks.export(name, path, dynamo)
    return bioscnn.read_network(path), {"onnxruntime": onnxruntime_logits(str(path), images(5))}


def of_module(name: str, folder: Path) -> Made:
    """Return a network that is handed over in Python, and the logits of torch."""
    import torch

    module, x = torch_networks.network(name), torch.from_numpy(images(5))
    with torch.no_grad():
        return bioscnn.read_network(module, x[:1]), {"torch": module(x).numpy()}


def of_keras(name: str, folder: Path) -> Made:
    """Return a network from an archive, and the logits of Keras and, of Keras' own export, of onnxruntime."""
    from bench.architectures import keras_networks

    model, path, exported = keras_networks.network(name), folder / "network.keras", folder / "network.onnx"
    keras_networks.save(model, path)
    theirs = {"Keras": keras_networks.logits(model)}
    try:
        model.export(exported, format="onnx", verbose=False)
        x = keras_networks.as_given(model, images(5))
        theirs["onnxruntime"] = np.concatenate(
            [onnxruntime_logits(str(exported), image[None]) for image in x]
        )
    except Exception as error:  # whatever Keras' own exporter cannot do
        print(f"  Keras exports no ONNX of {name}: {(str(error) or repr(error)).splitlines()[0][:100]}")
    return bioscnn.read_network(path), theirs


DOORS: dict[str, Callable[[str, Path], Made]] = {
    "torch-legacy": lambda name, folder: of_torch(name, folder, dynamo=False),
    "torch-dynamo": lambda name, folder: of_torch(name, folder, dynamo=True),
    "torch-module": of_module,
    "keras": of_keras,
}


def names(door: str) -> Sequence[str]:
    """Return the networks that go through a door."""
    if door != "keras":
        return list(torch_networks.ARCHITECTURES)
    from bench.architectures import keras_networks

    return list(keras_networks.ARCHITECTURES)


def row(door: str, name: str) -> tuple[dict[str, Any], LayerGraph | None]:
    """Return the row of one network in the table, and the network if it was read."""
    cells: dict[str, Any] = {"door": door, "network": name, "refused": ""}
    with tempfile.TemporaryDirectory() as folder:
        try:
            graph, logits = DOORS[door](name, Path(folder))
        except UserError as error:
            return cells | {"refused": f"{error.problem} ({error.key})"}, None
    softmax = "softmax" in name or (door, name) == ("keras", "all-convolutional")
    errors = {f"logits, {oracle}": logits_error(graph, theirs, softmax) for oracle, theirs in logits.items()}
    return cells | {"graph": graph.sha256()[:12], **errors}, graph


def add_spikes(
    rows: list[dict[str, Any]], graphs: dict[str, LayerGraph], devices: Sequence[str]
) -> Iterator[None]:
    """Add to the rows whether the spikes of every device are the reference's, some networks at a time.

    Networks that came through several doors as the same graph are simulated once.
    """
    keys = list(graphs)
    for first in range(0, len(keys), AT_ONCE):
        networks = {key: spiking(graphs[key]) for key in keys[first : first + AT_ONCE]}
        for device in devices:
            compared = differing(networks, DEVICES[device], SHAPE)
            for row in rows:
                if row.get("graph") in compared:
                    row[device] = compared[row["graph"]]
            yield


def refusals() -> list[dict[str, Any]]:
    """Return rows of Keras models that no spiking network can be, with their refusals."""
    from bench.architectures import keras_networks

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, model in keras_networks.refused():
            path = Path(folder) / "network.keras"
            keras_networks.save(model, path)
            try:
                answer = f"READ: {bioscnn.read_network(path)}"
            except UserError as error:
                answer = f"{error.problem} ({error.key})"
            rows.append({"door": "keras", "network": f"to refuse: {name}", "refused": answer})
    return rows


def main() -> None:
    """Print a line for each network, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="networks; all if none is named")
    parser.add_argument("--doors", default=",".join(DOORS))
    parser.add_argument("--devices", default=",".join(DEVICES))
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all results")
    options = parser.parse_args()
    folder = options.results / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    rows, graphs, devices = list[dict[str, Any]](), dict[str, LayerGraph](), options.devices.split(",")
    for door in options.doors.split(","):
        for name in options.names or names(door):
            cells, graph = row(door, name)
            rows.append(cells)
            if graph is not None:
                graphs[cells["graph"]] = graph
            texts = [f"{k} {v:.1e}" if isinstance(v, float) else v for k, v in list(cells.items())[2:] if v]
            print(f"{door:<13} {name:<30} {'; '.join(texts)}", flush=True)
        if door == "keras" and not options.names:
            rows += refusals()
    for _ in add_spikes(rows, graphs, [*filter(None, devices)]):
        pd.DataFrame(rows).to_csv(folder / "architectures.csv", index=False)
        print(summary(pd.DataFrame(rows), devices), flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(folder / "architectures.csv", index=False)
    print(summary(table, devices))


def summary(table: pd.DataFrame, devices: Sequence[str]) -> str:
    """Return how many networks of each door were read, with what error, and with equal spikes."""
    lines = []
    errors = [column for column in table if column.startswith("logits")]
    for door, rows in table.groupby("door", sort=False):
        read = rows[rows["refused"] == ""]
        line = f"{door}: {len(read)} of {len(rows)} read"
        line += "".join(
            f"; {column} at most {read[column].max():.1e} (n = {read[column].count()})"
            for column in errors
            if read[column].count()
        )
        line += "".join(
            f"; {device} equal {read[device].str.startswith('equal').sum()}"
            for device in devices
            if device in table
        )
        lines += [
            line,
            *(f"  {network.network}: {network.refused}" for network in rows.itertuples() if network.refused),
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
