"""The exponentials of a compiled program are those of mathematics, to the last places."""

import subprocess

import numpy as np
import pytest

from bioscnn.seeds import stream
from bioscnn.simulation.build import COMPILER_FLAGS
from bioscnn.simulation.shape import TEMPLATES

PROGRAM = """
#include <cstdio>
#include <vector>
#include "exponential.h"

template <class T> void all(size_t n)
{
    std::vector<T> x(n), y(n);
    if (std::fread(x.data(), sizeof(T), n, stdin) != n)
        throw n;
    for (T (*function)(T) : {bioscnn::exp<T>, bioscnn::expm1<T>, bioscnn::exprel<T>, bioscnn::tanh<T>})
    {
        for (size_t k = 0; k < n; k++)
            y[k] = function(x[k]);
        std::fwrite(y.data(), sizeof(T), n, stdout);
    }
}

int main(int, char** arguments) { PRECISION }
"""
TRUE = {
    "exp": np.exp,
    "expm1": np.expm1,
    "exprel": lambda x: np.where(x == 0, 1, np.expm1(x) / np.where(x == 0, 1, x)),
    "tanh": np.tanh,
}
UNITS = {"exp": 1.5, "expm1": 3.5, "exprel": 3.5, "tanh": 3.5}
"""What each may be wrong by, in units of the last place."""


@pytest.fixture(scope="module", params=["float", "double"])
def computed(request, tmp_path_factory):
    """Return a function that gives the results of all four functions for an array, and the dtype."""
    folder = tmp_path_factory.mktemp("exponential")
    call = f"all<{request.param}>(std::atoll(arguments[1])); return 0;"
    (folder / "main.cpp").write_text("#include <cstdlib>\n" + PROGRAM.replace("PRECISION", call))
    flags = [*COMPILER_FLAGS, f"-I{TEMPLATES}"]
    subprocess.run(["g++", *flags, "main.cpp", "-o", "main"], cwd=folder, check=True)
    dtype = np.dtype(np.float32 if request.param == "float" else np.float64)

    def results(x):
        ran = subprocess.run(
            [folder / "main", str(x.size)], input=x.astype(dtype).tobytes(), capture_output=True, check=True
        )
        return dict(zip(TRUE, np.frombuffer(ran.stdout, dtype).reshape(len(TRUE), -1), strict=True))

    return results, dtype


@pytest.mark.parametrize("reach", [1e-3, 1.0, 20.0, 85.0])
@pytest.mark.parametrize("name", TRUE)
def test_last_places(computed, name, reach):
    results, dtype = computed
    x = stream(1, f"{name} {reach}").uniform(-reach, reach, 50_000).astype(dtype)
    exact = TRUE[name](x.astype(np.longdouble))
    wrong = np.abs(results(x)[name] - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert wrong.max() < UNITS[name]


def test_beyond_the_largest_and_the_smallest_number(computed):
    results, dtype = computed
    x = np.array([0, 1e4, -1e4, np.inf, -np.inf, np.nan], dtype)
    found = results(x)
    np.testing.assert_array_equal(found["exp"], [1, np.inf, 0, np.inf, 0, np.nan])
    np.testing.assert_array_equal(found["expm1"], [0, np.inf, -1, np.inf, -1, np.nan])
    np.testing.assert_array_equal(found["exprel"][[0, 1, 3, 5]], [1, np.inf, np.inf, np.nan])
    np.testing.assert_allclose(found["exprel"][2], 1e-4)
    np.testing.assert_array_equal(found["tanh"], [0, 1, -1, 1, -1, np.nan])
