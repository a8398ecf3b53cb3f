"""Open an ONNX file: whole, of a known opset, with one image as its input, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.onnx.lif_functions import DOMAIN
from bioscnn.ann.room import check_room
from bioscnn.errors import UserError

_OLDEST_OPSET = 7
_LARGEST_FILE = 2**31
_LARGEST_NUMBER = 16
"""Bytes of the largest number of ONNX."""
_NUMBERS = (*range(1, 8), *range(9, 14), 16)
"""ONNX's types of real numbers that an image may have: of floats, whole numbers and booleans."""
_MOST_NODES = 10_000
"""Of a network once its functions are written out; the deepest that are in use have some thousand."""


def load_model(path: Path) -> Any:
    """Return the checked ``onnx.ModelProto`` of a file, with external data loaded and functions written out.

    Raises
    ------
    UserError
        If the file is missing, damaged, no ONNX file, or of an opset that is not read.
    """
    if not path.is_file():
        raise UserError("no such file", file=path)
    if path.stat().st_size > _LARGEST_FILE:
        raise UserError(
            "larger than any ONNX file", file=path, expected="at most 2 GB: the limit of protobuf"
        )
    return parsed_model(path.read_bytes(), path)


def parsed_model(content: bytes, path: Path | str) -> Any:
    """Return the checked ``onnx.ModelProto`` of the content of a file; parameters and errors of `load_model`.

    Weights in other files are read if `path` is that of a file, from its folder.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_from_string(content)
    except DecodeError:
        raise UserError("not an ONNX file, or cut short", file=path, fix="export it again") from None
    if not model.graph.node:
        raise UserError("not an ONNX file, or without a network", file=path, fix="export it again")
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    newest = onnx.defs.onnx_opset_version()
    if not _OLDEST_OPSET <= opset <= newest:
        expected = f"{_OLDEST_OPSET} to {newest}"
        fix = "export again with opset 17"
        raise UserError(f"opset {opset}", file=path, key="opset_import", expected=expected, fix=fix)
    _check_room(path, model)
    _check_nodes(path, model)
    try:
        if isinstance(path, Path):
            onnx.load_external_data_for_model(model, str(path.parent))
    except (onnx.checker.ValidationError, OSError, ValueError, MemoryError) as error:
        fix = "put the file of the weights beside it, or export again into one file"
        raise UserError(f"external data: {_first_line(error)}", file=path, fix=fix) from None
    _refuse_external(path, model)
    for output in model.graph.output:  # what it says of its type is not used, and may be left out
        output.type.tensor_type.elem_type = output.type.tensor_type.elem_type or onnx.TensorProto.FLOAT
        output.type.tensor_type.shape.SetInParent()
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:  # ValueError of its text, or of 2 GiB
        fix = "export it again" + (", with opset_version=13 or later" if opset < 13 else "")
        raise UserError(f"not valid ONNX: {_first_line(error)}", file=path, fix=fix) from None
    return _inlined(model)


def _check_room(path: Path | str, model: Any) -> None:
    """Refuse weights that would not fit into the memory, by what the file says of them."""
    total = 0
    for tensor in _all_tensors(model):
        check_room(tensor.dims, "the weights", file=path, key=tensor.name)
        if isinstance(path, Path) and tensor.external_data:
            _check_external_data(path, tensor)
            total += prod(tensor.dims)
    check_room([total], "the weights of other files", file=path)


def _all_tensors(model: Any) -> Iterator[Any]:
    """Yield the tensors of a model, of its constants, branches and functions."""
    yield from _tensors(model.graph)
    for function in model.functions:
        yield from _constants(function)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _constants(graph)


def _constants(holder: Any) -> Iterator[Any]:
    """Yield the tensors that nodes of a graph or a function hold, and those of their branches."""
    for node in holder.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for branch in (attribute.g, *attribute.graphs):
                yield from _tensors(branch)


def _refuse_external(path: Path | str, model: Any) -> None:
    """Refuse weights of other files that were not read: NumPy would look for them in the current folder."""
    for tensor in _all_tensors(model):
        if tensor.data_location:
            raise UserError(
                "external data of a kind that is not read",
                file=path,
                key=tensor.name,
                fix="export again into one file",
            )


def _check_external_data(path: Path, tensor: Any) -> None:
    """Refuse weights whose part of another file is larger than they are: it would be read whole."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    try:
        size = (path.parent / entries["location"]).stat().st_size - int(entries.get("offset", 0))
        size = min(size, int(entries.get("length", size)))
    except (KeyError, ValueError, OSError):
        return  # what is wrong with it is for onnx to say
    if size > _LARGEST_NUMBER * prod(tensor.dims):
        raise UserError(
            "external data: more than the weights need",
            file=path,
            key=tensor.name,
            value=f"{size:,} bytes for shape {tuple(tensor.dims)}",
            fix="export again, into a folder of its own",
        )


def _check_nodes(path: Path | str, model: Any) -> None:
    """Refuse a network of too many nodes: a function that calls another one twice doubles them."""
    bodies = {(f.domain, f.name, f.overload): f.node for f in model.functions}

    @cache
    def size(called: tuple[str, str, str]) -> int:
        return count(bodies[called]) if called in bodies else 1

    def count(nodes: Iterable[Any]) -> int:
        total = 0
        for node in nodes:
            total += size((node.domain, node.op_type, node.overload))
            for attribute in node.attribute:
                total += sum(count(graph.node) for graph in (attribute.g, *attribute.graphs))
        return total

    try:
        n_nodes = count(model.graph.node) + sum(map(size, bodies))
    except RecursionError:
        raise UserError(
            "functions that call each other too deeply", file=path, fix="export it again"
        ) from None
    if n_nodes > _MOST_NODES:
        raise UserError(
            "a network of too many nodes once its functions are written out", file=path, value=n_nodes,
            expected=f"at most {_MOST_NODES:,}", fix="export a smaller network",
        )  # fmt: skip


