"""Small networks in each framework: built from the same weights, exported, and simulated by the framework.

    python -m bench.nir.frameworks snntorch FOLDER float32

reads ``FOLDER/weights.npz`` and writes ``<network>.nir`` and ``<network>.npz``, the spikes of each layer. It
runs in an environment of the framework, without bioscnn.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch import nn

BETA, ALPHA, TAU = 0.9, 0.8, 10.0
"""Decay in a step of membrane and synaptic current; the same as time constant of the membrane, in steps."""


def _dense(weights: dict[str, Any], name: str) -> nn.Linear:
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    return _filled(layer, weight, bias)


def _conv(weights: dict[str, Any], name: str, **keys: Any) -> nn.Conv2d:
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return _filled(nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], **keys), weight, bias)


def _filled(layer: Any, weight: Any, bias: Any) -> Any:
    layer.weight.data = torch.as_tensor(weight, dtype=torch.get_default_dtype())
    if bias is not None:
        layer.bias.data = torch.as_tensor(bias, dtype=torch.get_default_dtype())
    return layer


def _full(shape: tuple[int, ...], value: float) -> torch.Tensor:
    return torch.full(shape, value)


class Framework:
    """Makes layers of neurons, runs a chain step by step, exports it."""

    networks: tuple[str, ...] = ("dense", "synaptic", "convolutional", "integrator", "recurrent")

    def neurons(self, kind: str, shape: tuple[int, ...]) -> nn.Module: ...

    def pool(self) -> nn.Module:
        return nn.AvgPool2d(2)

    def layers(self, network: str, w: dict[str, Any]) -> list[nn.Module]:
        if network == "convolutional":
            return [
                _conv(w, "conv1", padding=1), self.neurons("LIF", (4, 8, 8)), self.pool(),
                _conv(w, "conv2", stride=2), self.neurons("LIF", (6, 1, 1)), nn.Flatten(),
                _dense(w, "dense3"), self.neurons("LIF", (5,)),
            ]  # fmt: skip
        kind = {"dense": "LIF", "synaptic": "CubaLIF", "integrator": "IF", "recurrent": "recurrent"}[network]
        first = self.recurrent(w) if network == "recurrent" else self.neurons(kind, (30,))
        second = self.neurons("LIF" if network == "recurrent" else kind, (10,))
        return [_dense(w, "dense1"), first, _dense(w, "dense2"), second]

    def recurrent(self, w: dict[str, Any]) -> nn.Module:
        raise NotImplementedError

    def run(self, layers: list[nn.Module], inputs: torch.Tensor) -> list[np.ndarray]:
        """Return the spikes of each layer of neurons, shape (n_steps, size)."""
        spikes: list[list[np.ndarray]] = [[] for layer in layers if self.has_state(layer)]
        states: dict[int, Any] = {}
        for x in inputs:
            x, number = x[None], 0
            for place, layer in enumerate(layers):
                if self.has_state(layer):
                    x = self.step(layer, x, states, place)
                    spikes[number].append(x.detach().numpy().ravel().copy())
                    number += 1
                else:
                    x = layer(x)
        return [np.array(part) for part in spikes]

    def has_state(self, layer: nn.Module) -> bool: ...

    def step(self, layer: nn.Module, x: torch.Tensor, states: dict[int, Any], place: int) -> torch.Tensor: ...

    def export(self, layers: list[nn.Module], sample: torch.Tensor) -> Any: ...


class SnnTorch(Framework):
    """snnTorch: reset by subtraction, with its default delay, and to zero."""

    networks = ("dense", "synaptic", "convolutional", "recurrent", "recurrent-synaptic", "to-zero")

    def layers(self, network: str, w: dict[str, Any]) -> list[nn.Module]:
        self.reset = "zero" if network == "to-zero" else "subtract"
        self.alpha = network == "recurrent-synaptic"
        plain = {"to-zero": "dense", "recurrent-synaptic": "recurrent"}
        return super().layers(plain.get(network, network), w)

    def neurons(self, kind: str, shape: tuple[int, ...]) -> nn.Module:
        import snntorch as snn

        keys = {"init_hidden": True, "reset_mechanism": self.reset, "threshold": _full(shape, 1.0)}
        if kind == "CubaLIF":
            return snn.Synaptic(_full(shape, ALPHA), _full(shape, BETA), **keys)
        return snn.Leaky(_full(shape, BETA), **keys)

    def recurrent(self, w: dict[str, Any]) -> nn.Module:
        import snntorch as snn

        keys = {"linear_features": 30, "init_hidden": True, "reset_mechanism": self.reset}
        layer = snn.RSynaptic(ALPHA, BETA, **keys) if self.alpha else snn.RLeaky(BETA, **keys)
        _filled(layer.recurrent, w["recurrent.weight"], w["recurrent.bias"])
        return layer

    def has_state(self, layer: nn.Module) -> bool:
        return type(layer).__module__.startswith("snntorch")

    def step(self, layer: nn.Module, x: torch.Tensor, states: dict[int, Any], place: int) -> torch.Tensor:
        return layer(x)

    def export(self, layers: list[nn.Module], sample: torch.Tensor) -> Any:
        from snntorch.export_nir import export_to_nir

        return export_to_nir(nn.Sequential(*layers), sample, ignore_dims=[0])


class Norse(Framework):
    """norse: LIFBox, LIF with a synaptic current, IAF; it exports no recurrent layer and no pooling."""

    networks = ("dense", "synaptic", "convolutional", "integrator")

    def layers(self, network: str, w: dict[str, Any]) -> list[nn.Module]:
        if network == "convolutional":
            return [
                _conv(w, "conv1", padding=1, stride=2), self.neurons("LIF", (4, 4, 4)),
                _conv(w, "conv2", stride=2), self.neurons("LIF", (6, 1, 1)),
                _dense(w, "dense3"), self.neurons("LIF", (5,)),
            ]  # fmt: skip
        return super().layers(network, w)

    def neurons(self, kind: str, shape: tuple[int, ...]) -> nn.Module:
        import norse.torch as norse
        from norse.torch.functional.iaf import IAFParameters
        from norse.torch.functional.lif import LIFParameters
        from norse.torch.functional.lif_box import LIFBoxParameters

        shared = {"v_th": _full(shape, 0.1 if kind == "LIF" else 1.0)}
        leak = {
            "tau_mem_inv": _full(shape, 1e3 / TAU),
            "v_leak": _full(shape, 0.0),
            "v_reset": _full(shape, 0.0),
        }
        if kind == "IF":
            return norse.IAFCell(IAFParameters(**shared, v_reset=_full(shape, 0.0)))
        if kind == "CubaLIF":
            return norse.LIFCell(LIFParameters(tau_syn_inv=_full(shape, 200.0), **leak, **shared))
        return norse.LIFBoxCell(LIFBoxParameters(**leak, **shared))

    def has_state(self, layer: nn.Module) -> bool:
        return type(layer).__module__.startswith("norse")

    def step(self, layer: nn.Module, x: torch.Tensor, states: dict[int, Any], place: int) -> torch.Tensor:
        out, states[place] = layer(x, states.get(place))
        return out

    def run(self, layers: list[nn.Module], inputs: torch.Tensor) -> list[np.ndarray]:
        """As it is exported: an image becomes a vector where dense weights follow."""
        return super().run([_Flat(la) if isinstance(la, nn.Linear) else la for la in layers], inputs)

    def export(self, layers: list[nn.Module], sample: torch.Tensor) -> Any:
        from norse.torch import SequentialState
        from norse.torch.utils.export_nir import to_nir

        # Its exporter takes a batch for a part of the shape, and does not infer the shapes of convolutions.
        whole = [_Flat(la) if isinstance(la, nn.Linear) and sample.ndim == 4 else la for la in layers]
        graph = to_nir(SequentialState(*whole), sample[0])
        for node in graph.nodes.values():
            if isinstance(node, nir.Conv2d):
                node.input_shape = (0, 0)
        return graph


class _Flat(nn.Linear):
    """A dense layer of whatever shape comes in."""

    def __init__(self, like: nn.Linear) -> None:
        super().__init__(like.in_features, like.out_features, like.bias is not None)
        self.weight, self.bias = like.weight, like.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.flatten(-3) if x.ndim > 2 else x)


class Sinabs(Framework):
    """sinabs: IAF with one and with several spikes in a step; LIF."""

    networks = ("dense", "convolutional", "integrator", "several-spikes")

    def layers(self, network: str, w: dict[str, Any]) -> list[nn.Module]:
        self.several, self.kind = network == "several-spikes", "IF" if network != "dense" else "LIF"
        return super().layers("integrator" if self.several else network, w)

    def pool(self) -> nn.Module:
        import sinabs.layers as sl

        return sl.SumPool2d(2)

    def neurons(self, kind: str, shape: tuple[int, ...]) -> nn.Module:
        import sinabs.activation as sa
        import sinabs.layers as sl

        keys = {"spike_fn": sa.MultiSpike if self.several else sa.SingleSpike}
        if self.kind == "LIF":
            return sl.LIF(tau_mem=_full(shape, TAU), spike_threshold=_full(shape, 0.1), shape=shape, **keys)
        return sl.IAF(shape=shape, **keys)

    def has_state(self, layer: nn.Module) -> bool:
        return type(layer).__name__ in ("IAF", "LIF")

    def step(self, layer: nn.Module, x: torch.Tensor, states: dict[int, Any], place: int) -> torch.Tensor:
        return layer(x[:, None])[:, 0]

    def export(self, layers: list[nn.Module], sample: torch.Tensor) -> Any:
        import sinabs.layers as sl
        from sinabs.nir import to_nir

        # Its exporter takes the time axis for one of the neurons, unless it is squeezed into the batch.
        squeezed = []
        for layer in layers:
            if isinstance(layer, sl.IAF) and type(layer) is sl.IAF:
                new = sl.IAFSqueeze(batch_size=1, spike_fn=layer.spike_fn)
            elif type(layer) is sl.LIF:
                new = sl.LIFSqueeze(
                    tau_mem=layer.tau_mem, spike_threshold=layer.spike_threshold, batch_size=1
                )
            else:
                new = layer
            squeezed.append(new)
        graph = to_nir(nn.Sequential(*squeezed), sample)
        graph.infer_types()
        return graph


class SpikingJelly(Framework):
    """spikingjelly: hard reset, which alone its exporter takes."""

    networks = ("dense", "synaptic", "convolutional", "integrator", "at-rest")

    def layers(self, network: str, w: dict[str, Any]) -> list[nn.Module]:
        self.v_reset = -0.2 if network == "at-rest" else 0.0
        return super().layers("dense" if network == "at-rest" else network, w)

    def neurons(self, kind: str, shape: tuple[int, ...]) -> nn.Module:
        from spikingjelly.activation_based import neuron

        if kind == "IF":
            return neuron.IFNode(v_reset=0.0)
        if kind == "CubaLIF":
            return neuron.CUBALIFNode(c_decay=ALPHA, v_decay=BETA, v_threshold=1.0)
        return neuron.LIFNode(tau=TAU, v_threshold=0.1, v_reset=self.v_reset)

    def has_state(self, layer: nn.Module) -> bool:
        return type(layer).__module__.startswith("spikingjelly")

    def step(self, layer: nn.Module, x: torch.Tensor, states: dict[int, Any], place: int) -> torch.Tensor:
        return layer(x)

    def run(self, layers: list[nn.Module], inputs: torch.Tensor) -> list[np.ndarray]:
        from spikingjelly.activation_based import functional

        for layer in layers:
            functional.reset_net(layer)
        return super().run(layers, inputs)

    def export(self, layers: list[nn.Module], sample: torch.Tensor) -> Any:
        from spikingjelly.activation_based.nir_exchange import export_to_nir

        return export_to_nir(nn.Sequential(*layers), sample)


FRAMEWORKS = {"snntorch": SnnTorch, "norse": Norse, "sinabs": Sinabs, "spikingjelly": SpikingJelly}


def main() -> None:
    """Export and simulate every network that the framework can export."""
    name, folder, dtype = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    torch.manual_seed(1)
    torch.set_default_dtype(getattr(torch, dtype))
    framework = FRAMEWORKS[name]()
    with np.load(folder / "weights.npz") as file:
        weights = dict(file)
    for network in framework.networks:
        kind = "image" if network == "convolutional" else "vector"
        inputs = torch.as_tensor(weights[f"{kind}.inputs"], dtype=torch.get_default_dtype())
        graph = framework.export(framework.layers(network, weights), inputs[:1])
        nir.write(folder / f"{network}.nir", graph)
        with torch.no_grad():
            spikes = framework.run(framework.layers(network, weights), inputs)
        np.savez(folder / f"{network}.npz", *spikes)
        print(network, [int(part.sum()) for part in spikes], flush=True)


if __name__ == "__main__":
    main()
