"""NeuroBench on spikes that bioscnn recorded: ``python -m bench.neurobench.worker RECORDED.npz OUT.json``.

The layers are torch modules with the network's weights. Nothing is simulated: each layer is called with the
spikes that reached it in each step, and NeuroBench's hooks count. The first one is called once, with the
image; the last one twice a step, for it drives the spiking output and the readout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from neurobench.metrics.static import Footprint
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import TorchModel
from torch import nn


class Fires(nn.Module):
    """The spikes of a layer in one step, which were recorded."""

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        return spikes


class Replay(nn.Module):
    """The network of a recording; called with numbers of trials."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        super().__init__()
        about = json.loads(str(recorded["about"]))
        self.images = torch.from_numpy(recorded["images"])
        self.spikes = [torch.from_numpy(recorded[f"spikes {name}"]).float() for name in about["fires"]]
        self.layers, self.fires = nn.ModuleList(), nn.ModuleList(Fires() for _ in self.spikes)
        for number, stride in enumerate(about["strides"]):
            weight, bias = (torch.from_numpy(recorded[f"{what} {number}"]) for what in ("weight", "bias"))
            if stride is None:
                layer: Any = nn.Linear(weight.shape[1], weight.shape[0])
            else:
                layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], tuple(stride))
            layer.weight.data, layer.bias.data = weight, bias
            self.layers.append(layer)

    def forward(self, trials: torch.Tensor) -> torch.Tensor:
        first, *later = self.layers
        for trial in trials:
            first(self.images[trial][None])
            for step in range(self.spikes[0].shape[1]):
                for number, (spikes, fires) in enumerate(zip(self.spikes, self.fires, strict=True)):
                    now = fires(spikes[trial, step])
                    if number < len(later):
                        sample = now[None] if isinstance(later[number], nn.Conv2d) else now.flatten()[None]
                        later[number](sample)
                        if number == len(later) - 1:
                            later[number](sample)
        return trials


if __name__ == "__main__":
    source, out = map(Path, sys.argv[1:])
    with np.load(source) as file:
        net = Replay(dict(file))
    model, trials = TorchModel(net), torch.arange(len(net.images))
    model.add_activation_module(Fires)
    model.register_hooks()
    with torch.no_grad():
        model(trials)
        operations = SynapticOperations()(model, trials, (trials, trials))
    metrics = {name: float(value) for name, value in operations.items()}
    metrics |= {
        "activation_sparsity": ActivationSparsity()(model, trials, (trials, trials)),
        "footprint_bytes": Footprint()(model),
    }
    out.write_text(json.dumps(metrics))
