"""What ``import bioscnn`` offers, and what it costs."""

import subprocess
import sys

import pytest

import bioscnn


def test_importing_the_library_loads_nothing_that_it_may_not_need():
    code = "import sys, bioscnn; print([m for m in ('numpy', 'torch', 'brian2', 'onnx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_it_offers_is_there_and_listed():
    assert {"convert", "read_network"} <= set(dir(bioscnn))
    assert bioscnn.read_network("mnist-small").n_classes == 10
    with pytest.raises(AttributeError, match="no attribute 'read_everything'"):
        _ = bioscnn.read_everything
