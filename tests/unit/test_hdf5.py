"""HDF5 files from outside: every reader refuses what lies elsewhere, is too large, or never ends."""

import io
import os
import threading
import time
import zipfile
import zlib

import h5py
import nir
import numpy as np
import pytest

from bioscnn import hdf5
from bioscnn.ann.keras.reader import read_keras
from bioscnn.errors import UserError
from bioscnn.exports import export
from bioscnn.hdf5 import open_hdf5
from bioscnn.nir import read_graph
from bioscnn.report import write_index, write_report
from bioscnn.report.folder import read_run
from bioscnn.simulation.simulate import Silent
from bioscnn.simulation.storage import StoredRun, load_run
from bioscnn.studies import read_study
from bioscnn.studies.compare import compare_runs
from bioscnn.studies.explain import explain_run
from bioscnn.studies.shipped import shipped_studies
from tests.browser.conftest import write_made_up_run
from tests.keras_archives import image, layer, sequential, written
from tests.unit.nir.graphs import chain, lif, weights

SECRET = b"a secret of this machine, of which no page may show a letter"


@pytest.fixture(autouse=True)
def soon(monkeypatch, copied):
    """What runs in a circle is given up sooner."""
    monkeypatch.setattr(hdf5, "SECONDS", 2)


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.frombuffer(SECRET, np.uint8)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def external(name):
    def change(group, key, folder):
        given, shape, dtype = folder / name, group[key].shape, group[key].dtype
        del group[key]
        group.create_dataset(key, shape, dtype, external=[(str(given), 0, h5py.h5f.UNLIMITED)])

    return change


def virtual(name, unlimited=False):
    def change(group, key, folder):
        shape, dtype = group[key].shape, group[key].dtype
        del group[key]
        most = (None, *shape[1:]) if unlimited else shape
        layout = h5py.VirtualLayout(shape, dtype, maxshape=most)
        source = h5py.VirtualSource(folder / name, "x", shape=shape, dtype=dtype, maxshape=most)
        if unlimited:
            rest = tuple(slice(length) for length in shape[1:])
            everything = (slice(h5py.h5s.UNLIMITED), *rest)
            layout[everything] = source[everything]
        else:
            layout[...] = source
        group.create_virtual_dataset(key, layout)

    return change


def linked(make):
    def change(group, key, folder):
        del group[key]
        group[key] = make(folder)

    return change


def renamed(group, key, folder):
    group.move(key, "real")
    group[key] = h5py.SoftLink(f"{group.name}/real")


def twice(group, key, folder):
    group["again"] = group[key]


def circle(group, key, folder):
    group["again"] = group.parent


def of_groups(group, key, folder):
    for _ in range(25):
        group = group.create_group("g")


def never_written(group, key, folder):
    del group[key]
    group.create_dataset(key, (10**6, 10**6), "f4", chunks=(1000, 1000))


def packed_twice(group, key, folder):
    values = group[key][()]
    del group[key]
    space = h5py.h5s.create_simple(values.shape)
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_chunk(values.shape)
    create.set_deflate(9)
    create.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
    made = h5py.h5d.create(group.id, key.encode(), h5py.h5t.py_create(values.dtype), space, dcpl=create)
    h5py.Dataset(made)[...] = values


def large_chunk(group, key, folder):
    """Bytes that unpack to a thousand times of what the array says."""
    values = group[key][()]
    del group[key]
    made = group.create_dataset(key, values.shape, values.dtype, chunks=values.shape, compression="gzip")
    made.id.write_direct_chunk((0,) * values.ndim, zlib.compress(os.urandom(10**6) + bytes(10**8)))


def large_when_unpacked(group, key, folder):
    """Less than twice of what the array says is in the file; hundreds of times come out of it."""
    del group[key]
    made = group.create_dataset(key, (2**18,), "f4", chunks=(2**18,), compression="gzip")
    made.id.write_direct_chunk((0,), zlib.compress(os.urandom(10**6) + bytes(3 * 10**8), 1))


def many_never_written(group, key, folder):
    for k in range(30):
        group.create_dataset(f"{key}{k}", (5000, 5000), "f4", chunks=(500, 500))


def objects(group, key, folder):
    del group[key]
    group.create_dataset(key, (3,), h5py.ref_dtype)


def attribute(group, key, folder):
    group[key].attrs["x"] = np.zeros(1, np.dtype([("a", "f8"), ("b", "f8")]))


