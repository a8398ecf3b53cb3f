"""Layers of a network to be trained, and the text that names them, such as ``"8c3 16c3s2 d32"``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bioscnn.errors import UserError

Pair = tuple[int, int]

LARGEST = 4096
"""Channels, units, or pixels of a kernel, stride or padding."""
MOST_LAYERS = 256
MOST_WEIGHTS = 10**8
MOST_NEURONS = 10**7
"""Of a whole network; more would fill the memory before anything is trained."""


@dataclass(frozen=True)
class Convolution:
    """A convolution, followed by the neurons.

    Parameters
    ----------
    channels : int
        Its outputs.
    kernel, stride : (int, int)
        Down and across, pixels.
    padding : int
        Pixels of zeros on each side.
    batch_norm : bool
        Whether batch normalisation comes before the neurons while the network is trained; it is folded into
        the weights afterwards.
    """

    channels: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: int = 0
    batch_norm: bool = False


@dataclass(frozen=True)
class Pooling:
    """Average or maximum over squares of ``kernel`` pixels that do not overlap."""

    kind: str  # "average" or "max"
    kernel: int


@dataclass(frozen=True)
class Hidden:
    """A dense layer of so many neurons."""

    units: int


Specification = Convolution | Pooling | Hidden

_CONVOLUTION = re.compile(r"(\d{1,5})c(\d{1,5})(?:s(\d{1,5}))?(?:p(\d{1,5}))?", re.ASCII)
_POOLING = re.compile(r"([am])p(\d{1,5})", re.ASCII)
_HIDDEN = re.compile(r"d(\d{1,5})", re.ASCII)
EXPECTED = (
    'words such as 8c3 (convolution, 8 channels, kernel 3), 16c3s2p1 (stride 2, padding 1), "bn" behind one '
    "(batch normalisation), ap2 or mp2 (average or max pooling), d32 (dense)"
)


def parse_layers(text: str) -> tuple[Specification, ...]:
    """Read the layers of a network from the image up; the readout of the classes comes by itself.

    Parameters
    ----------
    text : str
        Words with spaces between them: ``8c3`` is a convolution of 8 channels with a kernel of 3 x 3,
        ``16c5s2p1`` one with a stride of 2 and a padding of 1; ``bn`` behind a convolution normalises its
        batches; ``ap2`` and ``mp2`` pool squares of 2 x 2 by average and maximum; ``d32`` is a dense layer.
        Neurons follow every convolution and dense layer.

    Raises
    ------
    UserError
        If a word says none of this, or the order is impossible.

    Examples
    --------
    >>> parse_layers("8c3 d32")
    (Convolution(channels=8, kernel=(3, 3), stride=(1, 1), padding=0, batch_norm=False), Hidden(units=32))
    """
    layers: list[Specification] = []
    for word in text.split():
        last = layers[-1] if layers else None
        if word == "bn":
            if not isinstance(last, Convolution) or last.batch_norm:
                raise _refused(text, word, "batch normalisation follows a convolution")
            layers[-1] = replace(last, batch_norm=True)
            continue
        layer = _layer(text, word)
        if isinstance(layer, Pooling) and layer.kind == "max" and not isinstance(last, Convolution):
            raise _refused(text, word, "max pooling comes right behind a convolution")
        if isinstance(last, Hidden) and not isinstance(layer, Hidden):
            raise _refused(text, word, "behind a dense layer there is no image")
        layers.append(layer)
        if len(layers) > MOST_LAYERS:
            raise _refused(text, word, f"at most {MOST_LAYERS} layers")
    if not any(isinstance(layer, Convolution | Hidden) for layer in layers):
        raise _refused(text, text, "no layer of neurons")
    return tuple(layers)


def layers_text(layers: tuple[Specification, ...]) -> str:
    """Return the text that `parse_layers` reads as these layers.

    Examples
    --------
    >>> layers_text((Convolution(16, stride=(2, 2), batch_norm=True), Pooling("max", 2), Hidden(32)))
    '16c3s2 bn mp2 d32'
    """
    words = []
    for layer in layers:
        if isinstance(layer, Convolution):
            stride = f"s{layer.stride[0]}" if layer.stride[0] > 1 else ""
            padding = f"p{layer.padding}" if layer.padding else ""
            words.append(f"{layer.channels}c{layer.kernel[0]}{stride}{padding}")
            words += ["bn"] if layer.batch_norm else []
        elif isinstance(layer, Pooling):
            words.append(f"{layer.kind[0]}p{layer.kernel}")
        else:
            words.append(f"d{layer.units}")
    return " ".join(words)


def _layer(text: str, word: str) -> Specification:
    """Return the layer that a word names."""

    def number(digits: str, least: int = 1) -> int:
        if not least <= int(digits) <= LARGEST:
            raise _refused(text, word, f"numbers from {least} to {LARGEST:,}")
        return int(digits)

    if match := _CONVOLUTION.fullmatch(word):
        channels, kernel, stride, padding = match.groups()
        size, step = number(kernel), number(stride or "1")
        return Convolution(number(channels), (size, size), (step, step), number(padding or "0", 0))
    if match := _POOLING.fullmatch(word):
        return Pooling("average" if match[1] == "a" else "max", number(match[2]))
    if match := _HIDDEN.fullmatch(word):
        return Hidden(number(match[1]))
    raise _refused(text, word, "no layer")


def _refused(text: str, word: str, why: str) -> UserError:
    excerpt = text if len(text) < 80 else f"{text[:77]}..."
    return UserError(
        f"these layers cannot be read at {word[:20]!r}: {why}",
        key="training.layers",
        value=excerpt,
        expected=EXPECTED,
    )


def usual_layers(shape: tuple[int, ...]) -> tuple[Specification, ...]:
    """Return the layers of a network for images of some size, where a study names none.

    Strided convolutions, channels doubling from 16 to 128, until the image has at most 7 pixels on its
    shorter side; the first kernel is 5 x 5 with a stride of 2 if the image has more than 32.

    Parameters
    ----------
    shape : tuple of int
        Channels, height and width.
    """
    size = min(shape[1:])
    if size < 5:
        return (Hidden(64),)
    large = size > 32
    first = Convolution(16, (5, 5), (2, 2)) if large else Convolution(16)
    layers: list[Specification] = [first]
    size = (size - 5) // 2 + 1 if large else size - 2
    while size > 7:
        before = layers[-1]
        assert isinstance(before, Convolution)
        layers.append(Convolution(min(128, 2 * before.channels), (3, 3), (2, 2)))
        size = (size - 3) // 2 + 1
    return tuple(layers)
