"""Read a torch module, or a program of ``torch.export``, through torch's own ONNX exporter, in memory."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.graph import LayerGraph
from bioscnn.ann.onnx.reader import read_onnx_bytes
from bioscnn.ann.room import check_room
from bioscnn.errors import UserError

if TYPE_CHECKING:
    import torch


def is_torch(network: object) -> bool:
    """Whether this is a module of torch, or a program of ``torch.export``; torch is not imported for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(network, torch.nn.Module | torch.export.ExportedProgram)


def read_torch(network: object, example: Any = None) -> LayerGraph:
    """Read a trained network that is a torch module.

    The module is put into the mode of evaluation, and is left in the mode that it had.

    Parameters
    ----------
    network : torch.nn.Module or torch.export.ExportedProgram
        From an image to one number per class.
    example : tensor or ndarray, shape (channels, height, width) or (n, channels, height, width), optional
        An image; a program of ``torch.export`` has one of its own.

    Returns
    -------
    LayerGraph
        As `read_onnx` returns it of the exported file.

    Raises
    ------
    UserError
        If the module does not take the example, does not return one tensor, chooses its way by the values of
        an image, cannot be exported by torch, or holds what `read_onnx` refuses.
    """
    import torch

    if isinstance(network, torch.export.ExportedProgram):
        return _read_program(network)
    label, module = f"the torch module {type(network).__name__}", network
    assert isinstance(module, torch.nn.Module)
    image = _image(example, module)
    with _evaluating(module), _quiet():
        _require_statistics(module, label)
        _require_one_tensor(module, image, label)
        _require_one_way(module, image, label)
        content = _exported(module, image, label, {0: "n"})
    try:
        return read_onnx_bytes(content, label)
    except UserError as error:
        if "in training mode" not in error.problem:
            raise
        fix = "let it know the mode: F.dropout(x, training=self.training)"
        raise error.but("a function of the module is always " + error.problem, fix=fix) from None


def _read_program(program: torch.export.ExportedProgram) -> LayerGraph:
    """Read a program of ``torch.export``, whose mode and shapes were fixed when it was exported."""
    label = "the program of torch.export"
    example_inputs: tuple[Any, ...] = program.example_inputs[0] if program.example_inputs else ()
    if len(example_inputs) != 1:
        raise UserError(f"{label} takes {len(example_inputs)} inputs", expected="one, a batch of images")
    module: Any = program.module()
    module.train = lambda mode=True: module  # what the exporter calls, and the program forbids
    with _quiet():
        _require_one_tensor(module, example_inputs[0], label)
        content = _exported(module, example_inputs[0], label, {0: "n"} if program.range_constraints else {})
    return read_onnx_bytes(content, label)


@contextmanager
def _quiet() -> Iterator[None]:
    """Compute without gradients, and without what torch says of its exporters and of their failures."""
    import torch

    before, unread = logging.root.manager.disable, io.StringIO()
    logging.disable()
    try:
        with torch.no_grad(), warnings.catch_warnings(), redirect_stdout(unread), redirect_stderr(unread):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def numbers(images: Any, key: str) -> NDArray[Any]:
    """Return images that were given as a tensor, an array or lists, as an array of real numbers.

    Parameters
    ----------
    images : tensor, ndarray or lists
        A tensor may lie on any device, and require gradients.
    key : str
        Name of the argument.

    Raises
    ------
    UserError
        If they are no real numbers, or none are there: a sparse tensor, or one of the device ``meta``.
    """
    torch = sys.modules.get("torch")
    expected = "a tensor or an array of real numbers, (n, channels, height, width)"
    if torch is not None and isinstance(images, torch.Tensor):
        if images.is_meta or images.layout != torch.strided or images.is_quantized:
            kind = "meta" if images.is_meta else str(images.dtype if images.is_quantized else images.layout)
            raise UserError("a tensor without plain numbers", key=key, value=kind, expected=expected)
        images = images.detach().cpu().resolve_conj().resolve_neg()
        single = images.is_floating_point() and images.dtype != torch.float64
        images = (images.float() if single else images).numpy()
    try:
        array = np.asarray(images)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        raise UserError(
            "no array of one shape", key=key, value=type(images).__name__, expected=expected,
            fix="make one of it: torch.stack(images), or numpy.stack(images)",
        ) from None  # fmt: skip
    if array.dtype.kind not in "fiub":
        kind = type(images).__name__ if array.ndim == 0 else f"an array of {array.dtype}"
        raise UserError("no numbers", key=key, value=kind, expected=expected)
    return array


