"""Changes inside of containers, which stay whole: npy, zip, HDF5, protocol buffers."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.fuzz.mutate import INTEGERS, NASTY, mutate_bytes, mutate_json, mutate_lines, mutate_toml

Mutator = Callable[[bytes, Random], bytes]

DTYPES = ("<f8", ">f4", "<i8", "|u1", "|b1", "|O", "<U4", "|S0", "<c16", "<M8[s]", "|V3", "<f2", "<u8")
SHAPES = (
    (),
    (0,),
    (1,),
    (2**62,),
    (-1,),
    (10**6, 10**6),
    (3, 0),
    (1,) * 40,
    (2, 2),
    (5, 1, 28, 28),
    (10**9,),
)


def mutate_npy(content: bytes, rng: Random) -> bytes:
    """Give an array another type, shape or order, or other numbers."""
    if rng.random() < 0.3 or content[:6] != b"\x93NUMPY":
        return mutate_bytes(content, rng)
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception:
        return mutate_bytes(content, rng)
    if array.size > 10**6:  # of nothing each
        return mutate_bytes(content, rng)
    match rng.randrange(5):
        case 0:
            with np.errstate(all="ignore"):
                values = np.array(array, rng.choice(("f8", "i2", "u8", "f4", "S3", "U3", "?", "c8"))).copy()
        case 1 if array.dtype.kind in "fiu" and array.size:
            values = array.copy()
            strange = rng.choice(
                (np.nan, np.inf, -1, 255, 1e300) if array.dtype.kind == "f" else (-1, 0, 255, 10**6)
            )
            with np.errstate(all="ignore"):
                values.reshape(-1)[rng.randrange(array.size)] = np.array(strange).astype(array.dtype)
        case 2 if array.ndim:
            values = rng.choice(
                (
                    array[:-1],
                    array[None],
                    array[..., None],
                    array[::-1],
                    np.asfortranarray(array),
                    np.concatenate([array] * 2),
                    array.reshape(-1),
                    array[:0],
                )
            )
        case _:
            head = {
                "descr": rng.choice((array.dtype.str, *DTYPES)),
                "fortran_order": rng.random() < 0.2,
                "shape": rng.choice((array.shape, *SHAPES)),
            }
            text = repr(head) if rng.random() < 0.9 else rng.choice(NASTY)
            padded = (text + " " * 200)[:300].encode("latin1", "replace") + b"\n"
            body = array.tobytes() if array.dtype.kind != "O" else b""
            return b"\x93NUMPY\x01\0" + struct.pack("<H", len(padded)) + padded + body
    out = io.BytesIO()
    np.save(out, values, allow_pickle=False)
    return out.getvalue()


LINK = stat.S_IFLNK | 0o777
INSIDE: dict[str, Mutator] = {}
"""How members of archives are changed, by the ends of their names."""


def mutate_zip(content: bytes, rng: Random, inside: Mapping[str, Mutator] = INSIDE) -> bytes:
    """Change, rename, drop, repeat or link a member of a zip file, or its bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = [
                (entry.filename, entry.external_attr, packed.read(entry)) for entry in packed.infolist()
            ]
    except Exception:
        return mutate_bytes(content, rng)
    if rng.random() < 0.1 or not entries:
        return mutate_bytes(content, rng)
    at = rng.randrange(len(entries))
    name, kind, data = entries[at]
    match rng.randrange(10):
        case 0:
            del entries[at]
        case 1:
            target = rng.choice(
                ("../outside/secret", "/etc/hostname", name, ".", "..", entries[0][0], "nowhere")
            )
            entries[at] = (name, LINK << 16, target.encode())
        case 2:
            stem = rng.choice(("../", "/tmp/", "a/", "", "..\\", "C:\\", "./", ".", " "))
            other = rng.choice(
                (
                    stem + name,
                    rng.choice(NASTY),
                    name.upper(),
                    name.replace("a", "\u0430"),
                    rng.choice(entries)[0],
                    name + rng.choice((".gz", ".png", ".toml", ".npz", "/x")),
                )
            )
            entries[at] = (other, kind, data)
        case 3:
            entries.append((rng.choice(NASTY) + name, kind, data))
        case 4:
            entries[at] = (name, kind, rng.choice(entries)[2])
        case 5 if rng.random() < 0.3:
            entries[at] = (
                name,
                rng.choice((stat.S_IFIFO, stat.S_IFDIR, stat.S_IFCHR, stat.S_IFSOCK)) << 16,
                b"",
            )
        case _:
            change = next((how for ending, how in inside.items() if name.endswith(ending)), mutate_bytes)
            entries[at] = (name, kind, change(data, rng))
    return pack(entries, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def pack(entries: list[tuple[str, int, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip file of members: name, attributes, content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, kind, data in entries:
            entry = zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "empty")
            entry.external_attr, entry.compress_type = kind, method
            with warnings.catch_warnings(action="ignore"):  # of names that are there twice
                packed.writestr(entry, data)
    return out.getvalue()


def mutate_hdf5(content: bytes, rng: Random) -> bytes:
    """Replace, drop, link or stretch a part of an HDF5 file, or change its bytes."""
    if rng.random() < 0.3:
        return mutate_bytes(content, rng)
    try:
        file = io.BytesIO(content)
        with h5py.File(file, "r+", track_order=True) as opened:
            for _ in range(rng.choice((1, 1, 2))):
                _change_hdf5(opened, rng)
        return file.getvalue()
    except Exception:
        return mutate_bytes(content, rng)


def _change_hdf5(file: Any, rng: Random) -> None:
    names: list[str] = []
    file.visit(names.append)
    name = rng.choice(names) if names else "x"
    part = file[name] if names else file
    if len(part.attrs) and rng.random() < 0.5:
        key = rng.choice(list(part.attrs))
        value = rng.choice(
            (
                np.nan,
                -1,
                0,
                "x",
                10**9,
                2**63 - 1,
                [0],
                [3, 3],
                [2**40, 2**20],
                b"\xff",
                np.float32(1e-9),
                h5py.Empty("f8"),
                rng.choice(NASTY[:3]),
            )
        )
        part.attrs[key] = value
        return
    values = (
        part[()] if isinstance(part, h5py.Dataset) and part.size is not None and part.size < 10**6 else None
    )
    if name in file:
        del file[name]
    match rng.randrange(9):
        case 0:
            return
        case 1:
            file[name] = rng.choice(
                (
                    h5py.SoftLink("/"),
                    h5py.SoftLink("/nowhere"),
                    h5py.SoftLink(name),
                    h5py.ExternalLink("outside.h5", "/"),
                    h5py.ExternalLink("/etc/hostname", "/x"),
                )
            )
        case 2:
            file.create_group(name)
        case 3:
            shape = rng.choice(((2**40,), (0,), (10**5, 10**5), (1, 1, 1, 1, 1), (2**31,)))
            file.create_dataset(name, shape, rng.choice(("f4", "i8", "u1")), chunks=(1,) * len(shape))
        case 4:
            file[name] = rng.choice((h5py.Empty("f8"), "text", rng.choice(NASTY[:3]), 1.5, -1, True))
        case 5 if values is not None:
            kind = rng.choice(("f8", "f4", "i8", "u1", "S5", "i2", "?", ">f8"))
            with np.errstate(all="ignore"):
                file[name] = np.asarray(values).astype(kind)
        case 6 if values is not None and np.ndim(values):
            file[name] = rng.choice((values[:-1], values[None], values[::-1], values.reshape(-1), values[:0]))
        case 7 if values is not None and np.asarray(values).dtype.kind in "fiu" and np.size(values):
            changed = np.array(values)
            low = changed.dtype.kind == "f"
            with np.errstate(all="ignore"):
                strange = (
                    rng.choice((np.nan, np.inf, 1e300, -1.0)) if low else rng.choice((-1, 255, 10**9, 0))
                )
                changed.reshape(-1)[rng.randrange(changed.size)] = np.array(strange).astype(changed.dtype)
            file[name] = changed
        case _:
            file[name] = np.zeros(rng.choice((1, 10, 784)), rng.choice(("f4", "i8")))


def mutate_message(message: Any, rng: Random) -> None:
    """Change a field of a protocol buffer, whatever it is: any message in it has the same chance."""
    every = [message]
    for one in every:
        for field, value in one.ListFields():
            if field.message_type is not None and len(every) < 5000:
                every += list(value) if field.is_repeated else [value]
    for _ in range(rng.choice((1, 1, 2))):
        of = rng.choice(every)
        fields = [field for field, _ in of.ListFields()] or list(of.DESCRIPTOR.fields)
        field = rng.choice(fields if rng.random() < 0.9 else list(of.DESCRIPTOR.fields))
        try:
            _change_field(of, field, rng)
        except (TypeError, ValueError, AttributeError, IndexError):
            of.ClearField(field.name)


def _change_field(of: Any, field: Any, rng: Random) -> None:
    value = getattr(of, field.name)
    if field.is_repeated:
        if field.message_type is not None:
            match rng.randrange(3):
                case 0:
                    del value[rng.randrange(len(value))]
                case 1:
                    value.add().CopyFrom(rng.choice(list(value)))
                case _:
                    value[rng.randrange(len(value))].CopyFrom(rng.choice(list(value)))
            return
        match rng.randrange(4):
            case 0:
                del value[rng.randrange(len(value))]
            case 1:
                value.append(value[rng.randrange(len(value))])
            case _:
                value[rng.randrange(len(value))] = _scalar(value[0], rng)
    elif field.message_type is not None:
        of.ClearField(field.name)
    else:
        setattr(of, field.name, _scalar(value, rng))


def _scalar(old: Any, rng: Random) -> Any:
    if isinstance(old, bytes):
        return mutate_bytes(old, rng)
    if isinstance(old, str):
        words = (
            "Relu",
            "Conv",
            "Gemm",
            "Reshape",
            "Transpose",
            "Concat",
            "Add",
            "MaxPool",
            "AveragePool",
            "Softmax",
            "Flatten",
            "Pad",
            "Clip",
            "Mul",
            "Sub",
            "Div",
            "ReduceMean",
            "BatchNormalization",
            "Constant",
            "MatMul",
            "Squeeze",
            "Unsqueeze",
            "Identity",
            "Cast",
            "Shape",
            "Gather",
            "Slice",
            "GlobalAveragePool",
            "Loop",
            "If",
        )
        return rng.choice((*words, *NASTY[:3], *NASTY[8:], old + "x"))
    if isinstance(old, float):
        return rng.choice((0.0, -1.0, float("nan"), float("inf"), 1e38, 1e-38, -old))
    return rng.choice((*INTEGERS, old + 1, old - 1, -old, 2, 3, 5, 7, 10, 28, 1000))


def mutate_onnx(content: bytes, rng: Random) -> bytes:
    """Change nodes, attributes, sizes and types of an ONNX file, or its bytes."""
    import onnx

    if rng.random() < 0.1:
        return mutate_bytes(content, rng)
    try:
        model = onnx.load_from_string(content)
        if rng.random() < 0.3:
            _insert_operator(model, rng)
        else:
            mutate_message(model, rng)
        return bytes(model.SerializeToString())
    except Exception:
        return mutate_bytes(content, rng)


def _insert_operator(model: Any, rng: Random) -> None:
    """Put any operator of ONNX before an input of a node, with constants or values of the file as its own."""
    import onnx

    schema = rng.choice(onnx.defs.get_all_schemas())
    node = rng.choice(model.graph.node)
    fixed = [tensor.name for tensor in model.graph.initializer] or [""]
    known = [*fixed, *(name for other in model.graph.node for name in other.output), ""]
    count = rng.randint(schema.min_input, min(schema.max_input, schema.min_input + 3))
    names = [rng.choice(fixed if rng.random() < 0.7 else known) for _ in range(count)]
    made = onnx.helper.make_node(schema.name, names, ["inserted"], domain=schema.domain)
    for name, attribute in schema.attributes.items():
        if attribute.required or rng.random() < 0.2:
            value = rng.choice((0, 1, -1, 2, [1, 1], [0], 0.5, "(a+)+", "RGB"))
            made.attribute.append(onnx.helper.make_attribute(name, value))
    at = next(k for k, other in enumerate(model.graph.node) if other == node)
    node.input[rng.randrange(len(node.input))] = "inserted"
    model.graph.node.insert(at, made)


INSIDE |= {
    ".json": mutate_json, ".toml": mutate_toml, ".npy": mutate_npy, ".h5": mutate_hdf5, ".csv": mutate_lines,
    ".md": mutate_lines, ".txt": mutate_lines, ".onnx": mutate_onnx, ".npz": mutate_zip, ".zip": mutate_zip,
    ".keras": mutate_zip, ".nir": mutate_hdf5,
}  # fmt: skip
