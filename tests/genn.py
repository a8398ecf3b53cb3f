"""What the tests of GeNN share."""

from importlib.util import find_spec

import pytest

from bioscnn.doctor import require_genn
from bioscnn.errors import UserError


def _missing() -> str:
    try:
        require_genn(use_gpu=False)
    except UserError as error:
        return f"{error.problem}: {error.value}"
    return ""


requires_genn = [pytest.mark.genn, pytest.mark.skipif(bool(_missing()), reason=_missing())]
"""Marks of a test that simulates on GeNN, on a CPU."""

requires_brian2genn = pytest.mark.skipif(
    find_spec("brian2genn") is None, reason="brian2genn is not installed"
)