def _inlined(model: Any) -> Any:
    """Return a model whose functions, other than those of bioscnn, are written out."""
    from onnx import inliner

    others = [(f.domain, f.name) for f in model.functions if f.domain != DOMAIN]
    return inliner.inline_selected_functions(model, others) if others else model


@dataclass(frozen=True, eq=False)
class ImageInput:
    """How a file takes an image.

    Parameters
    ----------
    name : str
        Name of the input.
    shape : (int, int, int)
        Channels, height and width of an image.
    positions : ndarray of int64
        For each element of the input, which element of an image it is.
    batch : int or None
        Size of the batch if the file fixes it.
    """

    name: str
    shape: tuple[int, int, int]
    positions: NDArray[np.int64]
    batch: int | None

    @property
    def is_plain(self) -> bool:
        """Whether images come in as (channels, height, width)."""
        return self.positions.shape == self.shape


def image_input(path: Path | str, inputs: list[Any]) -> list[ImageInput]:
    """Return the ways in which the file may take an image, the likeliest first.

    Axes are (N, C, H, W), or (N, H, W, C) as in files that Keras exports: likelier where the last axis is
    shorter than the two before it. An image without an axis of channels has one channel.

    Raises
    ------
    UserError
        Unless there is one input of such a shape, with C, H and W fixed.
    """
    expected = "one input of shape (N, C, H, W) or (N, H, W, C), with C, H and W fixed"
    if len(inputs) != 1:
        raise UserError(f"{len(inputs)} inputs", file=path, value=[v.name for v in inputs], expected=expected)
    dimensions = inputs[0].type.tensor_type.shape.dim
    lengths = [d.dim_value if d.HasField("dim_value") else 0 for d in dimensions]
    if len(lengths) not in (3, 4) or min(lengths[1:]) < 1:
        raise UserError(
            "the input is no image of fixed size",
            file=path,
            key=inputs[0].name,
            value=[d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in dimensions],
            expected=expected,
            fix="export with an example image that the network flattens, only the batch dynamic",
        )
    if (kind := inputs[0].type.tensor_type.elem_type) not in _NUMBERS:
        fix = "export with an image of floats"
        raise UserError(
            "the input is no image of numbers",
            file=path,
            key=inputs[0].name,
            value=f"type {kind} of ONNX",
            fix=fix,
        )
    batch, *image = lengths
    check_room(image, "an image", file=path, key=inputs[0].name)
    own = np.arange(prod(image))
    if len(image) == 2:
        height, width = image
        return [ImageInput(inputs[0].name, (1, height, width), own.reshape(image), batch or None)]
    first, second, last = image
    plain = ImageInput(inputs[0].name, (first, second, last), own.reshape(image), batch or None)
    moved = own.reshape(last, first, second).transpose(1, 2, 0)
    channels_last = ImageInput(inputs[0].name, (last, first, second), moved, batch or None)
    return [channels_last, plain] if last < min(first, second) else [plain, channels_last]


def constants(path: Path | str, graph: Any) -> dict[str, NDArray[Any]]:
    """Return the initialisers and the values of the Constant nodes by name.

    Raises
    ------
    UserError
        If the data of a tensor is damaged, or of a type that numpy lacks.
    """
    values: dict[str, NDArray[Any]] = {}
    sources = [(tensor.name, tensor) for tensor in graph.initializer]
    sources += [(tensor.values.name, tensor) for tensor in graph.sparse_initializer]
    sources += [(node.output[0], node) for node in graph.node if node.op_type == "Constant"]
    for name, source in sources:
        try:
            values[name] = _array(source)
        except (ValueError, TypeError, KeyError) as error:
            problem = f"a damaged tensor: {_first_line(error)}"
            raise UserError(problem, file=path, key=name, fix="export it again") from None
        except UserError as error:
            raise error.but(file=path, key=name) from None
    return values


def _array(source: Any) -> NDArray[Any]:
    """Return the array of a tensor or of a Constant node."""
    import onnx

    if isinstance(source, onnx.TensorProto):
        return np.asarray(onnx.numpy_helper.to_array(source))
    if isinstance(source, onnx.SparseTensorProto):
        return _dense(source)
    if not source.attribute:
        raise ValueError("a Constant without a value")
    attribute = source.attribute[0]
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.name in ("value", "sparse_value"):
        return _array(value)
    return np.asarray(value, np.float32 if attribute.name.startswith("value_float") else None)


def _dense(source: Any) -> NDArray[Any]:
    """Return the array of a tensor of which the file holds what is not zero."""
    check_room(source.dims, "the weights")
    values, indices = _array(source.values), _array(source.indices)
    array = np.zeros(tuple(source.dims), values.dtype)
    array[tuple(indices.T) if indices.ndim == 2 else np.unravel_index(indices, array.shape)] = values
    return array


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes as plain Python values: numbers, text, lists."""
    import onnx

    values = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
