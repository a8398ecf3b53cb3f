"""Torch modules and programs, read in memory: the logits of torch, and what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import bioscnn  # noqa: E402
from bioscnn.errors import UserError  # noqa: E402
from bioscnn.network import SpikingNetwork  # noqa: E402

X = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))


class Function(nn.Module):
    """A function of the image and of a dense layer, as a module."""

    def __init__(self, function):
        super().__init__()
        self.function, self.dense = function, nn.Linear(64, 3)

    def forward(self, x):
        return self.function(self.dense, x)


class Both(nn.Module):
    def forward(self, x, y):
        return (x + y).flatten(1)


def module():
    torch.manual_seed(1)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU6(), nn.Dropout(), nn.Flatten(), nn.Linear(144, 3)
    made = nn.Sequential(*layers)
    made(X)  # the statistics of batch normalisation are no longer those that it began with
    return made


def test_a_module_in_training_is_read_as_in_prediction_and_stays_in_training():
    network = module().train()
    network[1].eval()
    modes = [part.training for part in network.modules()]
    graph = bioscnn.read_network(network, X[0])
    assert [part.training for part in network.modules()] == modes
    with torch.no_grad():
        expected = network.eval()(X).numpy()
    np.testing.assert_allclose(graph.forward(X.numpy()), expected, atol=1e-5)


def test_a_program_of_torch_export_is_the_same_network():
    network = module().eval()
    batch = {0: torch.export.Dim.AUTO}
    programs = [torch.export.export(network, (X,), dynamic_shapes=s) for s in (None, (batch,))]
    assert all(bioscnn.read_network(p) == bioscnn.read_network(network, X) for p in programs)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_scripted_module_is_the_same_network():
    network = module().eval()
    scripted = bioscnn.read_network(torch.jit.script(network), X)
    np.testing.assert_allclose(scripted.forward(X.numpy()), network(X).detach().numpy(), atol=1e-5)


def test_a_module_becomes_a_spiking_network_in_one_call():
    network = bioscnn.convert(module(), X)
    assert isinstance(network, SpikingNetwork)
    assert network["output"].shape == (3,)
    with pytest.raises(UserError, match="matched to its activations on images") as refusal:
        bioscnn.convert(module(), torch.zeros(1, 1, 8, 8))
    assert "convert(network, images)" in refusal.value.fix
    assert bioscnn.convert(module(), torch.zeros(1, 1, 8, 8), images=X)["output"].shape == (3,)


def of_two(dense, x):
    logits = dense(x.flatten(1))
    return logits, logits.argmax(1)


def by_its_values(dense, x):
    x = x.flatten(1)
    if x.sum() > 1:
        x = 2 * x
    return dense(x)


def always_dropping(dense, x):
    return dense(nn.functional.dropout(x.flatten(1)))


REFUSED = {
    "no example": (lambda: (module(), None), "does not say which images"),
    "an example that is no image": (lambda: (module(), X[0, 0]), "is no image"),
    "an example of other channels": (lambda: (module(), torch.rand(1, 3, 8, 8)), "does not take the example"),
    "two outputs": (lambda: (Function(of_two), X), "returns no tensor"),
    "a way by values": (lambda: (Function(by_its_values), X), "chooses its way by the values of an image"),
    "a function in training": (lambda: (Function(always_dropping), X), "always dropout in training mode"),
    "no statistics": (
        lambda: (nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), nn.Flatten()), X),
        "keeps no statistics",
    ),
    "no rate": (
        lambda: (nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Tanh()), X),
        "Tanh is not supported",
    ),
    "a program of two images": (lambda: (torch.export.export(Both(), (X, X)), None), "takes 2 inputs"),
    "no network": (lambda: (42, X), "no network"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_one_error(what, capfd):
    made, problem = REFUSED[what]
    with pytest.raises(UserError, match=problem):
        bioscnn.read_network(*made())
    assert capfd.readouterr() == ("", "")
