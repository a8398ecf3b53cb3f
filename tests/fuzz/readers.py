"""Everything of bioscnn that reads files or text of others: how inputs are made, changed, and read."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz.containers import Mutator, mutate_hdf5, mutate_onnx, mutate_zip, pack
from tests.fuzz.mutate import mutate_bytes, mutate_json, mutate_toml

ROOT = Path(__file__).parents[2]
SIMS = ROOT / "sims"


@dataclass(frozen=True)
class Reader:
    """Something that reads a file, a folder or a text.

    Parameters
    ----------
    name : str
        Its name.
    file : str
        Name of its file; one that ends in ``/`` is a folder, whose inputs are zip files of its files.
    seeds : callable
        Writes valid inputs into a folder, and returns them.
    mutate : callable
        Changes an input.
    read : callable
        Reads the file or folder, or for a text the file that holds it.
    beside : callable, optional
        Writes what lies beside the input, once.
    share : float
        How many inputs it is given, where a fast one is given 1.
    seconds : float
        How long it may take for an input.
    """

    name: str
    file: str
    seeds: Callable[[Path], list[bytes]]
    mutate: Mutator
    read: Callable[[Path], object]
    beside: Callable[[Path], None] | None = None
    share: float = 1.0
    seconds: float = 10.0

    def put(self, content: bytes, place: Path) -> Path:
        """Write an input where it is read, and return its path."""
        path = place / self.file.rstrip("/")
        if self.file.endswith("/"):
            return unpacked(content, path)
        path.write_bytes(content)
        return path

    def valid(self) -> list[bytes]:
        """Return the inputs that others are made of."""
        with tempfile.TemporaryDirectory() as folder:
            return self.seeds(Path(folder))


def packed(folder: Path) -> bytes:
    """Return a folder as a zip file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return pack([
        (path.relative_to(folder).as_posix(), (stat.S_IFLNK if path.is_symlink() else stat.S_IFREG) << 16,
         str(path.readlink()).encode() if path.is_symlink() else path.read_bytes())
        for path in files
    ])  # fmt: skip


