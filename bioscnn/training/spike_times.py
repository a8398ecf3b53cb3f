"""Networks whose neurons say a value by the time of one spike, in torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from bioscnn.ann import Conv2d, Dense, LayerGraph, LIFRate, MaxPool2d, ReLU
from bioscnn.errors import UserError
from bioscnn.neurons import TimeCode
from bioscnn.training.torch_network import TorchNetwork

_AT_ONCE = 50


@dataclass(frozen=True, eq=False)
class TimesRun:
    """What a network of spike times came to.

    Parameters
    ----------
    logits : tensor, shape (n, classes)
        Potentials of the readout at the end of the last window, which are not rounded.
    spikes : tuple of tensor, each a scalar
        Spikes of all images in the input, and in the population of each activation and of each max pooling.
        Those of the activations have the gradient of a smooth count.
    """

    logits: torch.Tensor
    spikes: tuple[torch.Tensor, ...]

    def hidden_spikes(self) -> torch.Tensor:
        """Return spikes per image without those of the input, a scalar."""
        return sum(self.spikes[1:], torch.zeros(())) / len(self.logits)

    def spikes_per_image(self) -> torch.Tensor:
        """Return spikes per image, those of the input counted, a scalar."""
        return sum(self.spikes, torch.zeros(())) / len(self.logits)


class TimesNetwork(TorchNetwork):
    """A ReLU network each of whose activations is at most the scale of its layer, and said by a spike time.

    The weights stay those of the ReLU network. The scale of a layer is a parameter beside them; folded into
    the weights before and behind, it becomes 1.

    Parameters
    ----------
    graph : LayerGraph
        The ReLU network; batch normalisation is folded into its weights.
    code : TimeCode
        The values that a spike can say.
    scales : list of float, optional
        Of the activations, from the first to the last; 1 if left out, as in a network that was trained.
    learns : bool
        Whether the scales are learnt.

    Raises
    ------
    UserError
        If the network is no chain of convolutions, dense layers, pooling and rectifiers, or its output is
        rectified.
    """

    def __init__(
        self, graph: LayerGraph, code: TimeCode, scales: list[float] | None = None, learns: bool = False
    ) -> None:
        super().__init__(graph)
        _refuse_others(self.graph)
        self.code = code
        n = sum(isinstance(layer, ReLU) for layer in self.graph.layers)
        self._log_scales = torch.tensor(scales or [1.0] * n).log_().requires_grad_(learns)
        self._scales_around = _scales_around(self.graph)
        values = torch.tensor(code.values, dtype=torch.float32)
        before = torch.cat([torch.zeros(1), values[:-1]])
        self._levels, self._borders = torch.cat([torch.zeros(1), values]), (before + values) / 2

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is learnt by its gradient: weights, biases, and the scales if they are."""
        return [*super().parameters, *([self._log_scales] if self._log_scales.requires_grad else [])]

    @property
    def state(self) -> list[torch.Tensor]:
        """All that training changes, and the scales."""
        return [*super().state, self._log_scales]

    @property
    def has_twin(self) -> bool:
        """Its forward pass is what the spikes say, whatever the layers."""
        return True

    def parameter(self, index: int, name: str) -> torch.Tensor | None:
        """Return weight or bias of a layer, with the scales of the activations around it folded in."""
        tensor = super().parameter(index, name)
        if tensor is None:
            return None
        before, after = (
            1.0 if at is None else self._log_scales[at].exp() for at in self._scales_around[index]
        )
        return tensor * (before / after) if name == "weight" else tensor / after

    def run(self, images: torch.Tensor) -> TimesRun:
        """Compute what the spikes of images say.

        Parameters
        ----------
        images : tensor of float32, shape (n, channels, height, width)
            Intensities from 0 to 1, which are rounded to spike times too.
        """
        x, spikes = self._rounded(images)
        counts = [spikes]
        for index, layer in enumerate(self.graph.layers):
            if isinstance(layer, ReLU):
                x, spikes = self._rounded(x)
                counts.append(spikes)
                continue
            x = self.linear(index, x)
            if isinstance(layer, MaxPool2d):  # of its inputs' spikes, the first
                counts.append(x.detach().count_nonzero().to(x.dtype))
        return TimesRun(x, tuple(counts))

    def _rounded(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return _SpikeTime.apply(x, self._borders, self._levels)  # type: ignore[no-any-return]


def measured_scales(graph: LayerGraph, images: torch.Tensor, percentile: float) -> list[float]:
    """Return the percentile, over images, of the largest activation of each rectifier.

    Parameters
    ----------
    graph : LayerGraph
        A ReLU network.
    images : tensor of float32, shape (n, channels, height, width)
        Training images.
    percentile : float
        From 0 to 100.

    Raises
    ------
    UserError
        If a layer is silent on these images.
    """
    network, largest = TorchNetwork(graph), list[list[torch.Tensor]]()

    def rectified(layer: ReLU | LIFRate, x: torch.Tensor) -> torch.Tensor:
        of_batch.append(x.relu().flatten(1).amax(1))
        return x.relu()

    with torch.no_grad():
        for part in images.split(_AT_ONCE):
            of_batch: list[torch.Tensor] = []
            network.forward(part, rectified)
            largest.append(of_batch)
    maxima = [torch.cat(parts).double() for parts in zip(*largest, strict=True)]
    scales = [float(torch.quantile(values, percentile / 100)) for values in maxima]
    if 0.0 in scales:
        raise UserError(
            "a layer is silent on training images, so no scale can be found for its values",
            key="training.start",
            value=graph.name,
            expected="a network that works on these images",
        )
    return scales


class _SpikeTime(torch.autograd.Function):  # type: ignore[misc]
    """Round to the nearest value that a spike time says; return the values and the number of spikes.

    The slope of the values is that of a ReLU clipped at 1 (straight through the rounding). The slope of the
    number of spikes is that of ``v/(v + g/2)`` for a value v from 0 to 1, g the smallest value.

    References
    ----------
    Bengio, Leonard and Courville (2013), arXiv:1308.3432 (the straight-through slope).
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, borders: torch.Tensor, levels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        # Most neurons are silent: only those that spike are looked up, in the order of the memory.
        image = x.dim() == 4
        rows = (x.permute(0, 2, 3, 1) if image else x).contiguous()
        flat, coded = rows.view(-1), torch.zeros_like(rows)
        at = torch.nonzero(flat >= borders[0]).squeeze(1)
        active = flat[at]
        coded.view(-1)[at] = levels[torch.bucketize(active, borders, right=True)]
        ctx.save_for_backward(x)
        ctx.half = float(borders[0])
        values = coded.permute(0, 3, 1, 2) if image else coded
        return values, torch.tensor(float(len(at)), dtype=x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (x,) = ctx.saved_tensors
        of_values, of_spikes = grads
        if price := float(of_spikes):
            slope = x.add(ctx.half).square_().reciprocal_()
            of_values = slope.mul_(price * ctx.half).add_(of_values)
        # What lies outside is dropped, not multiplied by zero: the slope of the price is infinite somewhere.
        return torch.ops.aten.hardtanh_backward(of_values, x, 0.0, 1.0), None, None


def _refuse_others(graph: LayerGraph) -> None:
    """Refuse what has no value at the end of a window: rates, a rectified output, activations in a row."""
    problem, weighted = "", False
    for layer in graph.layers:
        if isinstance(layer, LIFRate):
            problem = "it was trained on the rates of LIF neurons"
        elif isinstance(layer, ReLU):
            problem = problem or ("" if weighted else "an activation has no weights before it")
            weighted = False
        weighted = weighted or isinstance(layer, Conv2d | Dense)
    if not problem and not weighted:
        problem = "its output has no weights of its own behind the last activation"
    if problem:
        raise UserError(
            f"the network cannot be trained on spike times: {problem}",
            key="training.start",
            value=graph.name,
            expected="a network of convolutions, dense layers, pooling and rectifiers, with a linear output",
            fix='train one with training.activation = "relu"',
        )


def _scales_around(graph: LayerGraph) -> dict[int, tuple[int | None, int | None]]:
    """Return, for each layer of weights, which activations' scales are before and behind it; None for 1."""
    around: dict[int, tuple[int | None, int | None]] = {}
    last, before, n = None, None, 0
    for index, layer in enumerate(graph.layers):
        if isinstance(layer, Conv2d | Dense):
            around[index], last, before = (before, None), index, None
        elif isinstance(layer, ReLU):
            assert last is not None
            around[last] = (around[last][0], n)
            before, n = n, n + 1
    return around
