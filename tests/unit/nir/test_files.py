"""NIR files are HDF5: nothing outside the file is read, and nothing that is too large."""

import h5py
import nir
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.nir import read_graph
from tests.unit.nir.graphs import chain, lif, weights


@pytest.fixture
def path(tmp_path):
    nir.write(tmp_path / "graph.nir", chain(nir.Linear(weights(3, 4)), lif(3), shape=(4,), out=3))
    return tmp_path / "graph.nir"


def refused(path, change):
    """The key of the error once the file has been changed."""
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(UserError) as caught:
        read_graph(path)
    assert caught.value.file == path
    return caught.value.key


WEIGHT = "node/nodes/a/weight"


def replaced(place, value):
    def change(file):
        del file[place]
        file[place] = value

    return change


@pytest.mark.parametrize("link", [h5py.SoftLink("/node"), h5py.ExternalLink("other.h5", "/x")])
def test_links_are_not_followed(path, link):
    with h5py.File(path.parent / "other.h5", "w") as other:
        other["x"] = np.ones((3, 4))
    assert refused(path, replaced(WEIGHT, link)) == WEIGHT


def test_raw_data_of_other_files_are_not_read(path):
    secret = path.parent / "secret"
    secret.write_bytes(np.ones(12).tobytes())

    def change(file):
        del file[WEIGHT]
        file["node/nodes/a"].create_dataset("weight", (3, 4), "f8", external=[(str(secret), 0, 96)])

    assert refused(path, change) == WEIGHT


def test_virtual_data_are_not_read(path):
    with h5py.File(path.parent / "other.h5", "w") as other:
        other["x"] = np.ones((3, 4))

    def change(file):
        del file[WEIGHT]
        layout = h5py.VirtualLayout((3, 4), "f8")
        layout[:] = h5py.VirtualSource(path.parent / "other.h5", "x", shape=(3, 4))
        file["node/nodes/a"].create_virtual_dataset("weight", layout)

    assert refused(path, change) == WEIGHT


def test_an_array_that_fills_the_memory_is_not_unpacked(path):
    def change(file):
        del file[WEIGHT]
        file["node/nodes/a"].create_dataset(
            "weight", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip"
        )

    assert refused(path, change) == WEIGHT


def test_a_group_within_itself_ends(path):
    def change(file):
        file["node/nodes/a/again"] = file["node/nodes"]

    assert refused(path, change).startswith("node/nodes/")


@pytest.mark.parametrize("dtype", [h5py.ref_dtype, np.dtype([("x", "f8"), ("y", "f8")]), np.complex128])
def test_what_is_neither_numbers_nor_strings_is_refused(path, dtype):
    def change(file):
        del file[WEIGHT]
        file["node/nodes/a"].create_dataset("weight", (3, 4), dtype)

    assert refused(path, change) == WEIGHT


def renamed(place, new):
    return lambda file: file.move(place, new)


def empty(file):
    del file[WEIGHT]
    file[WEIGHT] = h5py.Empty("f8")


def of_two_starts(file):
    del file["node/nodes/a"]
    for key, value in {"type": "Flatten", "start_dim": [0, 1]}.items():
        file[f"node/nodes/a/{key}"] = value


def of_another_program(file):
    del file[WEIGHT]
    file["node/nodes/a"].create_dataset(
        "weight", (3, 4), "f8", chunks=(3, 4), compression=32004, allow_unknown_filter=True
    )


TWO_INPUTS = {
    f"node/nodes/b/nodes/{name}/{key}": value
    for name in ("x", "y")
    for key, value in {"type": "Input", "shape": [3]}.items()
}


def holding(places):
    def change(file):
        for place, value in places.items():
            if place in file:
                del file[place]
            file[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (holding({"node/nodes/a/type": "Scale"}), "node 'a' (Scale)"),
        (renamed("node/nodes/b/tau", "node/nodes/b/v"), "node 'b' (LIF)"),
        (lambda file: file.__delitem__("node/nodes/b/tau"), "node 'b' (LIF)"),
        (lambda file: file.__delitem__("node/nodes/b/type"), "node 'b'"),
        (holding({"node/nodes/a/weight": "none"}), "node 'a' (Linear)"),
        (holding({"node/edges": np.zeros((2, 2))}), "edges of the graph"),
        (holding({"node/nodes": np.zeros(3)}), "the graph"),
        (holding({"node/nodes/b/type": "NIRGraph"}), "b"),
        (holding({"node/nodes/b/type": "NIRGraph"} | TWO_INPUTS), "node 'b' (NIRGraph)"),
        (of_two_starts, "node 'a' (Flatten)"),
        (empty, WEIGHT),
        (of_another_program, WEIGHT),
        (holding({WEIGHT: np.dtype("f8")}), WEIGHT),
    ],
)
def test_what_is_no_graph_is_refused_with_its_place(path, change, key):
    assert refused(path, change) == key


@pytest.mark.usefixtures("copied")
def test_more_parts_than_a_graph_has_are_not_read(path, monkeypatch):
    monkeypatch.setattr("bioscnn.hdf5.MOST", 10)
    assert refused(path, lambda file: None).startswith("node/")


def test_long_strings_of_a_small_file_are_not_all_read(path, monkeypatch):
    monkeypatch.setattr("bioscnn.nir.file.LARGEST_UNPACKED", 10**6)

    def change(file):
        text = np.array([b"x" * 10**6] * 10)
        file["node"].create_dataset("long", data=text, compression="gzip")

    assert refused(path, change) == "node/long"


@pytest.mark.parametrize(("made", "beside"), [("folder", None), ("nothing", "graph.nir")])
def test_what_is_no_file_is_said(path, made, beside):
    named = path.with_name("x.nir")
    if made == "folder":
        named.mkdir()
    with pytest.raises(UserError) as caught:
        read_graph(named)
    assert caught.value.file == named
    assert beside is None or caught.value.expected.endswith(f"has {beside}")


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "x.nir").write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_graph(tmp_path / "x.nir")
    assert caught.value.file == tmp_path / "x.nir"


def test_a_truncated_file(path):
    content = path.read_bytes()
    for length in range(0, len(content), len(content) // 20):
        path.write_bytes(content[:length])
        with pytest.raises(UserError):
            read_graph(path)


def test_files_are_those_of_nir(path):
    """What bioscnn reads is what `nir` reads: types, edges, every number."""
    ours, theirs = read_graph(path), nir.read(path, type_check=False)
    assert {name: node.type for name, node in ours.nodes.items()} == {
        name: type(node).__name__ for name, node in theirs.nodes.items()
    }
    assert list(ours.edges) == theirs.edges
    for name, node in ours.nodes.items():
        for key, value in node.values.items():
            if key != "shape":
                assert np.array_equal(value, getattr(theirs.nodes[name], key))