def unpacked(content: bytes, folder: Path) -> Path:
    """Write the files of a zip file into a new folder, links and pipes too, but none of them outside."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [(e.filename, e.external_attr >> 16, archive.read(e)) for e in archive.infolist()]
    except Exception:
        return folder
    for name, mode, data in entries:
        path = Path(os.path.normpath(folder / name.lstrip("/").replace("\0", "0")))
        if not path.is_relative_to(folder) or path == folder:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                path.symlink_to(data.decode(errors="replace").replace("\0", "0"))
            elif stat.S_ISFIFO(mode):
                os.mkfifo(path)
            elif stat.S_ISDIR(mode):
                path.mkdir(exist_ok=True)
            elif not path.is_symlink():
                path.write_bytes(data)
        except OSError:  # a name that is too long, or a file where a folder should be
            continue
    return folder


def _idx_bytes(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def _idx(folder: Path) -> list[bytes]:
    rng = np.random.default_rng(1)
    for part, n in (("train", 12), ("t10k", 6)):
        images = _idx_bytes(rng.integers(0, 256, (n, 5, 4)))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(_idx_bytes(np.arange(n) % 3))
    whole = packed(folder)
    (folder / "classes.txt").write_text("cat\ndog\nmouse\n")
    path = folder / "t10k-labels-idx1-ubyte"
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return [whole, packed(folder)]


def _npz(folder: Path) -> list[bytes]:
    rng, path = np.random.default_rng(1), folder / "x.npz"
    labels = np.arange(12) % 3
    found = []
    for images in (rng.integers(0, 256, (12, 5, 4), dtype=np.uint8), rng.random((12, 3, 4, 4), np.float32)):
        np.savez(path, x=images, y=labels, classes=np.array(["a", "b", "c"]))
        found.append(path.read_bytes())
        np.savez_compressed(path, x_train=images, y_train=labels, x_test=images[:6], y_test=labels[:6])
        found.append(path.read_bytes())
    return found


def _photographs(folder: Path) -> list[bytes]:
    from PIL import Image

    from tests.own_data import photographs

    photographs(folder, ("cat", "dog"), 5)
    rng = np.random.default_rng(1)
    for name, mode in (("grey", "L"), ("palette", "P"), ("bits", "1")):
        pixels = Image.fromarray(rng.integers(0, 256, (6, 7), dtype=np.uint8))
        pixels.convert(mode).save(folder / "cat" / f"{name}.png")
    whole = packed(folder)
    for part in ("train", "test"):
        shutil.copytree(folder / "dog", folder / part / "dog")
        shutil.copytree(folder / "dog", folder / part / "cat")
    for name in ("cat", "dog"):
        shutil.rmtree(folder / name)
    return [whole, packed(folder)]


def _events(folder: Path) -> list[bytes]:
    from tests.own_data import recordings

    recordings(folder, ("left", "right"), 4)
    return [packed(folder)]


def _own(kind: str, **keys: object) -> Callable[[Path], object]:
    """Read own data as `bioscnn new`, `data check` and a run do."""

    def read(path: Path) -> object:
        from bioscnn.datasets import OwnData
        from bioscnn.datasets.own import check_parts, survey

        found = survey(OwnData(kind, path, **keys))  # type: ignore[arg-type]
        if found.height * found.width < 10**6:
            check_parts(found.data)
        for split in found.data.splits:
            loaded = found.data.load(split)
            if found.data.recorded:
                list(loaded)
        return found

    return read


def _archive(folder: Path) -> list[bytes]:
    import tarfile

    (folder / "kept" / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt"):
        (folder / "kept" / name).write_text(name)
    plain = packed(folder)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(folder / "kept", "kept")
    return [plain, pack([("top/inner.tar.gz", stat.S_IFREG << 16, out.getvalue())])]


def _unpack(path: Path) -> object:
    from bioscnn.datasets.archives import unpack_folder

    target = path.parent / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    unpack_folder(path, "kept", target, "inner.tar.gz")
    return target


def _onnx(folder: Path) -> list[bytes]:
    from bioscnn.ann import ReLU, write_onnx
    from tests.networks import every_layer

    cases = ROOT.parent / "shared" / "cases" / "networks"
    found = [path.read_bytes() for path in sorted(cases.glob("*.onnx")) if path.stat().st_size < 40_000]
    for name, activation in (("relu", ReLU()), ("lif", None)):
        write_onnx(every_layer(activation), folder / f"{name}.onnx")
        found.append((folder / f"{name}.onnx").read_bytes())
    return found


def _keras(folder: Path) -> list[bytes]:
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


def _network(path: Path) -> object:
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


def _card(folder: Path) -> list[bytes]:
    models = ROOT / "bioscnn" / "models"
    return [
        (models / f"{name}.json").read_bytes() for name in ("mnist-small", "mnist-foveal", "nmnist-small")
    ]


def _beside_card(place: Path) -> None:
    shutil.copy(ROOT / "bioscnn" / "models" / "mnist-small.onnx", place / "net.onnx")


def _of_card(path: Path) -> object:
    from bioscnn.studies.describe import describe_conversion

    return describe_conversion(str(path.with_suffix(".onnx")))


def _nir(folder: Path) -> list[bytes]:
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


def _read_nir(path: Path) -> object:
    from bioscnn.encoding import FULL_INTENSITY  # noqa: F401  (loads what a study loads)
    from bioscnn.nir import Choices, Stimulus, build, read_nir

    model = read_nir(path)
    shape = model.input_shape
    plain = Stimulus(True, np.ones(shape[0] if shape else 1), np.zeros(shape[0] if shape else 1))
    return build(model.graph, Choices("snntorch", 1e-3, "subtract"), plain, 1e-3, shape)


def _toml_files(*patterns: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [path.read_bytes() for pattern in patterns for path in sorted(SIMS.glob(pattern))]


def _study(path: Path) -> object:
    from bioscnn.studies import read_study

    study = read_study(path)
    return study, study.toml()


def _neuron(folder: Path) -> list[bytes]:
    cases = ROOT / "tests" / "cases" / "neurons"
    return [
        path.read_bytes() for path in (*sorted(SIMS.glob("neurons/*.toml")), *sorted(cases.glob("*.toml")))
    ]


def _read_neuron(path: Path) -> object:
    from bioscnn.neurons.neuron_file import read_definition

    return read_definition(path)


def _beside_studies(place: Path) -> None:
    """Studies lie where the paths of sweeps and of training lead."""
    for path in SIMS.glob("*.toml"):
        shutil.copy(path, place.parent)


def _sweep(path: Path) -> object:
    from bioscnn.experiments.sweep import read_sweep

    return read_sweep(path)


def _training(path: Path) -> object:
    from bioscnn.studies.recipes import find_recipes

    return find_recipes(str(path))


def _set(folder: Path) -> list[bytes]:
    return [
        b'neuron.t_ref="1 ms"', b"dataset.trials=10", b"noise.jitter.severity=2", b"readout.record=all",
        b'neuron.definition={equations="dV/dt = (R_m*I_syn - V)/tau_m : volt", threshold="V > V_th"}',
        b"encoding.retina=[\"on-midget\"]", b"network.model=mnist-small-relu", b"simulation.duration=auto",
    ]  # fmt: skip


def _read_set(path: Path) -> object:
    from bioscnn.errors import UserError
    from bioscnn.studies import read_study

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    try:
        return read_study(SIMS / "mnist.toml", [text]).toml()
    except UserError as error:
        raise error.but(file=path) from None  # the study is the file at fault, of which nothing is wrong


def _run_folder(folder: Path) -> list[bytes]:
    from tests.browser.conftest import write_made_up_run

    found = []
    for name, keys in (("plain", {"explained": True}), ("cells", {"encoding": {"kind": "lif-layer",
                       "retina": ["on-midget"]}}), ("recorded", {"recorded": "simulated"})):  # fmt: skip
        (folder / name).mkdir()
        run = write_made_up_run(folder / name, 10, **keys)  # type: ignore[arg-type]
        found.append(packed(run))
    return found


def _read_run(path: Path) -> object:
    from bioscnn.report.folder import read_run

    return read_run(path)


def _page(path: Path) -> object:
    """Write a report, its figures drawn for phones alone and in this process."""
    from bioscnn.report import pictures, write_report

    pictures.shared_out = map  # type: ignore[assignment]
    pictures._widths = lambda figure: (pictures.NARROW,)  # type: ignore[assignment]
    return write_report(path)


def _compared(folder: Path) -> list[bytes]:
    from tests.runs import recorded, write_run

    return [packed(write_run(folder / "run", recorded()))]


def _beside_compared(place: Path) -> None:
    from tests.runs import recorded, write_run

    write_run(place / "other", recorded())


def _compare(path: Path) -> object:
    from bioscnn.studies.compare import compare_runs

    return compare_runs(path.parent / "other", path).as_dict()


def _export(path: Path) -> object:
    from bioscnn.exports import export

    return [export(path, to, None, ()) for to in ("npz", "csv")]


def _results(folder: Path) -> list[bytes]:
    from tests.results import write_results

    write_results(folder / "results")
    return [packed(folder / "results")]


def _index(path: Path) -> object:
    from bioscnn.report import write_index

    return write_index(path)


def _steps(path: Path) -> object:
    from bioscnn.reproduce.records import read_records

    return read_records(path)


def _swept(folder: Path) -> list[bytes]:
    from tests.sweeps import conduct, of_function

    found = []
    for kind, design in enumerate(('kind = "morris"\ntrajectories = 2', 'kind = "random"\npoints = 4')):
        place = folder / str(kind)
        place.mkdir()
        done = conduct(place, of_function(place, design, "LINEAR"))
        found.append(pack([(name, stat.S_IFREG << 16, (done.folder / name).read_bytes())
                           for name in ("summary.json", "points.csv", "effects.csv", "sweep.toml")
                           if (done.folder / name).exists()]))  # fmt: skip
    return found


def _read_swept(path: Path) -> object:
    from bioscnn.experiments.sweep.shown import read_sweep_results

    shown = read_sweep_results(path)
    return shown.order, shown.effects_on(shown.main), shown.failed


def _units(folder: Path) -> list[bytes]:
    from bioscnn.experiments.store import MadeBy

    made_by = MadeBy("c", "d", "e", "f", "g", 1.0).__dict__
    place = folder / "noise" / "mnist" / "units"
    place.mkdir(parents=True)
    for k in range(3):
        np.savez(
            place / f"{k}.npz",
            _made_by=np.array(json.dumps(made_by)),
            chosen=np.arange(5),
            label=np.arange(5),
        )
    (place.parent / "abc").mkdir()
    (place.parent / "abc" / "spec.json").write_text(
        '{"plan": "abc", "experiment": "noise", "label": "mnist"}'
    )
    return [packed(folder)]


def _merge(path: Path) -> object:
    from bioscnn.experiments.merge import merge
    from bioscnn.experiments.store import check_spec

    results = path.parent / "results"
    shutil.rmtree(results, ignore_errors=True)
    found = merge([path], results)
    for spec in path.rglob("spec.json"):
        check_spec(spec, "abc")
    return found


def _checkpoint(folder: Path) -> list[bytes]:
    import torch

    from bioscnn.training.checkpoint import Checkpoint, State

    path = folder / "checkpoint.npz"
    network, optimiser, generators = _training_state(torch)
    (sum((p**2).sum() for p in network.parameters)).backward()
    optimiser.step()
    Checkpoint(path, "me").write(State(3, [0.5]), network, optimiser, generators)
    return [path.read_bytes()]


def _training_state(torch: object) -> tuple[object, object, dict[str, object]]:
    from bioscnn.ann import LIFRate
    from bioscnn.training.architectures import Architecture
    from bioscnn.training.layers import parse_layers
    from bioscnn.training.torch_network import TorchNetwork

    graph = Architecture((1, 8, 8), parse_layers("4c3"), 2, LIFRate()).initial("tiny", 3)
    network = TorchNetwork(graph)
    return network, torch.optim.Adam(network.parameters), {"images": torch.Generator()}  # type: ignore[attr-defined]


def _resume(path: Path) -> object:
    import torch

    from bioscnn.training.checkpoint import Checkpoint

    return Checkpoint(path, "me").resume(*_training_state(torch))  # type: ignore[arg-type]


def _docs(folder: Path) -> list[bytes]:
    from bioscnn.claims import Record
    from bioscnn.claims.record import write_table

    table = (
        b"network,accuracy (%),accuracy (%) low,accuracy (%) high,spikes\nsmall,99.06,98.75,99.29,1817.9\n"
    )
    record = Record(
        "bioscnn run mnist", "c" * 40, "trials", code={"bioscnn.readout": "x"}, units={"spikes": "1"}
    )
    (folder / "docs").mkdir()
    write_table(folder / "docs/tables/runs.csv", table, record)
    (folder / "docs" / "page.md").write_text(
        "# Ours\n\nIt is <!--= runs; small; accuracy (%) -->99.06 % [98.75, 99.29]<!--/-->, for "
        "<!--= runs; small; spikes -->1,818<!--/--> spikes.\n\n<!--= table runs -->\n"
        "| network | spikes |\n|---|---|\n| small | 1,818 |\n<!--/-->\n"
    )
    return [packed(folder)]


def _claims(path: Path) -> object:
    from bioscnn.claims import adopt_page, pages_of, survey, write_page

    pages = pages_of(path)
    found = survey(pages)
    for page in pages:
        write_page(page)
        adopt_page(page, "make it", "trials")
    return found


def _taken(path: Path) -> object:
    from bioscnn.claims import take_table

    for name in ("points.csv", "summary.json"):
        take_table(path / name, path.parent / "tables" / "x.csv", "trials")


READERS = {
    reader.name: reader
    for reader in (
        Reader("idx", "own/", _idx, mutate_zip, _own("idx")),
        Reader("npz", "own.npz", _npz, mutate_zip, _own("npz")),
        Reader("images", "own/", _photographs, mutate_zip, _own("folder", size=(8, 8))),
        Reader("events", "own/", _events, mutate_zip, _own("events")),
        Reader("archives", "archive.zip", _archive, mutate_zip, _unpack),
        Reader("onnx", "net.onnx", _onnx, mutate_onnx, _network),
        Reader("keras", "net.keras", _keras, mutate_zip, _network),
        Reader("nir", "net.nir", _nir, mutate_hdf5, _read_nir),
        Reader("card", "net.json", _card, mutate_json, _of_card, _beside_card),
        Reader("study", "study.toml", _toml_files("*.toml"), mutate_toml, _study),
        Reader("neuron", "neuron.toml", _neuron, mutate_toml, _read_neuron, share=0.1),
        Reader("sweep", "sweep.toml", _toml_files("sweeps/*.toml"), mutate_toml, _sweep, _beside_studies),
        Reader(
            "training", "train.toml", _toml_files("networks/*.toml"), mutate_toml, _training, _beside_studies
        ),
        Reader("--set", "set.txt", _set, mutate_bytes, _read_set),
        Reader("run", "run/", _run_folder, mutate_zip, _read_run),
        Reader("report", "run/", _run_folder, mutate_zip, _page, share=0.005, seconds=60.0),
        Reader("compare", "run/", _compared, mutate_zip, _compare, _beside_compared),
        Reader("export", "run/", _compared, mutate_zip, _export),
        Reader("index", "results/", _results, mutate_zip, _index, share=0.1),
        Reader("steps", "steps.json", lambda folder: [_steps_json()], mutate_json, _steps),
        Reader("sweep-results", "swept/", _swept, mutate_zip, _read_swept),
        Reader("shards", "shard/", _units, mutate_zip, _merge),
        Reader("checkpoint", "checkpoint.npz", _checkpoint, mutate_zip, _resume),
        Reader("claims", "house/", _docs, mutate_zip, _claims),
    )
}
"""All readers by name."""


def _steps_json() -> bytes:
    from tests.results import STEPS

    return json.dumps(STEPS).encode()
