"""Five networks on MNIST as other people bring them: plain torch, ReLU, batch normalisation, cross entropy.

    python -m bench.foreign_networks [NAME ...]

trains each on the 55,000 training digits and exports it to ``results/foreign-networks/NAME.onnx``. Nothing
here knows of spikes. ``python -m bench.foreign_conversions`` says what becomes of them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn

from bench.networks import data_folder
from bioscnn.datasets import load_dataset

FOLDER = Path("results/foreign-networks")
EPOCHS, BATCH, RATE, SEED = 5, 128, 4e-3, 1


def normed(before: int, after: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution and batch normalisation."""
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(after)]


def conv(before: int, after: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return the same with a rectifier."""
    return nn.Sequential(*normed(before, after, kernel, stride, groups), nn.ReLU())


class Residual(nn.Module):
    """The basic block of He et al. (2016), Deep residual learning for image recognition, CVPR."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.branch = nn.Sequential(conv(before, after, 3, stride), *normed(after, after))
        same = before == after and stride == 1
        self.past = nn.Identity() if same else nn.Sequential(*normed(before, after, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Return the rectified sum of branch and skip connection."""
        return torch.relu(self.branch(x) + self.past(x))


def resnet_8() -> nn.Module:
    """Eight weighted layers, three residual sums, global average pooling."""
    blocks = Residual(16, 16), Residual(16, 32, 2), Residual(32, 64, 2)
    return nn.Sequential(conv(1, 16, 3, 2), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def vgg() -> nn.Module:
    """Pairs of convolutions and max pooling, as Simonyan and Zisserman (2015), arXiv:1409.1556."""
    return nn.Sequential(
        conv(1, 8), conv(8, 8), nn.MaxPool2d(2), conv(8, 16), conv(16, 16), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(784, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10),
    )  # fmt: skip


def depthwise() -> nn.Module:
    """Depthwise and pointwise convolutions, as Howard et al. (2017), MobileNets, arXiv:1704.04861."""

    def separable(before: int, after: int, stride: int = 1) -> nn.Sequential:
        return nn.Sequential(conv(before, before, 3, stride, groups=before), conv(before, after, 1))

    blocks = separable(16, 32), separable(32, 64, 2), separable(64, 64)
    return nn.Sequential(conv(1, 16, 3, 2), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def all_convolutional() -> nn.Module:
    """Convolutions alone, and global average pooling, as Springenberg et al. (2015), arXiv:1412.6806."""
    blocks = conv(1, 16), conv(16, 16, 3, 2), conv(16, 32), conv(32, 32, 3, 2), conv(32, 32)
    return nn.Sequential(*blocks, nn.Conv2d(32, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def twelve_layers() -> nn.Module:
    """Eleven convolutions in a row and a dense layer."""
    first = [conv(1, 16, 3, 2), *(conv(16, 16) for _ in range(4))]
    second = [conv(16, 32, 3, 2), *(conv(32, 32) for _ in range(5))]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 49, 10))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet-8": resnet_8,
    "vgg": vgg,
    "depthwise": depthwise,
    "all-convolutional": all_convolutional,
    "twelve-layers": twelve_layers,
}


def train(name: str) -> nn.Module:
    """Return a trained network, and print what it makes of the validation digits after each epoch."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    training, held_out = (
        load_dataset("mnist", split, data=data_folder()) for split in ("train", "validation")
    )
    x, y = torch.from_numpy(training.intensities()), torch.from_numpy(training.labels)
    model = NETWORKS[name]()
    optimiser = torch.optim.Adam(model.parameters())
    steps = -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        begun = perf_counter()
        model.train()
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimiser.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            decided = model(torch.from_numpy(held_out.intensities())).argmax(1)
        right = float((decided == torch.from_numpy(held_out.labels)).float().mean())
        print(f"{name:18} epoch {epoch + 1}: {right:.4f}, {perf_counter() - begun:.0f} s", flush=True)
    return model


def export(model: nn.Module, path: Path) -> None:
    """Write a network as its maker would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model.eval(),
            (torch.zeros(1, 1, 28, 28),),
            str(path),
            input_names=["image"],
            dynamic_axes={"image": {0: "n"}},
            dynamo=False,
        )


if __name__ == "__main__":
    for name in sys.argv[1:] or NETWORKS:
        export(train(name), FOLDER / f"{name}.onnx")
