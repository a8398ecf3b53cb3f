"""What reaches the neurons of a population: linear paths from other populations, side by side and summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import Add, AveragePool2d, Concat, Conv2d, Dense, Flatten, Layer, Scale
from bioscnn.network import Connectivity, Convolution, Pooling, compose, summed
from bioscnn.network import Dense as AllToAll

Shape = tuple[int, ...]
Linear = Conv2d | AveragePool2d | Dense | Flatten | Scale


@dataclass(frozen=True, eq=False)
class Path:
    """Linear layers in a row that begin at a population; their biases are not looked at.

    Parameters
    ----------
    source : str
        Name of the population.
    source_shape : tuple of int
        Its shape.
    layers : tuple of layers
        None for the activation itself.
    """

    source: str
    source_shape: Shape
    layers: tuple[Linear, ...] = ()

    def then(self, layer: Linear) -> Path:
        """Return the path with one more layer."""
        return replace(self, layers=(*self.layers, layer))

    def connectivity(self) -> Connectivity:
        """Return the layers as one connectivity."""
        parts: list[Connectivity] = []
        shape = self.source_shape
        for layer in self.layers:
            after = layer.output_shape(shape)
            # Flattening only renames the neurons, so the channels of the image before it stay known.
            before = parts[-1].post_shape if parts else self.source_shape
            if isinstance(layer, Conv2d):
                kernel = layer.weight.astype(np.float64)
                parts.append(Convolution(shape, after, layer.stride, layer.padding, kernel, layer.groups))
            elif isinstance(layer, AveragePool2d):
                parts.append(pooling(layer, shape, after))
            elif isinstance(layer, Dense):
                parts.append(AllToAll(before, after, layer.weight.astype(np.float64)))
            elif isinstance(layer, Scale):
                parts.append(_one_to_one(shape, layer.weight.astype(np.float64), before))
            shape = after
        if not parts or (len(shape) == 1 and len(parts[-1].post_shape) > 1):
            before = parts[-1].post_shape if parts else self.source_shape
            parts.append(_one_to_one(shape, np.ones(shape[0]), before))
        return compose(parts)


def pooling(layer: AveragePool2d, before: Shape, after: Shape) -> Pooling:
    """Return average pooling as a connectivity."""
    gain = np.ones(before[0])
    return Pooling(before, after, layer.stride, layer.padding, layer.kernel, gain, layer.count_include_pad)


def _one_to_one(shape: Shape, weight: NDArray[np.float64], before: Shape | None = None) -> Connectivity:
    """Return the connectivity of each neuron to the one in its place, with a weight for each channel."""
    if len(shape) == 1:
        return AllToAll(before or shape, shape, np.diag(weight))
    kernel = weight.reshape(-1, 1, 1, 1)
    return Convolution(shape, shape, (1, 1), (0, 0, 0, 0), kernel, groups=len(kernel))


@dataclass(frozen=True, eq=False)
class Block:
    """Neighbouring channels, each the sum of what comes along the same paths.

    Parameters
    ----------
    shape : tuple of int
        Of these channels.
    paths : tuple of Path
        From a population may come several.
    """

    shape: Shape
    paths: tuple[Path, ...]

    def then(self, layer: Linear) -> Block:
        """Return the channels behind one more layer."""
        return Block(layer.output_shape(self.shape), tuple(path.then(layer) for path in self.paths))

    @property
    def is_activation(self) -> bool:
        """Whether these channels are those of one population, as they are."""
        return len(self.paths) == 1 and not self.paths[0].layers

    def connectivities(self) -> dict[str, Connectivity]:
        """Return one connectivity for each population that takes part."""
        by_source: dict[str, list[Connectivity]] = {}
        for path in self.paths:
            by_source.setdefault(path.source, []).append(path.connectivity())
        return {source: summed(parts) for source, parts in by_source.items()}

    @property
    def kind(self) -> str | None:
        """Name of the last layer that has weights, or else pools; None if no layer does."""
        kinds = {Conv2d: "conv", Dense: "dense", AveragePool2d: "pool", Scale: "scale"}
        named = [kinds[type(la)] for path in self.paths for la in path.layers if type(la) in kinds]
        weighted = [kind for kind in named if kind in ("conv", "dense")]
        return next(reversed(weighted or named), "sum" if len(self.paths) > 1 else None)


def through(layer: Layer, inputs: Sequence[Sequence[Block]]) -> list[Block]:
    """Return what a linear layer, or one that joins, makes of its inputs, block by block.

    A convolution or dense layer of concatenated channels is a sum of layers of the parts, so what has been
    concatenated never needs to be brought together.
    """
    blocks = list(inputs[0])
    starts = np.cumsum([0, *(block.shape[0] for block in blocks)]).tolist()
    parts: Sequence[Linear]
    match layer:
        case Concat():
            return [block for blocks in inputs for block in blocks]
        case Add():
            return _sum(inputs)
        case Flatten() | AveragePool2d():
            return [block.then(layer) for block in blocks]
        case Scale():
            slices = pairwise(starts)
            return [
                block.then(Scale(layer.weight[a:b], np.zeros(b - a)))
                for block, (a, b) in zip(blocks, slices, strict=True)
            ]
        case Dense():
            parts = [Dense(layer.weight[:, a:b]) for a, b in pairwise(starts)]
        case Conv2d() if len(blocks) == 1:
            parts = [replace(layer, bias=None)]
        case Conv2d() if layer.groups == 1:
            parts = [replace(layer, weight=layer.weight[:, a:b], bias=None) for a, b in pairwise(starts)]
        case Conv2d():
            return _grouped(layer, blocks, starts)
        case _:
            raise TypeError(f"{type(layer).__name__} is not linear")
    behind = [block.then(part) for block, part in zip(blocks, parts, strict=True)]
    return [Block(behind[0].shape, tuple(path for block in behind for path in block.paths))]


def _grouped(layer: Conv2d, blocks: list[Block], starts: list[int]) -> list[Block]:
    """Return a convolution in groups: each block for itself if no group sees two of them."""
    size, out = layer.weight.shape[1], len(layer.weight) // layer.groups
    if any(start % size for start in starts):
        return through(layer, [[joined(blocks)]])
    behind = []
    for block, (a, b) in zip(blocks, pairwise(starts), strict=True):
        weight = layer.weight[a // size * out : b // size * out]
        behind.append(block.then(replace(layer, weight=weight, bias=None, groups=(b - a) // size)))
    return behind


def _sum(inputs: Sequence[Sequence[Block]]) -> list[Block]:
    """Return the sum of several inputs, block by block if they are cut alike."""
    if len({tuple(block.shape for block in blocks) for blocks in inputs}) > 1:
        inputs = [[joined(blocks)] for blocks in inputs]
    return [
        Block(parts[0].shape, tuple(path for part in parts for path in part.paths))
        for parts in zip(*inputs, strict=True)
    ]


def joined(blocks: Sequence[Block]) -> Block:
    """Return all blocks as one: each path ends in its place among the channels."""
    if len(blocks) == 1:
        return blocks[0]
    total, start, paths = sum(block.shape[0] for block in blocks), 0, []
    for block in blocks:
        n = block.shape[0]
        placed = np.eye(total)[:, start : start + n]
        flat = len(block.shape) == 1
        layer: Linear = Dense(placed) if flat else Conv2d(placed[:, :, None, None])
        paths += [path.then(layer) for path in block.paths]
        start += n
    return Block((total, *blocks[0].shape[1:]), tuple(paths))


def centred(block: Block) -> Block:
    """Return logits less their mean over the classes."""
    n, paths = prod(block.shape), []
    for path in block.paths:
        last = path.layers[-1]
        if isinstance(last, Dense):
            weight = last.weight.astype(np.float64)
            paths.append(replace(path, layers=(*path.layers[:-1], Dense(weight - weight.mean(axis=0)))))
        else:
            paths.append(path.then(Dense(np.eye(n) - 1 / n)))
    return Block(block.shape, tuple(paths))
