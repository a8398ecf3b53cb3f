"""Which neurons of two populations are connected, told by channels, rows and columns; and their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Axis = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Relation:
    """Pairs of neurons that are connected wherever channels, rows and columns are, each for itself.

    Kernels are like that: whether two pixels are connected does not depend on the channels. So the neurons of
    millions of synapses are told by three small matrices.

    Parameters
    ----------
    channels, rows, columns : ndarray of bool, shapes (n_post, n_pre)
        Which of them are connected. A vector has one row and one column.
    """

    channels: Axis
    rows: Axis
    columns: Axis

    @classmethod
    def all_to_all(cls, pre_shape: Shape, post_shape: Shape) -> Relation:
        """Connect all neurons of two populations."""
        before, behind = ((*(*shape, 1, 1)[:2], prod(shape[2:])) for shape in (pre_shape, post_shape))
        return cls(*(np.broadcast_to(True, (n, m)) for n, m in zip(behind, before, strict=True)))

    @property
    def axes(self) -> tuple[Axis, Axis, Axis]:
        """Channels, rows and columns."""
        return self.channels, self.rows, self.columns

    def then(self, second: Relation) -> Relation:
        """Connect whatever a second relation connects through some neuron between."""
        # The number of ways, in single precision, is zero or not.
        ways = (
            b.astype(np.float32) @ a.astype(np.float32) for a, b in zip(self.axes, second.axes, strict=True)
        )
        return Relation(*(number > 0 for number in ways))

    def fan_out(self) -> NDArray[np.int64]:
        """Return with how many neurons each one before is connected, shape (n_pre,)."""
        channels, rows, columns = (np.count_nonzero(axis, axis=0) for axis in self.axes)
        return np.outer(np.outer(channels, rows), columns).ravel()


def fan_out_of_any(relations: Sequence[Relation]) -> NDArray[np.int64]:
    """Return with how many neurons each one before is connected by one relation or another, shape (n_pre,).

    Pairs in several relations count once (inclusion and exclusion); what is told twice is left out.
    """
    different = {tuple(np.packbits(axis).tobytes() for axis in r.axes): r for r in relations}
    first, *others = different.values()
    total = first.fan_out()
    if others:
        both = [Relation(*(a & b for a, b in zip(first.axes, r.axes, strict=True))) for r in others]
        total = total + fan_out_of_any(others) - fan_out_of_any(both)
    return total
