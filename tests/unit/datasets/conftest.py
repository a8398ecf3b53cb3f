import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
_GIVEN = os.environ.get("BIOSCNN_DATA")


def _encode_idx(array: np.ndarray) -> bytes:
    code = _CODES[array.dtype.str[1:]]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="session")
def encode_idx() -> Callable[[np.ndarray], bytes]:
    return _encode_idx


@pytest.fixture(scope="session")
def full_mnist() -> Path:
    folder = Path(_GIVEN or "none") / "MNIST"
    if not folder.is_dir():
        pytest.skip("BIOSCNN_DATA names no data folder with MNIST/")
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(_GIVEN or "none")
    if not (folder / "N-MNIST").is_dir():
        pytest.skip("BIOSCNN_DATA names no data folder with N-MNIST/")
    return folder


@pytest.fixture(scope="session")
def real_recordings(real_data: Path) -> list[tuple[Path, tuple[int, int]]]:
    """Each recording with the size of its sensor: 1,000 of N-MNIST, 4 of N-Caltech101."""
    digits = [(path, (34, 34)) for path in sorted((real_data / "N-MNIST").rglob("*.bin"))]
    photographs = sorted((real_data / "N-Caltech101-samples").glob("*.bin"))
    return digits + [(path, (240, 180)) for path in photographs]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of nobody: no data folder, nothing downloaded."""
    monkeypatch.delenv("BIOSCNN_DATA", raising=False)
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny_mnist(tmp_path: Path) -> Path:
    """A data folder whose MNIST has the right names and shapes, and other content."""
    folder = tmp_path / "data" / "MNIST"
    folder.mkdir(parents=True)
    images, labels = np.zeros((20, 28, 28), np.uint8), np.arange(20, dtype=np.uint8) % 10
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(_encode_idx(images)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(_encode_idx(labels))
    return folder.parent


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A data folder with a few photographs, noise of several sizes, grey and in colour."""
    from PIL import Image

    rng = np.random.default_rng(1)
    for folder in ("Motorbikes", "airplanes"):
        place = tmp_path / "data" / "Caltech101" / "101_ObjectCategories" / folder
        place.mkdir(parents=True)
        for number in range(1, 41):
            shape = [(100, 200, 3), (300, 100), (180, 240)][number % 3]
            Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(place / f"image_{number:04}.jpg")
    return tmp_path / "data"
