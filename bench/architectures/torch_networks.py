"""Torch networks of every kind that people export, with random weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.architectures.compare import N_CLASSES, SHAPE


class Lambda(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.forward = function  # type: ignore[method-assign]


class Residual(nn.Module):
    """A branch, what goes past it, and what comes behind their sum."""

    def __init__(
        self, branch: nn.Module, past: nn.Module | None = None, behind: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.branch, self.past, self.behind = branch, past or nn.Identity(), behind or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of branch and skip connection."""
        return self.behind(self.branch(x) + self.past(x))


class Branches(nn.Module):
    """Branches whose channels are concatenated."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Return the channels of all branches."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def conv(before: int, after: int, kernel: int | tuple[int, int] = 3, **options: int | str) -> nn.Sequential:
    """Return a convolution and a rectifier."""
    return nn.Sequential(nn.Conv2d(before, after, kernel, **options), nn.ReLU())  # type: ignore[arg-type]


def normed(before: int, after: int, kernel: int = 3, **options: int) -> nn.Sequential:
    """Return a convolution, batch normalisation and a rectifier."""
    layers = nn.Conv2d(before, after, kernel, **options), nn.BatchNorm2d(after), nn.ReLU()
    return nn.Sequential(*layers)


def head(*layers: nn.Module) -> nn.Sequential:
    """Return layers, and the dense layer behind them that gives the logits."""
    body = nn.Sequential(*layers, nn.Flatten())
    with torch.no_grad():
        size = body.eval()(torch.zeros(1, *SHAPE)).shape[1]
    return nn.Sequential(body, nn.Linear(size, N_CLASSES))


def pooled(*layers: nn.Module) -> nn.Sequential:
    """Return layers, and global average pooling and a dense layer behind them."""
    return head(*layers, nn.AdaptiveAvgPool2d(1))


def low(ceiling: nn.Module) -> nn.Sequential:
    """Return a ReLU6 whose ceiling small activations reach."""
    return nn.Sequential(Lambda(lambda x: 20 * x), ceiling)


def shuffled(x: Tensor) -> Tensor:
    """Return the channels of two groups in turn."""
    n, channels, height, width = x.shape
    return x.view(n, 2, channels // 2, height, width).transpose(1, 2).reshape(n, channels, height, width)


def half_with_zeros(x: Tensor) -> Tensor:
    """Return every other pixel, and as many channels of zeros on either side."""
    return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(288, 20), nn.ReLU(), nn.Linear(20, N_CLASSES)),
    "mlp-batch-norm": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(288, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Linear(20, N_CLASSES)
    ),
    "mlp-residual": lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(288, 16),
        nn.ReLU(),
        Residual(nn.Linear(16, 16), behind=nn.ReLU()),
        nn.Linear(16, N_CLASSES),
    ),
    "conv-valid": lambda: head(conv(2, 4), conv(4, 4)),
    "conv-same": lambda: head(conv(2, 4, padding="same"), conv(4, 4, padding=1)),
    "conv-stride": lambda: head(conv(2, 4, 5, stride=2, padding=2), conv(4, 6, stride=3)),
    "conv-even-kernel": lambda: head(conv(2, 4, 2), conv(4, 4, 4, padding=1)),
    "conv-flat-kernels": lambda: head(conv(2, 4, (1, 5)), conv(4, 4, (3, 1), stride=2)),
    "conv-no-bias": lambda: head(nn.Conv2d(2, 4, 3, bias=False), nn.ReLU()),
    "zero-pad": lambda: head(nn.ZeroPad2d((0, 1, 2, 1)), conv(2, 4, stride=2)),
    "zero-pad-and-padding": lambda: head(
        nn.ZeroPad2d(1), conv(2, 4, padding=1), nn.ZeroPad2d((1, 0, 0, 1)), conv(4, 4)
    ),
    "zero-pad-average-pool": lambda: head(conv(2, 4), nn.ZeroPad2d(1), nn.AvgPool2d(3, 2)),
    "zero-pad-max-pool": lambda: head(conv(2, 4), nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2)),
    "crop": lambda: head(Lambda(lambda x: x[:, :, 1:-2, 2:]), conv(2, 4)),
    "dilated": lambda: head(conv(2, 4, dilation=2), conv(4, 4, dilation=2, padding=2)),
    "groups": lambda: head(conv(2, 6, groups=2), conv(6, 6, groups=3)),
    "depthwise-separable": lambda: head(conv(2, 4), conv(4, 4, groups=4, padding=1), conv(4, 8, 1)),
    "depthwise-multiplier": lambda: head(conv(2, 4), conv(4, 8, groups=4, stride=2)),
    "channel-shuffle": lambda: head(conv(2, 4), conv(4, 4, groups=2), Lambda(shuffled), conv(4, 4, groups=2)),
    "channel-split": lambda: head(
        conv(2, 6), Lambda(lambda x: torch.cat(x.chunk(2, 1)[::-1], 1)), conv(6, 4)
    ),
    "channel-slice": lambda: head(conv(2, 6), Lambda(lambda x: x[:, 1:4]), conv(3, 4)),
    "batch-norm": lambda: head(normed(2, 4), normed(4, 4, stride=2)),
    "batch-norm-first": lambda: head(nn.BatchNorm2d(2), conv(2, 4, padding=1)),
    "batch-norm-behind-relu": lambda: head(conv(2, 4), nn.BatchNorm2d(4), conv(4, 4, padding=1)),
    "batch-norm-behind-pool": lambda: head(conv(2, 4), nn.AvgPool2d(2), nn.BatchNorm2d(4), conv(4, 4)),
    "batch-norm-flat": lambda: nn.Sequential(
        conv(2, 4, stride=2), nn.Flatten(), nn.BatchNorm1d(100), nn.Linear(100, N_CLASSES)
    ),
    "average-pool": lambda: head(conv(2, 4), nn.AvgPool2d(2), conv(4, 4), nn.AvgPool2d(2)),
    "average-pool-overlapping": lambda: head(conv(2, 4), nn.AvgPool2d(3, 2), conv(4, 4)),
    "average-pool-padded": lambda: head(conv(2, 4), nn.AvgPool2d(3, 2, padding=1), conv(4, 4)),
    "average-pool-uncounted": lambda: head(
        conv(2, 4), nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), conv(4, 4)
    ),
    "average-pool-ceil": lambda: head(
        conv(2, 4, 2), nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False), conv(4, 4)
    ),
    "adaptive-pool": lambda: head(conv(2, 4, padding=1), nn.AdaptiveAvgPool2d(3)),
    "max-pool": lambda: head(conv(2, 4), nn.MaxPool2d(2), conv(4, 4), nn.MaxPool2d(2)),
    "max-pool-overlapping": lambda: head(conv(2, 4), nn.MaxPool2d(3, 2, padding=1), conv(4, 4)),
    "max-pool-ceil": lambda: head(conv(2, 4, 2), nn.MaxPool2d(2, ceil_mode=True), conv(4, 4)),
    "max-pool-before-relu": lambda: head(nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.ReLU(), conv(4, 4)),
    "max-pool-batch-norm-relu": lambda: head(
        nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.BatchNorm2d(4), nn.ReLU(), conv(4, 4)
    ),
    "max-pool-behind-batch-norm": lambda: head(conv(2, 4), nn.BatchNorm2d(4), nn.MaxPool2d(2), conv(4, 4)),
    "max-pool-of-average": lambda: head(conv(2, 4), nn.AvgPool2d(2), nn.MaxPool2d(2)),
    "global-average": lambda: pooled(conv(2, 4), conv(4, 6)),
    "global-max": lambda: head(conv(2, 4), conv(4, 6), nn.AdaptiveMaxPool2d(1)),
    "mean-over-space": lambda: head(conv(2, 4), Lambda(lambda x: x.mean((2, 3)))),
    "mean-over-pixels": lambda: head(conv(2, 4), Lambda(lambda x: x.flatten(2).mean(-1))),
    "mean-over-rows": lambda: head(conv(2, 4), Lambda(lambda x: x.mean(2))),
    "all-convolutional": lambda: nn.Sequential(
        conv(2, 6, stride=2), nn.Conv2d(6, N_CLASSES, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
    "residual": lambda: pooled(conv(2, 4), Residual(nn.Conv2d(4, 4, 3, padding=1), behind=nn.ReLU())),
    "residual-of-relus": lambda: head(conv(2, 4), Residual(conv(4, 4, padding=1))),
    "residual-projection": lambda: pooled(
        normed(2, 4),
        Residual(
            nn.Sequential(
                normed(4, 6, stride=2, padding=1), nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
            ),
            nn.Sequential(nn.Conv2d(4, 6, 1, stride=2), nn.BatchNorm2d(6)),
            nn.ReLU(),
        ),
    ),
    "residual-pre-activation": lambda: pooled(
        nn.Conv2d(2, 4, 3),
        Residual(nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))),
        nn.BatchNorm2d(4),
        nn.ReLU(),
    ),
    "residual-zeros": lambda: pooled(
        conv(2, 4), Residual(nn.Conv2d(4, 8, 3, stride=2, padding=1), Lambda(half_with_zeros), nn.ReLU())
    ),
    "residual-max-pool": lambda: pooled(conv(2, 4), Residual(conv(4, 4, padding=1)), nn.MaxPool2d(2)),
    "linear-branches": lambda: head(
        conv(2, 4),
        Residual(Residual(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)), behind=nn.ReLU()),
    ),
    "concat": lambda: head(Branches(conv(2, 3), conv(2, 2)), conv(5, 4)),
    "inception": lambda: pooled(
        conv(2, 4),
        Branches(
            conv(4, 2, 1), conv(4, 3, padding=1), nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv(4, 2, 1))
        ),
    ),
    "dense-net": lambda: pooled(
        conv(2, 3),
        Branches(nn.Identity(), normed(3, 2, padding=1)),
        Branches(nn.Identity(), normed(5, 2, padding=1)),
    ),
    "concat-batch-norm-relu-pool": lambda: head(
        Branches(nn.Conv2d(2, 3, 3), nn.Conv2d(2, 2, 3)), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2)
    ),
    "concat-depthwise": lambda: head(Branches(conv(2, 3), conv(2, 2)), conv(5, 5, groups=5), conv(5, 4, 1)),
    "concat-flat": lambda: nn.Sequential(
        Branches(nn.Sequential(conv(2, 3), nn.Flatten()), nn.Sequential(conv(2, 2, 5), nn.Flatten())),
        nn.Linear(300 + 128, N_CLASSES),
    ),
    "clamp": lambda: head(nn.Conv2d(2, 4, 3), Lambda(lambda x: x.clamp(min=0)), conv(4, 4)),
    "relu6": lambda: head(nn.Conv2d(2, 4, 3), low(nn.ReLU6()), conv(4, 4, padding=1)),
    "relu6-batch-norm-depthwise": lambda: pooled(
        nn.Conv2d(2, 4, 3),
        nn.BatchNorm2d(4),
        low(nn.ReLU6()),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        nn.BatchNorm2d(4),
        low(nn.ReLU6()),
    ),
    "relu6-max-pool": lambda: head(nn.Conv2d(2, 4, 3), low(nn.ReLU6()), nn.MaxPool2d(3, 2, 1), conv(4, 4)),
    "max-pool-relu6": lambda: head(nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), low(nn.ReLU6()), conv(4, 4)),
    "relu6-global-max": lambda: head(nn.Conv2d(2, 4, 3), low(nn.ReLU6()), nn.AdaptiveMaxPool2d(1)),
    "relu6-unreached": lambda: head(nn.Conv2d(2, 4, 3), nn.ReLU6(), conv(4, 4)),
    "leaky-relu": lambda: head(nn.Conv2d(2, 4, 3), nn.LeakyReLU(0.1), conv(4, 4)),
    "prelu": lambda: head(nn.Conv2d(2, 4, 3), nn.PReLU(4), conv(4, 4)),
    "hard-tanh": lambda: head(nn.Conv2d(2, 4, 3), nn.Hardtanh(-0.2, 0.3), conv(4, 4)),
    "hard-sigmoid": lambda: head(nn.Conv2d(2, 4, 3), nn.Hardsigmoid(), conv(4, 4)),
    "absolute": lambda: head(nn.Conv2d(2, 4, 3), Lambda(torch.abs), conv(4, 4)),
    "scaled-relu": lambda: head(conv(2, 4), Lambda(lambda x: 0.5 * x), conv(4, 4, padding=1)),
    "normalisation-inside": lambda: head(Lambda(lambda x: (x - 0.13) / 0.31), conv(2, 4, padding=1)),
    "temperature-softmax": lambda: nn.Sequential(head(conv(2, 4)), Lambda(lambda x: x / 2), nn.Softmax(1)),
    "dropout": lambda: head(conv(2, 4), nn.Dropout2d(), conv(4, 4), nn.Dropout()),
    "view": lambda: nn.Sequential(
        conv(2, 4), Lambda(lambda x: x.view(x.size(0), -1)), nn.Linear(400, N_CLASSES)
    ),
    "deep": lambda: pooled(conv(2, 4), *(conv(4, 4, padding=1) for _ in range(6))),
}


def network(name: str) -> nn.Module:
    """Return a network with drawn weights and statistics, ready to export."""
    torch.manual_seed(sum(map(ord, name)))
    module = ARCHITECTURES[name]()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            for tensor, low, high in (
                (part.weight.data, 0.5, 1.5),
                (part.bias.data, -0.2, 0.5),
                (part.running_mean, -0.2, 0.5),
                (part.running_var, 0.5, 1.5),
            ):
                assert tensor is not None
                tensor.uniform_(low, high)
    return module.eval()


def export(name: str, path: Path, dynamo: bool = False) -> None:
    """Export a network as people do: an example image, and a batch of any size."""
    example = torch.rand(2, *SHAPE)
    options = (
        {"dynamic_shapes": ({0: torch.export.Dim("batch")},)} if dynamo else {"dynamic_axes": {"x": {0: "n"}}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and that shapes are traced
        module = network(name)
        torch.onnx.export(
            module, (example,), str(path), input_names=["x"], dynamo=dynamo, verbose=False, **options
        )