HOSTILE = {
    "external": external("secret"),
    "external of /dev/zero": external("/dev/zero"),
    "external of a pipe": external("pipe"),
    "virtual": virtual("secret.h5"),
    "virtual without end": virtual("secret.h5", unlimited=True),
    "virtual of a pipe": virtual("pipe", unlimited=True),
    "linked": linked(lambda folder: h5py.ExternalLink(folder / "secret.h5", "/x")),
    "linked to a pipe": linked(lambda folder: h5py.ExternalLink(folder / "pipe", "/x")),
    "linked to /dev/zero": linked(lambda folder: h5py.ExternalLink("/dev/zero", "/x")),
    "renamed": renamed,
    "dangling": linked(lambda folder: h5py.SoftLink("/nowhere")),
    "twice": twice,
    "circle": circle,
    "of groups": of_groups,
    "never written": never_written,
    "packed twice": packed_twice,
    "large chunk": large_chunk,
    "large when unpacked": large_when_unpacked,
    "many never written": many_never_written,
    "references": objects,
    "attribute": attribute,
}


def heap_of_strings(content):
    """An object of no number and no size, behind which HDF5 looks for the next one."""
    at = content.index(b"GCOL\x01") + 16
    content[at : at + 16] = bytes(16)


def heap_of_names(content):
    """Free space that is followed by itself."""
    at = content.rindex(b"HEAP")
    data = int.from_bytes(content[at + 24 : at + 32], "little")
    content[at + 16 : at + 24] = (8).to_bytes(8, "little")
    content[data + 8 : data + 24] = (8).to_bytes(8, "little") + (16).to_bytes(8, "little")


def tree(content):
    """A tree of names that is its own branch."""
    at = content.rindex(b"TREE\0")
    content[at + 5] = 1
    content[at + 32 : at + 40] = at.to_bytes(8, "little")


DAMAGED = [heap_of_strings, heap_of_names, tree]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_made_up_run(tmp_path_factory.mktemp("runs"), 10)
    (folder / "config.toml").write_text(read_study(shipped_studies() / "mnist.toml").toml())
    return folder


def changed_run(run, folder, change):
    copy = folder / "run"
    copy.mkdir()
    for path in run.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    with h5py.File(copy / "run.h5", "r+") as file:
        change(file["examples"], "image", folder)
    return copy


def graph(folder):
    nir.write(folder / "graph.nir", chain(nir.Linear(weights(3, 4)), lif(3), shape=(4,), out=3))
    return folder / "graph.nir"


DENSE = {"layers/dense": ("d", [np.ones((8, 3), np.float32), np.ones(3, np.float32)])}


def archive(folder, change=None):
    flat = layer("Flatten", "f", data_format="channels_last")
    config = sequential(image(2, 4, 1), flat, layer("Dense", "d", activation="linear", use_bias=True))
    return written(folder / "net.keras", config, DENSE, change=change)


def refused(read, *given, **options):
    with pytest.raises(UserError) as caught:
        read(*given, **options)
    return caught.value


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_machine_gets_into_a_run(run, secret, name):
    folder = changed_run(run, secret, HOSTILE[name])
    for read in (read_run, lambda place: load_run(place / "run.h5")):
        error = refused(read, folder)
        assert error.file == folder / "run.h5" and error.key.startswith("examples/")
    with pytest.raises(UserError), StoredRun(folder / "run.h5"):
        pass


@pytest.mark.parametrize("name", ["external", "virtual of a pipe", "linked to a pipe", "renamed"])
def test_no_command_reads_such_a_run(run, secret, name):
    folder = changed_run(run, secret, HOSTILE[name])
    commands = {
        "report": lambda: write_report(folder),
        "compare": lambda: compare_runs(run, folder),
        "export": lambda: export(folder, "npz", secret / "out.npz"),
        "explain": lambda: explain_run(folder, data=None, trials=1, jobs=1, progress=Silent()),
    }
    for command, read in commands.items():
        assert refused(read).file == folder / "run.h5", command
    write_index(secret)
    seen = [
        path for path in secret.rglob("*") if path.is_file() and path.suffix in (".html", ".npz", ".json")
    ]
    assert seen and all(SECRET not in path.read_bytes() for path in seen)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_machine_gets_into_a_network(secret, name):
    path = graph(secret)
    with h5py.File(path, "r+") as file:
        HOSTILE[name](file["node/nodes/a"], "weight", secret)
    error = refused(read_graph, path)
    assert error.file == path and error.key.startswith("node/nodes/a/")

    def change(file):
        HOSTILE[name](file["layers/dense/vars"], "0", secret)

    error = refused(read_keras, archive(secret, change))
    assert error.file == secret / "net.keras"
    assert error.key.startswith("model.weights.h5, layers/dense/vars/")


