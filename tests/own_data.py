"""Small data sets of a user's own, and networks that tell their classes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, ReLU, write_onnx
from bioscnn.datasets import EventStream, write_events
from bioscnn.seeds import stream

ENDINGS = ("png", "jpg", "tif", "ppm")
"""Formats of photographs that take turns."""


def photographs(
    folder: Path, classes: tuple[str, ...], n: int = 10, size: tuple[int, int] = (20, 30)
) -> Path:
    """Write a folder per class of dark colour photographs, each class brighter in a channel of its own."""
    rng = stream(1, "own photographs")
    for label, name in enumerate(sorted(classes)):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 60, (20, 30, 3), dtype=np.uint8)
            pixels[..., label % 3] += 150
            Image.fromarray(pixels).save(folder / name / f"{i:03}.{ENDINGS[i % 4]}")
    return folder


def recordings(folder: Path, classes: tuple[str, ...], n: int = 8) -> Path:
    """Write a folder per class of recordings on 12 x 9 pixels, in all formats in turn."""
    rng = stream(1, "own recordings")
    for label, name in enumerate(sorted(classes)):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            events = {
                "x": rng.integers(6 * label, 6 * label + 6, 150),
                "y": rng.integers(0, 9, 150),
                "t": np.sort(rng.integers(0, 40_000, 150)),
                "p": rng.integers(0, 2, 150),
            }
            path = folder / name / f"{i:03}"
            if i % 3 == 0:
                write_events(path.with_suffix(".bin"), EventStream(*events.values(), (12, 9)))  # type: ignore[call-arg]
            elif i % 3 == 1:
                table = np.empty(150, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
                for field, values in events.items():
                    table[field] = values
                np.save(path.with_suffix(".npy"), table)
            else:
                np.savez_compressed(path.with_suffix(".npz"), **events)
    return folder


def network(path: Path, shape: tuple[int, int, int], n_classes: int) -> Path:
    """Write a network that adds up what its input channels, or its left and right half, bring."""
    channels, height, width = shape
    weights = np.zeros((n_classes, channels, height, width), np.float32)
    for label in range(n_classes):
        if channels == 3:
            weights[label, label % 3] = 1
        else:
            weights[label, :, :, label * width // n_classes : (label + 1) * width // n_classes] = 1
    identity = Conv2d(np.eye(channels, dtype=np.float32)[:, :, None, None], None)
    readout = Dense(weights.reshape(n_classes, -1) / (height * width), None)
    write_onnx(LayerGraph(path.stem, shape, (identity, ReLU(), Flatten(), readout)), path)
    return path