def _require_numbers(module: torch.nn.Module) -> None:
    """Refuse a module whose weights have not been loaded."""
    for name, weights in module.named_parameters():
        if weights.is_meta:
            raise UserError(
                "the module has no weights: they are on the device meta",
                key=name,
                fix="load them: module.to_empty(device='cpu'), then module.load_state_dict(...)",
            )


def _image(example: Any, module: torch.nn.Module) -> torch.Tensor:
    """Return one image of the example, as a batch, where the weights are and of their type."""
    import torch

    if example is None:
        raise UserError(
            "a torch module does not say which images it takes",
            key="example",
            fix="give images: convert(model, images), or one image: read_network(model, "
            "torch.zeros(1, channels, height, width))",
        )
    _require_numbers(module)
    image = torch.as_tensor(numbers(example, "example"))
    if image.ndim not in (3, 4) or 0 in image.shape:
        raise UserError(
            "the example is no image",
            key="example",
            value=tuple(image.shape),
            expected="shape (channels, height, width) or (n, channels, height, width)",
        )
    image = (image[None] if image.ndim == 3 else image)[:1]
    check_room(image.shape, "an image", key="example")
    weights = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(()))
    image = image.detach().to(weights.device, weights.dtype)
    if not torch.isfinite(image).all():
        raise UserError("the example is not finite", key="example", expected="finite numbers")
    return image


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Put a module and all in it into the mode of evaluation for a while."""
    modes = {part: part.training for part in module.modules()}
    module.train(False)
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def _require_statistics(module: torch.nn.Module, label: str) -> None:
    """Refuse batch normalisation that never leaves the mode of training."""
    for name, part in module.named_modules():
        if "running_mean" in part._buffers and getattr(part, "running_mean", None) is None:
            raise UserError(
                "batch normalisation in training mode: it keeps no statistics of the training data",
                file=label,
                key=f"{name} ({type(part).__name__})",
                fix="train it with track_running_stats=True",
            )


def _require_one_tensor(module: Any, image: torch.Tensor, label: str) -> None:
    import torch

    try:
        logits = module(image)
    except Exception as error:  # whatever the user's module raises
        raise UserError(
            f"{label} does not take the example: {_first_line(error)}",
            key="example",
            value=tuple(image.shape),
            expected="a batch of images as the module takes them, (n, channels, height, width)",
        ) from None
    if not isinstance(logits, torch.Tensor):
        container = (
            f"{type(logits).__name__} of {len(logits)}" if isinstance(logits, tuple | list | dict) else None
        )
        raise UserError(
            f"{label} returns no tensor",
            value=container or type(logits).__name__,
            expected="one tensor, the logits",
            fix="wrap it in a module that returns the logits alone",
        )


def _require_one_way(module: Any, image: torch.Tensor, label: str) -> None:
    """Refuse a module whose way through its code depends on the image, which a trace would not show."""
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        return
    try:
        torch.export.export(module, (image,), strict=False)
    except Exception as error:  # of many classes, some of them not public
        text = str(error).lower()
        depends = "data-dependent" in text or "control flow" in text or "guardondatadependent" in text
        raise UserError(
            f"{label} chooses its way by the values of an image"
            if depends
            else f"torch cannot export {label}: {_first_line(error)}",
            expected="the same operations for every image",
            fix="leave out the `if` or `while` that looks at values: a ReLU or a pooling may stand for it"
            if depends
            else "make it pass torch.export.export(module, (example,))",
        ) from None


def _exported(module: Any, image: torch.Tensor, label: str, dynamic: dict[int, str]) -> bytes:
    """Return the module as an ONNX file."""
    import torch

    file = io.BytesIO()
    try:
        torch.onnx.export(
            module,
            (image,),
            file,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": dynamic},
            dynamo=False,
            verbose=False,
        )
    except Exception as error:  # of many classes, some of them not public
        raise UserError(
            f"torch cannot export {label} to ONNX: {_first_line(error)}",
            fix="write it with convolutions, dense layers, pooling and ReLU",
        ) from None
    return file.getvalue()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
