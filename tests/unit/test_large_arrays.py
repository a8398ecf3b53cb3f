"""Arrays that need not fit into memory."""

from __future__ import annotations

import numpy as np
import pytest

from bioscnn import large_arrays
from bioscnn.errors import UserError
from bioscnn.large_arrays import large_array


def in_a_file(array: np.ndarray) -> bool:
    return isinstance(array.base, np.memmap)


def test_small_arrays_are_ordinary_and_large_ones_lie_in_a_file():
    most = large_arrays.IN_MEMORY
    assert [in_a_file(large_array((size,), np.uint8)) for size in (1, most, most + 1)] == [False, False, True]


def test_where_the_disk_is_full_memory_holds_what_it_can(monkeypatch):
    def full(file, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(large_arrays, "_reserve", full)
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 10)
    monkeypatch.setattr(large_arrays, "WITHOUT_ROOM", 20)
    assert not in_a_file(large_array((20,), np.uint8))
    with pytest.raises(UserError) as refused:
        large_array((21,), np.uint8)
    assert refused.value.value == "No space left on device" and "BIOSCNN_CACHE" in refused.value.fix
