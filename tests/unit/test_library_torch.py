"""Modules and tensors of torch in the functions of the library."""

import collections

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import bioscnn  # noqa: E402
from bioscnn.errors import UserError  # noqa: E402


def module():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 6 * 6, 3))


IMAGES = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        (IMAGES * float("nan"), "384 of 384 numbers of the images are not finite"),
        (torch.cat([IMAGES, IMAGES[:1] / 0]), "of 448 numbers of the images are not finite"),
        (IMAGES.double() * 1e300, "not finite"),
        ("abc", "no numbers"),
        ([[1], [1, 2]], "no array of one shape"),
        (np.array([None] * 5, object), "no numbers"),
        (IMAGES.numpy() * 1j, "no numbers"),
        ((IMAGES * 255).to(torch.uint8), "pixels of 0 to 255"),
        (IMAGES.to("meta"), "a tensor without plain numbers"),
        (IMAGES.to_sparse(), "a tensor without plain numbers"),
        (IMAGES[:0], "the example is no image"),
    ],
)
def test_images_that_are_no_finite_numbers_are_refused(images, problem):
    for given in ((images,), (IMAGES, images)) if len(images) else ((images,),):
        with pytest.raises(UserError, match=problem):
            bioscnn.convert(module(), given[0], images=given[-1])
    if "of the images" not in problem and "pixels" not in problem:
        with pytest.raises(UserError, match=problem):
            bioscnn.read_network(module(), images)


def test_images_may_require_gradients_and_may_be_given_by_name_alone():
    network = bioscnn.convert(module(), images=IMAGES.clone().requires_grad_())
    assert network["output"].shape == (3,)


def test_what_is_no_network_or_no_neuron_is_told_what_it_has_to_be():
    with pytest.raises(UserError, match=r"SpikingNeuron, such as bioscnn\.LIF\(\)"):
        bioscnn.convert(module(), IMAGES, neuron="lif")
    for weights in (module().state_dict(), collections.OrderedDict(a=1)):
        with pytest.raises(UserError, match=r"into the class of the module"):
            bioscnn.convert(weights, IMAGES)
    with pytest.raises(UserError, match=r"convert\(model, images\)"):
        bioscnn.convert(module())
    with pytest.raises(UserError, match="device meta"):
        bioscnn.convert(module().to("meta"), IMAGES)
    with pytest.raises(UserError, match="File name too long"):
        bioscnn.read_network("a" * 5000 + ".onnx")
