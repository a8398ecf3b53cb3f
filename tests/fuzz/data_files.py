"""Own data, and archives of data sets: valid ones, and what reads them."""

from __future__ import annotations

import gzip
import io
import shutil
import stat
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.fuzz.containers import pack
from tests.fuzz.reader import packed


def idx_bytes(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def idx(folder: Path) -> list[bytes]:
    rng = np.random.default_rng(1)
    for part, n in (("train", 12), ("t10k", 6)):
        images = idx_bytes(rng.integers(0, 256, (n, 5, 4)))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(n) % 3))
    whole = packed(folder)
    (folder / "classes.txt").write_text("cat\ndog\nmouse\n")
    path = folder / "t10k-labels-idx1-ubyte"
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return [whole, packed(folder)]


def npz(folder: Path) -> list[bytes]:
    rng, path = np.random.default_rng(1), folder / "x.npz"
    labels = np.arange(12) % 3
    found = []
    for images in (rng.integers(0, 256, (12, 5, 4), dtype=np.uint8), rng.random((12, 3, 4, 4), np.float32)):
        np.savez(path, x=images, y=labels, classes=np.array(["a", "b", "c"]))
        found.append(path.read_bytes())
        np.savez_compressed(path, x_train=images, y_train=labels, x_test=images[:6], y_test=labels[:6])
        found.append(path.read_bytes())
    return found


def photographs(folder: Path) -> list[bytes]:
    from PIL import Image

    from tests.own_data import photographs

    photographs(folder, ("cat", "dog"), 2)
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


def events(folder: Path) -> list[bytes]:
    from tests.own_data import recordings

    recordings(folder, ("left", "right"), 4)
    return [packed(folder)]


def own(kind: str, **keys: object) -> Callable[[Path], object]:
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


def fitted(path: Path) -> object:
    """Read photographs at several sizes, in every way to fit them."""
    ways = (("pad", (8, 8)), ("crop", (8, 8)), ("crop", (1, 40)), ("stretch", (40, 1)))
    return [own("folder", size=size, fit=fit)(path) for fit, size in ways]


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out when a member of an archive was written, and by whom."""
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def archive(folder: Path) -> list[bytes]:
    (folder / "kept" / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt"):
        (folder / "kept" / name).write_text(name)
    plain = packed(folder)
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packer,  # the same inputs at any time
        tarfile.open(fileobj=packer, mode="w") as tar,
    ):
        tar.add(folder / "kept", "kept", filter=anonymous)
    return [plain, pack([("top/inner.tar.gz", stat.S_IFREG << 16, out.getvalue())])]


def unpack(path: Path) -> object:
    from bioscnn.datasets.archives import unpack_folder

    target = path.parent / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    unpack_folder(path, "kept", target, "inner.tar.gz")
    return target