def test_what_is_not_changed_is_read(run, tmp_path):
    assert len(read_run(run).data.label) == 10
    assert read_graph(graph(tmp_path)).nodes["a"].values["weight"].shape == (3, 4)
    assert read_keras(archive(tmp_path)).n_classes == 3


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_file_in_which_hdf5_runs_in_a_circle_or_crashes_is_refused(tmp_path, damage):
    path = graph(tmp_path)
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    begun = time.monotonic()
    assert refused(read_graph, path).file == path
    assert time.monotonic() - begun < 60
    with pytest.raises((UserError, OSError)):
        open_hdf5(bytes(content))


@pytest.mark.parametrize("damage", DAMAGED[:2])
def test_weights_and_runs_without_an_end_are_refused(run, tmp_path, damage):
    with h5py.File(made := io.BytesIO(), "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "d"
        for k, array in enumerate(DENSE["layers/dense"][1]):
            group[str(k)] = array
    content = bytearray(made.getvalue())
    damage(content)
    with zipfile.ZipFile(archive(tmp_path)) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as packed:
        for name, member in (members | {"model.weights.h5": bytes(content)}).items():
            packed.writestr(name, member)
    error = refused(read_keras, tmp_path / "net.keras")
    assert error.file == tmp_path / "net.keras" and error.key.startswith("model.weights.h5")

    folder = changed_run(run, tmp_path, lambda group, key, place: None)
    content = bytearray((folder / "run.h5").read_bytes())
    damage(content)
    (folder / "run.h5").write_bytes(content)
    assert refused(read_run, folder).file == folder / "run.h5"


@pytest.mark.parametrize("what", ["dt", "n_steps", "shape"])
def test_a_number_of_a_run_that_is_a_text_is_refused(run, tmp_path, what):
    def change(group, key, folder):
        place = group.file["populations"][next(iter(group.file["populations"]))] if what == "shape" else group
        place.attrs[what] = "text"

    assert refused(read_run, changed_run(run, tmp_path, change)).file == tmp_path / "run" / "run.h5"


@pytest.mark.parametrize("made", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), os.mkdir])
def test_what_is_no_file_is_not_opened(tmp_path, made):
    made(tmp_path / "run.h5")
    assert refused(load_run, tmp_path / "run.h5").value in ("a pipe", "a device", "a folder")


def test_another_interpreter_looks_where_a_copy_cannot(secret, monkeypatch):
    def waits(*given):
        raise TimeoutError

    monkeypatch.setattr(hdf5, "attempted", waits)
    path = graph(secret)
    content = path.read_bytes()
    for source in (path, content):
        with open_hdf5(source) as file:
            assert list(file) == ["node", "version"]
    with h5py.File(path, "r+") as file:
        external("secret")(file["node/nodes/a"], "weight", secret)
    error = refused(open_hdf5, path)
    assert (error.file, error.key) == (path, "node/nodes/a/weight")
    damaged = bytearray(content)
    tree(damaged)
    assert "crashes" in refused(open_hdf5, bytes(damaged)).problem


def test_threads_of_this_process_do_not_matter(tmp_path):
    done = threading.Event()
    waiting = threading.Thread(target=done.wait)
    waiting.start()
    try:
        assert read_graph(graph(tmp_path)).nodes["a"].values["weight"].shape == (3, 4)
    finally:
        done.set()
        waiting.join()


def test_a_few_members_alone_are_looked_at(secret):
    with h5py.File(secret / "a.h5", "w") as file:
        file["known"], file["other"] = "text", h5py.SoftLink("/nowhere")
        file.attrs["format"], file.attrs["other"] = "nix", np.zeros(1, np.dtype([("a", "f8")]))
    with open_hdf5(secret / "a.h5", only=("known", "format", "missing")) as file:
        assert (file["known"][()], file.attrs["format"]) == (b"text", "nix")
    assert refused(open_hdf5, secret / "a.h5", only=("other",)).key == "/, other"
