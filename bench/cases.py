"""A folder of network files: what is expected of each, and what bioscnn makes of it, as a table.

``python -m bench.cases FOLDER`` reads all ONNX files in a folder. The logits are held against onnxruntime's.
Networks whose names end in ``-trained`` classify embedded digits, at the duration that bioscnn chooses; of
the others the spikes of every device are held against the reference's.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from numpy.typing import NDArray

from bench.architectures.compare import DEVICES, differing, spiking
from bioscnn.ann import LayerGraph, read_onnx
from bioscnn.errors import UserError

REFUSED = {
    "bias-for-each-image": ("Gemm", "one bias for all images"),
    "int8-qdq": ("x_QuantizeLinear", "before it is quantised"),
    "random-weights": ("RandomNormalLike", "leave random numbers out"),
    "softmax-over-batch": ("Softmax", ""),
    "training-mode-opset-13": ("BatchNormalization", "model.eval()"),
}
"""Networks that are not read, and of each the node at fault and the fix."""

PREPROCESSED = {"normalised-outside-trained": ["dataset.mean=0.1307", "dataset.std=0.3081"]}
"""What a study has to say of the images that a network was trained on."""

AT_ONCE = 6
"""Networks that are simulated side by side, in one compiled program."""


def expected_logits(path: Path, x: NDArray[np.float32]) -> NDArray[np.floating]:
    """Compute the logits, those before a softmax, in ONNX's runtime, or in its reference where it cannot."""
    model = onnx.load(path)
    last = model.graph.node[-1]
    if last.op_type == "Softmax":
        model.graph.output[0].name = last.input[0]
        model.graph.node.remove(last)
    for value in model.graph.input:
        if value.type.tensor_type.elem_type == onnx.TensorProto.UINT8:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    graph_input = model.graph.input[0]
    shape = [d.dim_value for d in graph_input.type.tensor_type.shape.dim]
    images = x.transpose(0, 2, 3, 1) if shape[3] == 1 else x
    if graph_input.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE:
        from onnx.reference import ReferenceEvaluator

        run = ReferenceEvaluator(model).run
        images = images.astype(np.float64)
    else:
        run = onnxruntime.InferenceSession(model.SerializeToString()).run
    return np.concatenate([run(None, {graph_input.name: image[None]})[0].reshape(1, -1) for image in images])


def logits_error(graph: LayerGraph, path: Path) -> float:
    """Return the largest difference of the logits, over the largest logit or 1."""
    x = np.random.default_rng(1).random((3, *graph.input_shape), np.float32)
    expected = expected_logits(path, x)
    return float(np.abs(graph.forward(x) - expected).max() / max(1.0, np.abs(expected).max()))


def trained(path: Path, study: Path, data: Path | None, digits: int) -> dict[str, str]:
    """Return how many digits a trained network gets right, as an ANN and in spikes at its own duration."""
    from bioscnn.simulation.simulate import Silent
    from bioscnn.studies.run import run_study
    from bioscnn.studies.settling import read_settled_study

    changes = [f"network.model={path}", "simulation.duration=auto", f"dataset.trials={digits}"]
    changes += ["readout.rule=mean-potential", *PREPROCESSED.get(path.stem, [])]
    settled, chosen = read_settled_study(study, changes, data, Silent())
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        run = run_study(settled, data=data, out=None, results=results, progress=Silent(), chosen=chosen)
    ann, snn = run.summary["ann_accuracy"], run.summary["accuracy"]["mean-potential"]
    return {"ANN": _share(ann), "SNN": _share(snn), "duration": f"{run.summary['duration_ms']:g} ms"}


def _share(triple: list[float]) -> str:
    share, low, high = (100 * value for value in triple)
    return f"{share:.1f} % ({low:.1f} to {high:.1f})"


def row(path: Path) -> tuple[dict[str, Any], LayerGraph | None]:
    """Return the row of one file in the table, and the network if it was read."""
    expected = "refused" if path.stem in REFUSED else "read"
    cells: dict[str, Any] = {"file": path.stem, "expected": expected}
    try:
        graph = read_onnx(path)
        cells |= {"got": "read", "logits": logits_error(graph, path)}
    except UserError as error:
        return cells | {"got": "refused", "why": f"{error.problem} ({error.key}); {error.fix}"}, None
    return cells, graph


def main() -> None:
    """Print a line for each file, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--study", type=Path, default=Path("sims/mnist.toml"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--devices", default=",".join(DEVICES))
    parser.add_argument("--digits", type=int, default=500, help="digits for each trained network; 0: none")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all results")
    options = parser.parse_args()
    folder = options.results / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    read = {path.stem: row(path) for path in sorted(options.folder.glob("*.onnx"))}
    rows = {name: cells for name, (cells, _) in read.items()}
    others = {name: graph for name, (_, graph) in read.items() if graph and not name.endswith("-trained")}
    names = list(others)
    for first in range(0, len(names), AT_ONCE):
        networks = {name: spiking(others[name]) for name in names[first : first + AT_ONCE]}
        for device in filter(None, options.devices.split(",")):
            for name, spikes in differing(networks, DEVICES[device], (1, 28, 28)).items():
                rows[name][device] = spikes
            pd.DataFrame(rows.values()).to_csv(folder / "cases.csv", index=False)
    for name in rows:
        if name.endswith("-trained") and options.digits:
            path = (options.folder / f"{name}.onnx").absolute()
            rows[name] |= trained(path, options.study, options.data, options.digits)
            print(rows[name], flush=True)
            pd.DataFrame(rows.values()).to_csv(folder / "cases.csv", index=False)
    with pd.option_context("display.width", 300, "display.max_columns", None, "display.max_rows", None):
        print(pd.DataFrame(rows.values()).fillna("").to_string(index=False))


if __name__ == "__main__":
    main()
