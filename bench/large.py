"""Time and memory of planning and converting a network of the size of VGG-16, of several checkouts in turns.

    python -m bench.large [CHECKOUT ...]

The network has the 13 convolutions of VGG-16, with batch normalisation and average pooling, and a dense head,
on images of 28 x 28: 204,052 neurons and 254,044,160 synapses. Its weights are random (He et al., 2015).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROUNDS = 3
CHANNELS = (64, 64, None, 128, 128, None, 256, 256, 256, None, 512, 512, 512, None, 512, 512, 512)
"""Of the convolutions; None is a pooling."""

STEPS = {
    "plan": "from bioscnn.studies.plan import plan_study; work = lambda: plan_study(study, None)",
    "prepare": "from bioscnn.studies.prepare import prepare; work = lambda: prepare(study, None)",
}
MEASURE = """
import json, sys, time
from pathlib import Path
begun = time.perf_counter()
from bioscnn.studies import read_study
{step}
changes = ["network.model=" + sys.argv[1], "dataset.trials=2", "simulation.duration=10 ms"]
study = read_study(Path("sims/mnist.toml"), changes)
work()
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the process that started this one
peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
print(json.dumps([time.perf_counter() - begun, time.process_time(), peak]))
"""


def make_network(path: Path) -> None:
    """Export the network with torch."""
    import torch
    from torch import nn

    torch.manual_seed(1)
    layers: list[nn.Module] = []
    before = 1
    for channels in CHANNELS:
        if channels is None:
            layers.append(nn.AvgPool2d(2))
            continue
        layers += [nn.Conv2d(before, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
        before = channels
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.normal_(layer.bias, 0, 0.05)
    with torch.no_grad():
        for _ in range(20):  # the statistics of batch normalisation
            model(torch.rand(16, 1, 28, 28))
    example = (torch.zeros(1, 1, 28, 28),)
    torch.onnx.export(model.eval(), example, str(path), input_names=["image"], dynamo=False)


def measured(checkout: Path, step: str, network: Path) -> list[float]:
    """Return seconds, seconds of processor time and peak memory of a step, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    code = MEASURE.format(step=STEPS[step])
    made = subprocess.run(
        [sys.executable, "-c", code, str(network)],
        cwd=checkout, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    numbers: list[float] = json.loads(made.stdout.splitlines()[-1])
    return numbers


def main(checkouts: list[str]) -> None:
    """Print medians and ranges."""
    with TemporaryDirectory() as folder:
        network = Path(folder) / "vgg.onnx"
        make_network(network)
        measurements: dict[tuple[str, str], list[list[float]]] = {}
        for _ in range(ROUNDS):
            for step in STEPS:
                for checkout in checkouts:
                    measurements.setdefault((step, checkout), []).append(
                        measured(Path(checkout), step, network)
                    )
    for (step, checkout), rows in measurements.items():
        seconds, cpu, peak = np.array(rows).T
        print(
            f"{step} {checkout}: {np.median(seconds):.1f} s ({seconds.min():.1f} to {seconds.max():.1f}), "
            f"{np.median(cpu):.1f} s of a processor ({cpu.min():.1f} to {cpu.max():.1f}), "
            f"{peak.max() / 1e9:.2f} GB, n = {len(rows)}"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or ["."])
