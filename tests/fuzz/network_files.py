"""Trained networks of others, and their cards: valid ones, and what reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tests.fuzz.reader import ROOT


def onnx(folder: Path) -> list[bytes]:
    from bioscnn.ann import ReLU, write_onnx
    from tests.networks import every_layer

    exported = ROOT / "tests" / "cases" / "networks"
    found = [path.read_bytes() for path in sorted(exported.glob("*.onnx"))]
    for name, activation in (("relu", ReLU()), ("lif", None)):
        write_onnx(every_layer(activation), folder / f"{name}.onnx")
        found.append((folder / f"{name}.onnx").read_bytes())
    return found


def keras(folder: Path) -> list[bytes]:
    from tests.keras_archives import called, functional, image, layer, sequential, tensor, written

    rng = np.random.default_rng(1)
    kernel, bias = rng.random((3, 3, 1, 2)), rng.random(2)
    convolved = layer(
        "Conv2D",
        "conv",
        filters=2,
        kernel_size=[3, 3],
        strides=[1, 1],
        padding="same",
        data_format="channels_last",
        dilation_rate=[1, 1],
        groups=1,
        activation="relu",
        use_bias=True,
    )
    pooled = layer(
        "MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], padding="valid", data_format="channels_last"
    )
    flat = layer("Flatten", "flatten", data_format="channels_last")
    dense = layer("Dense", "dense", units=3, activation="softmax", use_bias=True)
    weights = {
        "layers/conv2d": ("conv", [kernel, bias]),
        "layers/dense": ("dense", [rng.random((18, 3)), rng.random(3)]),
    }
    chain = sequential(image(6, 6, 1), convolved, pooled, flat, dense)
    added = layer("Add", "add")
    branches = functional(
        called(image(6, 6, 1, name="in")), called(convolved, [tensor("in")]),
        called(added, [[tensor("conv"), tensor("conv")]]), called(pooled, [tensor("add")]),
        called(flat, [tensor("pool")]), called(dense, [tensor("flatten")]), output="dense",
    )  # fmt: skip
    return [written(folder / "x.keras", config, weights).read_bytes() for config in (chain, branches)]


def network(path: Path) -> object:
    """Read a network, compute with it, and make it a spiking one, as `bioscnn.convert` does."""
    import bioscnn
    from bioscnn.ann import read_model
    from bioscnn.errors import UserError

    graph = read_model(path)
    images = np.random.default_rng(1).random((2, *graph.input_shape), np.float32)
    if images.size > 5000:
        return graph
    try:
        return graph.forward(images), bioscnn.convert(graph, images=images)
    except UserError as error:
        raise error.but(file=path) from None  # the network was given, not its file


def card(folder: Path) -> list[bytes]:
    models = ROOT / "bioscnn" / "models"
    return [
        (models / f"{name}.json").read_bytes() for name in ("mnist-small", "mnist-foveal", "nmnist-small")
    ]


def beside_card(place: Path) -> None:
    shutil.copy(ROOT / "bioscnn" / "models" / "mnist-small.onnx", place / "net.onnx")


def of_card(path: Path) -> object:
    from bioscnn.studies.describe import describe_conversion

    return describe_conversion(str(path.with_suffix(".onnx")))


def nir(folder: Path) -> list[bytes]:
    import nir

    from tests.unit.nir.graphs import chain, conv, cuba, integrate, lif, weights

    flat = nir.Flatten({"input": np.array([2, 9, 9])}, 0, -1)
    graphs = [
        chain(
            conv(1, 2),
            lif(2, 9, 9),
            flat,
            nir.Affine(weights(5, 162), weights(5)),
            lif(5),
            shape=(1, 9, 9),
            out=5,
        ),
        chain(
            nir.Linear(weights(4, 6)),
            cuba(4),
            nir.Affine(weights(3, 4), weights(3)),
            integrate(3),
            shape=(6,),
            out=3,
        ),
        chain(
            nir.Affine(weights(3, 6), weights(3)),
            nir.LI(np.full(3, 0.01), np.ones(3), np.zeros(3)),
            shape=(6,),
            out=3,
        ),
    ]
    found = []
    for graph in graphs:
        nir.write(folder / "g.nir", graph)
        found.append((folder / "g.nir").read_bytes())
    return found


def read_nir(path: Path) -> object:
    from bioscnn.encoding import FULL_INTENSITY  # noqa: F401  (loads what a study loads)
    from bioscnn.nir import Choices, Stimulus, build, read_nir

    model = read_nir(path)
    shape = model.input_shape
    n_channels = min(shape[0], 1000) if shape else 1
    plain = Stimulus(True, np.ones(n_channels), np.zeros(n_channels))
    return build(model.graph, Choices("snntorch", 1e-3, "subtract"), plain, 1e-3, shape)
