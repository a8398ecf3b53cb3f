"""Which kinds of files are read, and how networks of other kinds are exported to one of these."""

from __future__ import annotations

import shlex
from pathlib import Path

from bioscnn.errors import UserError

READ = (".onnx", ".keras")
"""Suffixes of the files that are read."""

_TO_ONNX = "torch.onnx.export(model, (torch.zeros(1, C, H, W),), {onnx!r}, dynamo=False)"
_STATE = "model = MyNetwork(); model.load_state_dict({loaded}); model.eval()"
_PYTHON = "in Python, with your own class of the model, and the channels, height and width of an image"
_TORCH = (_PYTHON, _STATE.format(loaded="torch.load({file!r})"), _TO_ONNX)
_KERAS = (
    "in Python, with Keras 3",
    "import keras",
    "keras.models.load_model({file!r}, compile=False).save({keras!r})",
)
_TF2ONNX = ("in a terminal", "pip install tf2onnx tensorflow")
_EXPORTS = {
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".ckpt": (_PYTHON, _STATE.format(loaded='torch.load({file!r})["state_dict"]'), _TO_ONNX),
    ".pt2": (
        "in Python",
        "import bioscnn.ann, torch",
        "bioscnn.ann.write_onnx(bioscnn.read_network(torch.export.load({file!r})), {onnx!r})",
    ),
    ".safetensors": (_PYTHON, _STATE.format(loaded="safetensors.torch.load_file({file!r})"), _TO_ONNX),
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".tflite": (*_TF2ONNX, "python -m tf2onnx.convert --tflite {quoted} --output {quoted_onnx}"),
}
_SAVED_MODEL = (*_TF2ONNX, "python -m tf2onnx.convert --saved-model {quoted} --output {quoted_onnx}")


def refuse_format(path: Path) -> None:
    """Refuse a file of a kind that is not read, with the two lines that export it to one that is.

    What a file of torch holds is a pickle, which runs code when it is loaded; it is never opened here.

    Raises
    ------
    UserError
        If the suffix is known as that of a network, or the path is there and nothing that is read.
    """
    saved_model = path.suffix == ".pb" or (path / "saved_model.pb").is_file()
    if not saved_model and path.suffix not in _EXPORTS:
        if not path.exists():
            return
        kind = "folders" if path.is_dir() else f"{path.suffix or 'such'} files"
        raise UserError(
            f"{kind} are not read", file=path, expected=f"a file that ends in {', '.join(READ)} or .nir"
        )
    file = str(path.parent if path.suffix == ".pb" else path)
    named = Path(file) if Path(file).suffix or Path(file).name.strip(".") else Path(file) / "network"
    onnx, keras = (str(named.with_suffix(suffix)) for suffix in READ)
    words = {"file": file, "onnx": onnx, "keras": keras}
    words |= {"quoted": shlex.quote(file), "quoted_onnx": shlex.quote(onnx)}
    lines = _SAVED_MODEL if saved_model else _EXPORTS[path.suffix]
    kind = "SavedModel folders" if saved_model else f"{path.suffix} files"
    raise UserError(
        f"{kind} are not read",
        file=path,
        expected=f"a file that ends in {', '.join(READ)} or .nir",
        fix="\n            ".join(line.format(**words) for line in lines),
    )
