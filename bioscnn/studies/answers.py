"""What a trained network answers to examples, kept: it is the same for all neurons, synapses and readouts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.caches import kept_arrays
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.studies.inputs import Input

ARRAY = "class"


def answers(graph: LayerGraph, examples_input: Input) -> NDArray[np.int64]:
    """Return the class that a trained network gives each example, shape (n_trials,).

    They are kept in the cache folder under a hash of the network, of what it is shown, and of the code.
    """
    code = code_of_modules(LayerGraph.__module__, type(examples_input).__module__)
    key = hash_of(graph.sha256(), code, environment_of_results(), *examples_input.ann_input())
    n = len(examples_input.examples)
    stored = kept_arrays(
        "answers",
        key,
        lambda: {ARRAY: examples_input.ann_class(graph)},
        lambda arrays: ARRAY in arrays and arrays[ARRAY].shape == (n,) and arrays[ARRAY].dtype.kind == "i",
    )
    classes: NDArray[np.int64] = stored[ARRAY]
    return classes
